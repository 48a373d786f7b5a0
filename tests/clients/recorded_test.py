"""Replays the exchanges of ../shared/reference/recorded.json against a live node, one test each, in
their order: status line, headers, error texts, and the shape and the settled values of the body.

recorded.txt names every exchange and each place where our answer may differ, with the reason.
Names of the recording (node, guests, storages, users) are mapped to ours.
"""
import json
import os
import pathlib
import re
import shutil
import tempfile
import unittest
import urllib.parse

from server import URL, Administrator, Server

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = HERE.parent.parent.parent / "shared" / "reference" / "recorded.json"
GUESTS = {"100": "5200", "101": "5201", "102": "5202", "110": "5210", "111": "5211",
          "112": "5212", "200": "5220", "999": "5999"}
NAMES = {"second": "t-second", "third": "t-third", "alice": "t-alice", "bob": "t-bob",
         "ops": "t-ops", "devs": "t-devs", "Watcher": "t-Watcher", "Oper": "t-Oper",
         "pool1": "t-pool1", "p2": "t-p2", "t.iso": "t-recorded.iso"}
# What a list's rows are told apart by.
IDENTITY = ["id", "vmid", "userid", "groupid", "roleid", "realm", "tokenid", "poolid", "subdir",
            "volid", "storage", "iface", "key", "name", "filename", "type", "node"]
# Their values follow the machine, the time or chance: only their types are compared.
VOLATILE = set("""
    address avail available balloon cert cgroup-mode cidr cpu CSRFPreventionToken ctime
    current-kernel disk diskread diskwrite dns1 dumpdir endtime family fingerprint flags free hvm ip
    issuer kversion level loadavg localtime mem memhost mhz model netin netout notafter
    notbefore password path pem pid port pressurecpufull pressurecpusome pressureiofull
    pressureiosome pressurememoryfull pressurememorysome pstart public-key-bits public-key-type
    pveversion release repoid san search snaptime ssl_fingerprint starttime subject sysname
    ticket time timezone total uptime used used_fraction vendor version wait""".split())
GUEST_ONLY = {"maxcpu", "maxdisk", "maxmem"}  # of nodes and storages they follow the machine


def plan():
    """recorded.txt: {number: (request, {kind: {path: reason}})}"""
    rows, current = {}, None
    for line in (HERE / "recorded.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line[0] != " ":
            number, request = line.split(" ", 1)
            current = {}
            rows[int(number)] = (request, current)
            continue
        place, _, reason = line.strip().partition(": ")
        kind, _, path = place.partition(" ")
        current.setdefault(kind, {})[path] = reason
    return rows


class Names:
    """From the recording's names to ours."""

    def __init__(self, node):
        words = {**GUESTS, **NAMES, "node1": node}
        self.words = words
        self.pattern = re.compile(r"(?:(?<![\w.])|(?<=\btap))(" + "|".join(map(re.escape, words)) + r")(?=i0|\b)")
        self.tasks = {}

    def text(self, value):
        for recorded, ours in self.tasks.items():
            value = value.replace(recorded, ours)
        return self.pattern.sub(lambda found: self.words[found[1]], value)

    def value(self, value, key=""):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(one, name) for name, one in value.items()}
        if key == "vmid":
            return int(GUESTS[str(value)])
        return value


