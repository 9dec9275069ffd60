"""Livefloor itself under a benchmark, and what it is fed with."""
import contextlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
import livefloor_server  # noqa: E402
import peers  # noqa: E402

READY_SECONDS = 300      # a server that is not ready by then never will be
LAST_EVENT_SECONDS = 900  # made chats begin at least so long ago: all their events are over


@contextlib.contextmanager
def at_most(seconds, what):
    """An error instead of waiting for ever."""
    def expired(*_):
        raise TimeoutError(f"{what}: not within {seconds} s")
    before = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Server(livefloor_server.Server):
    """The real server; a start that takes for ever fails, and nothing stays behind."""

    def start(self):
        began = time.monotonic()
        try:
            with at_most(READY_SECONDS, "the ready line"):
                super().start()
        except BaseException:
            if self.process and self.process.poll() is None:
                self.process.kill()
            raise
        self.ready_s = time.monotonic() - began
        return self

    def come_to_rest(self):
        """Waits until what goes on in the background (the index of ids merges its files) is done:
        the process has used no processor time for a second and a half."""
        with at_most(READY_SECONDS, "an end of the background work"):
            used, now = -1.0, peers.cpu_seconds(self.process.pid)
            while now - used > 0.005:
                time.sleep(1.5)
                used, now = now, peers.cpu_seconds(self.process.pid)

    def resident(self):
        """Bytes in memory, when the process has come to rest: all, and what is its own (the rest is
        the journal's file, mapped: cache that the kernel may take back)."""
        self.come_to_rest()
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        value = {line.split(":")[0]: int(line.split()[1]) * 1024
                 for line in status.splitlines() if line.startswith(("VmRSS", "RssAnon"))}
        return {"all": value["VmRSS"], "own": value["RssAnon"]}

    def metric(self, name):
        for line in self.get("/metrics").decode().splitlines():
            if line.split()[0] in (f"livefloor_{name}", f"livefloor_{name}_total"):
                return float(line.split()[1])
        raise KeyError(name)


class Build:
    """The built programs, a scratch directory, and made directories that figures share."""

    def __init__(self, directory, scratch):
        self.directory = pathlib.Path(directory).resolve()
        self.scratch = pathlib.Path(scratch)
        self.loaded = {}
        livefloor_server.BINARY = str(self.directory / "livefloor")

    def program(self, name):
        return str(self.directory / name)

    def events(self, name, chats, kind="ndjson", ago=LAST_EVENT_SECONDS, last_s=None, **options):
        """A file of made events in the scratch directory; its path. The last chat begins at
        last_s, or some seconds ago."""
        path = self.scratch / name
        last_s = last_s or int(time.time()) - ago
        command = [self.program("made_events"), kind, str(chats), str(last_s),
                   *(f"{key}={value}" for key, value in options.items())]
        with open(path, "w", encoding="ascii") as out:
            subprocess.run(command, stdout=out, check=True, timeout=peers.CLIENT_SECONDS)
        return path

    def server(self, workers=1, directory=None, cores=(peers.SERVER_CORE,)):
        return Server(directory, options=["--set", f"workers={workers}"],
                      preexec=peers.pinned(*cores))

    def post(self, server, path, lines=1000, connections=4, rate=None):
        command = [self.program("post"), server.port, server.token, path, lines, connections]
        return json.loads(peers.run(command + ([rate] if rate else [])))

    def append(self, source, lines, groups=None):
        """The plain file, on both cores as the servers that it is compared with."""
        target = self.scratch / "plain"
        command = [self.program("append"), source, target, lines]
        try:
            return json.loads(peers.run(command + ([groups] if groups else []), cores=peers.BOTH))
        finally:
            target.unlink(missing_ok=True)

    def loaded_directory(self, chats):
        """A server's directory with so many finished chats, sent over HTTP; what the server
        held in memory then. Made once in a run."""
        if chats not in self.loaded:
            path = pathlib.Path(tempfile.mkdtemp(prefix=f"chats-{chats}-", dir=self.scratch))
            last_s = int(time.time()) - LAST_EVENT_SECONDS
            file = self.events("load.ndjson", chats, last_s=last_s)
            with self.server(2, path, peers.BOTH) as server:
                bare = server.resident()
                sent = self.post(server, file)
                self.loaded[chats] = {"path": path, "events": sent["events"], "bare": bare,
                                      "last_s": last_s,
                                      "events_per_s": sent["events_per_s"],
                                      "resident": server.resident(),
                                      "journal_bytes": server.metric("journal_bytes")}
                server.stop()
            file.unlink()
        return self.loaded[chats]

    def forget_directory(self, chats):
        """Gives the disk back."""
        if chats in self.loaded:
            shutil.rmtree(self.loaded.pop(chats)["path"])


def wrk(port, path, connections, seconds, token=None, script=None, cores=(peers.LOAD_CORE,)):
    """Requests a second and the p50 and p99 of their time in µs; one thread for each core."""
    command = ["wrk", f"-t{len(cores)}", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if token:
        command += ["-H", f"Authorization: Bearer {token}"]
    if script:
        command += ["-s", script]
    text = peers.run([*command, f"http://127.0.0.1:{port}{path}"], cores)
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
