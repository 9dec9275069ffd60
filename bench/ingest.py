"""Targets 8, 9, 10 and 14: durable events beside a plain file, Redis and PostgreSQL. All
servers may use both cores; the client is on core 1."""
import json
import shutil
import subprocess

import ours
import peers
from machine import repeated

COPY_TABLE = """
DROP TABLE IF EXISTS event;
CREATE TABLE event (id uuid {key}, type text NOT NULL, at_us bigint NOT NULL, chat uuid,
  visitor uuid, department uuid, agent uuid, detail text);
CHECKPOINT;
"""


def our_run(build, file, lines, connections):
    """Events into a fresh directory; the events of a commit besides."""
    with build.server(1, cores=peers.BOTH) as server:
        done = build.post(server, file, lines, connections)
        done["events_per_commit"] = done["events"] / max(1, server.metric("commits"))
        server.stop()
    return done


def copy(build, file, events, key):
    """COPY of the same events into a fresh table, one transaction; events a second."""
    with peers.postgres(build.scratch, peers.BOTH) as port:
        peers.psql(port, COPY_TABLE.format(key=key))
        with open(file, encoding="ascii") as source:
            took = peers.psql_seconds(port, "COPY event FROM STDIN (FORMAT csv)", source)
    return events / took


def journal_alone(build, chats, group):
    """Records a second of the journal alone, in commits of the same size."""
    target = build.scratch / "journal-alone"
    target.mkdir()
    try:
        return json.loads(peers.run([build.program("copy_journal"),
                                     build.loaded_directory(chats)["path"], target, group],
                                    cores=peers.BOTH))["records_per_s"]
    finally:
        shutil.rmtree(target)


def least(build, file, lines, connections, *decode, program="least_ingest"):
    """Events a second of the least program that takes the same requests."""
    target = build.scratch / "least"
    try:
        with peers.started([build.program(program), target, *decode], peers.BOTH,
                           stdout=subprocess.PIPE, text=True) as process:
            with ours.at_most(30, program):
                port = int(process.stdout.readline())
            return json.loads(peers.run([build.program("post"), port, "none", file, lines,
                                         connections]))["events_per_s"]
    finally:
        target.unlink(missing_ok=True)


def beside_peers(build, o):
    """Targets 8, 9, 14: one repeat of each in turn."""
    files = {"in_order": build.events("in_order.ndjson", o.chats_small),
             "late": build.events("late.ndjson", o.chats_small, late=10, ago=900 + 3600),
             "csv": build.events("events.csv", o.chats_small, "csv"),
             "resp": build.events("events.resp", o.chats_small, "resp")}
    found = {name: [] for name in ("ours", "late", "plain", "journal", "least", "least_decodes",
                                   "least_applies", "redis_1", "redis_4", "copy_key", "copy_bare",
                                   "events_per_commit", "request_p99_us")}
    for _ in range(o.repeats):
        mine = our_run(build, files["in_order"], 1000, 4)
        found["ours"].append(mine["events_per_s"])
        found["events_per_commit"].append(mine["events_per_commit"])
        found["request_p99_us"].append(mine["request_p99_us"])
        group = max(1, round(mine["events_per_commit"]))
        found["plain"].append(build.append(files["in_order"], group)["lines_per_s"])
        found["journal"].append(journal_alone(build, o.chats_small, group))
        found["least"].append(least(build, files["in_order"], 1000, 4))
        found["least_decodes"].append(least(build, files["in_order"], 1000, 4, "decode"))
        found["least_applies"].append(least(build, files["in_order"], 1000, 4, "apply"))
        found["late"].append(our_run(build, files["late"], 1000, 4)["events_per_s"])
        for connections in (1, 4):
            with peers.redis(build.scratch, peers.BOTH) as port:
                done = json.loads(peers.run([build.program("pipe"), port, files["resp"], 100,
                                             connections]))
            found[f"redis_{connections}"].append(done["commands_per_s"] / 3)
        # The CSV has no agents' facts, a hundred lines less.
        events = done["commands"] / 3
        found["copy_key"].append(copy(build, files["csv"], events, "PRIMARY KEY"))
        found["copy_bare"].append(copy(build, files["csv"], events, ""))
    for file in files.values():
        file.unlink()
    return {"events": mine["events"], **{name: repeated(v) for name, v in found.items()}}


def singles(build, o):
    """Target 10: one event a request on 64 connections ÷ single fdatasyncs; the same of the
    least program."""
    file = build.events("single.ndjson", max(100, o.chats_small // 50))
    found = {name: [] for name in ("ours", "fdatasyncs", "least", "events_per_commit",
                                   "request_p99_us")}
    for _ in range(o.repeats):
        mine = our_run(build, file, 1, 64)
        found["ours"].append(mine["events_per_s"])
        found["events_per_commit"].append(mine["events_per_commit"])
        found["request_p99_us"].append(mine["request_p99_us"])
        found["least"].append(least(build, file, 1, 64, program="least_singles"))
        found["fdatasyncs"].append(build.append(file, 1, 2000)["groups_per_s"])
    file.unlink()
    return {name: repeated(v) for name, v in found.items()}
