"""Runs the real server for a test: port 0, the ready line, a token, plain HTTP."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("LIVEFLOOR_BINARY", str(ROOT / "build" / "livefloor"))
READY = re.compile(r"livefloor: listening on http://([^:]+|\[[^]]+\]):(\d+)")


def shared_data():
    """The folder of worked examples beside the project, or None where it is not there."""
    path = pathlib.Path(os.environ.get("LIVEFLOOR_DATA", ROOT.parent / "shared" / "data"))
    return path if path.is_dir() else None


class Server:
    """One server process on a data directory; a context manager that stops it."""

    def __init__(self, directory=None, options=(), preexec=None, listen=0):
        self.own = tempfile.TemporaryDirectory(prefix="livefloor-") if directory is None else None
        self.directory = str(directory or self.own.name)
        self.options = list(options)
        self.preexec = preexec
        self.listen = listen
        self.process = None
        self.port = None
        self.log = []

    def start(self):
        """Starts the process and waits for its ready line."""
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.directory, "--listen", f"127.0.0.1:{self.listen}", *self.options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=self.preexec)
        self.log = []
        threading.Thread(target=self._keep_log, args=(self.process.stderr,), daemon=True).start()
        line = self.process.stdout.readline()
        match = READY.match(line)
        if not match:
            self.process.wait(10)
            raise AssertionError(f"no ready line but {line!r}; its log: {''.join(self.log)}")
        self.port = int(match.group(2))
        return self

    def _keep_log(self, stream):
        with stream:
            for line in stream:
                self.log.append(line)

    @property
    def token(self):
        return pathlib.Path(self.directory, "admin.token").read_text().strip()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, target, body=None, headers=None, token=True, connection=None):
        """One request; returns (status, headers, body bytes)."""
        sent = {"Authorization": f"Bearer {self.token}"} if token is True else (
            {"Authorization": f"Bearer {token}"} if token else {})
        sent.update(headers or {})
        c = connection or self.connect()
        c.request(method, target, body=body, headers=sent)
        response = c.getresponse()
        data = response.read()
        if connection is None:
            c.close()
        return response.status, response.headers, data

    def get(self, target, **more):
        """The body of a 200 answer."""
        status, _, body = self.ask("GET", target, **more)
        assert status == 200, (target, status, body)
        return body

    def post_events(self, events, connection=None, imported=True):
        """Sends events as NDJSON; returns the parsed answer."""
        body = "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events).encode()
        status, _, answer = self.ask(
            "POST", "/v4/livechat/events" + ("?import=true" if imported else ""), body=body,
            headers={"Content-Type": "application/x-ndjson"}, connection=connection)
        assert status == 200, (status, answer[:500])
        return json.loads(answer)

    def kill(self):
        """SIGKILL, at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """SIGTERM; returns the exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process.stdout.close()
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stdout.close()
        if self.own:
            self.own.cleanup()


def run(*arguments, stdin=None, env=None, timeout=600):
    """Runs a livefloor command to its end."""
    return subprocess.run([BINARY, *arguments], input=stdin, capture_output=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, check=False)
