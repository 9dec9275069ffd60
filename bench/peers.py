"""The peers, started inside a benchmark from their Debian packages and ended with it."""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SERVER_CORE, LOAD_CORE = 0, 1
BOTH = (SERVER_CORE, LOAD_CORE)
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
CLIENT_SECONDS = 600  # no client and no step runs longer
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def pinned(*cores):
    """For preexec_fn: on these cores only, and ended when the benchmark ends."""
    def prepare():
        os.sched_setaffinity(0, set(cores) & os.sched_getaffinity(0) or os.sched_getaffinity(0))
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return prepare


def run(command, cores=(LOAD_CORE,), **more):
    """Runs a program to its end on the load's core; its output as text."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=CLIENT_SECONDS, check=False,
                          preexec_fn=pinned(*cores), **more)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: status {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def started(command, cores, stop=signal.SIGTERM, **more):
    """A program that runs until the block ends."""
    process = subprocess.Popen([str(word) for word in command], preexec_fn=pinned(*cores), **more)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def listening(command, port, cores, **more):
    """A server, once it takes connections."""
    with started(command, cores, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                 **more) as process:
        for _ in range(1500):
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended with status {process.returncode}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        else:
            raise RuntimeError(f"{command[0]} does not listen on port {port}")
        yield process


@contextlib.contextmanager
def nginx(scratch, sendfile, files, workers=1, cores=(SERVER_CORE,)):
    """Workers that serve `files` (name to bytes) on /name; gives port and the workers' pids."""
    with tempfile.TemporaryDirectory(prefix="nginx-", dir=scratch) as name:
        root, port = pathlib.Path(name), free_port()
        root.chmod(0o755)
        for file, content in files.items():
            (root / file).write_bytes(content)
        (root / "nginx.conf").write_text(f"""
worker_processes {workers}; worker_rlimit_nofile 8192; daemon off; pid {root}/pid; error_log {root}/errors;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile {sendfile}; tcp_nopush {sendfile};
  keepalive_requests 1000000000; open_file_cache max=100; default_type application/json;
  client_body_temp_path {root}/t; proxy_temp_path {root}/t; fastcgi_temp_path {root}/t;
  uwsgi_temp_path {root}/t; scgi_temp_path {root}/t;
  server {{ listen 127.0.0.1:{port} backlog=4096 reuseport; root {root}; }} }}
""")
        with listening(["nginx", "-c", root / "nginx.conf"], port, cores) as process:
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            yield port, [int(pid) for pid in children.split()]


@contextlib.contextmanager
def redis(scratch, cores):
    """Redis with an append-only file synced each second; gives the port."""
    with tempfile.TemporaryDirectory(prefix="redis-", dir=scratch) as root:
        port = free_port()
        with listening(["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", root,
                        "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
                       port, cores):
            yield port


@contextlib.contextmanager
def postgres(scratch, cores):
    """A fresh cluster with room for its indexes in memory; gives the port. User postgres."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="postgres-", dir=scratch))
    # It refuses to run as root.
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        root.chmod(0o755)
        if who:
            shutil.chown(root, "postgres", "postgres")
        run([POSTGRES / "initdb", "-D", root / "data", "--auth=trust", "-U", "postgres",
             "--no-locale", "-E", "UTF8"], cwd="/", **who)
        port = free_port()
        with listening([POSTGRES / "postgres", "-D", root / "data", "-p", port, "-h", "127.0.0.1",
                        "-k", "", "-c", "shared_buffers=3GB", "-c", "work_mem=512MB",
                        "-c", "maintenance_work_mem=1GB", "-c", "max_wal_size=16GB",
                        "-c", "checkpoint_timeout=30min", "-c", "effective_cache_size=12GB",
                        "-c", "random_page_cost=1.1", "-c", "jit=off",
                        "-c", "max_parallel_workers_per_gather=0"],
                       port, cores, stop=signal.SIGINT, cwd="/", **who):
            yield port
    finally:
        shutil.rmtree(root, ignore_errors=True)


def psql(port, script, stdin=None, command=None):
    """Runs a script, or one command that reads `stdin`; what it printed."""
    words = ["psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-X", "-qAt", "-v",
             "ON_ERROR_STOP=1"]
    if command:
        return run([*words, "-c", command], stdin=stdin)
    return run([*words, "-f", "-"], input=script)


def psql_seconds(port, command, stdin):
    """The seconds of one command that reads `stdin`, as psql measures them: without its start."""
    text = run(["psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-X", "-qAt",
                "-v", "ON_ERROR_STOP=1", "-c", "\\timing on", "-c", command], stdin=stdin)
    return timings(text)[-1] / 1000


def timings(text):
    """The milliseconds that psql's \\timing printed."""
    return [float(line.split()[1]) for line in text.splitlines() if line.startswith("Time:")]


def cpu_seconds(*pids):
    """User and system time of processes so far."""
    fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
              for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")
