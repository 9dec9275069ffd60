"""Livefloor itself under a benchmark, and what it is fed with."""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
import livefloor_server  # noqa: E402
import peers  # noqa: E402


class Build:
    """The built programs."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory).resolve()
        livefloor_server.BINARY = str(self.directory / "livefloor")

    def program(self, name):
        return str(self.directory / name)

    def events(self, path, chats, kind="ndjson", late=0, us_per_chat=2592000):
        with open(path, "wb") as out:
            subprocess.run([self.program("made_events"), kind, str(chats), str(int(time.time()) - 60),
                            str(late), str(us_per_chat)], stdout=out, check=True)

    def server(self, workers=1, directory=None, core=peers.SERVER_CORE):
        """A server on the server's core (None: on all)."""
        return livefloor_server.Server(
            directory, options=["--set", f"workers={workers}"],
            preexec=peers.pinned(core) if core is not None else None)

    def post(self, server, path, lines, connections, rate=None):
        command = [self.program("post"), str(server.port), server.token, str(path), str(lines),
                   str(connections)]
        return json.loads(peers.on_load_core(command + ([str(rate)] if rate else [])))

    def append(self, source, target, lines, groups=None):
        command = [self.program("append"), str(source), str(target), str(lines)]
        return json.loads(peers.on_load_core(command + ([str(groups)] if groups else [])))


def resident(server, what="VmRSS"):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split(what + ":")[1].split()[0]) * 1024


def wrk(port, path, connections, seconds, token=None, script=None):
    """Requests a second and the p50 and p99 of their time in µs."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    if script:
        command += ["-s", str(script)]
    text = peers.on_load_core([*command, f"http://127.0.0.1:{port}{path}"])
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(text)
    found = {line.split()[0]: line.split()[1] for line in text.splitlines() if len(line.split()) > 1}
    return {"rate": float(found["Requests/sec:"]), "p50_us": in_us(found["50%"]),
            "p99_us": in_us(found["99%"])}


def in_us(text):
    for unit, factor in (("us", 1), ("ms", 1e3), ("s", 1e6)):
        if text.endswith(unit):
            return float(text[:-len(unit)]) * factor
    raise ValueError(text)
