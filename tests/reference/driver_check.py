"""Thousands of random floors: the engine (floor_driver) against the reference, text for
text; and against itself after another order, duplicates, a clock that moves, and a floor
that is saved and loaded in between.

  driver_check.py --driver PATH [--floors N] [--seed S] [--events M]
  driver_check.py --self-test
"""
import argparse
import json
import random
import subprocess
import sys

from floors import SITE, SPAN, START, Floor, random_questions
from model import Model
from views import Question, text_of

AFTER = START + 10 * SPAN


class Driver:
    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, encoding="utf-8", bufsize=1 << 20)

    def ask(self, commands, answers):
        """Sends lines; reads so many answers."""
        self.process.stdin.write("".join(c + "\n" for c in commands))
        self.process.stdin.flush()
        lines = []
        for _ in range(answers):
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("the driver has ended")
            lines.append(line.rstrip("\n"))
        return lines


def shuffled(events, dice):
    """Another order of arrival, a tenth of them twice."""
    events = list(events) + dice.sample(events, len(events) // 10)
    dice.shuffle(events)
    return events


def feed(events, dice, steps):
    """SITE, then events while the clock moves on in steps to its end."""
    commands = [f"SITE {SITE}"]
    clocks = sorted(START + dice.randrange(SPAN * 3) for _ in range(steps)) + [AFTER]
    parts = [[] for _ in clocks]
    for event in events:
        parts[dice.randrange(len(parts))].append(event)
    for clock, part in zip(clocks, parts):
        commands.append(f"NOW {clock}")
        commands += ["E " + json.dumps(e, ensure_ascii=False) for e in part]
    return with_saves(commands, dice)


def with_saves(commands, dice):
    """In two of three, the floor is saved and loaded now and then."""
    for _ in range(dice.choice((0, 0, 1, 2, 4, 8))):
        commands.insert(dice.randint(1, len(commands)), "S")
    return commands


def expected(events, questions, now=AFTER):
    model = Model(events, SITE, now)
    return [text_of(Question(model, q).answer()) for q in questions] + [str(model.anomalies)]


def engine(driver, events, questions, dice, steps=0):
    commands = feed(shuffled(events, dice), dice, steps)
    commands += ["Q " + q for q in questions] + ["N"]
    return driver.ask(commands, len(questions) + 1)


def early(driver, floor, questions, dice):
    """What is known while some events still lie ahead of the clock."""
    clock = START + dice.randrange(SPAN * floor.wide)
    commands = [f"SITE {SITE}", f"NOW {clock}"]
    commands += ["E " + json.dumps(e, ensure_ascii=False) for e in shuffled(floor.events, dice)]
    commands = with_saves(commands, dice)
    commands += ["Q " + q for q in questions] + ["N"]
    return clock, driver.ask(commands, len(questions) + 1)


def shrink(driver, events, question, seed):
    """Drops events while the difference remains."""
    def differs(some):
        """With this order of arrival."""
        try:
            asked = [] if question == "anomalies" else [question]
            return engine(driver, some, asked, random.Random(seed))[0] != expected(some, asked)[0]
        except Exception:
            return False
    size = max(1, len(events) // 2)
    while size:
        at = 0
        while at < len(events):
            fewer = events[:at] + events[at + size:]
            if differs(fewer):
                events = fewer
            else:
                at += size
        size //= 2
    return events


def report(driver, floor, question, got, want, seed):
    print(f"seed {seed}: {question}\n got {got}\nwant {want}")
    for event in sorted(shrink(driver, floor.events, question, seed), key=lambda e: e["time"]):
        print("  ", json.dumps(event, ensure_ascii=False))


def check_floor(driver, seed, events):
    """The number of answers that agree; None after a difference."""
    floor = Floor(seed, events)
    questions = random_questions(seed, floor, 12)
    names = questions + ["anomalies"]
    want = expected(floor.events, questions)
    for steps in (0, 3):
        got = engine(driver, floor.events, questions, random.Random(f"{seed} {steps}"), steps)
        for name, g, w in zip(names, got, want):
            if g != w:
                report(driver, floor, name, g, w, seed)
                return None
    clock, got = early(driver, floor, questions, random.Random(f"{seed} early"))
    for name, g, w in zip(names, got, expected(floor.events, questions, clock)):
        if g != w:
            print(f"seed {seed}, clock at {clock}: {name}\n got {g}\nwant {w}")
            return None
    return 3 * len(names)


def self_test():
    """A difference is seen: the reference against a floor that lacks one event."""
    seen = 0
    for seed in range(20):
        floor = Floor(seed, 80)
        questions = random_questions(seed, floor, 12)
        seen += expected(floor.events, questions) != expected(floor.events[:-10], questions)
    assert seen > 10, seen
    print(f"{seen} of 20 floors answer differently without their last events")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--driver")
    parser.add_argument("--floors", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 40))
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        self_test()
        return 0
    print(f"first seed {args.seed}", flush=True)
    driver, agreed = Driver(args.driver), 0
    for seed in range(args.seed, args.seed + args.floors):
        count = check_floor(driver, seed, random.Random(seed).choice((5, 15, 40, 40, 90, 160)))
        if count is None:
            return 1
        agreed += count
    print(f"{args.floors} floors, {agreed} answers agree (seeds {args.seed} to "
          f"{args.seed + args.floors - 1})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
