"""The plots of docs/benchmarks.md, from results.json; SVG, each of some 20 KB."""
import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "livefloor", "font.size": 9,
                            "axes.spines.top": False, "axes.spines.right": False})
import matplotlib.pyplot as plt  # noqa: E402

OURS, THEIRS, LEAST = "#1f5fa8", "#c46a1b", "#8a8a8a"
SMALL_SHARE = 0.025  # parts below are one bar's end together


def save(figure, folder, name):
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    path = folder / f"{name}.svg"
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def requests(figures, folder):
    rows = figures["answers"]["rows"]
    views = list(dict.fromkeys(row["view"] for row in rows))
    figure, axes = plt.subplots(1, len(views), figsize=(8, 2.6), sharey=True)
    for axis, view in zip(axes, views):
        mine = [row for row in rows if row["view"] == view]
        places = range(len(mine))
        for shift, (name, key, color) in enumerate((("Livefloor", "ours", OURS),
                                                    ("nginx, a file", "nginx", THEIRS),
                                                    ("the least program", "least", LEAST))):
            axis.bar([n + (shift - 1) * 0.27 for n in places],
                     [row[key]["rate"]["median"] / 1000 for row in mine], 0.25, label=name,
                     color=color)
        axis.set_xticks(list(places), [f"{row['connections']:,}" for row in mine])
        axis.set_title(f"{view}, {mine[0]['bytes']:,} bytes", fontsize=9)
        axis.set_xlabel("connections")
    axes[0].set_ylabel("thousand requests/s, one core")
    axes[1].legend(frameon=False, fontsize=8, ncol=3, loc="upper center",
                   bbox_to_anchor=(0.5, 1.35))
    save(figure, folder, "requests")


def sizes(figures, folder):
    rows = figures["curve"]["rows"]
    chats = [row["chats"] for row in rows]
    figure, axis = plt.subplots(figsize=(5, 2.8))
    for view, name, color in (("today", "Today", OURS), ("right_now", "RightNow", THEIRS),
                              ("queue", "Queue", LEAST)):
        axis.plot(chats, [row[view]["p50"] for row in rows], "o-", ms=3, color=color,
                  label=f"{name}, p50")
        axis.plot(chats, [row[view]["p99"] for row in rows], "--", lw=0.9, color=color,
                  label=f"{name}, p99")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("chats in the floor")
    axis.set_ylabel("µs, random windows and instants")
    axis.legend(frameon=False, fontsize=7, ncol=3, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    save(figure, folder, "sizes")


def ingest(figures, folder):
    f = figures["ingest"]
    bars = [("plain file, fdatasync", f["plain"], LEAST), ("our journal alone", f["journal"], LEAST),
            ("Livefloor over HTTP", f["ours"], OURS), ("Livefloor, 10 % an hour late", f["late"], OURS),
            ("PostgreSQL COPY, no index", f["copy_bare"], THEIRS),
            ("PostgreSQL COPY, key on id", f["copy_key"], THEIRS),
            ("Redis, 3 counters, 1 connection", f["redis_1"], THEIRS),
            ("Redis, 3 counters, 4 connections", f["redis_4"], THEIRS)]
    figure, axis = plt.subplots(figsize=(6, 2.4))
    values = [series["median"] / 1000 for _, series, _ in bars]
    axis.barh([name for name, _, _ in bars], values, color=[color for _, _, color in bars])
    for place, value in enumerate(values):
        axis.text(value, place, f" {value:,.0f}", va="center", fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel("thousand events/s")
    save(figure, folder, "ingest")


def memory(figures, folder):
    parts = figures["parts"]["bytes_per_chat"]
    figure, axis = plt.subplots(figsize=(6, 2.4))
    axis.barh(list(parts), list(parts.values()), color=OURS)
    for place, value in enumerate(parts.values()):
        axis.text(value, place, f" {value:,.0f}", va="center", fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel("bytes for each finished chat")
    save(figure, folder, "memory")


def stacked(rows, folder, name, unit):
    """One horizontal bar for each (label, µs, shares)."""
    order = {}
    for _, us, shares in rows:
        for part, share in shares.items():
            order[part] = max(order.get(part, 0), share)
    parts = sorted((p for p in order if order[p] >= SMALL_SHARE),
                   key=lambda p: (p.startswith("kernel"), -order[p]))
    colors = [plt.get_cmap("tab20")(n % 20) for n in range(len(parts))]
    figure, axis = plt.subplots(figsize=(7.5, 0.9 + 0.42 * len(rows)))
    left = [0.0] * len(rows)
    for part, color in [*zip(parts, colors), ("the rest", "#dddddd")]:
        widths = []
        for _, us, shares in rows:
            share = (shares.get(part, 0) if part != "the rest" else
                     sum(s for p, s in shares.items() if p not in parts))
            widths.append(us * share)
        axis.barh([label for label, _, _ in rows], widths, left=left, color=color, label=part)
        left = [a + b for a, b in zip(left, widths)]
    axis.invert_yaxis()
    axis.set_xlabel(unit)
    axis.legend(frameon=False, fontsize=7, ncol=4, loc="upper center",
                bbox_to_anchor=(0.45, -0.42 / (0.42 * len(rows))))
    save(figure, folder, name)


def profile(figures, folder):
    of = figures["profile"]["of"]
    stacked([(view, row["cpu_us"], row["share"]) for view, row in of.items() if view != "event"],
            folder, "request", "µs of CPU time for a request, 32 connections")
    stacked([("an event", of["event"]["cpu_us"], of["event"]["share"])], folder, "event",
            "µs of CPU time for an event, all threads, batches of 1,000")


PLOTS = {"answers": requests, "curve": sizes, "ingest": ingest, "parts": memory,
         "profile": profile}


def draw(figures, folder):
    """Draws what the figures at hand give."""
    folder.mkdir(exist_ok=True)
    for group, plot in PLOTS.items():
        if group in figures:
            plot(figures, folder)
