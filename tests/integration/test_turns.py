"""Requests that come in together: each gets its own right answer, and none an old one."""
import email.utils
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from livefloor_server import BINARY, Server

BASE = "/v4/livechat/realTime"
# A visitor who waits, so that an answer shows its now.
PAST = "2026-01-02T03:04:05Z"


class Client:
    """A raw connection that reads whole answers."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, head_only=False):
        """The next answer: status, head, body."""
        while (end := self.got.find(b"\r\n\r\n")) < 0:
            self.more()
        head = self.got[:end].decode()
        status = int(head.split()[1])
        length = re.search(r"\r\nContent-Length: (\d+)", head)
        size = int(length.group(1)) if length and not head_only else 0
        while len(self.got) < end + 4 + size:
            self.more()
        body, self.got = self.got[end + 4:end + 4 + size], self.got[end + 4 + size:]
        return status, head, body

    def more(self):
        chunk = self.socket.recv(1 << 16)
        if not chunk:
            raise AssertionError(f"closed: {self.got!r}")
        self.got += chunk

    def close(self):
        self.socket.close()


def get(server, target, *fields, method="GET", version="1.1", token=True):
    lines = [f"{method} {target} HTTP/{version}", "Host: a", *fields]
    if token:
        lines.append(f"Authorization: Bearer {server.token}")
    return "\r\n".join([*lines, "", ""]).encode()


class Together(unittest.TestCase):
    """The server is stopped while requests are sent, so that it finds them all at once."""

    def setUp(self):
        self.server = Server(options=("--set", "workers=1", "--set", "retentionDays=0"))
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.server.post_events(
            [{"id": f"d{n}", "type": "department.updated", "time": PAST, "siteId": 10000,
              "departmentId": f"d{n}", "name": f"Department {n}"} for n in range(20)] +
            [{"id": f"c{n}", "type": "chat.requested", "time": PAST, "siteId": 10000 + n % 2,
              "chatId": f"c{n}", "visitorId": f"v{n}", "departmentId": f"d{n % 3}"}
             for n in range(7)])
        self.clients = []
        self.addCleanup(lambda: [c.close() for c in self.clients])

    def connect(self, count):
        self.clients = [Client(self.server) for _ in range(count)]
        for c in self.clients:  # each has been accepted
            c.send(get(self.server, "/livez"))
            c.answer()

    def send(self, data):
        """Sends data[i] on client i, all before the server sees any."""
        os.kill(self.server.process.pid, signal.SIGSTOP)
        for client, bytes_ in zip(self.clients, data):
            client.send(bytes_)
        os.kill(self.server.process.pid, signal.SIGCONT)

    def test_each_gets_its_own(self):
        s = self.server
        end = "endTime=2026-01-02T04:00:00Z"
        kinds = [get(s, f"{BASE}/Queue?siteId=10000&{end}"),
                 get(s, f"{BASE}/Queue?siteId=10001&{end}"),
                 get(s, f"{BASE}/Queue?{end}", "x-api-siteid: 10000"),
                 get(s, f"{BASE}/Queue?siteId=10000&{end}", "Accept-Encoding: gzip"),
                 get(s, f"{BASE}/RightNow?siteId=10000&{end}"),
                 get(s, f"{BASE}/RightNow?siteId=10000&{end}", "Origin: http://a"),
                 get(s, f"{BASE}/Today?siteId=10000&startTime=2026-01-01T00:00:00Z&{end}"),
                 get(s, f"{BASE}/Agents?siteId=10000&{end}"),
                 get(s, f"{BASE}/Queue?siteId=10000&{end}", token=False),
                 get(s, f"{BASE}/Queue?{end}"),
                 get(s, f"{BASE}/Queue?siteId=10000&endTime=never"),
                 get(s, f"{BASE}/Nothing"),
                 get(s, "/livez")]
        alone, self.clients = [], [Client(s)]
        for kind in kinds:
            self.clients[0].send(kind)
            alone.append(self.clients[0].answer())
        self.assertEqual([a[0] for a in alone],
                         [200] * 8 + [401, 400, 400, 404, 200], [a[2] for a in alone])
        etag = re.search(r"\r\nETag: (\S+)", alone[0][1]).group(1)
        kinds.append(get(s, f"{BASE}/Queue?siteId=10000&{end}", f"If-None-Match: {etag}"))
        alone.append((304, None, b""))
        self.clients[0].close()
        self.connect(40 * len(kinds))

        def plain(head):
            return re.sub(r"Date: [^\r]*", "", head)
        for _ in range(3):
            self.send([kinds[n % len(kinds)] for n in range(len(self.clients))])
            for n, client in enumerate(self.clients):
                status, head, body = client.answer()
                wanted = alone[n % len(kinds)]
                self.assertEqual((status, body), (wanted[0], wanted[2]))
                if wanted[1] is not None:
                    self.assertEqual(plain(head), plain(wanted[1]))
        counted = s.get("/metrics").decode()
        queues = re.search(r'requests_total\{route="queue",status="2xx"\} (\d+)', counted)
        self.assertEqual(int(queues.group(1)), 4 + 3 * 40 * 4)
        told = re.search(r'requests_total\{route="queue",status="3xx"\} (\d+)', counted)
        self.assertEqual(int(told.group(1)), 3 * 40)

    def test_heads_that_differ_in_kind(self):
        """HEAD, HTTP/1.0 and closed connections beside the same question with GET."""
        s, target = self.server, f"{BASE}/RightNow?siteId=10000&endTime=2026-01-02T04:00:00Z"
        self.connect(60)
        kinds = [get(s, target), get(s, target, method="HEAD"), get(s, target, version="1.0"),
                 get(s, target, "Connection: keep-alive", version="1.0"),
                 get(s, target, "Connection: close")]
        body = s.get(target)
        self.send([kinds[n % 5] for n in range(60)])
        for n, client in enumerate(self.clients):
            status, head, got = client.answer(head_only=n % 5 == 1)
            self.assertEqual((status, got), (200, b"" if n % 5 == 1 else body))
            self.assertIn(f"Content-Length: {len(body)}", head)
            self.assertEqual("Connection: close" in head, n % 5 in (2, 4))
            self.assertEqual("Connection: keep-alive" in head, n % 5 == 3)
            if n % 5 in (2, 4):
                self.assertEqual(client.socket.recv(10), b"")

    def test_now_never_runs_backwards(self):
        """Pipelines of like and unlike questions: what a connection reads only grows."""
        s = self.server
        self.connect(100)
        for _ in range(5):
            pipes = []
            for n in range(len(self.clients)):
                parts = [get(s, f"{BASE}/Queue?siteId=10000&x={(n * k) % 3}") for k in range(6)]
                pipes.append(b"".join(parts))
            self.send(pipes)
            for client in self.clients:
                waits = []
                for _ in range(6):
                    status, _, body = client.answer()
                    self.assertEqual(status, 200)
                    waits.append(re.search(rb'"waitTime":"([^"]+)"', body).group(1))
                self.assertEqual(waits, sorted(waits))

    def test_posts_between(self):
        """Requests behind a POST on its connection see its events; those beside may."""
        s, question = self.server, get(self.server, f"{BASE}/RightNow?siteId=10000")
        self.connect(64)
        queue = 4
        for k in range(20):
            event = (f'{{"id":"p{k}","type":"chat.requested","time":"{PAST}","siteId":10000,'
                     f'"chatId":"p{k}","visitorId":"w{k}"}}').encode()
            post = get(s, "/v4/livechat/events?import=true", "Content-Type: application/x-ndjson",
                       f"Content-Length: {len(event)}", method="POST") + event
            self.send([post + question if n == 32 else question for n in range(64)])
            for n, client in enumerate(self.clients):
                if n == 32:
                    self.assertEqual(client.answer()[0], 200)
                waiting = int(re.search(rb'"currentQueueLength":(\d+)', client.answer()[2])[1])
                self.assertIn(waiting, (queue + 1,) if n == 32 else (queue, queue + 1))
            queue += 1

    def test_the_server_that_is_left(self):
        """Clients that send and go away at once leave nothing behind."""
        s, question = self.server, get(self.server, f"{BASE}/Queue?siteId=10000")
        for _ in range(10):
            self.connect(80)
            self.send([question * 3] * 40 + [question] * 40)
            for client in self.clients[:60]:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
            for client in self.clients[60:]:
                self.assertEqual(client.answer()[0], 200)
                client.close()
        self.assertEqual(s.ask("GET", "/livez")[0], 200)


class Visible(unittest.TestCase):
    def test_what_is_acknowledged_is_seen(self):
        """Two workers; readers that always ask; each acknowledged event is in every answer
        to a request sent after its acknowledgement, on any connection."""
        with Server(options=("--set", "workers=2")) as s:
            question = get(s, f"{BASE}/RightNow?siteId=10000")
            other = get(s, f"{BASE}/Queue?siteId=10000")
            acknowledged, stopped, wrong = [0], threading.Event(), []

            def waiting(body):
                return int(re.search(rb'"currentQueueLength":(\d+)', body)[1])

            def keep_asking():
                client = Client(s)
                try:
                    while not stopped.is_set():
                        least = acknowledged[0]
                        client.send(question + other + question)
                        bodies = [client.answer()[2] for _ in range(3)]
                        first, last = waiting(bodies[0]), waiting(bodies[2])
                        if not least <= first <= last:
                            wrong.append((least, first, last))
                except (OSError, AssertionError) as e:
                    wrong.append(repr(e))
                finally:
                    client.close()
            readers = [threading.Thread(target=keep_asking) for _ in range(4)]
            for r in readers:
                r.start()
            checkers = [Client(s) for _ in range(8)]
            poster = Client(s)
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
            try:
                for n in range(1, 501):
                    event = (f'{{"id":"e{n}","type":"chat.requested","time":"{now}",'
                             f'"siteId":10000,"chatId":"c{n}","visitorId":"v{n}"}}').encode()
                    poster.send(get(s, "/v4/livechat/events",
                                    "Content-Type: application/x-ndjson",
                                    f"Content-Length: {len(event)}", method="POST") + event)
                    self.assertEqual(poster.answer()[0], 200)
                    acknowledged[0] = n
                    for c in checkers:
                        c.send(question + question)
                    for c in checkers:
                        self.assertEqual([waiting(c.answer()[2]) for _ in range(2)], [n, n])
            finally:
                stopped.set()
                for r in readers:
                    r.join()
            self.assertEqual(wrong, [])


class Kept(unittest.TestCase):
    """Answers that are given again in later turns: never one that would not be made so."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.config = pathlib.Path(self.folder.name, "livefloor.yaml")
        self.config.write_text("corsOrigins:\n  - https://a.example\n")
        self.server = Server(options=("--set", "workers=1", "--config", str(self.config)))
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.post(1, time.time() - 3600)
        self.client = Client(self.server)
        self.addCleanup(self.client.close)

    def post(self, n, at, site=10000):
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e3):03}Z"
        answer = self.server.post_events(
            [{"id": f"e{n}", "type": "chat.requested", "time": when, "siteId": site,
              "chatId": f"c{n}", "visitorId": f"v{n}"}])
        self.assertEqual(answer["accepted"], 1, answer)

    def ask(self, request):
        self.client.send(request)
        return self.client.answer()

    def waiting(self, request):
        status, _, body = self.ask(request)
        self.assertEqual(status, 200, body)
        return int(re.search(rb'"(?:currentQueueLength|chatRequests)":(\d+)', body)[1])

    def test_events_show_at_once(self):
        start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7200))
        questions = [get(self.server, f"{BASE}/RightNow"),
                     get(self.server, f"{BASE}/Today?startTime={start}")]
        for n in range(2, 200):
            for question in questions:
                self.assertEqual([self.waiting(question) for _ in range(5)], [n - 1] * 5)
            self.post(n, time.time() - 60)

    def test_an_event_that_waits_shows_at_its_time(self):
        question = get(self.server, f"{BASE}/RightNow")
        due = int(time.time()) + 2
        self.post(2, due)
        while True:
            before = time.time()
            waiting = self.waiting(question)
            after = time.time()
            self.assertIn(waiting, (1, 2))
            if waiting == 2:
                self.assertGreaterEqual(after, due)
                break
            self.assertLess(before, due)

    def test_a_date_is_the_answers_own(self):
        question = get(self.server, f"{BASE}/RightNow")
        seen, seconds = [], set()
        while len(seconds) < 3:
            before = int(time.time())
            _, head, _ = self.ask(question)
            date = email.utils.parsedate_to_datetime(re.search(r"Date: ([^\r]+)", head)[1])
            seen.append((before, date.timestamp(), time.time()))
            seconds.add(date)
        for before, date, after in seen:  # the clock of dates is a tick late at most
            self.assertTrue(before - 1 <= date <= after)

    def test_a_revoked_token(self):
        def run(*words):
            return subprocess.run([BINARY, "token", *words, "--data", self.server.directory],
                                  capture_output=True, text=True, check=True).stdout
        token = re.search(r"lf_\S+", run("create", "--scope", "read", "--name", "to go"))[0]
        ident = next(line.split()[0] for line in run("list").splitlines() if line.endswith("to go"))
        question = get(self.server, f"{BASE}/RightNow", f"Authorization: Bearer {token}",
                       token=False)
        for _ in range(3):
            self.assertEqual(self.ask(question)[0], 200)
        run("revoke", ident)
        self.assertEqual(self.ask(question)[0], 401)

    def test_a_second_site_and_other_settings(self):
        question = get(self.server, f"{BASE}/RightNow", "Origin: https://a.example")
        for _ in range(3):
            status, head, _ = self.ask(question)
            self.assertEqual((status, "Access-Control-Allow-Origin" in head), (200, True))
        self.config.write_text("corsOrigins:\n  - https://b.example\n")
        self.server.process.send_signal(signal.SIGHUP)
        for _ in range(100000):  # it is read soon
            status, head, _ = self.ask(question)
            if "Access-Control-Allow-Origin" not in head:
                break
        self.assertNotIn("Access-Control-Allow-Origin", head)
        self.assertEqual(self.ask(question)[0], 200)
        self.post(9, time.time() - 60, site=10001)
        self.assertEqual(self.ask(question)[0], 400)  # now a site must be named


if __name__ == "__main__":
    unittest.main()
