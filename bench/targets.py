"""The targets, and how each follows from the figures (results.json)."""
from dataclasses import dataclass

from machine import SPREAD


@dataclass
class Row:
    """One line of the table: a ratio (or a value) against its limit."""
    number: str
    what: str
    value: float
    at_least: bool
    limit: float
    unit: str  # "" for a ratio
    detail: str
    group: str  # of the figures
    series: tuple = ()  # the repeated values that it is made of

    def disturbances(self, figures):
        """What casts doubt on it: on its run, or its own repeats."""
        wide = max((each["spread"] for each in self.series), default=0)
        return [*figures[self.group]["measured"]["disturbed"],
                *([f"the repeats spread by {wide:.0%}"] if wide > SPREAD else [])]

    @property
    def met(self):
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def _m(series):
    return series["median"]


def _answers(figures):
    for wanted in ("1", "2"):
        for row in figures["answers"]["rows"]:
            if (row["connections"] == 32) != (wanted == "1"):
                continue
            mine, theirs = row["ours"], row["nginx"]
            name = f"{row['view']}, {row['connections']:,} connections"
            yield Row(wanted, f"{name}: requests/s ÷ nginx", _m(mine["rate"]) / _m(theirs["rate"]),
                      True, 1.1, "", f"{_m(mine['rate']):,.0f} ÷ {_m(theirs['rate']):,.0f} a second, "
                      f"{row['bytes']:,} bytes, sendfile {row['sendfile']}", "answers",
                      (mine["rate"], theirs["rate"]))
            if wanted == "2":
                yield Row("2", f"{name}: p99 ÷ nginx", _m(mine["p99_us"]) / _m(theirs["p99_us"]),
                          False, 1.0, "", f"{_m(mine['p99_us']) / 1000:,.2f} ÷ "
                          f"{_m(theirs['p99_us']) / 1000:,.2f} ms", "answers",
                          (mine["p99_us"], theirs["p99_us"]))


def _workers(figures):
    f = {name: row["cpu_us"] for name, row in figures["workers"].items() if name != "measured"}
    for way, what, asks in (("", "CPU time of a request, two workers ÷ one", "one thread asks"),
                            ("_full", "the same with both cores full", "two threads ask")):
        one, two = f["one" + way], f["two" + way]
        detail = f"{_m(two):.2f} ÷ {_m(one):.2f} µs, {asks}"
        if "nginx_one" + way in f:
            detail += f"; nginx {_m(f['nginx_two' + way]) / _m(f['nginx_one' + way]):.2f}"
        yield Row("3", what, _m(two) / _m(one), False, 1.05, "", detail, "workers", (one, two))


def _engine(figures):
    f = figures["engine"]
    today = f["floor"]["views"]["today"]
    chats = f"{f['floor']['big']['chats']:,} chats, {f['floor']['big']['events']:,} events"
    yield Row("4", "Today, a random window, p50", _m(today["big"]["p50"]), False, 10, "µs", chats,
              "engine", (today["big"]["p50"],))
    yield Row("4", "Today, a random window, p99", _m(today["big"]["p99"]), False, 50, "µs", chats,
              "engine", (today["big"]["p99"],))
    for number, part, view, name in (
            ("5", "floor", "today", "Today, a random window"),
            ("6", "floor", "right_now", "RightNow at a random instant"),
            ("6", "floor", "queue", "Queue at a random instant"),
            ("6", "agents", "agents", "Agents (1,000, distribution), a random window"),
            ("6", "agents", "agents_now", "Agents (1,000, distribution), today so far")):
        row = f[part]["views"][view]
        big, small = row["big"], row["small"]
        yield Row(number, f"{name}: p50, ten times the chats ÷ {f[part]['small']['chats']:,}",
                  _m(big["p50"]) / _m(small["p50"]), False, 1.3, "",
                  f"{_m(big['p50']):.2f} ÷ {_m(small['p50']):.2f} µs; of the means "
                  f"{_m(big['mean']) / _m(small['mean']):.2f}", "engine",
                  (big["p50"], small["p50"]))


def _sql(figures):
    f = figures["sql"]
    for which, name in (("random", "random windows"), ("whole", "the whole history")):
        theirs, mine = _m(f[f"sql_{which}_ms"]), _m(f[f"ours_{which}_us"])
        yield Row("7", f"Today, {name}: PostgreSQL ÷ ours", theirs * 1000 / mine, True, 1000, "",
                  f"{theirs:,.1f} ms ÷ {mine:,.1f} µs, {f['chats']:,} chats", "sql",
                  (f[f"sql_{which}_ms"], f[f"ours_{which}_us"]))


