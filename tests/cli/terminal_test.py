#!/usr/bin/env python3
"""Consoles at a real terminal: pct enter and exec, pct console, qm terminal, qm monitor, and what a
task does on Ctrl-C. POSADA_ROOT names a live node with the demo guests 100 and 101."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

ROOT = os.environ.get("POSADA_ROOT", "")
SECONDS = 60


class Terminal:
    """A person at a terminal: types, reads what comes, waits for the end."""

    def __init__(self, *command):
        self.seen = ""
        environment = {"PATH": f"{ROOT}/bin:/usr/bin:/bin", "HOME": "/root", "TERM": "xterm",
                       "LANG": "C.UTF-8"}
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            # A run in the background ignores it, and what is ignored stays so for programs within.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.execvpe(command[0], list(command), environment)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            part = os.read(self.master, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += part.decode(errors="replace")
        return bool(part)

    def expect(self, text, seconds=SECONDS, nudge=None):
        """Reads until `text` has come; types `nudge` every two seconds while it has not."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} did not come; seen: {self.seen!r}")
            if not self.read(2) and nudge:
                self.type(nudge)
        before, self.seen = self.seen.split(text, 1)
        return before

    def settings(self):
        return termios.tcgetattr(self.master)[:4]

    def end(self, seconds=SECONDS):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(0.1)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it has not ended; seen: {self.seen!r}")

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


def shell(command):
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=120,
                          env={"PATH": f"{ROOT}/bin:/usr/bin:/bin", "HOME": "/root"})


