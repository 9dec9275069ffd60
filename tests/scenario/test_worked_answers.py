"""The worked answers, through the real server: imported by the command line; and
shuffled, in random batches over several connections at once with duplicates, with
a SIGKILL in the middle. Bodies of all runs are the same, byte for byte.

The data is not part of the project; where it is missing the tests say so and skip.
"""
import json
import random
import subprocess
import sys
import tempfile
import threading
import unittest

from livefloor_server import Server, run, shared_data

DATA = shared_data()
OPTIONS = ("--set", "retentionDays=0")
SEED = random.SystemRandom().randrange(1 << 30)


def bank_events():
    """The real February as events."""
    tool = DATA.parent / "tools" / "anonbank_events.py"
    made = subprocess.run([sys.executable, str(tool), str(DATA / "anonymous-bank" / "1999-02.tsv")],
                          capture_output=True, check=True)
    return [json.loads(line) for line in made.stdout.splitlines()]


def agrees(got, want):
    """Ratios and seconds to 6 decimals, all else exactly; order of keys aside."""
    if isinstance(want, float) or isinstance(got, float):
        return isinstance(got, (int, float)) and abs(got - want) <= 1e-6
    if isinstance(want, dict):
        return got.keys() == want.keys() and all(agrees(got[k], want[k]) for k in want)
    if isinstance(want, list):
        return len(got) == len(want) and all(map(agrees, got, want))
    return type(got) is type(want) and got == want


def comparable(target, body):
    """The part of an answer that the worked answers hold."""
    answer = json.loads(body)
    if "/Agents" in target:
        return answer["list"]
    if "/Queue" not in target:
        return answer
    lines = []
    for line in answer:
        kept = {k: v for k, v in line.items()
                if k not in ("routeToDepartment", "routeToAgent", "visitors")}
        kept["waits"] = [v["waitTime"] for v in line["visitors"]]
        kept["visitors"] = [v["visitorId"] for v in line["visitors"]]
        lines.append(kept)
    return lines


class Sender(threading.Thread):
    """Posts batches over a connection of its own until the server goes."""

    def __init__(self, server, batches):
        super().__init__()
        self.server, self.batches, self.failed = server, batches, []

    def run(self):
        connection = self.server.connect()
        for batch in self.batches:
            try:
                self.server.post_events(batch, connection=connection)
            except Exception:  # the server was killed: this batch goes again later
                self.failed.append(batch)
                connection.close()
                connection = self.server.connect()
        connection.close()


def batches_of(events, dice, share):
    """Random batch sizes, dealt out to four connections."""
    events = list(events)
    hands = [[] for _ in range(4)]
    at = 0
    while at < len(events):
        size = dice.choice((1, 2, 7, 50, 400, 1500))
        hands[dice.randrange(4)].append(events[at:at + max(1, int(size * share))])
        at += max(1, int(size * share))
    return hands


def send_shuffled(server, events, dice, kill):
    """Everything, disordered, a tenth of it twice; with a SIGKILL in the middle or not."""
    events = events + dice.sample(events, len(events) // 10)
    dice.shuffle(events)
    hands = batches_of(events, dice, min(1, len(events) / 20000))
    senders = [Sender(server, hand) for hand in hands]
    for sender in senders:
        sender.start()
    if kill:
        senders[0].join(0.05 + dice.random() * 0.2)
        server.kill()
        for sender in senders:
            sender.join()
        server.start()
        for batch in [b for sender in senders for b in sender.failed]:
            server.post_events(batch)
        return
    for sender in senders:
        sender.join()
        assert not sender.failed, sender.failed[0][:2]


class WorkedAnswers(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        if DATA is None:
            self.skipTest("the worked answers (../shared/data) are not here")

    def bodies(self, server, answers):
        return [server.get(a["request"]) for a in answers]

    def check(self, server, answers):
        bodies = self.bodies(server, answers)
        for worked, body in zip(answers, bodies):
            got = comparable(worked["request"], body)
            self.assertTrue(agrees(got, worked["answer"]),
                            f"{worked['request']}\n got {got}\nwant {worked['answer']}")
        return bodies

    def check_all_ways(self, events, answers):
        with Server(options=OPTIONS) as server, tempfile.NamedTemporaryFile("w") as file:
            file.writelines(json.dumps(e) + "\n" for e in events)
            file.flush()
            done = run("import", "--url", server.url, "--token", server.token, file.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            first = self.check(server, answers)
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(self.bodies(server, answers), first, "after a restart")
        for kill in (False, True):
            dice = random.Random(f"{SEED}-{kill}")
            with self.subTest(seed=SEED, kill=kill), Server(options=OPTIONS) as server:
                send_shuffled(server, events, dice, kill)
                self.assertEqual(self.bodies(server, answers), first, f"seed {SEED}")

    def scenario(self, number):
        folder = DATA / "scenarios"
        events = [json.loads(line) for line in
                  (folder / f"scenario-{number}.ndjson").read_text().splitlines()]
        self.check_all_ways(events, json.loads((folder / f"scenario-{number}.answers.json").read_text()))

    def test_scenario_1(self):
        self.scenario(1)

    def test_scenario_2(self):
        self.scenario(2)

    def test_scenario_3(self):
        self.scenario(3)

    def test_the_real_february(self):
        folder = DATA / "anonymous-bank"
        self.check_all_ways(bank_events(), json.loads((folder / "1999-02.answers.json").read_text()))

    def test_half_hours_of_a_real_day(self):
        truth = json.loads((DATA / "anonymous-bank" / "truth-1999-02-03.json").read_text())
        day = truth["total"]["date"]
        with Server(options=OPTIONS) as server:
            events = bank_events()
            for at in range(0, len(events), 5000):
                server.post_events(events[at:at + 5000])
            for half in truth["halfhours"]:
                self.check_half_hour(server, day, half)

    def check_half_hour(self, server, day, half):
        base, end = "/v4/livechat/realTime/", f"{day}T{half['at_end']['t']}"
        end = end.replace("1999-02-03T24:00:00", "1999-02-04T00:00:00")
        today = json.loads(server.get(
            f"{base}Today?startTime={day}T{half['start']}:00&endTime={end}"))
        self.assertEqual(
            (today["chatRequests"], today["chats"], today["abandondedChats"]),
            (half["offered"], half["answered"], half["abandoned"]), half)
        waited = half["sum_wait_answered"] + half["sum_wait_abandoned"]
        if half["start"] == "16:30":
            # One row (AA0205, call 35248) enters the bot 61 s after its wait began; as
            # events, where time only moves forward, it waits from the later instant on.
            waited -= 61
        self.assertAlmostEqual(today["avgWaitingTime"] * half["offered"], waited, places=2)
        # (The rows' talk times are no events: an answer is where the wait ends, which lies a
        # second or two beside the row's start of service.)
        now = json.loads(server.get(f"{base}RightNow?endTime={end}"))
        self.assertEqual((now["currentQueueLength"], now["ongoingChatsWithAgent"]),
                         (half["at_end"]["waiting"], half["at_end"]["in_service"]), half)
        waits = [v["waitTime"] for line in json.loads(server.get(f"{base}Queue?endTime={end}"))
                 for v in line["visitors"]]
        longest = half["at_end"]["longest_wait"]
        self.assertEqual(max(waits, default="00:00:00"),
                         f"{longest // 3600:02}:{longest // 60 % 60:02}:{longest % 60:02}", half)


if __name__ == "__main__":
    print(f"seed {SEED}")
    unittest.main()
