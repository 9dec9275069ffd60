#!/usr/bin/env python3
"""Writes the figures into docs/benchmarks.md and docs/scaling.md, between their markers
(<!-- figures: NAME --> … <!-- end -->), and the plots into docs/plots; all from
results.json, and of other machines from results_NAME.json.
"""
import argparse
import json
import pathlib
import re
import sys

import scaling
import targets

ROOT = pathlib.Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"


def us(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _machine(r):
    m = r["machine"]
    return [f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, {m['system']}, kernel "
            f"{m['kernel']}. " + "; ".join(m["versions"].values()) + ".",
            "", "| figures | measured | commit | repeats | took | stolen by the host | other "
            "programs |", "|---|---|---|---|---|---|---|",
            *(f"| {name} | {f['measured']['at']} | {f['measured']['commit']} | "
              f"{f['measured']['repeats']}{', small sizes' if f['measured']['quick'] else ''} | "
              f"{f['measured']['seconds']:,.0f} s | {f['measured']['steal_percent']} % | "
              f"{f['measured']['others_percent']} % of a core |" for name, f in r["figures"].items())]


def _targets(r):
    out = ["| | target | is | limit | | |", "|---|---|---|---|---|---|"]
    rows = targets.rows(r["figures"])
    for row in rows:
        value, limit = targets.shown(row)
        disturbed = row.disturbances(r["figures"])
        out.append(f"| {row.number} | {row.what} | {value} | {limit} | "
                   f"{'met' if row.met else '**not met**'}{' *' if disturbed else ''} | {row.detail} |")
    met = sum(row.met for row in rows)
    few = {f["measured"]["repeats"] for f in r["figures"].values() if f["measured"]["repeats"] < 5}
    if few:
        out += ["", f"**Preliminary**: some of it has only {min(few)} repeats; how far repeats spread "
                "is not judged below 4."]
    return out + ["", f"{met} of {len(rows)} lines met. \\* the run was disturbed, see below."]


def _others():
    """The same targets in results of other machines, results_NAME.json, beside each other."""
    files = [json.loads(path.read_text()) for path in sorted(BENCH.glob("results_*.json"))]
    shown = {}
    for number, r in enumerate(files):
        for row in targets.rows(r["figures"]):
            # What a line says of its run's sizes is not the same everywhere.
            what = re.sub(r" \(groups of .*\)", "", row.what)
            value, limit = targets.shown(row)
            line = shown.setdefault((row.number, what, limit), [""] * len(files))
            line[number] = f"{value} {'met' if row.met else '**not met**'}"
    out = ["| | target | " + " | ".join(
        f"{r['machine']['cpu']}, kernel {r['machine']['kernel']}, commit "
        f"{r['figures']['answers']['measured']['commit']}" for r in files) + " | limit |",
        "|---" * (len(files) + 3) + "|"]
    out += [f"| {number} | {what} | {' | '.join(line)} | {limit} |"
            for (number, what, limit), line in shown.items()]
    met = [sum(row.met for row in targets.rows(r["figures"])) for r in files]
    return out + ["", f"{' and '.join(str(n) for n in met)} of {len(shown)} lines met."]


def _disturbed(r):
    out = {}
    for row in targets.rows(r["figures"]):
        for why in row.disturbances(r["figures"]):
            out.setdefault(f"{row.group}: {why}", []).append(row)
    return [f"- {why} ({rows[0].what if len(rows) == 1 else f'{len(rows)} lines'})"
            for why, rows in out.items()] or ["None."]


def _answers(r):
    out = ["| view | connections | ours | nginx | the least program | p99 ours | p99 nginx | CPU ours | "
           "CPU nginx | CPU least |", "|---|---|---|---|---|---|---|---|---|---|"]
    for row in r["figures"]["answers"]["rows"]:
        a, b, c = row["ours"], row["nginx"], row["least"]
        out.append(f"| {row['view']} | {row['connections']:,} | " + " | ".join(
            [f"{x['rate']['median']:,.0f}" for x in (a, b, c)] +
            [f"{x['p99_us']['median'] / 1000:.2f} ms" for x in (a, b)] +
            [f"{x['cpu_us']['median']:.1f} µs" for x in (a, b, c)]) + " |")
    return out


def _engine(r):
    f = r["figures"]["engine"]
    out = [f"| answer | {f['floor']['small']['chats']:,} chats, p50 / p99 | "
           f"{f['floor']['big']['chats']:,} chats, p50 / p99 | of the p50s | of the means |",
           "|---|---|---|---|---|"]
    for part, agents in (("floor", 100), ("agents", 1000)):
        for view, row in f[part]["views"].items():
            small, big = row["small"], row["big"]
            name = view.replace("_", " ") + (f", {agents:,} agents" if part == "agents" else "")
            out.append(f"| {name} | {us(small['p50']['median'])} / {us(small['p99']['median'])} µs | "
                       f"{us(big['p50']['median'])} / {us(big['p99']['median'])} µs | "
                       f"{big['p50']['median'] / small['p50']['median']:.2f} | "
                       f"{big['mean']['median'] / small['mean']['median']:.2f} |")
    if "waits" in f:
        small, big = f["waits"]["small"], f["waits"]["big"]
        out += ["", "A read of memory, over as many bytes as `RightNow`'s lines take (`bench/chase.c`): "
                + "; ".join(f"over {x['bytes'] / 1e6:.1f} MB {x['alone_ns']['median']:.0f} ns when each waits "
                            f"for the one before it, {x['together_ns']['median']:.1f} ns with 64 side by side"
                            for x in (small, big)) + ".",
                "", _reads(f, small, big)]
    return out


# Lines of the cache that a question reads from memory where 1 MB is cached, counted by callgrind (the
# command is on the page).
LINES = {"right_now": {"big": 25, "small": 5}, "today": {"big": 108, "small": 48}}


def _reads(f, small, big):
    """What of an answer's time are reads of memory: two in turn, the rest side by side."""
    sentences = []
    for view, name in (("right_now", "RightNow"), ("today", "Today")):
        took, memory = {}, {}
        for size, chase in (("small", small), ("big", big)):
            took[size] = f["floor"]["views"][view][size]["p50"]["median"]
            memory[size] = (2 * chase["alone_ns"]["median"] +
                            LINES[view][size] * chase["together_ns"]["median"]) / 1000
        ratio = (took["small"] - memory["small"] + memory["big"]) / took["small"]
        sentences.append(
            f"of `{name}` two in turn and {LINES[view]['big']} side by side take {us(memory['big'])} of the "
            f"{us(took['big'])} µs over the large floor, two and {LINES[view]['small']} "
            f"{us(memory['small'])} of the {us(took['small'])} µs over the small one, which alone makes a ratio "
            f"of {ratio:.2f}")
    return f"By that, {'; '.join(sentences)}."


def _ingest(r):
    f, s = r["figures"]["ingest"], r["figures"].get("singles")
    names = {"plain": "plain file, fdatasync after the same groups", "journal": "our journal alone, "
             "the same records and groups", "least": "the least program over HTTP: receives, appends, "
             "fdatasync", "least_decodes": "the least program that also decodes the events",
             "least_applies": "the least program that decodes them and applies them to a floor",
             "ours": "Livefloor, NDJSON over HTTP, durable",
             "late": "the same, 10 % of the events an hour late",
             "redis_1": "Redis, 3 counters an event, 1 connection",
             "redis_4": "Redis, 3 counters an event, 4 connections",
             "copy_key": "PostgreSQL COPY, primary key on id",
             "copy_bare": "PostgreSQL COPY, no index (it would not notice duplicates)"}
    out = ["| | events/s | ours ÷ it |", "|---|---|---|",
           *(f"| {name} | {f[key]['median']:,.0f} | {f['ours']['median'] / f[key]['median']:.2f} |"
             for key, name in names.items() if key in f), "",
           f"{f['events']:,} events, {f['events_per_commit']['median']:,.0f} to a commit; p99 of a request "
           f"of 1,000 events {f['request_p99_us']['median'] / 1000:.1f} ms."]
    if s:
        out += ["", f"Single events on 64 connections: {s['ours']['median']:,.0f} events/s, "
                f"{s['events_per_commit']['median']:.1f} to a commit, p99 "
                f"{s['request_p99_us']['median'] / 1000:.1f} ms; the disk makes "
                f"{s['fdatasyncs']['median']:,.0f} single fdatasyncs/s."]
    if s and "least" in s:
        out[-1] += (" The least program, two threads that each receive what came, write it, make "
                    f"one fdatasync and answer: {s['least']['median']:,.0f} events/s, "
                    f"{s['least']['median'] / s['fdatasyncs']['median']:.1f} times the fdatasyncs.")
    return out


def _memory(r):
    f = r["figures"]["memory"]
    out = ["| | resident | of it the process's own |", "|---|---|---|"]
    for part, state, name in (("finished", "sent", "a finished chat, after ingest"),
                              ("finished", "restarted", "a finished chat, after a restart"),
                              ("open", "sent", "an open chat, after ingest"),
                              ("open", "restarted", "an open chat, after a restart")):
        each = (f[part][state]["bytes_per_chat"] if part == "finished"
                else f[part]["bytes_per_chat"][state])
        out.append(f"| {name} | {each['all']:,.0f} bytes | {each['own']:,.0f} bytes |")
    return out + ["", f"In all, {f['finished']['chats'][1]:,} finished chats after a restart: "
                  f"{f['finished']['restarted']['big']['all'] / 1e6:,.0f} MB resident, "
                  f"{f['finished']['restarted']['big']['own'] / 1e6:,.0f} MB of it its own."]


def _profile(r):
    of = r["figures"]["profile"]["of"]
    parts = {}
    for row in of.values():
        for part, share in row["share"].items():
            parts[part] = max(parts.get(part, 0), share * row["cpu_us"])
    order = sorted(parts, key=lambda p: (p.startswith("kernel"), -parts[p]))
    out = ["| µs of CPU time | " + " | ".join(of) + " |", "|---" * (len(of) + 1) + "|"]
    for part in order:
        out.append(f"| {part} | " + " | ".join(
            f"{row['share'].get(part, 0) * row['cpu_us']:.2f}" for row in of.values()) + " |")
    return out + ["| **in all** | " + " | ".join(f"**{row['cpu_us']:.2f}**" for row in of.values()) + " |"]


def _restart(r):
    f = r["figures"]["restart"]
    return [f"{f['records']:,} events, {f['bytes'] / 1e6:,.0f} MB of texts: ready after "
            f"{f['ready_s']['median']:.2f} s with a snapshot ({f['snapshot_bytes'] / 1e6:,.0f} MB, "
            f"made when the server stopped), after {f['whole_s']['median']:.2f} s without one; only "
            f"reading the journal (with its checksums) takes "
            f"{f['read_s']['median']:.2f} s, reading and decoding {f['decode_s']['median']:.2f} s."]


PARTS = {"answers": _answers, "engine": _engine, "ingest": _ingest, "memory": _memory,
         "profile": _profile, "restart": _restart}


def fill(path, parts):
    """Replaces what stands between the markers; a part without figures stays as it is."""
    text = path.read_text()
    for name, lines in parts.items():
        marked = re.compile(rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)", re.S)
        if not marked.search(text):
            sys.exit(f"render.py: {path} has no place for {name}")
        body = "\n".join(lines)
        text = marked.sub(lambda m, body=body: f"{m.group(1)}{body}\n{m.group(2)}", text)
    path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, default=BENCH / "results.json")
    parser.add_argument("--no-plots", action="store_true")
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    parts = {"machine": _machine(results), "targets": _targets(results),
             "disturbed": _disturbed(results), "others": _others()}
    parts.update((name, part(results)) for name, part in PARTS.items()
                 if name in results["figures"])
    fill(ROOT / "docs" / "benchmarks.md", parts)
    fill(ROOT / "docs" / "scaling.md", scaling.tables(results))
    if not options.no_plots:
        import plots
        plots.draw(results["figures"], ROOT / "docs" / "plots")


if __name__ == "__main__":
    main()
