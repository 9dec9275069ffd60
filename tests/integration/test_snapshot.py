"""Snapshots: a start that loads one answers as one that reads the whole journal, and one that
does not fit, or is damaged, is dropped, with nothing lost."""
import os
import pathlib
import random
import resource
import shutil
import socket
import signal
import subprocess
import tempfile
import time
import unittest

from livefloor_server import BINARY, Server, run

CHATS = 3000
QUESTIONS = ("RightNow?", "Queue?", "Queue?departmentIds=d1&",
             "Agents?includeStatusDistribution=true&pageSize=1000&startTime=2026-01-01T00:00:00Z&",
             "Today?startTime=2020-01-01T00:00:00Z&",
             "Today?departmentId=d1&startTime=2020-01-01T00:00:00Z&", "RightNow?departmentId=d2&")


def instant(seconds):
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1000):03}Z"


def some_events(seed, chats=CHATS, prefix=""):
    """A floor of the last two hours: more chats and visitors than stay in memory."""
    dice, events = random.Random(seed), []
    now = time.time()

    def add(type_, seconds_ago, **fields):
        events.append({"id": f"{prefix}{seed}-{len(events)}", "type": type_, "siteId": 10000,
                       "time": instant(now - seconds_ago), **fields})
    for agent in range(6):
        add("agent.updated", 8000, agentId=f"a{agent}", displayName=f"Agent {agent}", maxConcurrentChats=3)
        for _ in range(20):
            add("agent.statusChanged", dice.uniform(1, 7900), agentId=f"a{agent}",
                statusId=dice.choice(("online", "away", "offline", "lunch")))
    add("status.updated", 8000, statusId="lunch", name="Lunch", kind="away")
    for department in range(3):
        add("department.updated", 8000, departmentId=f"d{department}", name=f"Department {department}")
    for chat in range(chats):
        begun = dice.uniform(30, 7200)
        name, visitor = f"{prefix}c{seed}-{chat}", f"{prefix}v{dice.randrange(chats)}"
        add("visitor.seen", begun + 5, visitorId=visitor)
        add("chat.requested", begun, chatId=name, visitorId=visitor, departmentId=f"d{chat % 3}")
        if dice.random() < 0.8:
            agent = f"a{dice.randrange(6)}"
            add("chat.accepted", begun - dice.uniform(0, 20), chatId=name, agentId=agent)
            add("chat.message", begun - dice.uniform(0, 29), chatId=name, sender="agent", agentId=agent)
        if dice.random() < 0.98:
            add("chat.ended", dice.uniform(1, begun), chatId=name)
            add("chat.rated", dice.uniform(0, 1), chatId=name, score=dice.randrange(6))
    dice.shuffle(events)
    return events


def send(server, events):
    for at in range(0, len(events), 5000):
        answer = server.post_events(events[at:at + 5000])
        assert not answer["rejected"], answer


def bodies(server, instants):
    return [server.get(f"/v4/livechat/realTime/{q}endTime={t}") for q in QUESTIONS for t in instants]


def instants():
    now = time.time()
    return [instant(now - ago) for ago in (1, 60, 1000, 5000, 7300)]


def logged(server, text, alive=True):
    """Waits until the log has a line with this text; it is read by a thread, also when the
    process has ended already (alive false)."""
    deadline = time.monotonic() + 60
    while not any(text in line for line in list(server.log)):
        if time.monotonic() > deadline or (alive and server.process.poll() is not None):
            raise AssertionError(f"no {text!r} in the log: {''.join(server.log)}")
        time.sleep(0.01)


def state_of(server):
    return pathlib.Path(server.directory, "snapshot", "state")


