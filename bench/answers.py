"""Targets 1, 2, 3 and 11: requests beside nginx, CPU time with two workers, answers while
events come in."""
import contextlib
import json
import subprocess
import time

import ours
import peers
from machine import repeated

BASE = "/v4/livechat/realTime"
CONNECTIONS = (32, 256, 1000)
DAY_US = 86400 * 10**6
# How wallboards ask: each of 32 connections waits so many ms between its questions.
WALLBOARD_WAIT_MS = 16


def queue_site(server):
    """Site 10001: 10 departments, 20 who wait."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [{"type": "department.updated", "departmentId": f"d{n}", "name": f"Department {n}"}
             for n in range(10)]
    lines += [{"type": "chat.requested", "chatId": f"c{n}", "visitorId": f"v{n}",
               "departmentId": f"d{n % 10}"} for n in range(20)]
    answer = server.post_events([{"id": f"q{n}", "siteId": 10001, "time": now, **line}
                                 for n, line in enumerate(lines)])
    assert answer["accepted"] == 30, answer


def views():
    """Each view's path; Today over the whole day of its chats."""
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400 - 1800))
    return {"RightNow": f"{BASE}/RightNow?siteId=10000",
            "Queue": f"{BASE}/Queue?siteId=10001",
            "Today": f"{BASE}/Today?siteId=10000&startTime={start}"}


