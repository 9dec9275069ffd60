"""What a figure was measured on, whether something disturbed it, and repeated values."""
import contextlib
import datetime
import os
import pathlib
import platform
import statistics
import subprocess

# A figure is marked as disturbed above these.
STEAL_PERCENT = 2.0   # of the machine's time taken by others on the same host
OTHERS_PERCENT = 10.0  # of a core used by programs that are none of the benchmark's
SPREAD = 0.15         # half of the repeats lie further apart than this part of the median


def repeated(values):
    """The repeats of one figure: median, and how far the middle half of them reaches."""
    values = [float(v) for v in values]
    median = statistics.median(values)
    spread = 0.0
    if len(values) > 3 and median != 0:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        spread = (high - low) / median
    return {"median": median, "spread": round(spread, 4), "values": values}


def _machine():
    """The machine's ticks: all, busy, and stolen by the host."""
    fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields), sum(fields[:3]) + sum(fields[5:7]), fields[7]


def _own():
    """The ticks of this program, of what it started and of the kernel's threads."""
    found, family = {}, {os.getpid(), 2}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            fields = path.read_text().rsplit(")", 1)[1].split()
            found[int(path.parent.name)] = (int(fields[1]), sum(int(x) for x in fields[11:15]))
    grew = True
    while grew:
        more = {pid for pid, (parent, _) in found.items() if parent in family} - family
        family |= more
        grew = bool(more)
    return sum(found[pid][1] for pid in family if pid in found)


@contextlib.contextmanager
def watched():
    """Gives a dict that holds, afterwards, how much the machine was disturbed."""
    out, before, own = {}, _machine(), _own()
    yield out
    after = _machine()
    total, busy, stolen = (b - a for a, b in zip(before, after))
    core = max(1, total) / os.cpu_count()
    out["seconds"] = round(core / os.sysconf("SC_CLK_TCK"), 1)
    out["steal_percent"] = round(100 * stolen / max(1, total), 2)
    out["others_percent"] = round(max(0.0, 100 * (busy - (_own() - own)) / core), 1)


def disturbances(measured):
    """Sentences; empty when nothing disturbed the run. (Repeats that spread: targets.py.)"""
    out = []
    if measured["steal_percent"] > STEAL_PERCENT:
        out.append(f"{measured['steal_percent']} % of the time stolen by the host")
    if measured["others_percent"] > OTHERS_PERCENT:
        out.append(f"other programs used {measured['others_percent']} % of a core")
    return out


def _first_line(command):
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()
    return "not installed"


def describe(postgres):
    """The machine and the versions of all that is compared."""
    cpu = [line.split(":", 1)[1].strip() for line in
           pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = pathlib.Path("/proc/meminfo").read_text().split()[1]
    system = dict(line.split("=", 1) for line in
                  pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return {"cpu": cpu[0] if cpu else platform.machine(), "cores": os.cpu_count(),
            "memory_gib": round(int(memory) / 2**20, 1), "kernel": platform.release(),
            "system": system.get("PRETTY_NAME", "").strip('"'),
            "versions": {"gcc": _first_line(["gcc", "--version"]),
                         "nginx": _first_line(["nginx", "-v"]),
                         "redis": _first_line(["redis-server", "--version"]),
                         "postgresql": _first_line([str(postgres / "postgres"), "--version"]),
                         "wrk": _first_line(["wrk", "-v"])}}


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
