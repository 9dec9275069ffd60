"""Target 13: a start over a long journal beside reading and decoding the same bytes."""
import json
import pathlib

import peers
from machine import repeated


def ready(build, path, found, name):
    """Starts the server, notes how long it took until it was ready, and stops it."""
    with build.server(2, path, peers.BOTH) as server:
        found[name].append(server.ready_s)
        server.stop()


def restart(build, o):
    made = build.loaded_directory(o.chats_restart)
    state = pathlib.Path(made["path"], "snapshot", "state")
    found = {name: [] for name in ("ready_s", "whole_s", "read_s", "decode_s")}
    for _ in range(o.repeats):
        plain = json.loads(peers.run([build.program("read_journal"), made["path"]],
                                     cores=peers.BOTH))
        assert plain["alike"], plain
        found["read_s"].append(plain["read_s"])
        found["decode_s"].append(plain["decode_s"])
        ready(build, made["path"], found, "ready_s")
        snapshot_bytes = state.stat().st_size
        state.unlink()
        ready(build, made["path"], found, "whole_s")  # and makes a snapshot when it stops
    return {"records": plain["records"], "bytes": plain["bytes"], "snapshot_bytes": snapshot_bytes,
            **{name: repeated(values) for name, values in found.items()}}