@contextlib.contextmanager
def day_server(build, chats):
    """A server of one worker that holds a day of chats and the site of the queue."""
    file = build.events("day.ndjson", chats, us_per_chat=DAY_US // chats)
    with build.server(1) as server:
        build.post(server, file)
        file.unlink()
        queue_site(server)
        yield server


def timed(port, pids, path, connections, seconds, token=None, **more):
    before = peers.cpu_seconds(*pids)
    result = ours.wrk(port, path, connections, seconds, token, **more)
    result["cpu_us"] = (peers.cpu_seconds(*pids) - before) * 1e6 / (result["rate"] * seconds)
    return result


def series(rows):
    return {name: repeated(row[name] for row in rows) for name in ("rate", "p99_us", "cpu_us")}


@contextlib.contextmanager
def least(build, body, cores=(peers.SERVER_CORE,)):
    """The least HTTP server, with an answer of this body; gives port and pids."""
    file = build.scratch / "least.http"
    file.write_bytes(b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
                     b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n" % len(body) + body)
    with peers.started([build.program("least_http"), file], cores,
                       stdout=subprocess.PIPE, text=True) as process:
        with ours.at_most(30, "least_http"):
            port = int(process.stdout.readline())
        yield port, [process.pid]


def in_turn(servers, connections, o):
    """Each server's series, the runs interleaved."""
    runs = {name: [] for name in servers}
    for _ in range(o.repeats):
        for name, (port, pids, path, *token) in servers.items():
            runs[name].append(timed(port, pids, path, connections, o.seconds, *token))
    return {name: series(rows) for name, rows in runs.items()}


def beside_nginx(build, o):
    """Targets 1 and 2: interleaved runs; one row for each view and number of connections."""
    out = []
    with day_server(build, o.chats_day) as server:
        paths, token, pid = views(), server.token, server.process.pid
        bodies = {name: server.get(path) for name, path in paths.items()}
        requests = json.loads(bodies["Today"])["chatRequests"]
        assert requests == o.chats_day, requests
        with peers.nginx(build.scratch, "off", bodies) as off, \
                peers.nginx(build.scratch, "on", bodies) as on:
            for name, path in paths.items():
                with least(build, bodies[name]) as bound:
                    servers = {"ours": (server.port, [pid], path, token),
                               "off": (*off, f"/{name}"), "on": (*on, f"/{name}"),
                               "least": (*bound, "/")}
                    for connections in CONNECTIONS:
                        found = in_turn(servers, connections, o)
                        best = max(("off", "on"), key=lambda kind: found[kind]["rate"]["median"])
                        out.append({"view": name, "bytes": len(bodies[name]),
                                    "connections": connections, "ours": found["ours"],
                                    "nginx": found[best], "sendfile": best,
                                    "least": found["least"]})
    return {"rows": out}


# A pair of these runs is further from the next than those of other figures: so many times the
# repeats.
WORKERS_MORE = 2


def both_ways(port, pids, path, o, *token):
    """A request's CPU time asked by one thread on the load's core, and by two on both cores,
    which leave neither idle."""
    ours.wrk(port, path, 32, 1, *token)
    asked = (port, pids, path, 32, o.seconds, *token)
    return timed(*asked)["cpu_us"], timed(*asked, cores=peers.BOTH)["cpu_us"]


def two_workers(build, o):
    """Target 3: one worker and two on all cores, over the same day of chats; nginx's beside."""
    path = build.loaded_directory(o.chats_small)["path"]
    names = ("one", "two", "nginx_one", "nginx_two")
    found = {name + way: [] for name in names for way in ("", "_full")}

    def keep(name, times):
        for way, us in zip(("", "_full"), times):
            found[name + way].append(us)
    for _ in range(WORKERS_MORE * o.repeats):
        for count, name in ((1, "one"), (2, "two")):
            with build.server(count, path, peers.BOTH) as server:
                view = views()["RightNow"]
                keep(name, both_ways(server.port, [server.process.pid], view, o, server.token))
                body = server.get(view)
                server.stop()
            with peers.nginx(build.scratch, "off", {"RightNow": body}, count, peers.BOTH) as (
                    port, pids):
                keep("nginx_" + name, both_ways(port, pids, "/RightNow", o))
    return {name: {"cpu_us": repeated(values)} for name, values in found.items()}


def asking(build, port, token, seconds):
    """RightNow's times: as wallboards ask, at a set pace."""
    script = build.scratch / "wait.lua"
    script.write_text(f"function delay() return {WALLBOARD_WAIT_MS} end\n")
    return ours.wrk(port, f"{BASE}/RightNow?siteId=10000", 32, seconds, token, script)


def under_ingest(build, o):
    """Target 11: p99 of RightNow while events come at half of the most that was taken ÷ without.
    The server has both cores, as an operator runs it; both loads are on core 1."""
    found = {name: [] for name in ("quiet", "busy", "least_busy", "flat_out_quiet", "flat_out_busy",
                                   "rate")}
    # Two days are left for the events of the repeats, which come in order.
    ago, step = ours.LAST_EVENT_SECONDS + 2 * 86400, 2 * 86400 // o.repeats
    with build.server(2, cores=peers.BOTH) as server, \
            least(build, server.get(f"{BASE}/RightNow?siteId=10000"), peers.BOTH) as (least_port, _):
        file = build.events("first.ndjson", o.chats_small, ago=ago, us_per_chat=DAY_US // 100000)
        most = build.post(server, file)["events_per_s"]
        first = o.chats_small
        for _ in range(o.repeats):
            # Enough events for the three questions, each a little longer than it is asked.
            chats = int(most / 2 * (3 * o.seconds + 3) / 18)
            ago -= step
            file = build.events("next.ndjson", chats, ago=ago, us_per_chat=step * 10**6 // chats,
                                first=first)
            first += chats
            found["quiet"].append(asking(build, server.port, server.token, o.seconds)["p99_us"])
            found["flat_out_quiet"].append(flat_out(server, o.seconds)["p99_us"])
            command = [build.program("post"), str(server.port), server.token, str(file), "1000",
                       "4", str(most / 2)]
            with subprocess.Popen(command, stdout=subprocess.PIPE,
                                  preexec_fn=peers.pinned(peers.LOAD_CORE)) as load:
                try:
                    found["busy"].append(asking(build, server.port, server.token, o.seconds)["p99_us"])
                    found["least_busy"].append(asking(build, least_port, None, o.seconds)["p99_us"])
                    found["flat_out_busy"].append(flat_out(server, o.seconds)["p99_us"])
                    sent = json.loads(load.communicate(timeout=peers.CLIENT_SECONDS)[0])
                finally:
                    load.kill()
            found["rate"].append(sent["events_per_s"])
    return {"most_events_per_s": most, "wait_ms": WALLBOARD_WAIT_MS,
            **{name: repeated(values) for name, values in found.items()}}


def flat_out(server, seconds):
    """RightNow's times with 8 connections that ask again at once: no core is ever idle."""
    return ours.wrk(server.port, f"{BASE}/RightNow?siteId=10000", 8, seconds, server.token)
