"""The four endpoints' interface: credentials, sites, parameters, errors, negotiation."""
import gzip
import json
import subprocess
import unittest

from livefloor_server import Server, run

BASE = "/v4/livechat/realTime/"
DAY = "2026-11-20T"


def seen(number, site=10000, **fields):
    return {"id": f"s{number}", "type": "chat.requested", "time": f"{DAY}10:00:00Z",
            "siteId": site, "chatId": f"c{number}", "visitorId": f"v{number}", **fields}


def make_token(server, *options):
    made = run("token", "create", "--data", server.directory, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout.decode().strip()


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(options=("--set", "retentionDays=400", "--set",
                                     "corsOrigins=https://board.example, https://b.example"))
        cls.server.start()
        cls.server.post_events([seen(1), seen(2), seen(3, site=20000)])

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0
        cls.server.__exit__()

    def problem(self, target, status, token=True, method="GET", headers=None):
        got, head, body = self.server.ask(method, target, token=token, headers=headers)
        self.assertEqual(got, status, body)
        answer = json.loads(body)
        self.assertEqual(list(answer), ["code", "message"])
        self.assertEqual(answer["code"] // 1000, status)
        return answer["message"], head

    def test_nothing_answers_without_a_credential(self):
        for target in ("Agents", "Queue", "Today?startTime=2026-11-20T00:00:00", "RightNow"):
            message, head = self.problem(BASE + target, 401, token=False)
            self.assertIn("Authorization: Bearer", message)
            self.assertIn("Bearer", head["WWW-Authenticate"])
        for target in ("/metrics", "/v4/livechat/events"):
            self.problem(target, 401, token=False)
        self.problem("/v4/livechat/events", 401, token=False, method="POST")
        for target in ("/livez", "/readyz"):
            self.assertEqual(self.server.ask("GET", target, token=False)[0], 200)
        for wrong in ("x", "lf_" + "A" * 43, "lf_", self.server.token[:-1], self.server.token + "a"):
            self.problem(BASE + "RightNow", 401, token=wrong)

    def test_scopes(self):
        read = make_token(self.server, "--site", "10000", "--scope", "read")
        ingest = make_token(self.server, "--site", "10000", "--scope", "ingest")
        self.assertEqual(self.server.ask("GET", BASE + "RightNow", token=read)[0], 200)
        self.problem(BASE + "RightNow", 403, token=ingest)
        event = json.dumps(seen(99)).encode()
        kind = {"Content-Type": "application/json"}
        ask = lambda token, target: self.server.ask("POST", target, body=event, headers=kind,
                                                    token=token)[0]
        self.assertEqual(ask(read, "/v4/livechat/events"), 403)
        self.assertEqual(ask(ingest, "/v4/livechat/events?import=true"), 403)
        self.problem("/v4/livechat/events", 403, token=read)

    def test_a_revoked_token_is_gone_at_once(self):
        token = make_token(self.server, "--name", "to go")
        self.assertEqual(self.server.ask("GET", "/metrics", token=token)[0], 200)
        listed = run("token", "list", "--data", self.server.directory).stdout.decode()
        ident = next(line.split()[0] for line in listed.splitlines() if line.endswith("to go"))
        self.assertNotIn(token, listed)
        self.assertEqual(
            run("token", "revoke", ident, "--data", self.server.directory).returncode, 0)
        self.problem("/metrics", 401, token=token)
        self.assertEqual(
            run("token", "revoke", ident, "--data", self.server.directory).returncode, 1)

    def waiting(self, target, **more):
        return json.loads(self.server.get(BASE + target, **more))["currentQueueLength"]

    def test_sites_are_apart(self):
        at = f"RightNow?endTime={DAY}10:00:01Z"
        self.problem(BASE + at, 400)
        self.assertEqual(self.waiting(at + "&siteId=20000"), 1)
        self.assertEqual(self.waiting(at, headers={"x-api-siteid": "20000"}), 1)
        self.assertEqual(self.waiting(at + "&siteId=77"), 0)
        one = make_token(self.server, "--site", "20000")
        self.assertEqual(self.waiting(at, token=one), 1)
        self.problem(BASE + at + "&siteId=10000", 403, token=one)
        self.problem(BASE + at, 403, token=one, headers={"x-api-siteid": "10000"})
        queue = json.loads(self.server.get(f"{BASE}Queue?endTime={DAY}10:00:01Z", token=one))
        self.assertEqual(sum(len(line["visitors"]) for line in queue), 1)
        self.problem(BASE + at + "&siteId=x", 400)
        self.problem(BASE + at, 400, headers={"x-api-siteid": "x"})

    def test_paths_and_names_in_any_case(self):
        body = self.server.get(f"{BASE}RightNow?endTime={DAY}10:00:01Z&siteId=10000")
        for target in (f"/V4/LiveChat/REALTIME/rightnow?ENDTIME={DAY}10:00:01Z&SITEID=10000",
                       f"/api/v4/livechat/realTime/RightNow?endTime={DAY}10:00:01Z&siteid=10000",
                       f"/API/v4/livechat/realTime/RightNow/?endtime={DAY}10%3A00%3A01z&siteId=10000"
                       "&_=cache-buster&_=twice"):
            self.assertEqual(self.server.get(target), body)

    def test_bad_parameters(self):
        for view, query, words in (
                ("Today", "", "startTime is missing"),
                ("Today", "startTime=", "startTime is ''"),
                ("Today", "startTime=2026-02-30T00:00:00", "no such date"),
                ("Today", "startTime=2026-11-20T24:00:00", "no such date"),
                ("Today", "startTime=2026-11-20T23:59:60", "no such date"),
                ("Today", "startTime=2026-11-20", "yyyy-MM-ddTHH:mm:ss"),
                ("Today", "startTime=2026-11-20T00:00:00%2B00:13", "no such date"),
                ("Today", "startTime=2026-11-20T00:00:00&endTime=2026-11-19T00:00:00",
                 "endTime is before startTime"),
                ("RightNow", "endTime=0001-01-01T00:00:00Z", "first instant held is 20"),
                ("RightNow", "utcOffset=8", "for UTC+8 write 480"),
                ("RightNow", "utcOffset=-5", "for UTC-5 write -300"),
                ("RightNow", "utcOffset=13", "for UTC+13 write 780"),
                ("RightNow", "utcOffset=100", "multiple of 15"),
                ("RightNow", "utcOffset=900", "-840 to 840"),
                ("RightNow", "utcOffset=1e2", "whole minutes"),
                ("RightNow", "endTime=2026-11-20T00:00:00&endTime=2026-11-20T00:00:00", "twice"),
                ("RightNow", "endTime=%zz", "percent escape"),
                ("RightNow", "endTime=%", "percent escape"),
                ("RightNow", "departmentId=%ff%fe", "not UTF-8"),
                ("RightNow", "departmentId=a%00b", "not UTF-8"),
                ("RightNow", "departmentId=", "1 to 128"),
                ("RightNow", "departmentId=" + "x" * 129, "1 to 128"),
                ("RightNow", "&".join(f"p{n}=1" for n in range(65)), "more than 64"),
                ("Agents", "pageIndex=0", "pageIndex is '0'"),
                ("Agents", "pageIndex=-1", "pageIndex is '-1'"),
                ("Agents", "pageIndex=99999999999", "whole number"),
                ("Agents", "pageSize=0", "1 to 1000"),
                ("Agents", "pageSize=1001", "1 to 1000"),
                ("Agents", "pageSize=ten", "1 to 1000"),
                ("Agents", "includeStatusDistribution=yes", "true or false")):
            with self.subTest(query=query[:60]):
                message, _ = self.problem(f"{BASE}{view}?siteId=10000&{query}", 400)
                self.assertIn(words, message)

    def test_windows_that_are_no_errors(self):
        for query in ("Today?startTime=9999-12-31T23:59:59Z", "Today?startTime=0001-01-01T00:00:00",
                      f"Today?startTime={DAY}00:00:00&endTime=9999-12-31T23:59:59",
                      f"Today?startTime={DAY}00:00:00&endTime={DAY}00:00:00",
                      f"Today?startTime={DAY}00:00:00.1234567&endTime={DAY}10:00:00 02:00",
                      f"Agents?endTime={DAY}10:00:00%2B02:00&utcOffset=-840"):
            with self.subTest(query):
                self.server.get(BASE + query.replace(" ", "+") + "&siteId=10000")

    def test_local_times(self):
        ask = lambda query: json.loads(self.server.get(
            f"{BASE}Today?siteId=10000&{query}"))["chatRequests"]
        self.assertEqual(ask(f"startTime={DAY}10:00:00&endTime={DAY}10:00:01"), 2)
        self.assertEqual(ask(f"startTime={DAY}12:00:00&endTime={DAY}12:00:01&utcOffset=120"), 2)
        self.assertEqual(ask(f"startTime={DAY}10:00:00&endTime={DAY}10:00:01&utcOffset=120"), 0)
        self.assertEqual(
            ask(f"startTime={DAY}10:00:00Z&endTime={DAY}05:00:01-05:00&utcOffset=120"), 2)

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            message, head = self.problem(BASE + "Today", 405, method=method)
            self.assertEqual(head["Allow"], "GET, HEAD, OPTIONS")
        _, head = self.problem("/v4/livechat/events", 405, method="DELETE")
        self.assertIn("POST", head["Allow"])
        self.problem("/v4/livechat/realTime/Nothing", 404)
        self.problem("/", 404)
        status, head, body = self.server.ask("HEAD", BASE + "RightNow?siteId=10000")
        self.assertEqual((status, body), (200, b""))
        self.assertEqual(int(head["Content-Length"]),
                         len(self.server.get(BASE + "RightNow?siteId=10000")))

    def test_headers_of_answers(self):
        _, head, _ = self.server.ask("GET", BASE + "RightNow?siteId=10000")
        self.assertEqual(head["Content-Type"], "application/json; charset=utf-8")
        self.assertEqual(head["Cache-Control"], "no-store")
        self.assertIn("Date", head)

    def test_etag(self):
        target = f"{BASE}RightNow?siteId=10000&endTime={DAY}10:00:01Z"
        _, head, _ = self.server.ask("GET", target)
        tag = head["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            status, again, body = self.server.ask("GET", target, headers={"If-None-Match": known})
            self.assertEqual((status, body, again["ETag"]), (304, b"", tag))
        self.assertEqual(self.server.ask("GET", target, headers={"If-None-Match": '"x"'})[0], 200)
        _, head, _ = self.server.ask("GET", f"{BASE}RightNow?siteId=10000&endTime={DAY}09:00:00Z")
        self.assertNotEqual(head["ETag"], tag)

    def test_gzip(self):
        self.server.post_events([
            {"id": f"d{n}", "type": "department.updated", "time": f"{DAY}09:00:00Z",
             "siteId": 10000, "departmentId": f"d{n}", "name": f"D {n}"} for n in range(20)])
        target = f"{BASE}Queue?siteId=10000&endTime={DAY}10:00:01Z"
        plain = self.server.get(target)
        for accept, packed in (("gzip", True), ("deflate, gzip;q=0.5", True), ("*", True),
                               ("gzip;q=0", False), ("identity", False), ("*, gzip;q=0", False)):
            _, head, body = self.server.ask("GET", target, headers={"Accept-Encoding": accept})
            self.assertEqual(head["Content-Encoding"] == "gzip", packed, accept)
            self.assertEqual(gzip.decompress(body) if packed else body, plain)
            self.assertIn("Accept-Encoding", head["Vary"])
        _, head, _ = self.server.ask("GET", f"{BASE}RightNow?siteId=10000",
                                     headers={"Accept-Encoding": "gzip"})
        self.assertIsNone(head["Content-Encoding"])  # not worth it

    def test_cors(self):
        for origin, allowed in (("https://board.example", True), ("https://b.example", True),
                                ("https://evil.example", False)):
            _, head, _ = self.server.ask("GET", BASE + "RightNow?siteId=10000",
                                         headers={"Origin": origin})
            self.assertEqual(head["Access-Control-Allow-Origin"], origin if allowed else None)
            status, head, _ = self.server.ask("OPTIONS", BASE + "RightNow", token=False, headers={
                "Origin": origin, "Access-Control-Request-Method": "GET"})
            self.assertEqual(status, 204)
            self.assertEqual(head["Access-Control-Allow-Origin"], origin if allowed else None)
            if allowed:
                self.assertIn("Authorization", head["Access-Control-Allow-Headers"])

    def test_metrics(self):
        text = self.server.get("/metrics").decode()
        self.assertIn("livefloor_events_accepted_total ", text)
        self.assertIn('livefloor_requests_total{route="rightnow",status="2xx"}', text)
        self.assertTrue(text.endswith("# EOF\n"))

    def test_errors_tell_no_secrets(self):
        message, _ = self.problem(BASE + "RightNow", 401, token="lf_secret")
        self.assertNotIn("secret", message)
        self.assertNotIn(self.server.directory, message)


class Settings(unittest.TestCase):
    def test_rate_limit(self):
        with Server(options=("--set", "rateLimit=5")) as server:
            statuses = [server.ask("GET", "/metrics")[0] for _ in range(30)]
            self.assertIn(200, statuses)
            self.assertIn(429, statuses)
            while True:
                status, head, _ = server.ask("GET", "/metrics")
                if status == 429:
                    self.assertEqual(head["Retry-After"], "1")
                    break

    def test_rate_of_posts(self):
        """A POST counts once, as any request does."""
        with Server(options=("--set", "rateLimit=5")) as server:
            for n in range(5):
                answer = server.post_events([{"type": "visitor.seen", "siteId": 10000,
                                              "visitorId": f"v{n}"}])
                self.assertEqual(answer["accepted"], 1)

    def test_reload(self):
        import pathlib
        import signal
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "livefloor.yaml")
            config.write_text("defaultPageSize: 7\ncorsOrigins:\n  - https://a.example\n")
            with Server(options=("--config", str(config))) as server:
                size = lambda: json.loads(server.get(BASE + "Agents"))["pageSize"]
                self.assertEqual(size(), 7)
                config.write_text("defaultPageSize: 9\n")
                server.process.send_signal(signal.SIGHUP)
                for _ in range(2000):
                    if size() == 9:
                        break
                self.assertEqual(size(), 9)
                config.write_text("defaultPageSize: nine\n")
                server.process.send_signal(signal.SIGHUP)
                for _ in range(2000):
                    if any("line 1" in line for line in server.log):
                        break
                    server.get("/livez")
                self.assertTrue(any("line 1" in line and "nine" in line for line in server.log))
                self.assertEqual(size(), 9)

    def test_wrong_settings(self):
        from livefloor_server import BINARY
        for options, words in ((("--set", "nothing=1"), "There is no setting"),
                               (("--set", "workers=many"), "whole number"),
                               (("--listen", "nowhere"), "HOST:PORT"),
                               (("--config", "/no/such/file"), "cannot be read")):
            made = subprocess.run([BINARY, "serve", "--data", "/nonexistent/x", *options],
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(made.returncode, 2, made.stderr)
            self.assertIn(words, made.stderr.decode())


if __name__ == "__main__":
    unittest.main()
