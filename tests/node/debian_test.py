#!/usr/bin/env python3
"""A Debian machine of its own as the node: Debian's kernel, systemd, cgroup v2, nothing installed but
what tools/dev/packages/run names. The machine is made from Debian packages, boots in QEMU, runs
inside.sh and says what it saw; it takes some minutes, so `./dev test node` runs it by name only.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "release"
PROGRAMS = ["posada", "posada-front", "posada-worker", "posada-lxc"]
BOOT_SECONDS = 900


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout


def packages():
    """What a node needs at run time: the list for users, and the libraries of the programs."""
    names = {"systemd-sysv", "dbus", "udev", "linux-image-amd64", "curl"}
    for line in (ROOT / "tools" / "dev" / "packages" / "run").read_text().splitlines():
        if line and not line.startswith("#"):
            names.add(line.split("?")[0])
    for program in PROGRAMS:
        for library in re.findall(r"=> (/\S+)", run("ldd", str(BUILD / program))):
            owner = subprocess.run(["dpkg", "-S", str(pathlib.Path(library).resolve())], text=True,
                                   capture_output=True).stdout
            if owner:
                names.add(owner.split(":")[0])
    return sorted(names)


def make_root(folder, template):
    run("mmdebstrap", "--variant=apt", "--include=" + ",".join(packages()), "bookworm",
        str(folder / "root.tar"))
    root = folder / "root"
    root.mkdir()
    run("tar", "-xf", str(folder / "root.tar"), "-C", str(root))
    place = root / "opt" / "posada" / "build" / "release"
    (place / "generated").mkdir(parents=True)
    for program in PROGRAMS:
        run("strip", "-g", "-o", str(place / program), str(BUILD / program))
    shutil.copy(BUILD / "generated" / "openapi.json", place / "generated")
    shutil.copytree(ROOT / "web" / "dist", root / "opt" / "posada" / "web" / "dist")
    shutil.copy(template, root / "opt" / "ct.tar.zst")
    shutil.copy(pathlib.Path(__file__).parent / "inside.sh", root / "opt" / "inside.sh")
    unit = root / "etc" / "systemd" / "system" / "inside.service"
    unit.write_text("[Unit]\nAfter=multi-user.target\n[Service]\nExecStart=/bin/bash /opt/inside.sh\n")
    wants = root / "etc" / "systemd" / "system" / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")
    (root / "etc" / "hostname").write_text("debian-node\n")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost debian-node\n")
    return root


def boot(folder, root):
    """What inside.sh printed on the second serial port until the machine went off."""
    disk = folder / "disk"
    run("truncate", "-s", "6G", str(disk))
    run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk))
    return run("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "2048",
               "-display", "none", "-serial", f"file:{BUILD}/debian-boot.log", "-serial", "stdio",
               "-monitor", "none", "-no-reboot",
               "-kernel", str(root / "vmlinuz"), "-initrd", str(root / "initrd.img"),
               "-append", "root=/dev/vda rw console=ttyS0 quiet", "-nic", "user",
               "-drive", f"file={disk},if=virtio,format=raw", timeout=BOOT_SECONDS,
               stdin=subprocess.DEVNULL, errors="replace")


class DebianNode(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("mmdebstrap", "mke2fs", "qemu-system-x86_64"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"{program} is missing")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="posada-node-", dir="/var/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        template = cls.folder / "ct.tar.zst"
        run(str(ROOT / "tools" / "images" / "demo-ct"), str(template), "--cache",
            str(cls.folder / "cache"))
        cls.console = boot(cls.folder, make_root(cls.folder, template))
        (BUILD / "debian-inside.log").write_text(cls.console)
        cls.seen = dict(re.findall(r"^SAW (\S+)=(.*?)\r?$", cls.console, re.M))

    def saw(self, name):
        self.assertIn(name, type(self).seen, type(self).console[-4000:])
        return type(self).seen[name]

    def test_it_is_a_machine_with_cgroup_v2(self):
        self.assertEqual(self.saw("cgroups"), "cgroup2fs")

    def test_a_container_runs_within_its_limits(self):
        self.assertEqual(self.saw("container"), "running")
        self.assertEqual(self.saw("container-memory"), "134217728")
        self.assertEqual(self.saw("container-memory-changed"), "209715200")
        self.assertEqual(self.saw("container-cpu-changed"), "50000 100000")

    def test_the_host_opens_the_container_s_page(self):
        self.assertEqual(self.saw("container-page"), "200")

    def test_a_virtual_machine_runs_within_its_limits(self):
        self.assertEqual(self.saw("machine"), "running")
        self.assertEqual(self.saw("machine-cpu"), "50000 100000")
        self.assertEqual(self.saw("machine-weight"), "200")
        self.assertRegex(self.saw("machine-process"), r"^\d+$")

    def test_guests_outlive_a_killed_daemon(self):
        self.assertEqual(self.saw("container-after-kill"), self.saw("container-before-kill"))
        self.assertEqual(self.saw("machine-after-kill"), "running")

    def test_nothing_stays_when_the_node_is_down(self):
        self.assertEqual(self.saw("groups-left"), "")
        self.assertEqual(self.saw("namespaces-left"), "")
        self.assertEqual(self.saw("links-left"), "")
        self.assertEqual(self.saw("tables-left"), "")


if __name__ == "__main__":
    unittest.main()
