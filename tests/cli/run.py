#!/usr/bin/env python3
"""Plays the sessions of this folder (*.session) at a shell, against a live node.

usage: run.py [FILE…]      POSADA_ROOT names the node; its commands stand in $POSADA_ROOT/bin

A session is read as a person would have seen it; blocks are separated by empty lines:

    # A title
    $ qm config 6000
    < what standard input holds
    name: first
    memory: *
    ...
    ! what standard error holds
    = 255

After `$` comes a line for the shell. Then what it prints on standard output, line by line: `*`
stands for any text, a line `...` for any number of lines, `∅` for an empty line. Lines after `!`
are those of standard error (without any, it may hold what it likes unless the status is 0 and it
is wanted empty with a single `!`). `= N` is the exit status, 0 where none is written. `clean` in
place of `$` runs a command whose end does not matter. `wait N` before `$` repeats the command for
up to N seconds until it answers as written.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
COMMAND_SECONDS = 120


class Step:
    def __init__(self, title, command, wait):
        self.title, self.command, self.wait = title, command, wait
        self.matters = True
        self.output, self.errors, self.input, self.status = [], None, [], 0


def read_steps(text):
    title, wait, step = "", 0, None
    for line in text.splitlines() + [""]:
        if line.startswith("# ") and step is None:
            title = line[2:]
        elif line.startswith("wait ") and step is None:
            wait = float(line[5:])
        elif line.startswith(("$ ", "clean ")) and step is None:
            step = Step(title, line.split(" ", 1)[1], wait)
            step.matters = line.startswith("$")
        elif step is not None and not line:
            yield step
            step, wait = None, 0
        elif step is not None and line.startswith("< "):
            step.input.append(line[2:])
        elif step is not None and line.startswith("!"):
            step.errors = (step.errors or []) + ([line[2:]] if line[2:] else [])
        elif step is not None and line.startswith("= "):
            step.status = int(line[2:])
        elif step is not None:
            step.output.append("" if line == "∅" else line)


def pattern_of(lines):
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append("".join(".*" if c == "*" else re.escape(c) for c in line.rstrip()) + r" *\n")
    return re.compile("".join(parts))


def faults(step, status, output, errors):
    found = []
    if status != step.status:
        found.append(f"status {status}, not {step.status}")
    if not pattern_of(step.output).fullmatch(output):
        found.append("standard output differs")
    if step.errors is not None and not pattern_of(step.errors).fullmatch(errors):
        found.append("standard error differs")
    return found


def play(step, environment, folder):
    deadline = time.monotonic() + step.wait
    while True:
        done = subprocess.run(["/bin/bash", "-c", step.command], cwd=folder, env=environment,
                              input="".join(line + "\n" for line in step.input),
                              capture_output=True, text=True, timeout=COMMAND_SECONDS)
        found = faults(step, done.returncode, done.stdout, done.stderr) if step.matters else []
        if not found or time.monotonic() > deadline:
            return found, done
        time.sleep(0.2)


def main():
    root = os.environ.get("POSADA_ROOT", "")
    if not os.path.isdir(os.path.join(root, "bin")):
        print("run.py: POSADA_ROOT must name the folder of a node that './dev up' started",
              file=sys.stderr)
        return 2
    environment = {"PATH": f"{root}/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/root",
                   "TERM": "xterm", "LANG": "C"}
    files = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.session"))
    passed = failed = 0
    for file in files:
        with tempfile.TemporaryDirectory(prefix="posada-cli-") as folder:
            for step in read_steps(file.read_text()):
                found, done = play(step, environment, folder)
                if not step.matters:
                    continue
                if not found:
                    passed += 1
                    continue
                failed += 1
                print(f"FAILED {file.name}: {step.title}\n$ {step.command}\n  {'; '.join(found)}")
                print("  standard output:\n" + "".join(f"    {line}\n" for line in done.stdout.splitlines())
                      + "  standard error:\n" + "".join(f"    {line}\n" for line in done.stderr.splitlines())
                      + "  expected:\n" + "".join(f"    {line}\n" for line in step.output)
                      + "".join(f"    ! {line}\n" for line in step.errors or []))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