def masked(text, user):
    """What differs in every run is replaced by its kind."""
    text = re.sub(r"UPID:([^:]+):\w{8}:\w{8,9}:\w{8}:([^:]*):([^:]*):[^:]*:", r"<upid \1 \2 \3>", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|<uuid>", "<uuid>", text)
    text = re.sub(r"\b[0-9a-f]{40}\b", "<digest>", text)
    text = re.sub(r"creation-qemu=[\d.]+,ctime=\d+", "<meta>", text)
    text = re.sub(r"BC:24:11(:[0-9A-F]{2}){3}", "<mac>", text)
    return "<user>" if text in ("root@pam", user) else text


def kind_of(value):
    if isinstance(value, bool):
        return "boolean"
    for kind, name in ((type(None), "null"), (str, "string"), (list, "list"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return "number"


def key_of(path):
    return path.rsplit(".", 1)[-1].split("[")[0]


class Comparison:
    """Differences between what was expected and what came, each as 'KIND PATH: what'."""

    def __init__(self, user):
        self.user = user
        self.found = []

    def differs(self, kind, path, text):
        self.found.append((kind, path, text))

    def compare(self, path, wanted, got, guest=False):
        key = key_of(path)
        if kind_of(wanted) != kind_of(got):
            self.differs("type", path, f"{kind_of(wanted)} {wanted!r:.80} expected, got {got!r:.80}")
        elif isinstance(wanted, dict):
            self.object(path, wanted, got)
        elif isinstance(wanted, list):
            self.list(path, wanted, got)
        elif key in VOLATILE or (key in GUEST_ONLY and not guest):
            return
        elif isinstance(wanted, str):
            if key == "content":
                wanted, got = (",".join(sorted(one.split(","))) for one in (wanted, got))
            if masked(wanted, self.user) != masked(got, self.user):
                self.differs("value", path, f"{wanted!r} expected, got {got!r}")
        elif wanted != got:
            self.differs("value", path, f"{wanted!r} expected, got {got!r}")

    def object(self, path, wanted, got):
        guest = "vmid" in wanted
        for name in sorted(wanted.keys() | got.keys()):
            below = f"{path}.{name}"
            if name not in got:
                self.differs("missing", below, f"{wanted[name]!r:.80} expected")
            elif name not in wanted:
                self.differs("extra", below, f"got {got[name]!r:.80}")
            else:
                self.compare(below, wanted[name], got[name], guest)

    def list(self, path, wanted, got):
        if not wanted or not isinstance(wanted[0], dict):
            if wanted and key_of(path) not in VOLATILE and sorted(map(str, wanted)) != sorted(map(str, got)):
                self.differs("value", path, f"{wanted!r} expected, got {got!r}")
            return
        if "upid" in wanted[0] or set(wanted[0]) in ({"time"}, {"n", "t"}):
            return self.history(path, wanted, got)
        identity = next(name for name in IDENTITY if all(name in row for row in wanted))
        ours = {row.get(identity): row for row in got}
        for row in wanted:
            name = row[identity]
            if name in ours:
                self.compare(f"{path}[{name}]", row, ours.pop(name))
            else:
                self.differs("missing", f"{path}[{name}]", "a row")
        if identity in ("subdir", "key"):
            for name in ours:
                self.differs("extra", f"{path}[{name}]", "a row")

    def history(self, path, wanted, got):
        """Rows that only share their shape: keys of every recorded row are in each of ours."""
        always = set.intersection(*(set(row) for row in wanted))
        known = {name: kind_of(value) for row in wanted for name, value in row.items()}
        if not got:
            self.differs("missing", path, "rows")
        for row in got:
            if row.get("endtime") is None and "endtime" in always:
                continue  # it still runs
            for name in always - set(row):
                self.differs("missing", f"{path}[].{name}", "in a row")
            for name, value in row.items():
                if name not in known and "upid" in wanted[0] and name != "tokenid":
                    self.differs("extra", f"{path}[].{name}", f"got {value!r:.80}")
                elif name in known and known[name] != kind_of(value):
                    self.differs("type", f"{path}[].{name}", f"{known[name]} expected")


class Fixture(Administrator):
    """The node as it was when the recording was made; everything goes again."""

    def __init__(self, server, user, password):
        super().__init__(server, user, password)
        self.folder = tempfile.mkdtemp(prefix="posada-recorded-")

    def make(self):
        qemu = f"/nodes/{self.node}/qemu"
        self.call("POST", "/storage", storage="t-second", type="dir", content="images,iso",
                  path=f"{self.folder}/second")
        self.call("POST", qemu, vmid=5200, name="alpha", cores=2, memory=512, kvm=0, ostype="l26",
                  scsihw="virtio-scsi-single", scsi0="local:1,format=raw",
                  net0="virtio,bridge=vmbr0")
        self.call("POST", qemu, vmid=5201, name="beta", memory=256, tags="a;b", agent=1,
                  sata0="local:1,format=qcow2", ide2="none,media=cdrom", net0="e1000,bridge=vmbr0")
        self.call("POST", qemu, vmid=5202, name="tmpl", memory=128, machine="q35", bios="seabios",
                  virtio0="local:1,format=qcow2")
        self.call("POST", f"{qemu}/5202/template")
        self.call("POST", "/access/groups", groupid="t-ops")
        self.call("POST", "/access/users", userid="t-alice@pve", groups="t-ops",
                  email="a@example.test")
        self.call("POST", "/access/roles", roleid="t-Watcher", privs="Sys.Audit,VM.Audit")
        self.call("PUT", "/access/acl", path="/vms", groups="t-ops", roles="PVEVMAdmin")
        self.call("POST", "/pools", poolid="t-pool1")
        self.call("PUT", "/pools/t-pool1", vms="5200")
        templates = self.call("GET", f"/nodes/{self.node}/storage/local/content", content="vztmpl")
        if templates:
            self.call("POST", f"/nodes/{self.node}/lxc", vmid=5220, hostname="ct200",
                      ostemplate=templates[0]["volid"], rootfs="local:4", memory=128, swap=512,
                      net0="name=eth0,bridge=vmbr0,ip=dhcp", unprivileged=1)
        return bool(templates)

    def remove(self):
        for guest in self.call("GET", "/cluster/resources", type="vm"):
            if str(guest["vmid"]) not in GUESTS.values():
                continue
            path = f"/nodes/{self.node}/{guest['type']}/{guest['vmid']}"
            self.call("POST", f"{path}/status/stop", may_fail=True)
            self.call("DELETE", path, may_fail=True)
        for user in ("t-alice@pve", "t-bob@pve"):
            self.call("DELETE", f"/access/users/{user}", may_fail=True)
        for path in ("/access/groups/t-ops", "/access/groups/t-devs", "/access/roles/t-Watcher",
                     "/access/roles/t-Oper", "/pools/t-pool1", "/pools/t-p2", "/storage/t-second",
                     "/storage/t-third",
                     f"/nodes/{self.node}/storage/local/content/local:iso/t-recorded.iso"):
            self.call("DELETE", path, may_fail=True)
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipUnless(URL, "POSADA_URL is not set")
@unittest.skipUnless(RECORDED.exists(), "../shared/reference/recorded.json is not there")
class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.user = os.environ["POSADA_USER"]
        cls.password = os.environ["POSADA_PASSWORD"]
        cls.server = Server()
        cls.fixture = Fixture(cls.server, cls.user, cls.password)
        cls.addClassCleanup(cls.fixture.remove)
        cls.fixture.remove()
        cls.has_container = cls.fixture.make()
        cls.names = Names(cls.fixture.node)

    def test_000_every_exchange_has_its_line(self):
        listed = {number: request for number, (request, _) in PLAN.items()}
        self.assertEqual(listed, {number: exchange["request"].replace("/api2/json", "").strip()
                                  for number, exchange in enumerate(EXCHANGES)})

    def form_of(self, exchange):
        form = self.names.value(exchange.get("form"))
        if form is None:
            return None
        if "password" in form and form.get("username") == "root@pam":
            form["username"] = self.user
            if form["password"] == "secret-pass":
                form["password"] = self.password
        if form.get("path", "").startswith("/var/lib/"):
            form["path"] = f"{self.fixture.folder}/{form['storage']}"
        return form

    def headers_of(self, exchange):
        note = exchange.get("note", "")
        if note == "no ticket" or exchange["request"].endswith("/access/ticket"):
            return {}
        if note == "bad token":
            return {"Authorization": f"PVEAPIToken={self.user}!no=0"}
        if note == "cookie without CSRF token":
            return {"Cookie": self.fixture.credential["Cookie"]}
        if note.startswith("as bob"):
            return self.server.sign_in("t-bob@pve", self.names.text("bob-pass-12"))
        return self.fixture.credential

    def upload(self, path):
        parts = ('--b\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n--b\r\n'
                 'Content-Disposition: form-data; name="filename"; filename="t-recorded.iso"\r\n\r\n'
                 + "x" * 4096 + "\r\n--b--\r\n")
        return self.server.ask("POST", path, None, {
            **self.fixture.credential, "Content-Type": "multipart/form-data; boundary=b"}, parts)

    def replay(self, number, exchange, allowed):
        if "skip" in allowed:
            self.skipTest(allowed["skip"][""])
        if "/lxc" in exchange["request"] and not self.has_container:
            self.skipTest("the node has no container template")
        method, path = exchange["request"].split(" ", 1)
        path = self.names.text(urllib.parse.unquote(path)) if "UPID" in path else self.names.text(path)
        if path.endswith("/upload"):
            answer, text = self.upload(path)
        else:
            answer, text = self.server.ask(method, path, self.form_of(exchange),
                                           self.headers_of(exchange))
        comparison = Comparison(self.user)
        self.compare(comparison, exchange, answer, text)
        self.settle(comparison, exchange, text)
        self.report(comparison, allowed)

    def compare(self, comparison, exchange, answer, text):
        comparison.compare("status", exchange["status"], answer.status)
        comparison.compare("reason", self.names.text(exchange["reason"]), answer.reason)
        comparison.compare("header.Content-Type", exchange["content_type"],
                           answer.getheader("Content-Type"))
        comparison.compare("header.Cache-Control", "max-age=0", answer.getheader("Cache-Control"))
        comparison.compare("header.Pragma", "no-cache", answer.getheader("Pragma"))
        comparison.compare("header.Expires", answer.getheader("Date"), answer.getheader("Expires"))
        comparison.compare("header.Server", "pve-api-daemon/3.0", answer.getheader("Server"))
        comparison.compare("header.Set-Cookie", None, answer.getheader("Set-Cookie"))
        wanted = exchange["body"]
        if isinstance(wanted, str):
            comparison.compare("body", wanted, text)
        else:
            comparison.object("", self.names.value(wanted), json.loads(text))

    def settle(self, comparison, exchange, text):
        """Waits for the task that the exchange has started."""
        wanted = exchange["body"]["data"] if isinstance(exchange["body"], dict) else None
        upid = json.loads(text).get("data") if text else None
        if not (isinstance(wanted, str) and wanted.startswith("UPID:") and isinstance(upid, str)):
            return
        self.names.tasks[wanted] = upid
        status = self.fixture.finish(upid)
        if "task_exitstatus" in exchange:
            comparison.compare("task_exitstatus", exchange["task_exitstatus"], status)

    def report(self, comparison, allowed):
        left = [f"{kind} {path}: {text}" for kind, path, text in comparison.found
                if not any(re.fullmatch(pattern, path) for pattern in
                           [*allowed.get(kind, {}), *COMMON.get(kind, {})])]
        self.assertFalse(left, "\n" + "\n".join(left))


def generate():
    for number, exchange in enumerate(EXCHANGES):
        def one(self, number=number, exchange=exchange):
            self.replay(number, exchange, PLAN[number][1])
        words = re.sub(r"\W+", "_", exchange["request"].replace("/api2/json", "")).lower()
        setattr(Recorded, f"test_{number + 1:03}_{words[:60]}", one)


PLAN = plan()
# Members of ours in every error (docs/api.md).
COMMON = {"extra": {r"\.(code|args|hint|request)": ""}}
EXCHANGES = json.loads(RECORDED.read_text())["exchanges"] if RECORDED.exists() else []
generate()

if __name__ == "__main__":
    unittest.main(warnings="ignore")
