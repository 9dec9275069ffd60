"""Events in, over HTTP: content types, duplicates, refusals, limits."""
import json
import threading
import time
import unittest

from livefloor_server import Server

PATH = "/v4/livechat/events"
DAY = "2026-11-20T"


def event(number, kind="visitor.seen", **fields):
    return {"id": f"e{number}", "type": kind, "time": f"{DAY}10:00:00Z", "siteId": 10000,
            "visitorId": "v", **fields}


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.server.__exit__()

    def send(self, body, kind="application/json", query="?import=true", **more):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": kind} if kind else {}
        status, _, answer = self.server.ask("POST", PATH + query, body=body, headers=headers, **more)
        return status, json.loads(answer)

    def good(self, *arguments, **more):
        status, answer = self.send(*arguments, **more)
        self.assertEqual(status, 200, answer)
        self.assertEqual(list(answer), ["accepted", "duplicates", "rejected", "sequence"])
        return answer["accepted"], answer["duplicates"]

    def refused(self, body, words, status=400, **more):
        got, answer = self.send(body, **more)
        self.assertEqual(got, status, answer)
        messages = [r["message"] for r in answer.get("rejected", [])] or [answer["message"]]
        self.assertTrue(any(words in m for m in messages), (words, messages))
        return answer

    def test_content_types(self):
        self.assertEqual(self.good(event("a1")), (1, 0))
        self.assertEqual(self.good([event("a2"), event("a3")]), (2, 0))
        lines = b"\n".join(json.dumps(event(f"a{n}")).encode() for n in (4, 5)) + b"\r\n\n"
        self.assertEqual(self.good(lines, "application/x-ndjson"), (2, 0))
        cloud = {"specversion": "1.0", "id": "a6", "source": "/chat", "type": "visitor.seen",
                 "time": f"{DAY}10:00:00Z", "data": {"visitorId": "v", "siteId": 10000}}
        self.assertEqual(self.good(cloud, "application/cloudevents+json"), (1, 0))
        self.assertEqual(self.good([cloud, {**cloud, "source": "/other"}],
                                   "application/cloudevents-batch+json; charset=utf-8"), (1, 1))
        # Source and id together are the name, wherever a # stands in them.
        self.assertEqual(self.good([{**cloud, "source": "/a#b", "id": "c"},
                                    {**cloud, "source": "/a", "id": "b#c"},
                                    {**cloud, "source": "/a#b#c", "id": "d"},
                                    {**cloud, "source": "/a#b", "id": "c#d"},
                                    {**cloud, "source": "/a#b", "id": "c"}],
                                   "application/cloudevents-batch+json"), (4, 1))
        for kind in ("text/plain", "application/xml", None):
            self.refused(event("a7"), "Content-Type", 415, kind=kind)

    def test_duplicates(self):
        self.assertEqual(self.good([event("d1"), event("d1", visitorId="other"), event("d2")]),
                         (2, 1))
        self.assertEqual(self.good([event("d1"), event("d3")]), (1, 1))
        # The same id on another site is another event.
        self.assertEqual(self.good(event("d1", siteId=30000)), (1, 0))

    def test_duplicates_from_several_connections(self):
        """The same events over four connections at once, in batches that grow, so that
        groups hold the same id from several requests: each counts once."""
        total, count = [], 6000

        def client(step):
            connection, at = self.server.connect(), 0
            while at < count:
                size = 1 + (at * step) % 400
                answer = self.server.post_events(
                    [event(f"m{n}", siteId=40000) for n in range(at, min(count, at + size))],
                    connection=connection)
                total.append(answer["accepted"])
                at += size
            connection.close()
        threads = [threading.Thread(target=client, args=(step,)) for step in (1, 3, 7, 11)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sum(total), count)

    def test_defaults(self):
        status, answer = self.send({"type": "visitor.seen", "visitorId": "v", "siteId": 10000})
        self.assertEqual((status, answer["accepted"]), (200, 1))
        stored = self.server.get(PATH + f"?after={answer['sequence'] - 1}").decode()
        made = json.loads(stored.splitlines()[0])
        self.assertEqual(len(made["id"]), 36)
        self.assertEqual(made["time"][:4], time.strftime("%Y"))

    def test_every_refusal_says_which_and_what(self):
        status, answer = self.send([event("r1"), event("r2", kind="chat.nonsense"),
                                    {**event("r3"), "visitorId": 5}, event("r4")])
        self.assertEqual((status, answer["accepted"]), (200, 2))
        self.assertEqual([r["index"] for r in answer["rejected"]], [1, 2])
        for r in answer["rejected"]:
            self.assertEqual(list(r), ["index", "code", "message"])
            self.assertEqual(r["code"] // 1000, 400)
        self.assertIn("chat.nonsense", answer["rejected"][0]["message"])
        self.assertIn("visitorId", answer["rejected"][1]["message"])
        status, answer = self.send([event("r5", kind="chat.nonsense")])
        self.assertEqual((status, answer["accepted"], answer["code"]), (400, 0, 400019))

    def test_bad_bodies(self):
        whole = json.dumps(event("b1")).encode()
        for body in (b"", b"   ", b"[]", whole[:-1], whole + b"}", b"\xff\xfe", b'{"a":"\xff"}',
                     b"nonsense", b"[" * 10000 + b"]" * 10000, b"[" + whole + b",",
                     b'{"id":"x' + b"y" * (1 << 20)):
            with self.subTest(body[:20]):
                status, answer = self.send(body)
                self.assertEqual(status, 400, answer)

    def test_large_bodies(self):
        """They are decoded by other threads than small ones: the same outcomes."""
        events = [event(f"large{n}") for n in range(1000)]
        self.assertEqual(self.good(events[:500]), (500, 0))
        self.assertEqual(self.good(events + events[:7]), (500, 507))
        self.assertEqual(self.good([event("large1000"), *events]), (1, 1000))
        self.refused(json.dumps(events).encode()[:-1], "JSON")
        answer = self.refused([event(f"none{n}", "chat.sneezed") for n in range(1000)], "type")
        self.assertEqual(len(answer["rejected"]), 1000)
        status, answer = self.send([event("after"), *events, event("large1001", "chat.sneezed")])
        self.assertEqual((status, answer["accepted"], answer["duplicates"]), (200, 1, 1000))
        self.assertEqual([r["index"] for r in answer["rejected"]], [1001])

    def test_bad_events(self):
        now = lambda add: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + add))
        rated = lambda score: b'{"id":"x","type":"chat.rated","siteId":10000,"chatId":"c","score":%s}' % score
        for body, words in (
                (event("x", time="2026-02-30T10:00:00Z"), "time"),
                (event("x", time="2026-11-20T24:00:00Z"), "time"),
                (event("x", time="2026-11-20T23:59:60Z"), "time"),
                (event("x", time="2026-11-20T10:00:00+00:13"), "time"),
                (event("x", time="2026-11-20T10:00:00"), "time"),
                (event("x", time="0001-01-01T00:00:00Z"), "retentionDays"),
                (event("x", time="9999-12-31T23:59:59Z"), "ahead"),
                (event("x", time=now(400)), "ahead"),
                (event("x" * 129), "id"), ({**event("x"), "id": ""}, "id"),
                (event("x", visitorId="v" * 129), "visitorId"),
                (event("x", visitorId=""), "visitorId"), (event("x", visitorId="a\0b"), "visitorId"),
                ({"id": "x", "type": "visitor.seen", "siteId": 10000}, "visitorId"),
                (rated(b"1e999"), None), (rated(b"5.1"), "score"), (rated(b"-1"), "score"),
                (rated(b'"5"'), "score"), (rated(b"NaN"), None),
                (event("x", kind="department.updated", departmentId="d", name="n" * 1025), "name"),
                (event("x", kind="agent.updated", agentId="a", maxConcurrentChats=-1),
                 "maxConcurrentChats"),
                (event("x", kind="chat.transferred", chatId="c"), "to"),
                (event("x", kind="chat.message", chatId="c", sender="nobody"), "sender"),
                (event("x", kind="site.updated", utcOffset=13), "utcOffset"),
                (event("x", siteId=0), "siteId"), (event("x", siteId="10000"), "siteId"),
                (b'{"id":"x","id":"y","type":"visitor.seen","visitorId":"v","siteId":10000}', "id"),
                (event("x", visitorId="v", unknown="u" * (1 << 20)), None)):
            with self.subTest(str(body)[:90]):
                self.refused(body, words or "")

    def test_lateness(self):
        late = event("l1", time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 90000)))
        self.refused(late, "maxLatenessHours", query="")
        self.assertEqual(self.good(late), (1, 0))
        ahead = event("l2", time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 200)))
        self.assertEqual(self.good(ahead, query=""), (1, 0))

    def test_sites_in_one_batch(self):
        self.assertEqual(self.good([event("s1", siteId=501), event("s2", siteId=502),
                                    event("s3", siteId=501)]), (3, 0))
        for site, count in ((501, 2), (502, 1)):
            lines = self.server.get(f"{PATH}?siteId={site}").decode().splitlines()
            self.assertEqual(len(lines), count)
        bare = {"type": "visitor.seen", "visitorId": "v"}
        self.refused(bare, "siteId")
        self.assertEqual(self.good(bare, query="?siteId=503"), (1, 0))
        self.refused(event("s4", siteId=502), "site", query="?siteId=503&import=true")

    def test_what_is_kept(self):
        """Unknown fields stay, as they were sent."""
        sent = {**event("k1"), "custom": {"a": [1.50, None, "é"]}}
        _, answer = self.send(sent)
        line = self.server.get(f"{PATH}?after={answer['sequence'] - 1}").decode().splitlines()[0]
        self.assertEqual(json.loads(line), sent)

    def test_pages(self):
        self.send([event(f"p{n}", siteId=601) for n in range(25)])
        got, after = [], 0
        while True:
            status, head, body = self.server.ask(
                "GET", f"{PATH}?siteId=601&limit=10&after={after}")
            self.assertEqual(status, 200)
            got += [json.loads(line)["id"] for line in body.splitlines()]
            if "X-Livefloor-Next" not in head:
                break
            after = int(head["X-Livefloor-Next"])
        self.assertEqual(got, [f"ep{n}" for n in range(25)])

    def test_reads_see_what_was_acknowledged(self):
        waiting = lambda: json.loads(self.server.get(
            "/v4/livechat/realTime/RightNow?siteId=701"))["currentQueueLength"]
        for n in range(100):
            self.send({"id": f"w{n}", "type": "chat.requested", "siteId": 701, "chatId": f"w{n}",
                       "visitorId": "v"}, query="")
            self.assertEqual(waiting(), n + 1)


if __name__ == "__main__":
    unittest.main()
