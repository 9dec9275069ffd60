"""The peers, started inside a benchmark from their Debian packages and ended with it."""
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

SERVER_CORE, LOAD_CORE = 0, 1
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")


def pinned(core):
    return lambda: os.sched_setaffinity(0, {core})


def on_load_core(command, **more):
    """Runs a client to its end on the load's core; its output as text."""
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          preexec_fn=pinned(LOAD_CORE), **more).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port):
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nobody listens on port {port}")


@contextlib.contextmanager
def running(command, port, **more):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=pinned(SERVER_CORE), **more)
    try:
        wait_for_port(port)
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def nginx(sendfile, files):
    """One worker that serves `files` (name to bytes) on /name; gives port and its worker's pid."""
    with tempfile.TemporaryDirectory(prefix="bench-nginx-") as name:
        root, port = pathlib.Path(name), free_port()
        root.chmod(0o755)
        for file, content in files.items():
            (root / file).write_bytes(content)
        (root / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {root}/pid; error_log {root}/errors;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile {sendfile}; tcp_nopush {sendfile};
  keepalive_requests 1000000000; open_file_cache max=100; default_type application/json;
  client_body_temp_path {root}/t; proxy_temp_path {root}/t; fastcgi_temp_path {root}/t;
  uwsgi_temp_path {root}/t; scgi_temp_path {root}/t;
  server {{ listen 127.0.0.1:{port}; root {root}; }} }}
""")
        with running(["nginx", "-c", str(root / "nginx.conf")], port) as process:
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            yield port, int(children.split()[0])


@contextlib.contextmanager
def redis():
    """Redis with an append-only file synced each second; gives the port."""
    with tempfile.TemporaryDirectory(prefix="bench-redis-") as root:
        port = free_port()
        with running(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", root,
                      "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""], port):
            yield port


@contextlib.contextmanager
def postgres():
    """A fresh cluster with room for its indexes in memory; gives the port. User postgres."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    as_postgres = ["runuser", "-u", "postgres", "--"]
    try:
        shutil.chown(root, "postgres")
        subprocess.run([*as_postgres, POSTGRES / "initdb", "-D", root / "data", "--auth=trust"],
                       check=True, capture_output=True, cwd="/")
        port = free_port()
        with running([*as_postgres, POSTGRES / "postgres", "-D", root / "data", "-p", str(port),
                      "-h", "127.0.0.1", "-k", "", "-c", "shared_buffers=4GB",
                      "-c", "work_mem=256MB", "-c", "maintenance_work_mem=1GB",
                      "-c", "max_wal_size=8GB", "-c", "max_parallel_workers_per_gather=0"],
                     port, cwd="/"):
            yield port
    finally:
        shutil.rmtree(root)


def psql(port, script):
    return on_load_core(["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-qAt",
                         "-v", "ON_ERROR_STOP=1", "-f", "-"], input=script)


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
