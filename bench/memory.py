"""Target 12: resident memory of finished and open chats, of small sites, and by part."""
import pathlib
import re
import subprocess
import tempfile
import time

import ours
import peers

PARTS_CHATS = 100000  # enough that slabs (base/lasting.h) fall to each part by its share
SITE_EVENTS_AGENTS = 3


def slope(small, big, chats, kind):
    return (big[kind] - small[kind]) / chats


def finished(build, o):
    """Bytes for each chat more, as sent and after a restart."""
    rows = {"sent": {}, "restarted": {}}
    for chats in (o.chats_small, o.chats_big):
        made = build.loaded_directory(chats)
        rows["sent"][chats] = made["resident"]
        with build.server(1, made["path"], peers.BOTH) as server:
            rows["restarted"][chats] = server.resident()
            server.stop()
    more = o.chats_big - o.chats_small
    out = {"chats": [o.chats_small, o.chats_big], "events": build.loaded[o.chats_big]["events"],
           "journal_bytes_per_event": build.loaded[o.chats_big]["journal_bytes"] /
           build.loaded[o.chats_big]["events"]}
    for name, row in rows.items():
        out[name] = {"small": row[o.chats_small], "big": row[o.chats_big],
                     "bytes_per_chat": {kind: slope(row[o.chats_small], row[o.chats_big], more, kind)
                                        for kind in ("all", "own")}}
    return out


def open_chats(build, o):
    """Bytes for each chat that goes on, as sent and after a restart."""
    chats, out = o.chats_open, {}
    file = build.events("open.ndjson", chats, ago=300, us_per_chat=600 * 10**6 // chats, open=1)
    with tempfile.TemporaryDirectory(dir=build.scratch) as path:
        with build.server(1, path, peers.BOTH) as server:
            bare = server.resident()
            out["events"] = build.post(server, file)["events"]
            counted = server.get("/v4/livechat/realTime/RightNow?siteId=10000").decode()
            assert f'"ongoingChats":{chats}' in counted.replace(" ", ""), counted
            out["sent"] = {kind: slope(bare, server.resident(), chats, kind)
                           for kind in ("all", "own")}
            server.stop()
        with build.server(1, path, peers.BOTH) as server:
            out["restarted"] = {kind: slope(bare, server.resident(), chats, kind)
                                for kind in ("all", "own")}
            server.stop()
    file.unlink()
    return {"chats": chats, "bytes_per_chat": out}


def chats_memory(build, o):
    return {"finished": finished(build, o), "open": open_chats(build, o)}


def site_events(site, chats, now):
    """A small site: a department, three agents, some chats."""
    yield {"type": "department.updated", "departmentId": "sales", "name": "Sales"}
    for agent in range(SITE_EVENTS_AGENTS):
        yield {"type": "agent.updated", "agentId": f"a{agent}", "displayName": f"Agent {agent}",
               "departmentIds": ["sales"], "maxConcurrentChats": 3}
        yield {"type": "agent.statusChanged", "agentId": f"a{agent}", "statusId": "online"}
    for chat in range(chats):
        at = {"chatId": f"c{chat}", "time": now - 3600 + chat * 60}
        yield {"type": "chat.requested", "visitorId": f"v{site}-{chat}", "departmentId": "sales", **at}
        yield {"type": "chat.accepted", "agentId": f"a{chat % SITE_EVENTS_AGENTS}", **at}
        yield {"type": "chat.ended", **at}


def small_sites(build, o):
    """Bytes of a site that has its facts only, and of one with 20 chats besides."""
    out, now = {"sites": o.sites}, int(time.time())
    for name, chats in (("facts", 0), ("chats_20", 20)):
        with build.server(1, cores=peers.BOTH) as server:
            bare = server.resident()
            batch = []
            for site in range(o.sites):
                for n, event in enumerate(site_events(site, chats, now)):
                    at = event.pop("time", now - 7200)
                    batch.append({"id": f"{site}-{n}", "siteId": 20000 + site, **event,
                                  "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))})
                if len(batch) > 5000 or site == o.sites - 1:
                    answer = server.post_events(batch)
                    assert answer["accepted"] == len(batch), answer
                    batch = []
            out[name] = {kind: slope(bare, server.resident(), o.sites, kind)
                         for kind in ("all", "own")}
            server.stop()
    return out


# The first of these files on the way from an allocation outwards names the part; timelines and
# the like belong to what keeps them.
FRAME = re.compile(r"^( *)n(\d+): (\d+) .*?(?:: (\S+) \((?:in )?([^:)]*).*)?$")
PARTS = (("chat_log.c", "events of the chats"), ("id_index.c", "ids of the events"),
         ("link_", "different visitors, latest ratings"), ("interval_set.c", "spans of time"),
         ("timeline.c", "timelines"), ("visitor", "visitors"), ("presence", "agents"),
         ("agent", "agents"), ("guid_map.c", "GUIDs"), ("chat_machine.c", "state of open chats"),
         ("chat", "chats"), ("entities.c", "tables of entities"))


def part_of(files):
    for file in files:
        for beginning, part in PARTS:
            if file.startswith(beginning):
                return part
    return "fixed"


def leaves(lines):
    """(bytes, files from the allocation outwards) of each leaf of massif's tree."""
    stack = []
    for number, line in enumerate(lines):
        match = FRAME.match(line)
        if not match:
            break
        depth, children = len(match.group(1)), int(match.group(2))
        del stack[depth:]
        stack.append(match.group(5) or "")
        if children == 0:
            yield int(match.group(3)), list(stack)


def parts(build, o):
    """The bytes of a finished chat by what keeps them: the server's own start under massif."""
    chats = min(PARTS_CHATS, o.chats_small)
    path = build.loaded_directory(chats)["path"]
    out = build.scratch / "massif"
    command = ["valgrind", "--tool=massif", "--depth=12", "--threshold=0.1", "--detailed-freq=1",
               "--max-snapshots=20", f"--massif-out-file={out}", build.program("livefloor"),
               "serve", "--data", str(path), "--listen", "127.0.0.1:0", "--set", "workers=1"]
    with peers.started(command, peers.BOTH, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                       text=True) as process, ours.at_most(peers.CLIENT_SECONDS, "massif"):
        assert process.stdout.readline().startswith("livefloor: listening")
    best, heap = None, -1
    snapshots = pathlib.Path(out).read_text().split("#-----------\nsnapshot=")
    for snapshot in snapshots[1:]:
        size = int(re.search(r"mem_heap_B=(\d+)", snapshot).group(1))
        if "heap_tree=empty" not in snapshot and size >= heap:
            best, heap = snapshot, size
    found = {}
    for size, files in leaves(best.splitlines()[best.splitlines().index(next(
            line for line in best.splitlines() if line.startswith("heap_tree"))) + 1:]):
        part = part_of(files)
        found[part] = found.get(part, 0) + size
    fixed = found.pop("fixed", 0)  # LMDB's lists, decoders, tables: whatever the chats
    return {"chats": chats, "heap_bytes": heap, "fixed_bytes": fixed,
            "bytes_per_chat": {part: size / chats for part, size in
                               sorted(found.items(), key=lambda each: -each[1])}}
