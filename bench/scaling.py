"""docs/scaling.md: planning from the figures, each line with its arithmetic."""

# Assumptions; the page says them.
CHATS_A_DAY = 60        # finished by one agent: a busy eight-hour shift
PEAK_HOUR = 0.15        # of a day's events in its busiest hour
OPEN_AT_PEAK = 3        # chats of one agent at once
AGENTS_A_BOARD = 20     # a wallboard for each team of so many
BOARD_SECONDS = 5       # between its questions, all four views each time
DAYS = 400              # kept (retentionDays)
AGENTS_PAGE = 50        # agents on a page of Agents
AGENT_BYTES = 400       # of an agent's entry there
DISK_GB = 1000          # of the machine that is planned with
ROOM = 0.5              # a resource counts as full at half of what was measured
RESTART_S = 60          # the longest start that an operator takes
SITE_CHATS_A_DAY = 20   # of a small site
SITE_DAYS = 30          # kept of a small site, in this plan
SITE_BOARD_SECONDS = 60


class Inputs:
    """What the measured figures give to the plan."""

    def __init__(self, results):
        f = results["figures"]
        of = f["profile"]["of"]
        finished = f["memory"]["finished"]
        self.events_per_chat = finished["events"] / finished["chats"][1]
        self.event_cpu_us = of["event"]["cpu_us"]
        self.most_events = f["ingest"]["ours"]["median"]
        self.view_cpu_us = {view: of[view]["cpu_us"] for view in ("RightNow", "Queue", "Today")}
        now = f["engine"]["agents"]["views"]["agents_now"]["big"]["mean"]["median"]
        self.agent_us = now / f["engine"]["agents"]["big"]["agents"]
        self.finished_bytes = finished["restarted"]["bytes_per_chat"]["own"]
        self.open_bytes = f["memory"]["open"]["bytes_per_chat"]["sent"]["own"]
        self.disk_bytes = finished["journal_bytes_per_event"]
        self.event_bytes = f["restart"]["bytes"] / f["restart"]["records"]
        self.journal_rate = f["restart"]["records"] / f["restart"]["whole_s"]["median"]
        self.snapshot_rate = f["restart"]["records"] / f["restart"]["ready_s"]["median"]
        self.answer_bytes = {row["view"]: row["bytes"] for row in f["answers"]["rows"]}
        self.site_bytes = f["sites"]["facts"]["own"]
        self.site_chat_bytes = (f["sites"]["chats_20"]["own"] - self.site_bytes) / 20
        self.cores = results["machine"]["cores"]
        self.memory = results["machine"]["memory_gib"] * 2**30

    def agents_view_us(self, agents):
        """A question for Agents: what any answer costs, and its work for each agent."""
        return self.view_cpu_us["RightNow"] + agents * self.agent_us

    def polls(self, agents):
        """Questions a second, of each view."""
        return max(1, agents / AGENTS_A_BOARD) / BOARD_SECONDS

    def polls_cores(self, agents):
        return self.polls(agents) * (sum(self.view_cpu_us.values()) + self.agents_view_us(agents)) / 1e6


def cores(value):
    return f"{value:,.1f} cores" if value >= 1 else f"{100 * value:.2g} % of a core"


def number(value):
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= limit:
            return f"{value / limit * (10 if unit == 'k' else 1):,.1f} {unit}"
    return f"{value:,.3g}" if abs(value) < 10 else f"{value:,.0f}"


def inputs_table(i):
    rows = [("events a chat", f"{i.events_per_chat:.1f}", "memory"),
            ("CPU time of an event, durable, over HTTP", f"{i.event_cpu_us:.2f} µs", "profile"),
            ("the most durable events/s of one process", number(i.most_events), "ingest"),
            *((f"CPU time of a request for {view}", f"{us:.1f} µs", "profile")
              for view, us in i.view_cpu_us.items()),
            ("Agents, for each agent of the site besides", f"{i.agent_us:.2f} µs", "engine"),
            ("memory of a finished chat", f"{i.finished_bytes:,.0f} bytes", "memory"),
            ("memory of an open chat", f"{i.open_bytes:,.0f} bytes", "memory"),
            ("disk of an event", f"{i.disk_bytes:,.0f} bytes", "memory"),
            ("bytes of an event's text", f"{i.event_bytes:,.0f}", "restart"),
            ("events of a snapshot loaded at a start", f"{number(i.snapshot_rate)}/s", "restart"),
            ("events read at a start without one", f"{number(i.journal_rate)}/s", "restart"),
            ("memory of a small site (1 department, 3 agents)", f"{i.site_bytes:,.0f} bytes", "sites"),
            ("memory of a small site's chat (3 events)", f"{i.site_chat_bytes:,.0f} bytes", "sites")]
    return ["| input | measured | figure |", "|---|---|---|",
            *(f"| {a} | {b} | {c} |" for a, b, c in rows)]


