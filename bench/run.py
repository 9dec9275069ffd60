#!/usr/bin/env python3
"""Livefloor's benchmarks beside nginx, Redis, PostgreSQL, a plain file and itself.

Measures, keeps the figures in a file, prints each target as met or not. A run of some
targets replaces only their figures. docs/benchmarks.md says how each is measured.
"""
import argparse
import contextlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import answers
import ingest
import inside
import machine
import memory
import ours
import peers
import profiles
import restart
import sql
import targets

HERE = pathlib.Path(__file__).resolve().parent
# Name: what measures it, and the targets that follow from it. In this order: the figures that
# share a directory of chats follow each other.
GROUPS = {
    "answers": (answers.beside_nginx, "1 2"),
    "workers": (answers.two_workers, "3"),
    "under_ingest": (answers.under_ingest, "11"),
    "ingest": (ingest.beside_peers, "8 9 14"),
    "singles": (ingest.singles, "10"),
    "engine": (inside.engine, "4 5 6"),
    "curve": (inside.curve, ""),
    "memory": (memory.chats_memory, "12"),
    "sql": (sql.beside_postgres, "7"),
    "parts": (memory.parts, ""),
    "sites": (memory.small_sites, ""),
    "profile": (profiles.profiles, ""),
    "restart": (restart.restart, "13"),
}


def sizes(quick):
    return argparse.Namespace(
        chats_day=10000 if quick else 100000,
        chats_small=5000 if quick else 100000,
        chats_big=50000 if quick else 1000000,
        chats_open=20000 if quick else 200000,
        chats_restart=27000 if quick else 541500,
        sites=1000 if quick else 10000,
        seconds=1 if quick else 2)


def chosen(only):
    """The names of the groups of "1,8,profile"; all without."""
    if not only:
        return list(GROUPS)
    wanted = only.split(",")
    names = [name for name, (_, numbers) in GROUPS.items()
             if name in wanted or set(numbers.split()) & set(wanted)]
    known = set(GROUPS) | {n for _, numbers in GROUPS.values() for n in numbers.split()}
    if set(wanted) - known:
        sys.exit(f"run.py: there is no target or group {', '.join(sorted(set(wanted) - known))}")
    return names


def commit():
    """The commit that was built; a + when the sources differ from it."""
    def git(*words):
        return subprocess.run(["git", "-C", str(HERE.parent), *words], capture_output=True,
                              text=True, check=True, timeout=20).stdout.strip()
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        changed = git("status", "--porcelain", "--", "src", "bench/*.c", "bench/*.py", "bench/*.sql")
        return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
    return ""


def measure(build, options, name):
    """One group's figures, and what is to be known of their measuring."""
    with machine.watched() as seen:
        data = GROUPS[name][0](build, options)
    return {"measured": {"at": machine.today(), "commit": commit(), "repeats": options.repeats,
                         "quick": options.quick, **seen,
                         "command": f"bench/run.py --only {name} --repeats {options.repeats}" +
                                    (" --quick" if options.quick else ""),
                         "disturbed": machine.disturbances(seen)}, **data}


def save(path, results):
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(results, indent=1) + "\n")
    os.replace(temporary, path)


def print_table(results, names):
    for row in targets.rows(results["figures"]):
        if row.group in names:
            value, limit = targets.shown(row)
            print(f"{row.number:>3}  {'met    ' if row.met else 'NOT MET'}  {value:>14}  {limit:<14} "
                  f"{row.what}: {row.detail}")
            for why in row.disturbances(results["figures"]):
                print(f"{'':44}disturbed: {why}")


def run_groups(build, options, names, out):
    """Measures each; a failure of one does not lose the others. The number of failures."""
    results = json.loads(out.read_text()) if out.exists() else {"figures": {}}
    results["machine"] = machine.describe(peers.POSTGRES)
    done = []
    for name in names:
        began = time.monotonic()
        print(f"{name} ...", end=" ", flush=True)
        try:
            results["figures"][name] = measure(build, options, name)
            save(out, results)
            print(f"{time.monotonic() - began:.0f} s", flush=True)
            done.append(name)
        except Exception:  # pylint: disable=broad-except
            print("FAILED", flush=True)
            traceback.print_exc()
    print_table(results, done)
    return len(names) - len(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(HERE.parent / "build"), help="where it was built")
    parser.add_argument("--only", help="targets or groups, such as 1,8,profile: " + ", ".join(GROUPS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true",
                        help="small sizes, to try the harness itself: no figures to keep")
    parser.add_argument("--out", type=pathlib.Path, help="default: bench/results.json; "
                        "with --quick quick.json in the build directory")
    parser.add_argument("--scratch", help="where some 25 GB go meanwhile (default: $TMPDIR, /tmp)")
    options = parser.parse_args()
    names = chosen(options.only)
    out = options.out or (pathlib.Path(options.build) / "quick.json" if options.quick
                          else HERE / "results.json")
    options = argparse.Namespace(**vars(options), **vars(sizes(options.quick)))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else 65536, hard))
    # So that what was started is ended when this program is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="livefloor-bench-", dir=options.scratch) as scratch:
        os.chmod(scratch, 0o755)  # PostgreSQL and nginx's worker are other users
        tempfile.tempdir = scratch
        failed = run_groups(ours.Build(options.build, scratch), options, names, out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
