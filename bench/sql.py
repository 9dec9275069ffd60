"""Target 7: Today as one statement on PostgreSQL over the same chats, both over their wire."""
import json
import pathlib
import random
import re
import subprocess
import time

import ours
import peers
from answers import BASE
from ingest import COPY_TABLE
from machine import repeated

HERE = pathlib.Path(__file__).resolve().parent
CHATS_EACH_US = 2592000
STATEMENTS = 15       # random windows a repeat
WRK_SECONDS = 2


def fill(build, port, chats, end_us):
    """The same events as COPY brings them, then the schema."""
    command = [build.program("made_events"), "csv", str(chats), str(end_us // 10**6)]
    peers.psql(port, COPY_TABLE.format(key="").replace("CREATE TABLE", "CREATE UNLOGGED TABLE"))
    with peers.started(command, (peers.LOAD_CORE,), stdout=subprocess.PIPE) as made:
        peers.psql(port, None, made.stdout, "COPY event FROM STDIN (FORMAT csv)")
    peers.psql(port, f"\\set end_us {end_us * 2}\n" + (HERE / "today_schema.sql").read_text())


def instant(us):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 10**6)) + f".{us % 10**6:06d}Z"


def path_of(window):
    return f"{BASE}/Today?siteId=10000&startTime={instant(window[0])}&endTime={instant(window[1])}"


def number(value):
    """A figure of either side, times in seconds."""
    match = re.fullmatch(r"(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)(\.\d+)?", str(value))
    if match:
        day, hour, minute, second, part = match.groups(default="0")
        return ((int(day) * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second) + float(part)
    return float(value or 0)


def differing(mine, theirs):
    """The figures in which two answers differ by more than their rounding."""
    return [(name, mine[name], theirs[name]) for name in theirs
            if abs(number(mine[name]) - number(theirs[name])) > 2e-6]


def statements(port, windows):
    """The times in ms of one session's statements, and their answers."""
    script = (HERE / "today.sql").read_text() + "\\timing on\n" + "".join(
        f"EXECUTE today ({start}, {end});\n" for start, end in windows)
    text = peers.psql(port, script)
    return (peers.timings(text)[-len(windows):],
            [json.loads(line) for line in text.splitlines() if line.startswith("{")])


def asked(build, server, windows):
    """The p50 in µs of our answers on one connection."""
    script = build.scratch / "windows.lua"
    paths = ",".join(f'"{path_of(window)}"' for window in windows)
    script.write_text(f"local paths = {{{paths}}}\nlocal n = 0\n"
                      "function request() n = n % #paths + 1\n"
                      "return wrk.format('GET', paths[n]) end\n")
    return ours.wrk(server.port, "/", 1, WRK_SECONDS, server.token, script)["p50_us"]


def beside_postgres(build, o):
    made = build.loaded_directory(o.chats_big)
    span = o.chats_big * CHATS_EACH_US
    end_us = made["last_s"] * 10**6
    start_us = end_us - span
    dice = random.Random(7)
    def window():
        return tuple(sorted(start_us + dice.randrange(span // 1000) * 1000 for _ in range(2)))
    # The whole history, to a moment before the last chats, which may be under way.
    whole = (start_us, end_us)
    found = {name: [] for name in ("ours_random_us", "ours_whole_us", "sql_random_ms",
                                   "sql_whole_ms")}
    with peers.postgres(build.scratch, (peers.SERVER_CORE,)) as port:
        fill(build, port, o.chats_big, end_us)
        with build.server(1, made["path"]) as server:
            checked = [whole] + [window() for _ in range(5)]
            for which, theirs in zip(checked, statements(port, checked)[1]):
                wrong = differing(json.loads(server.get(path_of(which))), theirs)
                if wrong:
                    raise AssertionError(f"the two answers to {which} differ: {wrong}")
            for _ in range(o.repeats):
                windows = [window() for _ in range(STATEMENTS)]
                found["ours_random_us"].append(asked(build, server, windows))
                found["ours_whole_us"].append(asked(build, server, [whole]))
                found["sql_random_ms"].append(repeated(statements(port, windows)[0])["median"])
                found["sql_whole_ms"].append(repeated(statements(port, [whole])[0])["median"])
            server.stop()
    return {"chats": o.chats_big, "events": made["events"], "answers_compared": len(checked),
            **{name: repeated(values) for name, values in found.items()}}