class Snapshot(unittest.TestCase):
    def compare_with_fresh(self, server, *parts):
        """Its answers are those of a server that was sent the same events."""
        with Server(options=("--set", "snapshotEvents=0")) as fresh:
            for part in parts:
                send(fresh, part)
            when = instants()
            self.assertEqual(bodies(server, when), bodies(fresh, when))

    def test_a_stop_makes_one_and_the_next_start_loads_it(self):
        first, late = some_events(1), some_events(2, 500, "late")
        with Server() as server:
            send(server, first)
            when = instants()
            before = bodies(server, when)
            for _ in range(3):  # also a snapshot of what a snapshot gave
                self.assertEqual(server.stop(), 0)
                server.start()
                logged(server, f"snapshot of event {len(first)} loaded")
                self.assertEqual(bodies(server, when), before)
            again = server.post_events(first[:5000])
            self.assertEqual((again["accepted"], again["duplicates"]), (0, 5000))
            send(server, late)  # goes on as if nothing had been
            self.compare_with_fresh(server, first, late)
            server.kill()  # the snapshot is older than the journal now
            server.start()
            logged(server, f"snapshot of event {len(first)} loaded")
            logged(server, f"{len(late)} events read")
            self.compare_with_fresh(server, first, late)

    def test_while_it_runs(self):
        """A child writes it; what comes meanwhile and afterwards is read from the journal."""
        first, second = some_events(3), some_events(4, 500, "second")
        with Server(options=("--set", "snapshotEvents=1")) as server:
            send(server, first)
            logged(server, f"snapshot of event {len(first)} made")
            server.kill()
            server.start()
            logged(server, f"snapshot of event {len(first)} loaded")
            send(server, second)
            server.kill()
            server.start()
            logged(server, "loaded")
            self.compare_with_fresh(server, first, second)

    def test_without_standard_files(self):
        """No file of the store takes the numbers that the log and the child count on."""
        with Server(options=("--set", "snapshotEvents=1"), preexec=lambda: (os.close(0), os.close(2))) as server:
            send(server, some_events(13, 10))
            deadline = time.monotonic() + 60
            while not state_of(server).exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            server.kill()
            server.preexec = None
            server.start()
            logged(server, "loaded")

    def test_a_site_without_events_is_not_in_it(self):
        """The first start's site, when all events are another's: that is the only one afterwards."""
        with Server() as server:
            server.post_events([{"id": "e", "type": "visitor.seen", "siteId": 5, "visitorId": "v",
                                 "time": instant(time.time() - 1)}])
            self.assertEqual(server.stop(), 0)
            server.start()
            logged(server, "loaded")
            server.get("/v4/livechat/realTime/RightNow")  # names none

    def test_who_starts_the_server_ignores_its_children(self):
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the server inherits it
        with Server(options=("--set", "snapshotEvents=1"), preexec=ignore) as server:
            send(server, some_events(10, 10))
            logged(server, "made")

    def test_events_become_due_while_one_is_begun(self):
        """A reader that moves the floor's clock on puts chats away, beside the committer."""
        chats, waiting, late = 12000, [], []
        with Server(options=("--set", "snapshotEvents=1")) as server:
            # The committer looks once a second, as its clock's second begins: just before that a
            # question makes all of them happen.
            second = int(time.monotonic()) + 8
            due = time.time() + second - time.monotonic() - 0.03
            for chat in range(chats):
                for kind in ("requested", "ended"):
                    waiting.append({"id": f"{kind}{chat}", "type": f"chat.{kind}", "siteId": 10000,
                                    "time": instant(due), "chatId": f"c{chat}",
                                    **({"visitorId": f"v{chat}"} if kind == "requested" else {})})
                late.append({"id": f"late{chat}", "type": "chat.rated", "siteId": 10000,
                             "time": instant(due + 0.01), "chatId": f"c{chat}", "score": chat % 6})
            send(server, waiting)
            while time.monotonic() < second - 0.7:
                server.get("/v4/livechat/realTime/RightNow?siteId=10000")
            news = [{"id": f"news{n}", "type": "offlineMessage.submitted", "siteId": 10000,
                     "time": instant(due - 60)} for n in range(1000)]  # enough for one to be made
            send(server, news)
            while time.time() < due + 0.001:
                server.get("/v4/livechat/realTime/RightNow?siteId=10000")
            server.get("/v4/livechat/realTime/RightNow")
            logged(server, f"snapshot of event {len(waiting) + len(news)} made")
            server.kill()
            server.start()
            logged(server, "loaded")
            send(server, late)
            self.compare_with_fresh(server, waiting, news, late)

    def test_what_does_not_fit_is_dropped(self):
        events = some_events(5, 1500)
        with Server() as server, tempfile.TemporaryDirectory(prefix="livefloor-") as safe:
            folder, kept = pathlib.Path(server.directory), pathlib.Path(safe, "kept")
            send(server, events[:2000])
            self.assertEqual(server.stop(), 0)
            shutil.copytree(folder / "journal", pathlib.Path(safe, "older"))
            server.start()
            send(server, events[2000:])
            when = instants()
            before = bodies(server, when)
            self.assertEqual(server.stop(), 0)
            shutil.copytree(folder, kept)

            def flip(at):
                def change():
                    data = bytearray(state_of(server).read_bytes())
                    data[at if at >= 0 else len(data) + at] ^= 0x10
                    state_of(server).write_bytes(data)
                return change

            def cut(part):
                return lambda: os.truncate(state_of(server), int(state_of(server).stat().st_size * part))

            def archive():
                return next((folder / "snapshot").glob("archive-*"))

            def older_journal():
                shutil.rmtree(folder / "journal")
                shutil.copytree(pathlib.Path(safe, "older"), folder / "journal")
            middle = state_of(server).stat().st_size // 2
            self.assertGreater(archive().stat().st_size, 100_000, "nothing was put away")
            cases = [("damaged", flip(3), ()), ("damaged", flip(30), ()), ("damaged", flip(middle), ()),
                     ("damaged", flip(-1), ()), ("damaged", cut(0), ()), ("damaged", cut(0.3), ()),
                     ("damaged", cut(0.999), ()), ("archive", lambda: archive().unlink(), ()),
                     ("archive", lambda: os.truncate(archive(), 4096), ()),
                     ("visitorTimeoutSeconds", lambda: None, ("--set", "visitorTimeoutSeconds=121")),
                     ("another state", older_journal, ())]
            for why, change, options in cases:
                with self.subTest(why=why):
                    shutil.rmtree(folder)
                    shutil.copytree(kept, folder)
                    change()
                    server.options = options
                    server.start()
                    logged(server, "the snapshot is dropped")
                    self.assertTrue(any(why in line for line in server.log), server.log)
                    if why == "another state":
                        self.assertEqual(server.post_events(events[:3000])["accepted"], 1000)
                        send(server, events)
                    if not options:
                        self.assertEqual(bodies(server, when), before)
                    self.assertEqual(server.stop(), 0)
                    server.start()
                    logged(server, "loaded")
                    if not options:
                        self.assertEqual(bodies(server, when), before)
                    self.assertEqual(server.stop(), 0)

    def test_a_start_that_does_not_come_to_its_end(self):
        """A snapshot that ends the process is not loaded a second time."""
        with Server() as server:
            send(server, some_events(10, 300))
            when = instants()
            before = bodies(server, when)
            self.assertEqual(server.stop(), 0)
            state_of(server).rename(state_of(server).with_name("state.tried"))  # as a start does
            server.start()
            logged(server, "did not come to its end")
            self.assertEqual(bodies(server, when), before)
            self.assertEqual(server.stop(), 0)
            # One that ends in order, for whatever reason, leaves it as it was.
            with socket.create_server(("127.0.0.1", 0)) as taken:
                refused = run("serve", "--data", server.directory, "--listen",
                              f"127.0.0.1:{taken.getsockname()[1]}", timeout=60)
            self.assertEqual(refused.returncode, 1, refused.stderr)
            server.start()
            logged(server, "loaded")
            self.assertEqual([f.name for f in state_of(server).parent.glob("state*")], ["state"])
            self.assertEqual(bodies(server, when), before)

    def test_a_damaged_archive(self):
        """What was put away is checked when it is read: the process ends, and the next start makes
        the archive anew."""
        events = some_events(11, 1500)
        with Server() as server:
            send(server, events)
            when = instants()
            before = bodies(server, when)
            self.assertEqual(server.stop(), 0)
            archive = next(state_of(server).parent.glob("archive-*"))
            data = bytearray(archive.read_bytes())
            for at in range(30, len(data), 32):
                data[at] ^= 0x40
            archive.write_bytes(data)
            server.start()
            logged(server, "loaded")
            late = {"id": "late", "type": "chat.rated", "time": instant(time.time()), "score": 1, "siteId": 10000}
            with self.assertRaises(Exception):
                for chat in range(1500):
                    server.post_events([{**late, "id": f"late{chat}", "chatId": f"c11-{chat}"}])
            self.assertNotEqual(server.process.wait(60), 0)
            logged(server, "archive cannot be read", alive=False)
            server.process.stdout.close()
            server.start()
            logged(server, "the snapshot is dropped")
            self.assertEqual(bodies(server, when)[:3 * len(when)], before[:3 * len(when)])

    def test_another_build(self):
        with Server() as server, tempfile.TemporaryDirectory(prefix="livefloor-") as folder:
            send(server, some_events(6, 300))
            when = instants()
            before = bodies(server, when)
            self.assertEqual(server.stop(), 0)
            kept = state_of(server).read_bytes()
            other = pathlib.Path(folder, "livefloor")

            def log_of_other():
                answer = subprocess.Popen([other, "serve", "--data", server.directory, "--listen", "127.0.0.1:0"],
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.assertIn("listening", answer.stdout.readline())
                answer.terminate()
                return answer.communicate()[1]
            build_id = kept[24:44]  # after a block's head and the magic
            program = pathlib.Path(BINARY).read_bytes()
            self.assertEqual(program.count(build_id), 1)
            other.write_bytes(program.replace(build_id, build_id[::-1]))
            other.chmod(0o700)
            self.assertIn("another build", log_of_other())
            # Two builds without an id have the same none.
            subprocess.run(["objcopy", "--remove-section", ".note.gnu.build-id", BINARY, other], check=True)
            self.assertIn("no id", log_of_other())
            self.assertFalse(state_of(server).exists())
            state_of(server).write_bytes(kept.replace(build_id, bytes(20)))
            self.assertIn("no id", log_of_other())
            server.start()
            self.assertEqual(bodies(server, when), before)

    def test_none_are_kept_when_none_are_wanted(self):
        with Server() as server:
            send(server, some_events(7, 300))
            when = instants()
            before = bodies(server, when)
            self.assertEqual(server.stop(), 0)
            self.assertTrue(state_of(server).exists())
            server.options = ["--set", "snapshotEvents=0"]
            server.start()
            self.assertEqual(list(state_of(server).parent.iterdir()), [])
            self.assertEqual(bodies(server, when), before)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(list(state_of(server).parent.iterdir()), [])

    def test_a_full_disk(self):
        """No room for it: that is said, all else goes on, and what is left of it is deleted."""
        with Server() as server:
            send(server, some_events(8))
            when = instants()
            before = bodies(server, when)
            self.assertEqual(server.stop(), 0)
            size = state_of(server).stat().st_size
            state_of(server).unlink()

            def small():
                resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, resource.RLIM_INFINITY))
            server.preexec, server.options = small, ["--set", "snapshotEvents=1"]
            # The archive and LMDB's file are larger than that already: nothing grows but the tail.
            server.start()
            logged(server, "no snapshot could be made")
            self.assertEqual(bodies(server, when), before)
            self.assertEqual(server.stop(), 0)
            self.assertEqual([f.name for f in state_of(server).parent.iterdir() if "state" in f.name], [])
            server.preexec, server.options = None, []
            server.start()
            self.assertEqual(bodies(server, when), before)

    def test_retention_takes_it_back(self):
        """A snapshot from before a removal is not there after it."""
        def old(number, kind, days, **fields):
            return {"id": f"old{number}", "type": kind, "siteId": 10000,
                    "time": instant(time.time() - days * 86400), **fields}
        with Server(options=("--set", "retentionDays=0")) as server:
            send(server, [old(1, "chat.requested", 30, chatId="gone", visitorId="v"),
                          old(2, "chat.ended", 29, chatId="gone"),
                          old(3, "visitor.seen", 28, visitorId="x")] + some_events(9, 300))
            when = instants()
            before = bodies(server, when)[:3 * len(when)]
            self.assertEqual(server.stop(), 0)
            old_state = state_of(server).read_bytes()
            server.options = ["--set", "retentionDays=10"]
            server.start()
            logged(server, "retention removed 3 events")
            self.assertFalse(state_of(server).exists() and state_of(server).read_bytes() == old_state)
            self.assertEqual(bodies(server, when)[:3 * len(when)], before)
            self.assertEqual(server.stop(), 0)
            server.start()
            logged(server, "loaded")
            self.assertEqual(bodies(server, when)[:3 * len(when)], before)
            self.assertEqual(run("check", "--data", server.directory).returncode, 0)

    def test_retention_of_the_newest(self):
        """What came last was the oldest, and is removed: a snapshot is made all the same, and fits."""
        def seen(number, days):
            return {"id": f"s{number}", "type": "visitor.seen", "siteId": 10000, "visitorId": "v",
                    "time": instant(time.time() - days * 86400)}
        with Server(options=("--set", "retentionDays=0")) as server:
            for number, days in ((1, 0.01), (2, 50)):  # a commit each
                send(server, [seen(number, days)])
            self.assertEqual(server.stop(), 0)
            server.options = ["--set", "retentionDays=10"]
            server.start()
            logged(server, "retention removed 1 events")
            self.assertEqual(server.stop(), 0)
            self.assertTrue(state_of(server).exists())
            server.start()
            logged(server, "snapshot of event 2 loaded")
            send(server, [seen(3, 0.01)])
            server.kill()
            server.start()
            logged(server, "snapshot of event 2 loaded")
            self.assertEqual(server.get("/v4/livechat/events").count(b"\n"), 2)

    def test_retention_of_a_version_that_knows_none(self):
        """An older version leaves the snapshot where it is, and removes what is in it."""
        with Server(options=("--set", "retentionDays=0")) as server:
            send(server, [{"id": "old", "type": "visitor.seen", "siteId": 10000, "visitorId": "x",
                           "time": instant(time.time() - 30 * 86400)}] + some_events(11, 100))
            self.assertEqual(server.stop(), 0)
            kept = state_of(server).read_bytes()
            server.options = ["--set", "retentionDays=10", "--set", "snapshotEvents=0"]
            server.start()
            logged(server, "retention removed 1 events")
            send(server, some_events(12, 10))
            self.assertEqual(server.stop(), 0)
            state_of(server).write_bytes(kept)
            server.options = []
            server.start()
            logged(server, "events were removed from the journal since")


if __name__ == "__main__":
    unittest.main()