def site(i, agents):
    """A site's plan: (what, arithmetic, value) lines."""
    chats = agents * CHATS_A_DAY
    events = chats * i.events_per_chat
    peak = events * PEAK_HOUR / 3600
    polls = i.polls(agents)
    kept = chats * DAYS
    answers = sum(i.answer_bytes.values()) + min(agents, AGENTS_PAGE) * AGENT_BYTES
    memory = kept * i.finished_bytes + agents * OPEN_AT_PEAK * i.open_bytes
    return [
        ("events a day", f"{agents:,} × {CHATS_A_DAY} × {i.events_per_chat:.1f}", number(events)),
        ("events/s in the busiest hour", f"{number(events)} × {PEAK_HOUR} ÷ 3600", number(peak)),
        ("cores for them", f"{number(peak)} × {i.event_cpu_us:.2f} µs",
         cores(peak * i.event_cpu_us / 1e6)),
        ("questions/s", f"4 views × max(1, {agents:,} ÷ {AGENTS_A_BOARD}) ÷ {BOARD_SECONDS} s",
         number(4 * polls)),
        ("cores for them", f"{number(polls)} × ({sum(i.view_cpu_us.values()):.0f} + "
         f"{i.agents_view_us(agents):,.0f} µs)", cores(i.polls_cores(agents))),
        ("memory", f"{number(kept)} chats × {i.finished_bytes:,.0f} + {agents * OPEN_AT_PEAK:,} open × "
         f"{i.open_bytes:,.0f}", f"{memory / 2**30:,.2f} GiB"),
        ("disk", f"{number(events)} × {DAYS} days × {i.disk_bytes:,.0f} bytes",
         f"{events * DAYS * i.disk_bytes / 1e9:,.1f} GB"),
        ("network in", f"{number(peak)} × {i.event_bytes:,.0f} bytes",
         f"{peak * i.event_bytes * 8 / 1e6:,.3f} Mbit/s"),
        ("network out", f"{number(polls)} × {answers:,} bytes",
         f"{polls * answers * 8 / 1e6:,.3f} Mbit/s"),
        ("a start", f"{number(events * DAYS)} events ÷ {number(i.snapshot_rate)}/s",
         f"{events * DAYS / i.snapshot_rate:,.1f} s"),
        ("the first start of a new version", f"{number(events * DAYS)} events ÷ "
         f"{number(i.journal_rate)}/s", f"{events * DAYS / i.journal_rate:,.1f} s"),
    ]


def site_tables(i):
    out = []
    for agents in (10, 1000, 100000):
        out += [f"**One site of {agents:,} agents**", "", "| | arithmetic | |", "|---|---|---|",
                *(f"| {what} | {how} | {value} |" for what, how, value in site(i, agents)), ""]
    return out[:-1]


