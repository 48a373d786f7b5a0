#!/usr/bin/env python3
"""A node of a user without rights, as `./dev up` starts it after building: a machine that really
boots, sign-in, what is said about what is missing, and an end that leaves nothing, even after the
daemon was killed. Run by root it becomes the user nobody for that.
"""
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ["posada", "posada-front", "posada-worker", "posada-lxc"]


def missing():
    if not (SOURCE / "build/release/posada").exists() or not (SOURCE / "web/dist").exists():
        return "the programs and the page are not built"
    wanted = ["qemu-system-x86_64", "syslinux"] + (["setpriv"] if os.getuid() == 0 else [])
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return next((f"{name} is not installed" for name in wanted if not shutil.which(name, path=path)),
                None)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipIf(missing(), missing())
class Rootless(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A checkout that the user may read, with what is built and with images that are cached."""
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="posada-rootless-"))
        cls.root = cls.folder / "a node"
        cls.checkout = cls.folder / "checkout"
        built = cls.checkout / "build/release"
        (built / "generated").mkdir(parents=True)
        for name in PROGRAMS + ["generated/openapi.json"]:
            shutil.copy2(SOURCE / "build/release" / name, built / name)
        shutil.copytree(SOURCE / "tools", cls.checkout / "tools")
        shutil.copytree(SOURCE / "web/dist", cls.checkout / "web/dist")
        cache = pathlib.Path(os.environ.get("POSADA_IMAGE_CACHE", "/tmp/posada-images"))
        (cls.root / "images").mkdir(parents=True)
        if cache.is_dir():
            shutil.copytree(cache, cls.root / "images/cache")
        cls.user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", str(cls.user.pw_uid), cls.folder], check=True)
        cls.up = cls.run_as_user("tools/dev/start", str(cls.root), str(free_port()), "", seconds=300)
        cls.facts = {}
        if (cls.root / "credentials").exists():
            lines = (cls.root / "credentials").read_text().splitlines()
            cls.facts = dict(line.split("=", 1) for line in lines)

    @classmethod
    def tearDownClass(cls):
        cls.run_as_user("tools/dev/down", "--root", str(cls.root), "--yes")
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def run_as_user(cls, *words, seconds=120):
        become = []
        if os.getuid() == 0:
            become = ["setpriv", "--reuid", str(cls.user.pw_uid), "--regid", str(cls.user.pw_gid),
                      "--clear-groups", "--inh-caps=-all"]
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(cls.folder),
                       "POSADA_ROOT": str(cls.root)}
        return subprocess.run([*become, *words], cwd=cls.checkout, env=environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds)

    @classmethod
    def posada(cls, *words):
        return cls.run_as_user("build/release/posada", *words)

    def until(self, what, probe, seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = probe()
            if found:
                return found
            time.sleep(0.2)
        return self.fail(f"{what}: not within {seconds} s")

    def test_1_it_comes_up_and_says_what_is_not_available(self):
        self.assertEqual(self.up.returncode, 0, self.up.stdout)
        for word in ("Posada is up: https://localhost:", "Started without root", "containers",
                     "the bridge vmbr0", "realm pam"):
            self.assertIn(word, self.up.stdout)

    def test_2_the_administrator_that_was_printed_can_sign_in(self):
        self.assertIn(f"password {self.facts['password']}", self.up.stdout)
        form = urllib.parse.urlencode({"username": self.facts["user"],
                                       "password": self.facts["password"]}).encode()
        own = ssl.create_default_context()
        own.check_hostname, own.verify_mode = False, ssl.CERT_NONE
        with urllib.request.urlopen(self.facts["url"] + "/api2/json/access/ticket", form, 20,
                                    context=own) as answer:
            self.assertTrue(json.load(answer)["data"]["ticket"].startswith("PVE:admin@pve:"))

    def test_3_the_demo_machine_boots_and_has_a_network_of_its_own(self):
        self.assertEqual(self.posada("qm", "status", "100").stdout.strip(), "status: running")
        has_address = lambda: "10.0.2." in self.posada(
            "qm", "guest", "cmd", "100", "network-get-interfaces").stdout
        self.until("an address from QEMU's network", has_address, 300)

    def test_4_the_log_of_its_start_says_that_there_is_no_bridge(self):
        tasks = json.loads(self.posada("pvesh", "get", "/nodes/localhost/tasks", "--typefilter",
                                       "qmstart", "--output-format", "json").stdout)
        log = self.posada("pvesh", "get", f"/nodes/localhost/tasks/{tasks[0]['upid']}/log").stdout
        self.assertIn("runs without root has no bridge 'vmbr0'", log)

    def test_5_down_ends_everything_although_the_daemon_was_killed(self):
        record = json.loads((self.root / "run/daemon.json").read_text())
        os.kill(record["pid"], signal.SIGKILL)
        down = self.run_as_user("tools/dev/down", "--root", str(self.root), "--yes")
        self.assertEqual(down.returncode, 0, down.stdout)
        self.assertIn("starting it to look after the guests", down.stdout)
        self.assertIn("Shutting down 100 demo", down.stdout)
        self.assertIn("The node is down", down.stdout)
        self.assertFalse((self.root / "run").exists())
        left = subprocess.run(["pgrep", "-a", "-f", str(self.root)], capture_output=True, text=True)
        self.assertEqual(left.stdout, "")


if __name__ == "__main__":
    unittest.main()
