#!/usr/bin/env python3
"""Runs the groups of tests and adds up what they say.

usage: run_tests.py [--check] [--preset PRESET] [GROUP…]
groups: structure compiler unit contract guest page live clients rootless faults; by name only: node

With --check only the names are looked at. Programs of another preset than release (asan, tsan …) run
the groups unit and contract only. Every group runs even when one before it failed; two
lanes of groups run side by side. The closing line is `N passed, N failed, N skipped`; the exit status
is 0 when nothing failed.
"""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PRESET = sys.argv[sys.argv.index("--preset") + 1] if "--preset" in sys.argv else "release"
BUILD = ROOT / "build" / PRESET
GROUPS = ["structure", "compiler", "unit", "contract", "guest", "page", "live", "clients",
          "rootless", "faults"]
BY_NAME = ["node"]  # takes minutes and hundreds of megabytes from Debian's mirror
# What runs side by side; live and clients share a node.
LANES = [["structure", "compiler", "unit", "contract", "guest", "rootless", "faults", "node"],
         ["page", "live", "clients"]]
IN_ANY_PRESET = ["unit", "contract"]
PROGRAM_SECONDS = 900  # a test program that takes longer is ended and counts as failed
DEBIAN_SECONDS = 3600  # makes a machine and boots it twice, all emulated
# What is reported there is a fault of ours; other people's stand in the files, with the reason.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tests/sanitizers/leaks:print_suppressions=0",
    "TSAN_OPTIONS": f"suppressions={ROOT}/tests/sanitizers/threads:second_deadlock_stack=1",
}


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.broken = []
        self.running = set()  # the programs under way, each a process group
        self.lock = threading.Lock()

    def add(self, name, output, status, seconds):
        passed, failed, skipped = count(output)
        if status != 0 and failed == 0:
            failed = 1  # it crashed, or ran out of time, before it could count
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped
            print(f"{name:34} {passed:5} passed {failed:3} failed {skipped:3} skipped  {seconds:6.1f} s",
                  flush=True)
            if failed:
                self.broken.append(name)
                print(output[-12000:], flush=True)

    def fail(self, name, text):
        with self.lock:
            self.failed += 1
            self.broken.append(name)
            print(text, flush=True)


def count(output):
    """What gtest, node's runner, unittest and our transcripts say they did."""
    gtest = re.search(r"^\[==========\] (\d+) tests? from .* ran", output, re.M)
    if gtest:
        number = lambda word: int((re.search(rf"^\[  {word} \] (\d+) test", output, re.M) or [0, 0])[1])
        failed, skipped = number("FAILED "), number("SKIPPED")
        return int(gtest[1]) - failed - skipped, failed, skipped
    node = [re.search(rf"^(?:#|ℹ) {word} (\d+)", output, re.M) for word in ("pass", "fail", "skipped")]
    if node[0]:
        return tuple(int(found[1]) if found else 0 for found in node)
    unit = re.search(r"^Ran (\d+) tests?", output, re.M)
    if unit:
        part = lambda word: int((re.search(rf"{word}=(\d+)", output) or [0, 0])[1])
        failed, skipped = part("failures") + part("errors"), part("skipped")
        return int(unit[1]) - failed - skipped, failed, skipped
    plain = re.search(r"^(?:\S+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", output, re.M)
    if plain:
        return int(plain[1]), int(plain[2]), int(plain[3] or 0)
    return 0, 0, 0


def end(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended by itself


def run(totals, name, command, environment=None, folder=ROOT, seconds=PROGRAM_SECONDS):
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", start_new_session=True,
                               env={**os.environ, **(environment or {})})
    totals.running.add(process)
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        end(process)
        output, _ = process.communicate()
        status = -1
    totals.running.discard(process)
    totals.add(name, output, status, time.monotonic() - began)


def structure(totals):
    for script in sorted((ROOT / "tests" / "structure").glob("*_test.py")):
        run(totals, f"structure/{script.stem}", [sys.executable, str(script)])


def programs(totals, kind):
    for program in sorted(BUILD.glob(f"{kind}_*")):
        if os.access(program, os.X_OK) and program.is_file():
            run(totals, program.name, [str(program)], SANITIZERS,
                seconds=PROGRAM_SECONDS if PRESET == "release" else 2 * PROGRAM_SECONDS)


def node_tests(totals, pattern, environment=None):
    for script in sorted(ROOT.glob(pattern)):
        name = str(script.relative_to(ROOT / "tests")).removesuffix(".test.mjs")
        run(totals, name, ["node", "--test", "--test-concurrency=1", str(script)], environment)