def small_sites(i):
    sites = 100000
    chats = sites * SITE_CHATS_A_DAY
    events = chats * i.events_per_chat
    peak = events * PEAK_HOUR / 3600
    polls = sites / SITE_BOARD_SECONDS
    cost = sum(i.view_cpu_us.values()) + i.agents_view_us(3)
    rows = [("memory of the sites", f"{sites:,} × {i.site_bytes:,.0f} bytes",
             f"{sites * i.site_bytes / 2**30:,.2f} GiB"),
            (f"of their chats, {SITE_DAYS} days",
             f"{number(chats * SITE_DAYS)} × {i.finished_bytes:,.0f} bytes",
             f"{chats * SITE_DAYS * i.finished_bytes / 2**30:,.1f} GiB"),
            ("events/s in the busiest hour",
             f"{number(chats)} × {i.events_per_chat:.1f} × {PEAK_HOUR} ÷ 3600", number(peak)),
            ("cores for them", f"{number(peak)} × {i.event_cpu_us:.2f} µs",
             cores(peak * i.event_cpu_us / 1e6)),
            ("cores for one wallboard a site", f"{number(polls)}/s × {cost:.0f} µs",
             cores(polls * cost / 1e6)),
            ("disk", f"{number(events)} × {SITE_DAYS} × {i.disk_bytes:,.0f} bytes",
             f"{events * SITE_DAYS * i.disk_bytes / 1e9:,.0f} GB"),
            ("a start", f"{number(events * SITE_DAYS)} ÷ {number(i.snapshot_rate)}/s",
             f"{events * SITE_DAYS / i.snapshot_rate:,.0f} s"),
            ("the first start of a new version", f"{number(events * SITE_DAYS)} ÷ "
             f"{number(i.journal_rate)}/s", f"{events * SITE_DAYS / i.journal_rate:,.0f} s")]
    return ["| | arithmetic | |", "|---|---|---|",
            *(f"| {a} | {b} | {c} |" for a, b, c in rows)]


def most_agents(test):
    """The most agents of one site for which the test still holds."""
    low, high = 1, 2
    while test(high) and high < 10**9:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if test(middle) else (low, middle)
    return low


def limits(i):
    """(what is full, arithmetic, agents), the nearest first."""
    events = CHATS_A_DAY * i.events_per_chat
    each_s = events * PEAK_HOUR / 3600
    found = [
        ("the writer (events/s)", f"{ROOM} × {number(i.most_events)} ÷ ({events:,.0f} × {PEAK_HOUR} "
         "÷ 3600)", ROOM * i.most_events / each_s),
        ("memory", f"{ROOM} × {i.memory / 2**30:.1f} GiB ÷ ({CHATS_A_DAY} × {DAYS} × "
         f"{i.finished_bytes:,.0f} + {OPEN_AT_PEAK} × {i.open_bytes:,.0f})",
         ROOM * i.memory / (CHATS_A_DAY * DAYS * i.finished_bytes + OPEN_AT_PEAK * i.open_bytes)),
        ("disk", f"{ROOM} × {DISK_GB:,} GB ÷ ({events:,.0f} × {DAYS} × {i.disk_bytes:,.0f})",
         ROOM * DISK_GB * 1e9 / (events * DAYS * i.disk_bytes)),
        (f"a start within {RESTART_S} s", f"{RESTART_S} × {number(i.snapshot_rate)} ÷ ({events:,.0f} "
         f"× {DAYS})", RESTART_S * i.snapshot_rate / (events * DAYS)),
        ("cores for questions", f"n with n ÷ {AGENTS_A_BOARD} ÷ {BOARD_SECONDS} × "
         f"({sum(i.view_cpu_us.values()) + i.view_cpu_us['RightNow']:.0f} + n × {i.agent_us:.2f}) µs = "
         f"{ROOM} × {i.cores} cores", most_agents(lambda n: i.polls_cores(n) <= ROOM * i.cores))]
    return sorted(found, key=lambda each: each[2])


def limits_table(i):
    rows = limits(i)
    moved = next(row for row in rows if not row[0].startswith("a start"))
    first = f"First of all: **{rows[0][0]}**, at {rows[0][2]:,.0f} agents."
    if moved is rows[0]:
        first += " Then a second machine is needed, or less of what fills it (see below)."
    else:
        first += (f" First of what stops one machine: **{moved[0]}**; a second one is needed from "
                  f"{moved[2]:,.0f} agents on, or less of what fills it (see below).")
    return ["| what is full | arithmetic | agents of one site |", "|---|---|---|",
            *(f"| {what} | {how} | {agents:,.0f} |" for what, how, agents in rows), "", first]


def tables(results):
    """The marked parts of docs/scaling.md by name; none while figures are missing."""
    needed = {"profile", "memory", "ingest", "engine", "restart", "answers", "sites"}
    if needed - set(results["figures"]):
        return {}
    i = Inputs(results)
    return {"inputs": inputs_table(i), "sites": site_tables(i), "small-sites": small_sites(i),
            "limits": limits_table(i)}
