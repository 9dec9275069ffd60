"""Target 13: a start over a long journal beside reading and decoding the same bytes."""
import json

import peers
from machine import repeated


def restart(build, o):
    made = build.loaded_directory(o.chats_restart)
    found = {name: [] for name in ("ready_s", "read_s", "decode_s")}
    for _ in range(o.repeats):
        plain = json.loads(peers.run([build.program("read_journal"), made["path"]],
                                     cores=peers.BOTH))
        assert plain["alike"], plain
        found["read_s"].append(plain["read_s"])
        found["decode_s"].append(plain["decode_s"])
        with build.server(2, made["path"], peers.BOTH) as server:
            found["ready_s"].append(server.ready_s)
            server.stop()
    return {"records": plain["records"], "bytes": plain["bytes"],
            **{name: repeated(values) for name, values in found.items()}}
