#!/usr/bin/env python3
"""A Debian machine of its own as the node: Debian's kernel, systemd, cgroup v2, nothing installed but
what tools/dev/packages/run names, and the units of docs/node.md. The machine is made from Debian
packages, boots in QEMU, runs inside.sh, boots again and says what it saw; it takes some minutes, so
`./dev test node` runs it by name only. build/release/debian-inside.log tells how far it is.
"""
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
BUILD = ROOT / "build" / "release"
LOG = BUILD / "debian-inside.log"
PROGRAMS = ["posada", "posada-front", "posada-worker", "posada-lxc"]
SILENT_SECONDS = 900  # a step that says nothing for so long will say nothing any more
# Never used by a machine without such hardware; they are most of the kernel's files.
LEFT_OUT = [f"/lib/modules/*/kernel/drivers/{name}/*" for name in
            ("gpu", "media", "infiniband", "iio", "hwmon", "staging", "isdn", "net/wireless",
             "net/ethernet", "scsi", "usb", "input")] + \
           ["/lib/modules/*/kernel/sound/*", "/usr/share/doc/*", "/usr/share/man/*",
            "/usr/share/locale/*"]


def run(*command, **options):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-3000:]}")
    return done.stdout


def packages():
    """What a node needs at run time: the list for users, and the libraries of the programs."""
    names = {"systemd-sysv", "dbus", "udev", "linux-image-amd64", "curl"}
    for line in (ROOT / "tools" / "dev" / "packages" / "run").read_text().splitlines():
        if line and not line.startswith("#"):
            names.add(line.split("?")[0].split("|")[0])
    for program in PROGRAMS:
        for library in re.findall(r"=> (/\S+)", run("ldd", str(BUILD / program))):
            owner = subprocess.run(["dpkg", "-S", str(pathlib.Path(library).resolve())], text=True,
                                   capture_output=True).stdout
            if owner:
                names.add(owner.split(":")[0])
    return sorted(names)


def units():
    """The files that docs/node.md gives administrators, by name."""
    text = (ROOT / "docs" / "node.md").read_text()
    parts = re.split(r"^# /etc/systemd/system/(\S+)$", text.split("```")[3], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def enable(root, name, text):
    folder = root / "etc" / "systemd" / "system"
    (folder / name).write_text(text)
    (folder / "multi-user.target.wants").mkdir(exist_ok=True)
    (folder / "multi-user.target.wants" / name).symlink_to(f"/etc/systemd/system/{name}")


def make_root(folder, template):
    left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT]
    run("mmdebstrap", "--variant=apt", "--dpkgopt=force-unsafe-io", *left_out, "--include=" + ",".join(packages()), "bookworm",
        str(folder / "root.tar"))
    root = folder / "root"
    root.mkdir()
    run("tar", "-xf", str(folder / "root.tar"), "-C", str(root))
    place = root / "opt" / "posada" / "build" / "release"
    (place / "generated").mkdir(parents=True)
    for program in PROGRAMS:
        run("strip", "-g", "-o", str(place / program), str(BUILD / program))
    for name in ("posada", "qm", "pct", "pvesh", "pvenode"):
        (root / "usr" / "local" / "bin" / name).symlink_to("/opt/posada/build/release/posada")
    shutil.copy(BUILD / "generated" / "openapi.json", place / "generated")
    shutil.copytree(ROOT / "web" / "dist", root / "opt" / "posada" / "web" / "dist")
    shutil.copy(template, root / "opt" / "ct.tar.zst")
    shutil.copy(HERE / "inside.sh", root / "opt" / "inside.sh")
    for name, text in units().items():
        enable(root, name, text)
    for name in ("lxc.service", "lxc-net.service", "lxc-monitord.service"):
        # The bridge that Debian's package makes for its own containers is nobody's here.
        (root / "etc" / "systemd" / "system" / name).symlink_to("/dev/null")
    enable(root, "inside.service",
           "[Unit]\nAfter=posada.service\n[Service]\nExecStart=/bin/bash /opt/inside.sh\n"
           "[Install]\nWantedBy=multi-user.target\n")
    (root / "etc" / "systemd" / "network" / "outside.network").write_text(
        "[Match]\nName=en*\n[Network]\nDHCP=yes\n")
    enable(root, "systemd-networkd.service",
           (root / "lib" / "systemd" / "system" / "systemd-networkd.service").read_text())
    (root / "etc" / "hostname").write_text("debian-node\n")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost debian-node\n")
    return root