@unittest.skipUnless(os.path.isdir(os.path.join(ROOT, "bin")), "POSADA_ROOT names no node")
class AtATerminal(unittest.TestCase):
    def open(self, *command):
        terminal = Terminal(*command)
        self.addCleanup(terminal.close)
        return terminal

    @unittest.skipUnless(shell("pct status 101").stdout == "status: running\n",
                         "container 101 does not run")
    def test_pct_enter_gives_a_shell_on_a_terminal_of_the_containers_own(self):
        terminal = self.open("pct", "enter", "101")
        before = terminal.settings()
        terminal.expect("# ")
        terminal.type("tty; stty size; echo end-$((40+2))\n")
        seen = terminal.expect("end-42")
        self.assertIn("/dev/", seen)
        self.assertIn("33 101", seen)
        terminal.type("exit 5\n")
        self.assertEqual(terminal.end(), 5)
        self.assertEqual(terminal.settings(), before)

    @unittest.skipUnless(shell("pct status 101").stdout == "status: running\n",
                         "container 101 does not run")
    def test_ctrl_c_reaches_the_program_that_pct_exec_runs(self):
        terminal = self.open("pct", "exec", "101", "--", "sh", "-c",
                             "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 1; done")
        terminal.expect("ready")
        terminal.type("\x03")
        terminal.expect("caught")
        self.assertEqual(terminal.end(), 9)

    @unittest.skipUnless(shell("pct status 101").stdout == "status: running\n",
                         "container 101 does not run")
    def test_pct_console_is_left_with_ctrl_a_q(self):
        terminal = self.open("pct", "console", "101")
        before = terminal.settings()
        terminal.expect("leaves the console")
        terminal.expect("login", nudge="\r")
        terminal.type("\x01q")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(terminal.settings(), before)

    def test_qm_terminal_shows_the_serial_port_and_is_left_with_ctrl_o(self):
        terminal = self.open("qm", "terminal", "100")
        before = terminal.settings()
        terminal.expect("press Ctrl+O to exit")
        terminal.expect("login", nudge="\r")
        terminal.type("\x0f")
        self.assertEqual(terminal.end(), 0)
        self.assertEqual(terminal.settings(), before)

    def test_two_terminals_show_the_same_serial_port(self):
        first, second = self.open("qm", "terminal", "100"), self.open("qm", "terminal", "100")
        for terminal in (first, second):
            terminal.expect("press Ctrl+O to exit")
        first.expect("login", nudge="\r")
        second.expect("login")
        first.type("\x0f")
        self.assertEqual(first.end(), 0)
        second.expect("login", nudge="\r")
        second.type("\x0f")
        self.assertEqual(second.end(), 0)

    def test_a_signal_leaves_the_terminal_as_it_was(self):
        terminal = self.open("qm", "terminal", "100")
        before = terminal.settings()
        terminal.expect("press Ctrl+O to exit")
        terminal.expect("login", nudge="\r")
        os.kill(terminal.pid, signal.SIGTERM)
        self.assertEqual(terminal.end(), 128 + signal.SIGTERM)
        self.assertEqual(terminal.settings(), before)

    def test_qm_terminal_takes_its_keys_from_a_pipe(self):
        deadline = time.monotonic() + SECONDS
        while True:
            done = shell("printf '\\r\\n\\017\\r\\n' | qm terminal 100")
            if "login" in done.stdout or time.monotonic() > deadline:
                break
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("login", done.stdout)

    def test_qm_terminal_says_what_is_wrong(self):
        self.assertIn("is no key", shell("qm terminal 100 --escape wrong").stderr)
        done = shell("qm terminal 100 --iface serial3")
        self.assertEqual(done.returncode, 255)
        self.assertIn("unable to find a serial interface", done.stderr)

    def test_qm_monitor_is_a_conversation(self):
        terminal = self.open("qm", "monitor", "100")
        terminal.expect("Entering QEMU Monitor for VM 100")
        terminal.expect("qm> ")
        terminal.type("info status\n")
        terminal.expect("VM status: running")
        terminal.type("quit\n")
        self.assertEqual(terminal.end(), 0)

    def test_ctrl_c_stops_the_task_that_is_watched(self):
        shell("qm create 6002 --memory 16 --kvm 0 && qm start 6002")
        self.addCleanup(shell, "qm stop 6002 && qm destroy 6002")
        terminal = self.open("qm", "shutdown", "6002", "--timeout", "100")
        time_to_be_heard = time.monotonic() + SECONDS
        while shell("pvenode task list --source active | grep -c qmshutdown").stdout == "0\n":
            self.assertLess(time.monotonic(), time_to_be_heard)
        terminal.type("\x03")
        terminal.expect("stopping the task")
        self.assertEqual(terminal.end(), 255)
        self.assertEqual(shell("qm status 6002").stdout, "status: running\n")

    @unittest.skipUnless(shell("busybox vi --help").returncode == 0, "busybox has no vi")
    def test_config_edit_takes_an_editor_with_arguments(self):
        key = shell("posada config ls | grep /qemu-server/100.conf").stdout.strip()
        before = shell(f"posada config get {key}").stdout
        terminal = self.open("env", "EDITOR=busybox vi", "posada", "config", "edit", key)
        terminal.expect("scsi0:")
        self.addCleanup(subprocess.run, [f"{ROOT}/bin/posada", "config", "put", key], input=before,
                        text=True, timeout=SECONDS)
        terminal.expect("- /tmp/")  # the editor's line below: it takes commands
        terminal.type("Otags: edited")
        terminal.expect("I /tmp/")
        terminal.type("\x1b")
        terminal.expect("- /tmp/")
        terminal.type(":wq\r")
        self.assertEqual(terminal.end(), 0, terminal.seen)
        self.assertIn("tags: edited\n", shell(f"posada config get {key}").stdout)

    def test_config_edit_names_an_editor_that_is_not_there(self):
        key = shell("posada config ls | grep /qemu-server/100.conf").stdout.strip()
        terminal = self.open("env", "EDITOR=no-such-editor -f", "posada", "config", "edit", key)
        self.assertNotEqual(terminal.end(), 0)
        self.assertIn("the editor 'no-such-editor -f' was not found", terminal.seen)

    def test_a_password_is_typed_unseen(self):
        shell("pveum user add t-typed@pve")
        self.addCleanup(shell, "pveum user delete t-typed@pve")
        terminal = self.open("pveum", "passwd", "t-typed@pve")
        for prompt in ("Enter password: ", "Retype password: "):
            terminal.expect(prompt)
            deadline = time.monotonic() + SECONDS
            while terminal.settings()[3] & termios.ECHO and time.monotonic() < deadline:
                time.sleep(0.01)
            terminal.type("a-good-secret\n")
        self.assertEqual(terminal.end(), 0)
        self.assertNotIn("secret", terminal.seen)


if __name__ == "__main__":
    unittest.main()
