"""Where the time of a request and of an event goes: perf's samples of the server under load, by
room of the program and part of the kernel."""
import collections
import re
import subprocess
import time

import answers
import ours
import peers

FREQUENCY = 1999
# The kernel's and the libraries' functions by their names; the first that fits.
KERNEL = (("network", r"tcp|inet|^ip_|^ip6?_|sk_|skb|sock|net_|netif|loopback|neigh|dev_|qdisc|nf_|"
                      r"napi|release_sock|lock_sock|__copy_skb|csum|sendmsg|recvmsg|port|dst_"),
          ("waiting for events (epoll)", r"^ep_|epoll|eventfd|poll"),
          ("copies between kernel and program", r"copy_(to|from|user)|copyin|copyout|rep_movs|iov_iter|"
                                                r"_copy_"),
          ("files and disk", r"ext4|jbd2|blk_|bio|virtio|virtqueue|vring|folio|page_cache|filemap|"
                             r"writeback|submit_|write_(begin|end)|xa[s_]|fsync|vfs_|nvme|iomap|dio|scsi"),
          ("memory of the process", r"fault|mmap|munmap|vma|pte|pmd|zap_|alloc_pages|clear_page|"
                                    r"mm_|free_unref|lru|madvise|mprotect|charge|get_page"),
          ("scheduler", r"sched|futex|wake|switch|hrtimer|tick|rcu|enqueue|dequeue|task|idle|pick_|"
                        r"update_|load|timer|softirq|irq"),
          ("entering the kernel", r"syscall|entry_|do_sys|__x64_sys|exit_to_user|fget|fput|security"))
LIBRARIES = (("libuv", "libuv"), ("liblmdb", "lmdb"), ("libc", "libc"), ("libstdc++", "simdjson"),
             ("libsimdjson", "simdjson"), ("libllhttp", "llhttp"), ("libnode", "llhttp"),
             ("libxxhash", "xxHash"), ("libsodium", "libsodium"), ("libz", "zlib"),
             ("libpthread", "libc"), ("vdso", "clock"))


def rooms(build):
    """Function to room, from the built libraries; a name that two rooms use goes to neither."""
    found = {}
    for library in sorted(build.directory.glob("src/*/libroom_*.a")):
        text = subprocess.run(["nm", "--defined-only", "-C", str(library)], capture_output=True,
                              text=True, timeout=60, check=True).stdout
        for line in text.splitlines():
            match = re.match(r"[0-9a-f]+ [tTwW] (.+?)(?:\(.*)?(?:\.(?:part|constprop|isra|cold).*)?$", line)
            if match:
                found.setdefault(match.group(1), set()).add(library.parent.name)
    return found


def part_of(names, program, symbol, where):
    """The part of one sample."""
    if where.startswith("[k") or where.startswith("[guest"):
        for part, pattern in KERNEL:
            if re.search(pattern, symbol):
                return f"kernel: {part}"
        return "kernel: other"
    if where == program:
        plain = re.sub(r"(\(.*|\.(part|constprop|isra|cold).*)$", "", symbol)
        if "simdjson" in symbol:
            return "simdjson"
        found = names.get(plain, set())
        return next(iter(found)) if len(found) == 1 else " or ".join(sorted(found)) or "program: other"
    for beginning, part in LIBRARIES:
        if beginning in where:
            return part
    return "other libraries"


def sampled(build, server, load):
    """Runs a load while perf looks on; each part's share."""
    data = build.scratch / "perf.data"
    with peers.started(["perf", "record", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", data, "-p",
                        server.process.pid], (peers.LOAD_CORE,), stop=2, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL):
        time.sleep(0.5)  # until it looks on
        done = load()
    text = peers.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"])
    data.unlink()
    names, counts = rooms(build), collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\s*[0-9a-f]+ (.*?)(?:\+0x[0-9a-f]+)? \((.*)\)$", line)
        if match:
            symbol, where = match.groups()
            where = where.rsplit("/", 1)[-1] if where.startswith("/") else where
            counts[part_of(names, "livefloor", symbol, where)] += 1
    total = sum(counts.values())
    return done, {part: count / total for part, count in counts.most_common()}


def of_requests(build, server, view, seconds):
    def load():
        return answers.timed(server.port, server.process.pid, answers.views()[view], 32, seconds,
                             server.token)
    done, shares = sampled(build, server, load)
    return {"cpu_us": done["cpu_us"], "share": shares}


def of_events(build, o):
    """The time of an event on all threads, while batches of 1,000 come."""
    file = build.events("profile.ndjson", o.chats_small)
    with build.server(1, cores=peers.BOTH) as server:
        before = peers.cpu_seconds(server.process.pid)
        done, shares = sampled(build, server, lambda: build.post(server, file))
        cpu_s = peers.cpu_seconds(server.process.pid) - before
        server.stop()
    file.unlink()
    return {"cpu_us": cpu_s * 1e6 / done["events"], "share": shares}


def profiles(build, o):
    out = {}
    with answers.day_server(build, o.chats_day) as server:
        for view in answers.views():
            ours.wrk(server.port, answers.views()[view], 32, 1, server.token)
            out[view] = of_requests(build, server, view, 2 * o.seconds)
    out["event"] = of_events(build, o)
    return {"of": out}
