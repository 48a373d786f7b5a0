#!/usr/bin/env python3
"""Measures the budgets of the design on this machine and prints them as Markdown rows.

usage: bench/run.py [--guests N]

Everything is measured on a node of its own in a temporary folder; where a budget is a ratio, its
reference is measured in the same run.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
POSADA = str(ROOT / "build" / "release" / "posada")


def row(what, figure, budget=""):
    print(f"| {what} | {figure} | {budget} |", flush=True)


class Node:
    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="posada-bench-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.environment = {**os.environ, "POSADA_ROOT": self.root}

    def start(self):
        """Seconds from exec to the first answer on root's socket."""
        log = open(f"{self.root}/serve.log", "a")
        began = time.monotonic()
        self.daemon = subprocess.Popen(
            [POSADA, "serve", "--root", self.root, "--port", str(self.port), "--node", "bench"],
            stdout=log, stderr=log, start_new_session=True)
        while subprocess.run([POSADA, "pvesh", "get", "/version"], env=self.environment,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            if time.monotonic() - began > 60:
                raise RuntimeError(f"the daemon did not start; see {log.name}")
        seconds = time.monotonic() - began
        lines = pathlib.Path(self.root, "credentials").read_text().splitlines()
        self.facts = dict(line.split("=", 1) for line in lines)
        return seconds

    def kill(self):
        self.daemon.kill()
        self.daemon.wait()

    def down(self):
        subprocess.run([POSADA, "down", "--root", self.root, "--yes"], stdout=subprocess.DEVNULL)
        shutil.rmtree(self.root, ignore_errors=True)

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)

    def call(self, connection, method, path, form=""):
        headers = {"Authorization": "PVEAPIToken=" + self.facts["token"]}
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, "/api2/json" + path, form or None, headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.reason}")
        return json.loads(body)["data"]

    def finish(self, connection, method, path, form=""):
        """Starts a task and waits for its good end."""
        upid = self.call(connection, method, path, form)
        while True:
            status = self.call(connection, "GET", f"/nodes/bench/tasks/{upid}/status")
            if status["status"] == "stopped":
                if status["exitstatus"] != "OK":
                    raise RuntimeError(status["exitstatus"])
                return

    def memory(self):
        """Resident megabytes of daemon and front."""
        pids = [self.daemon.pid]
        for record in pathlib.Path("/run/posada").glob("*/front.json"):
            pid = json.loads(record.read_text())["pid"]
            words = pathlib.Path(f"/proc/{pid}/cmdline")
            if words.exists() and self.root.encode() in words.read_bytes():
                pids.append(pid)
        total = 0
        for pid in pids:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS"):
                    total += int(line.split()[1]) / 1024
        return f"{total:.0f} MB"

    def load(self, path):
        """wrk over TLS with keep-alive, 8 connections on one thread."""
        output = subprocess.run(
            ["wrk", "-t1", "-c8", "-d5s", "--latency", "-H",
             "Authorization: PVEAPIToken=" + self.facts["token"],
             f"https://127.0.0.1:{self.port}/api2/json{path}"],
            capture_output=True, text=True, check=True).stdout.splitlines()
        rate = next(line.split()[1] for line in output if "Requests/sec" in line)
        p99 = next(line.split()[1] for line in output if line.strip().startswith("99%"))
        return f"{float(rate):.0f} requests/s, p99 {p99}"


def timed(repeat, work):
    times = []
    for _ in range(repeat):
        began = time.monotonic()
        work()
        times.append((time.monotonic() - began) * 1000)
    return times


def raw_qemu():
    """Spawn to running of a bare QEMU with one disk and one card."""
    folder = tempfile.mkdtemp()
    subprocess.run(["truncate", "-s", "1G", f"{folder}/disk"], check=True)
    began = time.monotonic()
    process = subprocess.Popen(
        ["qemu-system-x86_64", "-accel", "tcg", "-m", "64", "-nodefaults", "-display", "none", "-S",
         "-device", "virtio-scsi-pci", "-drive", f"file={folder}/disk,if=none,id=d,format=raw",
         "-device", "scsi-hd,drive=d", "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n",
         "-qmp", f"unix:{folder}/qmp,server=on,wait=off"])
    control = socket.socket(socket.AF_UNIX)
    while control.connect_ex(f"{folder}/qmp") != 0:
        time.sleep(0.0005)
    stream = control.makefile("rw")
    stream.readline()
    for command in ("qmp_capabilities", "cont"):
        stream.write(json.dumps({"execute": command}) + "\n")
        stream.flush()
        while "return" not in json.loads(stream.readline()):
            pass
    milliseconds = (time.monotonic() - began) * 1000
    process.kill()
    process.wait()
    shutil.rmtree(folder)
    return milliseconds


def vm_start(node, connection):
    guest = "/nodes/bench/qemu/900"
    node.finish(connection, "POST", "/nodes/bench/qemu",
                "vmid=900&memory=64&scsihw=virtio-scsi-pci&scsi0=local:1&net0=virtio")
    times = []
    for _ in range(5):
        times += timed(1, lambda: node.finish(connection, "POST", guest + "/status/start"))
        node.finish(connection, "POST", guest + "/status/stop")
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, default=1000)
    guests = parser.parse_args().guests
    node = Node()
    try:
        print("| what | measured | budget |\n|---|---|---|")
        node.start()
        connection = node.connect()
        node.call(connection, "GET", "/version")
        row("daemon + front resident, idle", node.memory(), "≤ 40 MB")
        raw, ours = statistics.median([raw_qemu() for _ in range(5)]), vm_start(node, connection)
        row("VM start, API call → running",
            f"{ours:.0f} ms = {ours / raw:.2f} × raw QEMU ({raw:.0f} ms)", "≤ 1.5 × raw QEMU")
        row("GET /version", node.load("/version"))
        numbers = iter(range(1000, 1000 + guests))
        times = timed(guests, lambda: node.finish(
            connection, "POST", "/nodes/bench/qemu",
            f"vmid={next(numbers)}&name=bench&memory=64&scsi0=local:1"))
        times.sort()
        row(f"create a VM with a 1 GiB disk, {guests} in a row, 0 errors",
            f"median {statistics.median(times):.0f} ms, p99 {times[int(guests * .99)]:.0f} ms", "≤ 20 ms")
        row(f"daemon + front resident, {guests} guests", node.memory(), "≤ 80 MB")
        row(f"GET /cluster/resources, {guests} guests", node.load("/cluster/resources"),
            "≥ 2,000 requests/s, p99 ≤ 5 ms")
        row(f"GET /nodes/N/qemu, {guests} guests", node.load("/nodes/bench/qemu"),
            "≥ 2,000 requests/s, p99 ≤ 5 ms")
        times = timed(20, lambda: subprocess.run([POSADA, "qm", "config", "1000"], check=True,
                                                 env=node.environment, stdout=subprocess.DEVNULL))
        row("qm config at the shell", f"median {statistics.median(times):.0f} ms", "≤ 15 ms")
        node.kill()
        row(f"daemon ready after exec, {guests} guests", f"{node.start() * 1000:.0f} ms", "≤ 100 ms")
    finally:
        node.down()


main()
