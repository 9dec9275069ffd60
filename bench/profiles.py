"""Where the time of a request and of an event goes: perf's samples of the server under load, by
room of the program and part of the kernel."""
import bisect
import collections
import re
import subprocess
import time

import answers
import ours
import peers

FREQUENCY = 1999
# The kernel's and the libraries' functions by their names; the first that fits.
KERNEL = (("network", r"tcp|bbr|inet|ip_|ipv4|ip6|sk_|skb|sock|net_|netif|loopback|neigh|dev_|qdisc|nf_|"
                      r"napi|eth_|backlog|local_deliver|local_bh|csum|sendmsg|recvmsg|port|dst_"),
          ("waiting for events (epoll)", r"^ep_|epoll|eventfd|poll"),
          ("copies between kernel and program", r"copy_|copyin|copyout|rep_movs|iov_iter"),
          ("files and disk", r"ext4|_es_|jbd2|blk_|bio|virtio|virtqueue|vring|iowrite|folio|page_cache|"
                             r"filemap|writeback|submit_|write_(begin|end)|xa[s_]|fsync|vfs_|iomap|"
                             r"dquot|inode|bh_|buffer_head"),
          ("memory", r"fault|mmap|munmap|vma|mas_|pte|pmd|zap_|pages|clear_page|mm_|free_unref|lru|"
                     r"madvise|mprotect|charge|get_page|slab|kmem|kmalloc|kfree|anonymous_page|pfn"),
          ("scheduler and clock", r"sched|futex|wake|switch|hrtimer|tick|rcu|queue_|task|idle|pick_|"
                                  r"update_|load|timer|softirq|irq|tsc|ktime|spin_unlock"),
          ("entering the kernel", r"syscall|entry_|sys_|exit_to_user|fget|fput|fdget|security|lsm|"
                                  r"rw_verify|object_size|virt_addr|user_nocheck|srso|usercopy"))
LIBRARIES = (("libuv", "libuv"), ("liblmdb", "lmdb"), ("libc", "libc"), ("libstdc++", "simdjson"),
             ("libsimdjson", "simdjson"), ("libllhttp", "llhttp"), ("libnode", "llhttp"),
             ("libxxhash", "xxHash"), ("libsodium", "libsodium"), ("libz", "zlib"),
             ("libpthread", "libc"), ("vdso", "clock"))


def functions(build):
    """The program's functions: (address, name, part) by address; rooms by their files."""
    text = subprocess.run(["nm", "-l", "--defined-only", build.program("livefloor")],
                          capture_output=True, text=True, timeout=60, check=True).stdout
    found = []
    for line in text.splitlines():
        match = re.match(r"([0-9a-f]+) [tTwWi] (\S+)(?:\t(.*))?", line)
        if match:
            address, name, file = int(match.group(1), 16), match.group(2), match.group(3) or ""
            room = re.search(r"/src/(\w+)/", file)
            part = (room.group(1) if room else "llhttp" if "llhttp" in file + name else
                    "simdjson" if "simdjson" in name else "calls of libraries")
            found.append((address, name, part))
    return sorted(found)


class Program:
    """Names the part of an address of the running program."""

    def __init__(self, build):
        self.functions = functions(build)
        self.addresses = [address for address, _, _ in self.functions]
        count = collections.Counter(name for _, name, _ in self.functions)
        self.unique = {name: address for address, name, _ in self.functions if count[name] == 1}
        self.base = None

    def place(self, samples):
        """Finds where the program was loaded, from samples (address, name, offset)."""
        places = collections.Counter(address - offset - self.unique[name]
                                     for address, name, offset in samples if name in self.unique)
        self.base = places.most_common(1)[0][0]

    def part(self, address):
        at = bisect.bisect_right(self.addresses, address - self.base) - 1
        return self.functions[at][2] if at >= 0 else "program"


def foreign_part(symbol, where):
    """The part of a sample outside the program."""
    if where.startswith("["):
        if "vdso" in where:
            return "clock"
        return "kernel: " + next((part for part, pattern in KERNEL if re.search(pattern, symbol)),
                                 "other")
    return next((part for beginning, part in LIBRARIES if beginning in where), "other libraries")


def shares(build, text):
    """Each part's share of perf script's samples."""
    program, inside, counts = Program(build), [], collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\s*([0-9a-f]+) (.*?)(?:\+0x([0-9a-f]+))? \((.*)\)$", line)
        if not match:
            continue
        address, symbol, offset, where = match.groups()
        if where.rsplit("/", 1)[-1] == "livefloor":
            inside.append((int(address, 16), symbol, int(offset or "0", 16)))
        else:
            counts[foreign_part(symbol, where)] += 1
    if inside:
        program.place(inside)
        counts.update(program.part(address) for address, _, _ in inside)
    total = sum(counts.values())
    return {part: count / total for part, count in counts.most_common()}


def sampled(build, server, load):
    """Runs a load while perf looks on; each part's share."""
    data = build.scratch / "perf.data"
    with peers.started(["perf", "record", "-e", "cpu-clock", "-F", str(FREQUENCY), "-o", data, "-p",
                        server.process.pid], (peers.LOAD_CORE,), stop=2, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL):
        time.sleep(0.5)  # until it looks on
        done = load()
    text = peers.run(["perf", "script", "-i", data, "-F", "ip,sym,symoff,dso"])
    data.unlink()
    return done, shares(build, text)


def of_requests(build, server, view, seconds):
    def load():
        return answers.timed(server.port, [server.process.pid], answers.views()[view], 32, seconds,
                             server.token)
    done, found = sampled(build, server, load)
    return {"cpu_us": done["cpu_us"], "share": found}


def of_events(build, o):
    """The time of an event on all threads, while batches of 1,000 come."""
    file = build.events("profile.ndjson", o.chats_small)
    with build.server(1, cores=peers.BOTH) as server:
        before = peers.cpu_seconds(server.process.pid)
        done, found = sampled(build, server, lambda: build.post(server, file))
        cpu_s = peers.cpu_seconds(server.process.pid) - before
        server.stop()
    file.unlink()
    return {"cpu_us": cpu_s * 1e6 / done["events"], "share": found}


def profiles(build, o):
    out = {}
    with answers.day_server(build, o.chats_day) as server:
        for view in answers.views():
            ours.wrk(server.port, answers.views()[view], 32, 1, server.token)
            out[view] = of_requests(build, server, view, 2 * o.seconds)
    out["event"] = of_events(build, o)
    return {"of": out}
