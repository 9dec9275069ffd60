#!/usr/bin/env python3
"""Livefloor's benchmarks: prints one table; docs/benchmarks.md says what came out.

  run.py --build DIR [--chats 1000,100000,1000000]

1. floor_bench: the floor inside the process (events applied, bytes a chat, time of
   each answer over random windows and instants).
2. The whole server: import over HTTP with the command line, restart, requests.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))


def floor_rows(build, sizes):
    for size in sizes:
        made = subprocess.run([f"{build}/floor_bench", str(size)], capture_output=True, check=True)
        yield json.loads(made.stdout)
    made = subprocess.run([f"{build}/floor_bench", str(min(100000, sizes[-1])), "10"], capture_output=True,
                          check=True)
    yield json.loads(made.stdout)


def print_floor(rows):
    print("inside the process (µs: p50 / p99)\n")
    print("| chats | events | late | events/s | bytes a chat | Today | RightNow | Queue | Agents |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        times = [f"{row[v]['p50']} / {row[v]['p99']}" if v in row else "" for v in
                 ("today_us", "right_now_us", "queue_us", "agents_us")]
        print(f"| {row['chats']:,} | {row['events']:,} | {row['late_percent']} % | "
              f"{row['events_per_s']:,} | {row['bytes_per_chat']:,.0f} | " + " | ".join(times) + " |")


def made_events(count):
    """NDJSON of short chats over the last 20 hours."""
    start = int(time.time()) - 20 * 3600
    for n in range(count):
        chat, t = n // 5, start + n * 70000 // count
        kind, fields = (
            ("chat.requested", {"visitorId": f"v{chat % 5000}", "departmentId": f"d{chat % 10}"}),
            ("chat.accepted", {"agentId": f"a{chat % 50}"}),
            ("chat.message", {"sender": "visitor"}),
            ("chat.message", {"sender": "agent", "agentId": f"a{chat % 50}"}),
            ("chat.ended", {"endedBy": "visitor"}))[n % 5]
        yield json.dumps({"id": f"bench-{n}", "type": kind, "siteId": 10000, "chatId": f"c{chat}",
                          "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)), **fields})


def server_row(build, count):
    import livefloor_server
    livefloor_server.BINARY = f"{build}/livefloor"
    with livefloor_server.Server() as server, tempfile.NamedTemporaryFile("w") as file:
        file.writelines(line + "\n" for line in made_events(count))
        file.flush()
        began = time.monotonic()
        done = livefloor_server.run("import", "--url", server.url, "--token", server.token, file.name)
        assert done.returncode == 0, done.stderr
        imported = time.monotonic() - began
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        resident = int(status.split("VmRSS:")[1].split()[0]) * 1024
        server.stop()
        began = time.monotonic()
        server.start()
        restart = time.monotonic() - began
        wrk = subprocess.run(
            ["wrk", "-t1", "-c32", "-d3", "-H", f"Authorization: Bearer {server.token}",
             f"{server.url}/v4/livechat/realTime/RightNow"], capture_output=True, text=True,
            check=False)
        rate = [line.split()[1] for line in wrk.stdout.splitlines() if "Requests/sec" in line]
    print(f"\nthe whole server, {count:,} events: import {count / imported:,.0f} events/s, "
          f"restart {restart:.2f} s ({count / restart:,.0f} events/s), resident "
          f"{resident / (count / 5):,.0f} bytes a chat of 5 events, RightNow "
          f"{rate[0] if rate else 'not measured'} requests/s at 32 connections")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--chats", default="1000,100000,1000000")
    parser.add_argument("--events", type=int, default=500000)
    args = parser.parse_args()
    print_floor(floor_rows(args.build, [int(x) for x in args.chats.split(",")]))
    server_row(args.build, args.events)


if __name__ == "__main__":
    main()
