"""Targets 4, 5 and 6: the time of an answer inside the engine, two sizes asked in turn."""
import contextlib
import json
import subprocess

import ours
import peers
from machine import repeated

# Reads of a chase: enough to tell nanoseconds.
CHASE_READS = 2_000_000
# 1,000 agents make Agents' answer long: fewer questions.
QUESTIONS = {"today": 20000, "right_now": 20000, "queue": 5000}
QUESTIONS_AGENTS = {"agents": 300, "agents_now": 300}


@contextlib.contextmanager
def bench(build, chats, agents):
    """floor_bench with its floor made, and what it said of it."""
    with peers.started([build.program("floor_bench"), str(chats), str(agents)],
                       (peers.SERVER_CORE,), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                       text=True) as process:
        try:
            with ours.at_most(peers.CLIENT_SECONDS, "floor_bench"):
                yield process, json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def ask(process, view, questions):
    process.stdin.write(f"{view} {questions}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def in_turn(build, o, agents, questions):
    """Each view's times at both sizes, rounds interleaved."""
    out = {"agents": agents, "views": {}}
    with bench(build, o.chats_small, agents) as (small, about_small):
        with bench(build, o.chats_big, agents) as (big, about_big):
            out["small"], out["big"] = about_small, about_big
            for view, count in questions.items():
                rows = {"small": [], "big": []}
                for name, process in (("small", small), ("big", big)):
                    ask(process, view, count)  # the first round warms the caches
                for _ in range(o.repeats):
                    rows["small"].append(ask(small, view, count))
                    rows["big"].append(ask(big, view, count))
                out["views"][view] = {name: {key: repeated(row[key] for row in rows[name])
                                             for key in ("p50", "p99", "mean")}
                                      for name in rows}
    return out


def chases(build, o, sizes):
    """Nanoseconds of a read over so many bytes of memory: of one that waits for the one before it,
    and of many side by side."""
    rows = {name: [] for name in sizes}
    with peers.started([build.program("chase")], (peers.SERVER_CORE,), stdin=subprocess.PIPE,
                       stdout=subprocess.PIPE, text=True) as process:
        with ours.at_most(peers.CLIENT_SECONDS, "chase"):
            for _ in range(o.repeats):
                for name, size in sizes.items():
                    process.stdin.write(f"{size} {CHASE_READS}\n")
                    process.stdin.flush()
                    rows[name].append([float(ns) for ns in process.stdout.readline().split()])
        process.stdin.close()
    return {name: {"bytes": size, **{key: repeated(column) for key, column in
                                     zip(("alone_ns", "together_ns"), zip(*rows[name]))}}
            for name, size in sizes.items()}


def engine(build, o):
    """Targets 4, 5, 6; with 100 agents, and Agents with 1,000. Beside it what a wait for memory
    costs over as many bytes as RightNow's lines have."""
    out = {"floor": in_turn(build, o, 100, QUESTIONS),
           "agents": in_turn(build, o, 1000, QUESTIONS_AGENTS)}
    out["waits"] = chases(build, o, {name: out["floor"][name]["right_now_bytes"]
                                     for name in ("small", "big")})
    return out


def curve(build, o):
    """Today's time against the number of chats, for the plot."""
    rows = []
    for chats in [n for n in (1000, 3000, 10000, 30000, 100000, 300000) if n < o.chats_big] + [
            o.chats_big]:
        with bench(build, chats, 100) as (process, about):
            for view in ("today", "right_now", "queue"):
                ask(process, view, QUESTIONS[view])
                about[view] = ask(process, view, QUESTIONS[view])
        rows.append(about)
    return {"rows": rows}