class LiveNode:
    """A node of its own with the demo guests, started as a user starts one."""

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="posada-live-")
        # A test's own server is at the address of this machine.
        pathlib.Path(self.root, "posada.toml").write_text("private_downloads = true\n")
        port = free_port()
        done = subprocess.run(["./dev", "up", "--root", self.root, "--port", str(port)], cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(f"./dev up failed:\n{done.stdout[-8000:]}")
        lines = pathlib.Path(self.root, "credentials").read_text().splitlines()
        facts = dict(line.split("=", 1) for line in lines)
        self.environment = {f"POSADA_{name.upper()}": value for name, value in facts.items()}
        self.environment["POSADA_ROOT"] = self.root
        return self

    def __exit__(self, *_):
        subprocess.run(["./dev", "down", "--root", self.root, "--yes"], cwd=ROOT, timeout=300,
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        shutil.rmtree(self.root, ignore_errors=True)


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Live:
    """One live node for all groups that want one: started by the first, ended after the last."""

    def __init__(self, totals):
        self.totals = totals
        self.node = None

    def environment(self):
        if not self.node:
            self.node = LiveNode().__enter__()
        return self.node.environment

    def group(self, tests):
        try:
            tests(self.totals, self.environment())
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            self.totals.fail("live node", error)

    def end(self):
        if self.node:
            self.node.__exit__()


def live(totals, environment):
    run(totals, "api transcripts", ["node", str(ROOT / "tests" / "api" / "run.mjs")], environment)
    for name in ("run", "terminal_test"):
        run(totals, f"cli/{name}", ["/usr/bin/python3", str(ROOT / "tests" / "cli" / f"{name}.py")],
            environment)
    node_tests(totals, "tests/page/*.test.mjs", environment)


def clients(totals, environment):
    folder = ROOT / "tests" / "clients"
    install_packages(folder)
    node_tests(totals, "tests/clients/*.test.mjs", environment)
    for script in sorted(folder.glob("*_test.py")):
        run(totals, f"clients/{script.stem}", ["/usr/bin/python3", str(script)], environment)


def rootless(totals):
    run(totals, "rootless", ["/usr/bin/python3", str(ROOT / "tests" / "rootless" / "rootless_test.py")])


def install_packages(folder):
    """npm's packages, once for each lock file."""
    stamp = folder / "node_modules" / ".installed-for"
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == lock:
        return
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True)
    stamp.write_text(lock)


def main():
    words = [word for word in sys.argv[1:] if word not in ("--check", "--preset", PRESET)]
    all_names = GROUPS + BY_NAME if PRESET == "release" else IN_ANY_PRESET
    wanted = words or [name for name in all_names if name not in BY_NAME]
    unknown = [name for name in wanted if name not in all_names]
    if unknown:
        print(f"dev: there is no group {', '.join(unknown)}; there are {', '.join(all_names)}",
              file=sys.stderr)
        return 2
    if "--check" in sys.argv:
        return 0
    totals = Totals()
    began = time.monotonic()
    node = Live(totals)
    steps = {
        "structure": lambda: structure(totals),
        "compiler": lambda: programs(totals, "compiler"),
        "unit": lambda: programs(totals, "unit"),
        "contract": lambda: programs(totals, "contract"),
        "guest": lambda: node_tests(totals, "tests/guest/*.test.mjs"),
        "page": lambda: node_tests(totals, "tests/page/mock/*.test.mjs"),
        "live": lambda: node.group(live),
        "clients": lambda: node.group(clients),
        "rootless": lambda: rootless(totals),
        "faults": lambda: node_tests(totals, "tests/faults/*.test.mjs"),
        "node": lambda: run(totals, "node/debian", [sys.executable, "tests/node/debian_test.py"],
                            seconds=DEBIAN_SECONDS),
    }
    def run_lane(groups):
        for name in groups:
            if name not in wanted:
                continue
            try:
                steps[name]()
            except Exception:  # the other groups run nevertheless
                totals.fail(name, traceback.format_exc())

    lanes = [threading.Thread(target=run_lane, args=(groups,), daemon=True) for groups in LANES]
    try:
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
    finally:
        for process in list(totals.running):  # an interrupt came
            end(process)
        node.end()
    if wanted == GROUPS:  # for ./dev bench
        (BUILD / "whole-test-seconds").write_text(f"{time.monotonic() - began:.0f}\n")
    if totals.broken:
        print(f"failed: {', '.join(totals.broken)}")
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed else 0


sys.exit(main())
