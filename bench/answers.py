"""Targets 1, 2, 3 and 11: requests beside nginx, CPU time with two workers, answers while
events come in."""
import json
import statistics
import subprocess
import tempfile
import time

import ours
import peers

BASE = "/v4/livechat/realTime"
CONNECTIONS = (32, 256, 1000)


def queue_site(server):
    """Site 10001: 10 departments, 20 who wait."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    lines = [{"type": "department.updated", "departmentId": f"d{n}", "name": f"Department {n}"}
             for n in range(10)]
    lines += [{"type": "chat.requested", "chatId": f"c{n}", "visitorId": f"v{n}",
               "departmentId": f"d{n % 10}"} for n in range(20)]
    body = "".join(json.dumps({"id": f"q{n}", "siteId": 10001, "time": now, **line}) + "\n"
                   for n, line in enumerate(lines))
    status, _, answer = server.ask("POST", "/v4/livechat/events", body.encode(),
                                   {"Content-Type": "application/x-ndjson"})
    assert status == 200 and b'"accepted":30' in answer, answer


def views():
    """Each view's path; Today over the whole day of 100,000 chats."""
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400))
    return {"RightNow": f"{BASE}/RightNow?siteId=10000",
            "Queue": f"{BASE}/Queue?siteId=10001",
            "Today": f"{BASE}/Today?siteId=10000&startTime={start}"}


def timed(port, pid, path, connections, seconds, token=None):
    before = peers.cpu_seconds(pid)
    result = ours.wrk(port, path, connections, seconds, token)
    result["cpu_us"] = (peers.cpu_seconds(pid) - before) * 1e6 / (result["rate"] * seconds)
    return result


def middle(rows, name):
    return statistics.median(row[name] for row in rows)


def beside_nginx(server, repeats, seconds):
    """Interleaved runs; one row for each view and number of connections."""
    paths, token, out = views(), server.token, []
    bodies = {name: server.get(path)[2] for name, path in paths.items()}
    with peers.nginx("off", bodies) as off, peers.nginx("on", bodies) as on:
        for name, path in paths.items():
            for connections in CONNECTIONS:
                runs = {"ours": [], "off": [], "on": []}
                for _ in range(repeats):
                    runs["ours"].append(timed(server.port, server.process.pid, path, connections,
                                              seconds, token))
                    for kind, (port, pid) in (("off", off), ("on", on)):
                        runs[kind].append(timed(port, pid, f"/{name}", connections, seconds))
                best = max(("off", "on"), key=lambda kind: middle(runs[kind], "rate"))
                mine, theirs = runs["ours"], runs[best]
                out.append({"view": name, "bytes": len(bodies[name]), "connections": connections,
                            "ours_rate": middle(mine, "rate"), "nginx_rate": middle(theirs, "rate"),
                            "sendfile": best,
                            "ratio": middle(mine, "rate") / middle(theirs, "rate"),
                            "ours_p99_us": middle(mine, "p99_us"),
                            "nginx_p99_us": middle(theirs, "p99_us"),
                            "p99_ratio": middle(mine, "p99_us") / middle(theirs, "p99_us"),
                            "ours_cpu_us": middle(mine, "cpu_us"),
                            "nginx_cpu_us": middle(theirs, "cpu_us")})
    return out


def two_workers(build, repeats, seconds):
    """CPU time of a request with two workers ÷ with one; both on all cores."""
    with build.server(1, core=None) as one, build.server(2, core=None) as two:
        rows = {1: [], 2: []}
        path = f"{BASE}/RightNow"
        for _ in range(repeats):
            for count, server in ((1, one), (2, two)):
                rows[count].append(timed(server.port, server.process.pid, path, 32, seconds,
                                         server.token)["cpu_us"])
    one_us, two_us = statistics.median(rows[1]), statistics.median(rows[2])
    return {"one_us": one_us, "two_us": two_us, "ratio": two_us / one_us}


def under_ingest(build, chats, repeats, seconds):
    """p99 of RightNow while events come at half of the most that was taken ÷ without; both
    cores for the server, as an operator runs it, and for the load beside it."""
    with build.server(2, core=None) as server, tempfile.TemporaryDirectory() as scratch:
        file = f"{scratch}/first.ndjson"
        build.events(file, chats)
        most = build.post(server, file, 1000, 4)["events_per_s"]
        quiet, busy = [], []
        path = f"{BASE}/RightNow"
        for n in range(repeats):
            quiet.append(ours.wrk(server.port, path, 8, seconds, server.token)["p99_us"])
            # Other sites' ids: not duplicates of the first file.
            again = f"{scratch}/again.ndjson"
            with open(file) as source, open(again, "w") as target:
                for line in source:
                    target.write(line.replace('"siteId":10000', f'"siteId":{20000 + n}'))
            load = subprocess.Popen([build.program("post"), str(server.port), server.token, again,
                                     "1000", "4", str(most / 2)], stdout=subprocess.DEVNULL)
            busy.append(ours.wrk(server.port, path, 8, seconds, server.token)["p99_us"])
            load.wait()
    return {"most_events_per_s": most, "quiet_p99_us": statistics.median(quiet),
            "busy_p99_us": statistics.median(busy),
            "ratio": statistics.median(busy) / statistics.median(quiet)}


def run(build, repeats, seconds, chats):
    with build.server(1) as server, tempfile.NamedTemporaryFile() as file:
        build.events(file.name, chats, us_per_chat=86400 * 10**6 // chats)
        build.post(server, file.name, 1000, 4)
        queue_site(server)
        rows = beside_nginx(server, repeats, seconds)
    return {"beside_nginx": rows, "two_workers": two_workers(build, repeats, seconds),
            "under_ingest": under_ingest(build, chats // 2, repeats, seconds)}
