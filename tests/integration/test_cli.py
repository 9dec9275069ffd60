"""The command line: import, export, check, token, help and exit statuses."""
import gzip
import json
import os
import pathlib
import random
import stat
import subprocess
import tempfile
import time
import unittest

from livefloor_server import BINARY, Server, run


def lines(count, first=0):
    now = time.time()
    return "".join(json.dumps({
        "id": f"i{n}", "type": "visitor.seen", "visitorId": f"v{n}", "siteId": 10000,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - n))}) + "\n"
        for n in range(first, first + count)).encode()


def id_of(line):
    return json.loads(line)["id"]


class Cli(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.env = {"LIVEFLOOR_URL": self.server.url, "LIVEFLOOR_TOKEN": self.server.token}
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.server.__exit__()
        self.folder.cleanup()

    def file(self, name, data):
        path = pathlib.Path(self.folder.name, name)
        path.write_bytes(data)
        return str(path)

    def test_first_start(self):
        token = pathlib.Path(self.server.directory, "admin.token")
        self.assertEqual(stat.S_IMODE(token.stat().st_mode), 0o600)
        self.assertTrue(any("admin.token" in line for line in self.server.log), self.server.log)

    def test_import_forms(self):
        plain = self.file("a.ndjson", lines(2500))
        packed = self.file("b.ndjson.gz", gzip.compress(lines(1500, 5000)))
        done = run("import", plain, packed, env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"4000 accepted, 0 duplicates, 0 refused", done.stderr)
        done = run("import", "--format", "ndjson", "-", stdin=lines(10, 9000), env=self.env)
        self.assertIn(b"10 accepted", done.stderr)
        done = run("import", "-", stdin=gzip.compress(lines(10, 9100)), env=self.env)
        self.assertIn(b"10 accepted", done.stderr)
        # Again: nothing is there twice.
        done = run("import", plain, packed, env=self.env)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"0 accepted, 4000 duplicates", done.stderr)

    def test_import_refusals(self):
        bad = b"nonsense\n\n" + lines(1) + b'{"type":"x"}\n' + b"y" * 300000 + b"\n" + lines(1, 5)
        path = self.file("bad.ndjson", bad)
        done = run("import", path, env=self.env)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"2 accepted, 0 duplicates, 3 refused", done.stderr)
        for number in (1, 4, 5):
            self.assertIn(f"{path}:{number}: ".encode(), done.stderr)
        only = run("import", "-", stdin=b"nonsense\n" * 30, env=self.env)
        self.assertIn(b"only counted", only.stderr)
        self.assertIn(b"30 refused", only.stderr)

    def test_import_failures(self):
        path = self.file("a.ndjson", lines(10))
        wrong = run("import", path, env={**self.env, "LIVEFLOOR_TOKEN": "wrong"})
        self.assertEqual(wrong.returncode, 1)
        self.assertIn(b"401", wrong.stderr)
        self.assertEqual(run("import", self.folder.name + "/none", env=self.env).returncode, 1)
        self.assertEqual(run("import", env=self.env).returncode, 2)
        nowhere = run("import", path, env={"LIVEFLOOR_URL": "", "LIVEFLOOR_TOKEN": ""})
        self.assertEqual(nowhere.returncode, 2)
        self.assertIn(b"--url", nowhere.stderr)
        self.assertEqual(run("import", "--url", "nonsense://x", path, env=self.env).returncode, 1)

    def test_import_of_a_cut_file(self):
        """What a full disk or a broken copy leaves of a backup is not taken for all of it."""
        whole = gzip.compress(lines(3000))
        for name, data in (("trailer", whole[:-8]), ("middle", whole[:len(whole) // 2])):
            done = run("import", self.file(name + ".gz", data), env=self.env)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn(name.encode() + b".gz: the gzip file is cut off", done.stderr)
        done = run("import", self.file("empty.gz", b""), env=self.env)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"no gzip file", done.stderr)
        done = run("import", self.file("unpacked.gz", lines(3, 7000)), env=self.env)
        self.assertIn(b"3 accepted", done.stderr)  # by who fetched it
        parts = gzip.compress(lines(5, 5000)) + gzip.compress(lines(5, 6000))
        done = run("import", self.file("parts.gz", parts), env=self.env)
        self.assertIn(b"10 accepted", done.stderr)

    def test_url_with_a_slash(self):
        env = {**self.env, "LIVEFLOOR_URL": self.server.url + "//"}
        done = run("import", "-", stdin=lines(3), env=env)
        self.assertIn(b"3 accepted", done.stderr)
        self.assertEqual(run("export", env=env).stdout.count(b"\n"), 3)

    def test_what_cannot_be_written(self):
        """A full disk behind standard output, or none: not done."""
        run("import", "-", stdin=lines(500), env=self.env)
        tokens = run("token", "list", "--data", self.server.directory).stdout
        for command in (("export", "--data", self.server.directory), ("export",),
                        ("check", "--data", self.server.directory),
                        ("token", "list", "--data", self.server.directory),
                        ("token", "create", "--data", self.server.directory)):
            for output in (">/dev/full", ">&-"):
                done = subprocess.run(["sh", "-c", f'"$0" "$@" {output}', BINARY, *command],
                                      env={**os.environ, **self.env}, stderr=subprocess.PIPE,
                                      timeout=60, check=False)
                self.assertEqual(done.returncode, 1, (command, output))
                self.assertIn(b"standard output", done.stderr)
        # Nobody has seen the text of the tokens: they are not valid.
        self.assertEqual(run("token", "list", "--data", self.server.directory).stdout, tokens)

    def test_tokens(self):
        def token(*words, data=self.server.directory):
            return run("token", *words, "--data", data)
        text = token("create", "--name", "dashboard").stdout.decode().strip()
        self.assertIn(b"dashboard", token("list").stdout)
        self.assertEqual(token("revoke", text).returncode, 0)  # by its text, if that is at hand
        self.assertNotIn(b"dashboard", token("list").stdout)
        self.assertEqual(token("revoke", text).returncode, 1)
        for wrong in (("revoke",), ("create", "extra"), ("list", "extra"), ("make",), (),
                      ("create", "--name", "a\nb")):
            self.assertEqual(token(*wrong).returncode, 2, wrong)
        # Where no server has been there are none, and none are made.
        self.assertEqual(token("create", data=self.folder.name).returncode, 1)
        self.assertIn(b"--data", token("list", data=self.folder.name).stderr)
        self.assertEqual(list(pathlib.Path(self.folder.name).iterdir()), [])

    def test_default_directory(self):
        """What the server makes where it is started is found from there."""
        run("import", "-", stdin=lines(4), env=self.env)
        pathlib.Path(self.folder.name, "livefloor-data").symlink_to(self.server.directory)
        nowhere = {**os.environ, "LIVEFLOOR_URL": "", "LIVEFLOOR_TOKEN": ""}
        done = subprocess.run([BINARY, "export"], cwd=self.folder.name, stdout=subprocess.PIPE,
                              env=nowhere, timeout=60, check=True)
        self.assertEqual(done.stdout.count(b"\n"), 4)
        self.assertEqual(run("export", "--token", "x", env=nowhere).returncode, 2)

    def test_import_survives_a_restart(self):
        """The server goes away in the middle and comes back on the same port."""
        path = self.file("big.ndjson", lines(200000))
        # Below the range from which the system gives ports to others meanwhile.
        with Server(listen=random.randrange(15000, 25000)) as server:
            importer = subprocess.Popen(
                [BINARY, "import", "--url", server.url, "--token", server.token, path],
                stderr=subprocess.PIPE)
            while b"livefloor_events_accepted_total 0\n" in server.get("/metrics"):
                pass
            server.kill()
            server.start()
            _, said = importer.communicate(timeout=300)
            self.assertEqual(importer.returncode, 0, said.decode() + "".join(server.log))
            exported = run("export", "--data", server.directory).stdout
        self.assertEqual(exported.count(b"\n"), 200000)

    def test_export(self):
        data = lines(1200)
        run("import", "-", stdin=data, env=self.env)
        other = {"id": "o", "type": "visitor.seen", "visitorId": "v", "siteId": 20000,
                 "time": "2026-11-01T00:00:00Z"}
        self.server.post_events([other])
        sent = sorted(data.splitlines() + [json.dumps(other).encode()], key=id_of)
        for how in (("--data", self.server.directory), ()):
            done = run("export", *how, env=self.env)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(map(id_of, done.stdout.splitlines())),
                             sorted(map(id_of, sent)))
            done = run("export", *how, "--site", "20000", env=self.env)
            self.assertEqual(json.loads(done.stdout), other)
            done = run("export", *how, "--until", "2026-11-02T00:00:00Z", env=self.env)
            self.assertEqual(json.loads(done.stdout), other)
            done = run("export", *how, "--since", "2026-11-02T00:00:00Z", env=self.env)
            self.assertEqual(done.stdout.count(b"\n"), 1200)

    def test_check(self):
        run("import", "-", stdin=lines(50), env=self.env)
        done = run("check", "--data", self.server.directory)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"site 10000: 50 events", done.stdout)
        self.assertIn(b"0 damaged", done.stdout)
        self.assertEqual(run("check", "--data", self.folder.name).returncode, 1)

    def test_help_and_usage(self):
        for command in ((), ("serve",), ("token",), ("import",), ("export",), ("check",)):
            done = run(*command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(b"Usage:", done.stdout)
        told = run("serve", "--help").stdout
        self.assertEqual(told.count(b"retentionDays"), 1)
        self.assertLess(max(map(len, told.splitlines())), 80)
        for wrong in ((), ("nothing",), ("serve", "--nothing"), ("token", "--site", "x"),
                      ("export", "--since", "yesterday"), ("import", "--nothing"),
                      ("import", "--format", "csv", "x")):
            self.assertEqual(run(*wrong).returncode, 2, wrong)
        self.assertRegex(run("--version").stdout, rb"livefloor \d+\.\d+\.\d+\n")


if __name__ == "__main__":
    unittest.main()
