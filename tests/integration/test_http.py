"""The HTTP room with raw bytes: framing, smuggling shapes, pipelines, limits, time-outs."""
import re
import socket
import threading
import time
import unittest

from livefloor_server import Server

OK = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


def exchange(server, data, pieces=None, half_close=True, timeout=20):
    """Sends bytes (in pieces), closes its side, reads all that comes until the end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces or [data]:
                s.sendall(piece)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it answered and closed before all was sent
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except ConnectionResetError:
            pass
        return got


def read_answers(s, count):
    """Reads so many answers off a socket that stays open; their statuses and bodies."""
    got, answers = b"", []
    while len(answers) < count:
        end = got.find(b"\r\n\r\n")
        if end >= 0:
            head = got[:end].decode()
            length = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
            size = int(length.group(1)) if length else 0
            if len(got) >= end + 4 + size:
                answers.append((int(head.split()[1]), got[end + 4:end + 4 + size]))
                got = got[end + 4 + size:]
                continue
        chunk = s.recv(65536)
        if not chunk:
            raise AssertionError(f"closed after {len(answers)} answers: {got!r}")
        got += chunk
    return answers


def statuses(data):
    return [int(x) for x in re.findall(rb"HTTP/1\.1 (\d\d\d)", data)]


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(options=("--set", "headTimeoutSeconds=1", "--set",
                                     "idleTimeoutSeconds=2", "--set", "bodyGraceSeconds=1"))
        cls.server.start()
        cls.token = cls.server.token

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.server.__exit__()

    def test_an_answer_that_comes_later_reaches_a_client_that_has_said_all(self):
        """Events wait for the disk; meanwhile the end, or the next requests, come in."""
        body = b'{"type":"chat.requested","siteId":10000,"chatId":"later","visitorId":"v"}'
        post = (b"POST /v4/livechat/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " +
                self.server.token.encode() + b"\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body) + body)
        for _ in range(20):
            self.assertEqual(statuses(exchange(self.server, post)), [200])
            self.assertEqual(statuses(exchange(self.server, None, [post, OK + post, OK])),
                             [200, 200, 200, 200])

    def post(self, head, body=b"", line=b"POST /v4/livechat/events HTTP/1.1"):
        return (line + b"\r\nHost: a\r\nAuthorization: Bearer " + self.token.encode() +
                b"\r\nContent-Type: application/json\r\n" + head + b"\r\n" + body)

    def test_one_byte_at_a_time(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in OK:
                s.sendall(bytes([byte]))
            self.assertEqual(read_answers(s, 1)[0][0], 200)
        body = b'{"type":"visitor.seen","visitorId":"v","siteId":10000}'
        request = self.post(b"Content-Length: %d\r\n" % len(body), body)
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request:
                s.sendall(bytes([byte]))
            status, answer = read_answers(s, 1)[0]
        self.assertEqual(status, 200, answer)

    def test_a_thousand_requests_in_one_packet(self):
        requests = b"".join(b"GET /v4/none/%d HTTP/1.1\r\nHost: a\r\n\r\n" % n if n % 2 else OK
                            for n in range(1000))
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.sendall(requests)
            answers = read_answers(s, 1000)
        self.assertEqual([a[0] for a in answers], [404 if n % 2 else 200 for n in range(1000)])

    def test_pipelined_posts_are_answered_in_order(self):
        """Each goes to the disk, so each answer is deferred."""
        requests, count = b"", 50
        for n in range(count):
            body = b'{"id":"pipe-%d","type":"visitor.seen","visitorId":"v","siteId":10000}' % n
            requests += self.post(b"Content-Length: %d\r\n" % len(body), body) + OK
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as s:
            s.sendall(requests)
            answers = read_answers(s, 2 * count)
        sequences = [int(re.search(rb'"sequence":(\d+)', a[1]).group(1)) for a in answers[::2]]
        self.assertEqual(sequences, sorted(sequences))
        self.assertEqual({a[1] for a in answers[1::2]}, {b'{"status":"live"}'})

    def test_malformed_heads(self):
        """Each is refused with 400 (or what is named), once, and the connection closes."""
        head = b"GET /livez HTTP/1.1\r\n"
        shapes = {
            "bare LF": b"GET /livez HTTP/1.1\nHost: a\n\n",
            "bare CR": b"GET /livez HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
            "NUL": head + b"Host: a\x00\r\n\r\n",
            "control character": head + b"Host: a\r\nX: \x01\r\n\r\n",
            "no Host": head + b"\r\n",
            "two Hosts": head + b"Host: a\r\nHost: a\r\n\r\n",
            "folded line": head + b"Host: a\r\nX: 1\r\n 2\r\n\r\n",
            "blank before colon": head + b"Host : a\r\n\r\n",
            "empty name": head + b"Host: a\r\n: x\r\n\r\n",
            "no colon": head + b"Host: a\r\nnonsense\r\n\r\n",
            "no version": b"GET /livez\r\nHost: a\r\n\r\n",
            "two blanks": b"GET  /livez HTTP/1.1\r\nHost: a\r\n\r\n",
            "bad method": b"G@T /livez HTTP/1.1\r\nHost: a\r\n\r\n",
            "blank in target": b"GET /live z HTTP/1.1\r\nHost: a\r\n\r\n",
            "no slash": b"GET livez HTTP/1.1\r\nHost: a\r\n\r\n",
            "bytes over 127 in target": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
            "two authorizations": head + b"Host: a\r\nAuthorization: Bearer a\r\n"
                                  b"Authorization: Bearer b\r\n\r\n",
            "first line folded": b" GET /livez HTTP/1.1\r\nHost: a\r\n\r\n",
        }
        for name, data in shapes.items():
            with self.subTest(name):
                got = exchange(self.server, data + OK)
                self.assertEqual(statuses(got), [400], got)
                self.assertIn(b"Connection: close", got)
                self.assertIn(b'"code":400', got)
        for name, data, status in (
                ("version", b"GET /livez HTTP/2.0\r\nHost: a\r\n\r\n", 505),
                ("h2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
                ("unknown method", b"BREW /livez HTTP/1.1\r\nHost: a\r\n\r\n", 501),
                ("many fields", head + b"Host: a\r\n" + b"X: y\r\n" * 101 + b"\r\n", 431),
                ("large head", head + b"Host: a\r\nX: " + b"y" * 17000 + b"\r\n\r\n", 431),
                ("endless head", head + b"X: " + b"y" * 40000, 431),
                ("long target", b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431)):
            with self.subTest(name):
                self.assertEqual(statuses(exchange(self.server, data)), [status])

    def test_smuggling_shapes(self):
        """Framing that two readers could take for different things is refused, and what
        follows it is never taken for a request."""
        inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        shapes = {
            "CL and TE": self.post(b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                                   b"0\r\n\r\n"),
            "TE and CL": self.post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
                                   b"0\r\n\r\n"),
            "two CL": self.post(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
            "two different CL": self.post(b"Content-Length: 2\r\nContent-Length: 0\r\n", b"{}"),
            "CL list": self.post(b"Content-Length: 2, 2\r\n", b"{}"),
            "CL plus": self.post(b"Content-Length: +2\r\n", b"{}"),
            "CL minus": self.post(b"Content-Length: -2\r\n", b"{}"),
            "CL hex": self.post(b"Content-Length: 0x2\r\n", b"{}"),
            "CL blank inside": self.post(b"Content-Length: 1 2\r\n", b"{}"),
            "CL empty": self.post(b"Content-Length: \r\n", b"{}"),
            "CL huge": self.post(b"Content-Length: 99999999999999999999\r\n", b"{}"),
            "TE xchunked": self.post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
            "TE identity": self.post(b"Transfer-Encoding: identity\r\n", b"{}"),
            "TE list": self.post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
            "two TE": self.post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                b"0\r\n\r\n"),
            "TE tab": self.post(b"Transfer-Encoding:\tchunked\x0b\r\n", b"0\r\n\r\n"),
            "TE in 1.0": self.post(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n",
                                   b"POST /v4/livechat/events HTTP/1.0"),
            "TE blank before colon": self.post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        }
        chunked = b"Transfer-Encoding: chunked\r\n"
        for name, body in {
                "chunk without CRLF": b"2\r\n{}0\r\n\r\n",
                "chunk with LF": b"2\n{}\n0\n\n",
                "chunk size hex prefix": b"0x2\r\n{}\r\n0\r\n\r\n",
                "chunk size sign": b"+2\r\n{}\r\n0\r\n\r\n",
                "chunk size blank": b" 2\r\n{}\r\n0\r\n\r\n",
                "chunk size overflow": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
                "chunk size empty": b"\r\n{}\r\n0\r\n\r\n",
                "chunk longer than said": b"2\r\n{}}\r\n0\r\n\r\n",
                "bad trailer": b"2\r\n{}\r\n0\r\nno colon\r\n\r\n"}.items():
            shapes[name] = self.post(chunked, body)
        for name, data in shapes.items():
            with self.subTest(name):
                got = exchange(self.server, data + inner)
                self.assertEqual(statuses(got), [400], got)
                self.assertNotIn(b"smuggled", got)

    def test_chunked_bodies(self):
        body = b'{"type":"visitor.seen","visitorId":"v","siteId":10000}'
        chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in body) + b"0\r\n\r\n"
        for name, data in (("bytes", chunks),
                           ("extension", b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(body), body)),
                           ("trailer", b"%x\r\n%s\r\n0\r\nX: y\r\n\r\n" % (len(body), body))):
            with self.subTest(name), socket.create_connection(
                    ("127.0.0.1", self.server.port), timeout=20) as s:
                s.sendall(self.post(b"Transfer-Encoding: chunked\r\n", data) + OK)
                answers = read_answers(s, 2)
                self.assertEqual([a[0] for a in answers], [200, 200], answers)

    def test_bodies_too_large(self):
        limit = 8 << 20
        got = exchange(self.server, self.post(b"Content-Length: %d\r\n" % (limit + 1)))
        self.assertEqual(statuses(got), [413])
        pieces = [self.post(b"Transfer-Encoding: chunked\r\n")]
        pieces += [b"100000\r\n" + b" " * (1 << 20) + b"\r\n"] * 9
        self.assertEqual(statuses(exchange(self.server, None, pieces)), [413])
        got = exchange(self.server, b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        self.assertEqual(statuses(got), [413])
        # Exactly the limit is read: blanks, so the batch is empty.
        pieces = [self.post(b"Content-Length: %d\r\n" % limit)] + [b" " * (1 << 20)] * 8
        self.assertEqual(statuses(exchange(self.server, None, pieces)), [400])

    def test_refused_before_the_body(self):
        """What is answered without reading its body says that the connection ends, and what is wrong
        with the path or the method comes before any word about the body."""
        wrong = self.post(b"Content-Length: 2\r\n", b"{}").replace(b"Bearer", b"Basic")
        cases = [(wrong, 401),
                 (self.post(b"Content-Length: 2\r\nContent-Encoding: gzip\r\n", b"{}"), 415),
                 (b"POST /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 404),
                 (b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 405),
                 (b"PUT /v4/livechat/events HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 405),
                 (b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 413)]
        for data, status in cases:
            with self.subTest(data):
                got = exchange(self.server, data + OK, half_close=False)
                self.assertEqual(statuses(got), [status])
                self.assertIn(b"\r\nConnection: close\r\n", got)
                self.assertIn(b"\r\nCache-Control: no-store\r\n", got)
                self.assertEqual(b"\r\nAllow: " in got, status == 405)
        # OPTIONS and HEAD with a body: answered, without looking at it.
        for data, status in ((b"OPTIONS /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 204),
                             (b"HEAD /nope HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 404)):
            got = exchange(self.server, data + OK, half_close=False)
            self.assertEqual(statuses(got), [status])
            self.assertTrue(got.endswith(b"\r\n\r\n"), got)
        # Without a body there is nothing in the way of the next request.
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.sendall(b"DELETE /livez HTTP/1.1\r\nHost: a\r\n\r\n" + OK)
            self.assertEqual([a[0] for a in read_answers(s, 2)], [405, 200])

    def test_expect_continue(self):
        body = b'{"type":"visitor.seen","visitorId":"v","siteId":10000}'
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.sendall(self.post(b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(body)))
            self.assertEqual(s.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            s.sendall(body)
            self.assertEqual(read_answers(s, 1)[0][0], 200)
        # What will be refused is refused before the body is sent.
        refused = self.post(b"Expect: 100-continue\r\nContent-Length: 99\r\n").replace(
            b"Bearer", b"Basic")
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.sendall(refused)
            self.assertEqual(read_answers(s, 1)[0][0], 401)

    def test_keep_alive_and_close(self):
        got = exchange(self.server, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + OK,
                       half_close=False)
        self.assertEqual(statuses(got), [200])
        got = exchange(self.server, b"GET /livez HTTP/1.0\r\n\r\n" + OK, half_close=False)
        self.assertEqual(statuses(got), [200])
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            for _ in range(3):
                s.sendall(b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                self.assertEqual(read_answers(s, 1)[0][0], 200)
        got = exchange(self.server, b"\r\n" + OK.replace(b"GET", b"HEAD") + OK)
        self.assertEqual(statuses(got), [200, 200])
        self.assertEqual(got.count(b'{"status":"live"}'), 1)

    def test_time_outs(self):
        def ends(data, more=b""):
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
                s.sendall(data)
                got, began = b"", time.monotonic()
                s.settimeout(0.3)
                while True:
                    try:
                        chunk = s.recv(65536)
                    except TimeoutError:
                        if more:
                            try:
                                s.sendall(more)
                            except OSError:
                                more = b""
                        self.assertLess(time.monotonic() - began, 15)
                        continue
                    except ConnectionResetError:
                        return got
                    if not chunk:
                        return got
                    got += chunk
        self.assertEqual(ends(b""), b"")                                    # idle
        self.assertEqual(statuses(ends(b"GET /livez HT")), [408])           # head
        self.assertEqual(statuses(ends(b"GET /livez HTTP/1.1\r\n", b"X: y\r\n")), [408])
        self.assertEqual(statuses(ends(self.post(b"Content-Length: 9999\r\n"), b" ")), [408])

    def test_clients_that_go_away(self):
        body = b'{"type":"visitor.seen","visitorId":"v","siteId":10000}'
        whole = self.post(b"Content-Length: %d\r\n" % len(body), body)
        for cut in (1, 10, len(whole) - len(body), len(whole) - 1, len(whole)):
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
                    s.sendall(whole[:cut])
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.assertEqual(self.server.ask("GET", "/livez")[0], 200)

    def test_a_slow_reader_blocks_nobody(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                s.settimeout(1)
                s.sendall(OK * 200000)  # never reads
            except TimeoutError:
                pass
            began = time.monotonic()
            for _ in range(50):
                self.assertEqual(self.server.ask("GET", "/livez")[0], 200)
            self.assertLess(time.monotonic() - began, 20)

    def test_many_connections_at_once(self):
        failures = []

        def client():
            try:
                with socket.create_connection(("127.0.0.1", self.server.port), timeout=60) as s:
                    for _ in range(20):
                        s.sendall(OK)
                        assert read_answers(s, 1)[0][0] == 200
            except Exception as failure:  # noqa: BLE001 - told below
                failures.append(failure)
        threads = [threading.Thread(target=client) for _ in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class Bounds(unittest.TestCase):
    def test_connections_beyond_the_bound_wait(self):
        with Server(options=("--set", "workers=1", "--set", "maxConnections=3")) as server:
            held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
            for s in held:
                s.sendall(OK)
                self.assertEqual(read_answers(s, 1)[0][0], 200)
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as fourth:
                fourth.sendall(OK)
                fourth.settimeout(0.3)
                with self.assertRaises(TimeoutError):
                    fourth.recv(1)
                held[0].close()
                fourth.settimeout(20)
                self.assertEqual(read_answers(fourth, 1)[0][0], 200)
            for s in held:
                s.close()

    def test_a_drain_answers_what_was_begun(self):
        with Server() as server:
            body = b'{"type":"visitor.seen","visitorId":"v","siteId":10000}'
            head = (b"POST /v4/livechat/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " +
                    server.token.encode() + b"\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(body))
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as s:
                s.sendall(head + body[:10])
                self.assertEqual(server.ask("GET", "/livez")[0], 200)  # the head has arrived
                idle = socket.create_connection(("127.0.0.1", server.port), timeout=20)
                idle.sendall(OK)
                read_answers(idle, 1)
                server.process.terminate()
                self.assertEqual(idle.recv(10), b"")  # an idle one is closed
                idle.close()
                s.sendall(body[10:])
                got = b""
                while chunk := s.recv(65536):
                    got += chunk
            self.assertEqual(statuses(got), [200])
            self.assertIn(b"Connection: close", got)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
