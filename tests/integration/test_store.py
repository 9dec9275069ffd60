"""The store: restarts, a full disk and what comes after it, retention, a second server."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time
import unittest

from livefloor_server import BINARY, Server, run

PATH = "/v4/livechat/events"
BASE = "/v4/livechat/realTime/"


def ago(days, seconds=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400 - seconds))


def event(number, kind="visitor.seen", days=0.01, **fields):
    return {"id": f"e{number}", "type": kind, "time": ago(days), "siteId": 10000, **fields}


def count(server):
    return len(server.get(PATH + "?limit=10000").splitlines())


class Store(unittest.TestCase):
    def test_a_restart_keeps_everything(self):
        with Server() as server:
            server.post_events([event(1, "chat.requested", chatId="c", visitorId="v"),
                                event(2, "agent.updated", agentId="a", displayName="Ann")])
            before = server.get(BASE + f"Queue?endTime={ago(0, 1)}")
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.get(BASE + f"Queue?endTime={ago(0, 1)}")[:40], before[:40])
            self.assertEqual(server.post_events([event(1, visitorId="v")])["duplicates"], 1)
            self.assertEqual(count(server), 2)

    def test_a_full_disk(self):
        """The files may not grow: 503, nothing acknowledged, reads go on; with room it
        recovers by itself, and holds what was acknowledged and nothing else."""
        limit = 3 << 20

        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        with Server(preexec=small) as server:
            acknowledged, refused = set(), None
            for batch in range(2000):
                events = [event(f"{batch}-{n}", visitorId="v", pad="x" * 500) for n in range(50)]
                body = "\n".join(map(json.dumps, events)).encode()
                status, head, answer = server.ask(
                    "POST", PATH, body=body, headers={"Content-Type": "application/x-ndjson"})
                if status == 503:
                    refused = events
                    break
                self.assertEqual(status, 200, answer)
                acknowledged |= {e["id"] for e in events}
            self.assertIsNotNone(refused, "the disk was never full")
            self.assertIn("full", json.loads(answer)["message"])
            self.assertEqual(head["Retry-After"], "1")
            for _ in range(3):  # it stays so, and reads go on
                self.assertEqual(server.ask("POST", PATH, body=body, headers={
                    "Content-Type": "application/x-ndjson"})[0], 503)
                self.assertEqual(server.ask("GET", BASE + "RightNow")[0], 200)
            self.assertEqual(count(server), len(acknowledged))
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            self.assertEqual(server.post_events(refused)["accepted"], len(refused))
            acknowledged |= {e["id"] for e in refused}
            server.kill()
            server.preexec = None
            server.start()
            ids = {json.loads(line)["id"] for line in server.get(PATH + "?limit=10000").splitlines()}
            self.assertEqual(ids, acknowledged)
            self.assertEqual(run("check", "--data", server.directory).returncode, 0)

    def test_retention(self):
        with Server(options=("--set", "retentionDays=0")) as server:
            server.post_events([
                event("f1", "agent.updated", 30, agentId="a", displayName="Ann"),
                event("f2", "department.updated", 30, departmentId="d", name="Sales"),
                event("s1", "agent.statusChanged", 29, agentId="a", statusId="away"),
                event("s2", "agent.statusChanged", 28, agentId="a", statusId="offline"),
                event("s3", "agent.statusChanged", 27, agentId="a", statusId="online"),
                event("o1", "chat.requested", 26, chatId="old", visitorId="v", departmentId="d"),
                event("o2", "chat.ended", 25.9, chatId="old"),
                event("p1", "chat.requested", 25.95, chatId="gone", visitorId="v", departmentId="d"),
                event("p2", "chat.ended", 25.8, chatId="gone"),
                event("l1", "chat.requested", 26, chatId="long", visitorId="w"),
                event("v1", "visitor.seen", 26, visitorId="x"),
                event("n1", "chat.requested", 1, chatId="new", visitorId="v", departmentId="d"),
            ])
            week = ago(7)
            questions = [f"{BASE}{q}" for q in (
                f"Today?startTime={week}", f"RightNow?endTime={ago(2)}", f"Queue?endTime={ago(2)}",
                f"Agents?startTime={week}&endTime={ago(2)}&includeStatusDistribution=true")]
            before = [server.get(q) for q in questions]
            self.assertEqual(server.stop(), 0)
            server.options = ["--set", "retentionDays=10"]
            server.start()
            left = {"ef1", "ef2", "es1", "es3", "eo1", "eo2", "el1", "en1"}
            for _ in range(2000):  # it works in the background
                ids = {json.loads(line)["id"] for line in server.get(PATH).splitlines()}
                if ids == left:
                    break
            self.assertEqual(ids, left)
            self.assertEqual([server.get(q) for q in questions], before)
            status, _, body = server.ask("GET", f"{BASE}RightNow?endTime={ago(11)}")
            self.assertEqual(status, 400)
            self.assertIn("first instant held is " + ago(10)[:8], json.loads(body)["message"])
            status, _, body = server.ask(
                "POST", PATH + "?import=true", body=json.dumps(event("z", days=11, visitorId="v")),
                headers={"Content-Type": "application/json"})
            self.assertEqual(status, 400)
            self.assertIn("retentionDays", body.decode())
            # What is gone is gone: the horizon stays when more days are kept again.
            self.assertEqual(server.stop(), 0)
            server.options = ["--set", "retentionDays=0"]
            server.start()
            self.assertEqual(server.ask("GET", f"{BASE}RightNow?endTime={ago(11)}")[0], 400)
            self.assertEqual([server.get(q) for q in questions], before)
            status, _, body = server.ask(
                "POST", PATH + "?import=true", body=json.dumps(event("z", days=11, visitorId="v")),
                headers={"Content-Type": "application/json"})
            self.assertEqual(status, 400)
            self.assertIn("does not come back", body.decode())

    def test_sequences_never_go_back(self):
        """Also where retention has taken the newest records."""
        with Server(options=("--set", "retentionDays=0")) as server:
            server.post_events([event("new", "visitor.seen", 0.01, visitorId="v")])
            server.post_events([event("old", "visitor.seen", 50, visitorId="v")])
            self.assertEqual(server.stop(), 0)
            server.options = ["--set", "retentionDays=10"]
            server.start()
            for _ in range(2000):  # it works in the background
                if b'"eold"' not in server.get(PATH):
                    break
            self.assertEqual(server.stop(), 0)
            server.start()
            again = [event("new", "visitor.seen", 0.01, visitorId="v")]
            self.assertEqual(server.post_events(again)["sequence"], 2)
            self.assertEqual(server.post_events([event("newer", visitorId="v")])["sequence"], 3)

    def test_more_days_when_nothing_was_removed(self):
        """Whoever keeps more days later may bring what is older: nothing of it has gone."""
        with Server(options=("--set", "retentionDays=10")) as server:
            server.post_events([event("now", "visitor.seen", 0.01, visitorId="v")])
            self.assertEqual(server.stop(), 0)
            server.options = ["--set", "retentionDays=0"]
            server.start()
            old = [event("o1", "chat.requested", 9000, chatId="old", visitorId="w")]
            self.assertEqual(server.post_events(old)["accepted"], 1)
            status, _, body = server.ask("GET", f"{BASE}RightNow?endTime={ago(8999.9)}")
            self.assertEqual((status, json.loads(body)["currentQueueLength"]), (200, 1))

    def test_old_ids_are_known_from_files(self):
        """More ids than stay in memory: each is a duplicate for ever, whatever becomes of
        the index's files between two runs."""
        total, batch = 300_000, 20_000

        def send(server, numbers):
            return server.post_events(
                [{"id": f"e{n}", "type": "visitor.seen", "time": when, "siteId": 10000,
                  "visitorId": f"v{n % 100}"} for n in numbers])
        when = ago(0.01)
        with Server() as server:
            for at in range(0, total, batch):
                self.assertEqual(send(server, range(at, at + batch))["accepted"], batch)
            ids = pathlib.Path(server.directory, "ids")
            for harm in ("kill", "nothing", "damage", "cut", "all gone"):
                (server.kill if harm == "kill" else server.stop)()
                runs = sorted(ids.glob("*.run"))
                self.assertGreater(len(runs), 0)
                if harm == "damage":
                    data = bytearray(runs[0].read_bytes())
                    data[len(data) // 2] ^= 1
                    runs[0].write_bytes(data)
                elif harm == "cut":
                    runs[0].write_bytes(runs[0].read_bytes()[:5000])
                elif harm == "all gone":
                    shutil.rmtree(ids)
                server.start()
                answer = send(server, range(0, total, 31))
                self.assertEqual(answer["duplicates"], len(range(0, total, 31)), harm)
                self.assertEqual(any("index of ids" in line for line in server.log),
                                 harm in ("damage", "cut"), harm)
            server.stop()
            checked = run("check", "--data", server.directory)
            self.assertIn(str(total).encode(), checked.stdout.replace(b",", b""))

    def test_an_event_ahead_of_the_clock_waits(self):
        with Server() as server:
            at = int(time.time()) + 3
            ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
            server.post_events([{**event(1, "chat.requested", chatId="c", visitorId="v"),
                                 "time": ahead}])
            waiting = lambda: json.loads(server.get(BASE + "RightNow"))["currentQueueLength"]
            self.assertEqual(waiting(), 0)
            while (came := waiting()) == 0 and time.time() < at + 20:
                pass
            self.assertEqual(came, 1)
            self.assertGreaterEqual(time.time(), at)

    def test_one_server_for_a_directory(self):
        with Server() as server:
            second = subprocess.run([BINARY, "serve", "--data", server.directory, "--listen",
                                     "127.0.0.1:0"], capture_output=True, timeout=60, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn(b"Another livefloor", second.stderr)
            third = subprocess.run(
                [BINARY, "serve", "--data", server.directory + "-x", "--listen",
                 f"127.0.0.1:{server.port}"], capture_output=True, timeout=60, check=False)
            self.assertEqual(third.returncode, 1)
            self.assertIn(b"Cannot listen", third.stderr)
            subprocess.run(["rm", "-rf", server.directory + "-x"], check=True)

    def test_a_damaged_store_is_reported(self):
        with Server() as server:
            server.post_events([event(n, visitorId=f"visitor-number-{n}") for n in range(200)])
            server.stop()
            path = server.directory + "/journal/data.mdb"
            data = bytearray(pathlib.Path(path).read_bytes())
            at = data.rindex(b"visitor-number-77")
            data[at] ^= 1
            pathlib.Path(path).write_bytes(data)
            checked = run("check", "--data", server.directory)
            self.assertEqual(checked.returncode, 1)
            self.assertIn(b"1 damaged", checked.stdout)
            started = subprocess.run([BINARY, "serve", "--data", server.directory, "--listen",
                                      "127.0.0.1:0"], capture_output=True, timeout=60, check=False)
            self.assertEqual(started.returncode, 1)
            self.assertIn(b"livefloor check", started.stderr)
            server.process = None

    def test_all_that_is_lost_is_told(self):
        """A lost segment is not one damaged record, but all that were in it."""
        for kill in (False, True):
            with Server() as server:
                for first in (0, 4000):
                    server.post_events([event(n, visitorId=f"v{n}")
                                        for n in range(first, first + 4000)])
                server.post_events([event("last", visitorId="v")])
                server.kill() if kill else server.stop()
                for segment in pathlib.Path(server.directory, "journal").glob("segment-*"):
                    segment.unlink()
                checked = run("check", "--data", server.directory)
                self.assertEqual(checked.returncode, 1)
                self.assertEqual(checked.stdout.decode().splitlines(), [
                    "record 1 is damaged, and so up to record 8000",
                    "site 10000: 1 events", "1 records, sequences 8001 to 8001, 8000 damaged"])
                server.process = None

    def test_a_cut_store_is_an_error(self):
        """What is mapped and not there ends no command without a word."""
        with Server() as server:
            server.post_events([event(n, visitorId=f"v{n}") for n in range(200)])
            server.stop()
            os.truncate(server.directory + "/journal/data.mdb", 8192)
            for command in ("check", "export", "serve"):
                options = ["--listen", "127.0.0.1:0"] if command == "serve" else []
                done = run(command, "--data", server.directory, *options)
                self.assertEqual(done.returncode, 1, (command, done))
                self.assertIn(b"ends too early", done.stderr)
            server.process = None

    def test_signals(self):
        for sent in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                server.process.send_signal(sent)
                self.assertEqual(server.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