def boot(folder, root):
    """What inside.sh printed on the second serial port until the machine went off."""
    disk = folder / "disk"
    run("truncate", "-s", "6G", str(disk))
    run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(disk))
    # A server in the world outside: the machine's own network has nothing else.
    answer = folder / "answer"
    answer.write_text("#!/bin/sh\nread line\nprintf 'HTTP/1.0 200 OK\\r\\n\\r\\nfrom outside\\n'\n")
    answer.chmod(0o755)
    LOG.write_text("")
    machine = subprocess.Popen(
        ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-smp", "2", "-m", "2048", "-display",
         "none", "-serial", f"file:{BUILD}/debian-boot.log", "-serial", f"file:{LOG}", "-monitor",
         "none", "-kernel", str(root / "vmlinuz"), "-initrd", str(root / "initrd.img"), "-append",
         "root=/dev/vda rw console=ttyS0 quiet", "-nic",
         f"user,model=virtio,guestfwd=tcp:10.0.2.100:80-cmd:{answer}",
         "-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"], stdin=subprocess.DEVNULL)
    said, since = -1, time.monotonic()
    while machine.poll() is None and time.monotonic() - since < SILENT_SECONDS:
        time.sleep(1)
        if LOG.stat().st_size != said:
            said, since = LOG.stat().st_size, time.monotonic()
    if machine.poll() is None:
        machine.kill()
        machine.wait()
    return LOG.read_text(errors="replace")


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

    def test_the_volume_of_a_running_container_grows(self):
        before, after = int(self.saw("volume-before")), int(self.saw("volume-after"))
        self.assertLess(before, 1024 * 1024)
        self.assertGreater(after, before + 450 * 1024)

    def test_the_host_opens_the_container_s_page(self):
        self.assertEqual(self.saw("container-page"), "200")

    def test_the_container_reaches_the_world_outside(self):
        self.assertEqual(self.saw("world"), "from outside")

    def test_a_virtual_machine_runs_within_its_limits(self):
        self.assertEqual(self.saw("machine"), "running")
        self.assertEqual(self.saw("machine-cpu"), "50000 100000")
        self.assertEqual(self.saw("machine-weight"), "200")
        self.assertRegex(self.saw("machine-process"), r"^\d+$")

    def test_guests_outlive_a_killed_daemon_that_systemd_starts_again(self):
        self.assertNotEqual(self.saw("daemon-after-kill"), self.saw("daemon-before-kill"))
        self.assertEqual(self.saw("container-after-kill"), self.saw("container-before-kill"))
        self.assertEqual(self.saw("machine-after-kill"), "running")

    def test_guests_are_shut_down_before_the_machine_reboots(self):
        self.assertEqual(self.saw("stopall"), "OK")

    def test_guests_with_onboot_run_after_a_real_boot(self):
        self.assertNotEqual(self.saw("second-boot"), self.saw("first-boot"))
        self.assertEqual(self.saw("container-after-boot"), "running")
        self.assertEqual(self.saw("machine-after-boot"), "stopped")
        self.assertEqual(self.saw("container-page-after-boot"), "200")

    def test_nothing_stays_when_the_node_is_down(self):
        for kind in ("groups", "namespaces", "links", "tables", "mounts", "loops", "processes",
                     "files"):
            self.assertEqual(self.saw(f"{kind}-left"), "", kind)


if __name__ == "__main__":
    unittest.main()