def _ingest(figures):
    f = figures["ingest"]
    mine = _m(f["ours"])
    def row(number, what, theirs, limit):
        return Row(number, what, mine / _m(theirs), True, limit, "",
                   f"{mine:,.0f} ÷ {_m(theirs):,.0f} events/s", "ingest", (f["ours"], theirs))
    yield row("8", f"durable events/s ÷ plain file with fdatasync (groups of "
              f"{_m(f['events_per_commit']):,.0f})", f["plain"], 0.5)
    yield row("9", "durable events/s ÷ Redis (3 commands an event, the better of 1 and 4 "
              "connections)", max((f["redis_1"], f["redis_4"]), key=_m), 5)
    yield row("9", "durable events/s ÷ PostgreSQL COPY (primary key on id)", f["copy_key"], 3)
    late = _m(f["late"])
    yield Row("14", "events/s, 10 % an hour late ÷ in order", late / mine, True, 0.7, "",
              f"{late:,.0f} ÷ {mine:,.0f} events/s", "ingest", (f["late"], f["ours"]))


def _singles(figures):
    f = figures["singles"]
    mine, theirs = _m(f["ours"]), _m(f["fdatasyncs"])
    yield Row("10", "single events/s, 64 connections ÷ single fdatasyncs/s", mine / theirs, True, 10,
              "", f"{mine:,.0f} ÷ {theirs:,.0f} a second; {_m(f['events_per_commit']):.1f} events a "
              "commit", "singles", (f["ours"], f["fdatasyncs"]))


def _under_ingest(figures):
    f = figures["under_ingest"]
    yield Row("11", "RightNow's p99 while events come at half the most ÷ without",
              _m(f["busy"]) / _m(f["quiet"]), False, 2, "",
              f"{_m(f['busy']):,.0f} ÷ {_m(f['quiet']):,.0f} µs at {_m(f['rate']):,.0f} events/s; "
              + (f"the least HTTP program in its place {_m(f['least_busy']):,.0f} µs; "
                 if "least_busy" in f else "") +
              f"8 connections flat out {_m(f['flat_out_busy']):,.0f} ÷ "
              f"{_m(f['flat_out_quiet']):,.0f} µs", "under_ingest", (f["busy"], f["quiet"]))


def _memory(figures):
    f = figures["memory"]
    for state in ("sent", "restarted"):
        each = f["finished"][state]["bytes_per_chat"]
        yield Row("12", f"bytes for each finished chat, {state}", each["all"], False, 160, "bytes",
                  f"{each['own']:,.0f} without the journal's mapped pages; in all "
                  f"{f['finished'][state]['big']['all'] / 1e6:,.0f} MB for "
                  f"{f['finished']['chats'][1]:,} chats", "memory")
    for state in ("sent", "restarted"):
        each = f["open"]["bytes_per_chat"][state]
        yield Row("12", f"bytes for each open chat, {state}", each["all"], False, 1024, "bytes",
                  f"{each['own']:,.0f} without the journal's mapped pages; "
                  f"{f['open']['chats']:,} open", "memory")


def _restart(figures):
    f = figures["restart"]
    ready, decode = _m(f["ready_s"]), _m(f["decode_s"])
    yield Row("13", "restart ÷ reading and decoding the same journal", ready / decode, False, 2, "",
              f"{ready:.2f} ÷ {decode:.2f} s, {f['records']:,} events", "restart",
              (f["ready_s"], f["decode_s"]))
    yield Row("13", "restart, with a snapshot", ready, False, 1, "s",
              f"{f['records']:,} events; without it, by reading the journal, {_m(f['whole_s']):.2f} s",
              "restart", (f["ready_s"],))


RULES = {"answers": _answers, "workers": _workers, "engine": _engine, "sql": _sql,
         "ingest": _ingest, "singles": _singles, "under_ingest": _under_ingest,
         "memory": _memory, "restart": _restart}


def rows(figures):
    """All lines that the figures at hand give, by number."""
    found = [row for group, rule in RULES.items() if group in figures for row in rule(figures)]
    return sorted(found, key=lambda row: int(row.number))


def shown(row):
    """(value, limit) as text."""
    value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.2f}"
    unit = f" {row.unit}" if row.unit else ""
    return value + unit, ("≥ " if row.at_least else "≤ ") + f"{row.limit:,g}{unit}"
