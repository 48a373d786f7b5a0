"""The requests of the Terraform providers (bpg, Telmate) and of the Go libraries below them and
below Cluster API's provider, in the form in which they send them, against a live node. None of
those programs is here; what is held is what they depend on: that unusual spellings are taken, that
an answer has the types which Go decodes it into, and that what is not there is said in the words
that they look for. Takes about 15 s."""
import json
import os
import re
import time
import unittest
import urllib.parse

from server import URL, Administrator, Server

VM, COPY, LINKED, CT = 5201, 5202, 5203, 5204
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBkw7Xm3QGNz0uUqVSGMKeKj8K8u8hD2xw7y0JbSm3lz me@home"
UUID = "3f8b2e4e-4d4a-4c5d-8e3b-1a1b1c1d1e1f"

# Types as Go decodes them. A whole number may stand where a float is due, never the other way.
TYPES = {
    "string": lambda value: isinstance(value, str),
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "flag": lambda value: value in (0, 1) and not isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "map": lambda value: isinstance(value, dict),
    "disk": lambda value: isinstance(value, str) and ":" in value.split(",")[0],
}
WHOLE = "int"
CONFIG = {
    **dict.fromkeys(("acpi", "autostart", "kvm", "numa", "onboot", "protection", "tablet",
                     "template", "ciupgrade", "freeze", "localtime"), "flag"),
    **dict.fromkeys(("cores", "sockets", "cpuunits", "balloon", "vcpus", "shares"), WHOLE),
    **dict.fromkeys(("agent", "bios", "boot", "ciuser", "cipassword", "cpu", "description",
                     "digest!", "hotplug", "ipconfig0", "keyboard", "machine", "memory", "meta",
                     "name", "nameserver", "net0", "ostype", "scsihw", "searchdomain", "serial0",
                     "smbios1", "sshkeys", "startup", "tags", "vga", "vmgenid"), "string"),
    **dict.fromkeys(("scsi0", "virtio0", "ide2", "efidisk0"), "disk"),
}
STATUS = {"status!": "string", "vmid!": WHOLE, "name": "string", "cpus": "float", "maxmem": WHOLE,
          "maxdisk": WHOLE, "mem": WHOLE, "uptime!": WHOLE, "pid": WHOLE, "qmpstatus": "string",
          "tags": "string", "agent": "flag", "cpu": "float", "netin": WHOLE, "netout": WHOLE,
          "diskread": WHOLE, "diskwrite": WHOLE, "disk": WHOLE, "lock": "string", "ha!": "map"}
RESOURCE = {"id!": "string", "type!": "string", "node!": "string", "status!": "string",
            "vmid!": WHOLE, "maxcpu!": WHOLE, "maxmem!": WHOLE, "maxdisk!": WHOLE, "mem!": WHOLE,
            "cpu!": "float", "disk!": WHOLE, "diskread!": WHOLE, "diskwrite!": WHOLE,
            "netin!": WHOLE, "netout!": WHOLE, "uptime!": WHOLE, "template!": "flag",
            "name": "string", "pool": "string", "tags": "string", "lock": "string"}
# Path: shape of the answer, or of each row of it. {node} is filled in.
READS = {
    "/version": {"version!": "string", "release!": "string", "repoid!": "string"},
    "/cluster/nextid": None,
    "/cluster/status": {"type!": "string", "id!": "string", "name!": "string", "online": WHOLE,
                        "local": WHOLE, "level": "string", "ip": "string", "nodeid": WHOLE},
    "/cluster/resources?type=vm": RESOURCE,
    "/cluster/resources?type=storage": {"storage!": "string", "content!": "string",
                                        "shared!": WHOLE, "disk!": WHOLE, "maxdisk!": WHOLE,
                                        "plugintype!": "string"},
    "/nodes": {"node!": "string", "status!": "string", "maxcpu!": WHOLE, "maxmem!": WHOLE,
               "mem!": WHOLE, "cpu!": "float", "uptime!": WHOLE, "level!": "string",
               "ssl_fingerprint!": "string"},
    "/nodes/{node}/status": {"cpuinfo!": "map", "memory!": "map", "rootfs!": "map", "swap!": "map",
                             "loadavg!": "list", "uptime!": WHOLE, "cpu!": "float", "idle": WHOLE,
                             "kversion!": "string", "pveversion!": "string"},
    "/nodes/{node}/time": {"time!": WHOLE, "localtime!": WHOLE, "timezone!": "string"},
    "/nodes/{node}/dns": {"search": "string", "dns1": "string", "dns2": "string"},
    "/nodes/{node}/hosts": {"data!": "string", "digest!": "string"},
    "/nodes/{node}/config": {"description": "string"},
    "/nodes/{node}/network": {"iface!": "string", "type!": "string", "active": "flag",
                              "autostart": "flag", "priority!": WHOLE, "cidr": "string",
                              "families": "list", "mtu": "string", "bridge_ports": "string"},
    "/nodes/{node}/storage?content=iso&enabled=1": {
        "storage!": "string", "type!": "string", "content!": "string", "active!": WHOLE,
        "enabled!": WHOLE, "shared!": WHOLE, "used_fraction!": "float", "total!": WHOLE},
    "/nodes/{node}/storage/local/content": {
        "volid!": "string", "content!": "string", "format!": "string", "size!": WHOLE,
        "vmid": WHOLE, "ctime": WHOLE, "used": WHOLE},
    "/nodes/{node}/tasks?limit=5": {"upid!": "string", "starttime!": WHOLE, "endtime": WHOLE,
                                    "pid!": WHOLE, "pstart!": WHOLE, "user!": "string"},
    "/nodes/{node}/certificates/info": {"filename!": "string", "fingerprint!": "string",
                                        "san!": "list", "public-key-bits!": WHOLE},
    "/nodes/{node}/capabilities/qemu/machines": {"id!": "string", "type!": "string"},
    "/nodes/{node}/hardware/pci": {"id!": "string", "iommugroup!": WHOLE, "vendor!": "string"},
    "/nodes/{node}/apt/repositories": {"files!": "list", "errors!": "list", "digest!": "string"},
    "/storage": {"storage!": "string", "type!": "string", "content!": "string", "path": "string"},
    "/access/users?full=1": {"userid!": "string", "enable!": "flag", "expire!": WHOLE},
    "/access/roles": {"roleid!": "string", "privs!": "string", "special": "flag"},
    "/access/acl": {"path!": "string", "roleid!": "string", "type!": "string", "ugid!": "string",
                    "propagate!": "flag"},
    "/access/domains": {"realm!": "string", "type!": "string"},
    "/access/permissions?path=/": {"/!": "map"},
    "/cluster/options": {"mac_prefix": "string", "keyboard": "string"},
    "/cluster/sdn/ipams": {"ipam!": "string", "type!": "string"},
    "/cluster/firewall/options": {"digest!": "string"},
    "/cluster/ha/status/current": {"id!": "string", "type!": "string", "node!": "string"},
    # Nothing of these is there; a provider that looks gets a list all the same.
    **dict.fromkeys((
        "/access/groups", "/pools", "/cluster/ha/groups", "/cluster/ha/resources",
        "/cluster/ha/rules", "/cluster/firewall/groups", "/cluster/firewall/aliases",
        "/cluster/firewall/ipset", "/cluster/firewall/rules", "/nodes/{node}/firewall/rules",
        "/cluster/sdn/zones", "/cluster/sdn/vnets", "/cluster/sdn/controllers", "/cluster/sdn/dns",
        "/cluster/acme/account", "/cluster/acme/plugins", "/cluster/backup", "/cluster/replication",
        "/cluster/mapping/pci", "/cluster/mapping/usb", "/cluster/mapping/dir",
        "/cluster/metrics/server"), {}),
}
# What is looked for and is not there: a status of 500 with one of these sentences, nothing else.
MISSING = re.compile("does not exist|no such|No such")
ABSENT = ["/nodes/{node}/qemu/5299/config", "/nodes/{node}/qemu/5299/status/current",
          "/nodes/{node}/lxc/5299/config", "/pools/t-none", "/access/users/t-none@pve",
          "/access/groups/t-none", "/access/roles/t-none", "/access/domains/t-none",
          "/storage/t-none", "/nodes/{node}/storage/local/content/local:iso/t-none.iso",
          "/cluster/ha/resources/vm:5299", "/cluster/ha/groups/t-none",
          "/cluster/sdn/zones/tnone", "/cluster/sdn/vnets/tnone", "/cluster/sdn/ipams/tnone",
          "/cluster/mapping/pci/t-none", "/cluster/firewall/groups/t-none"]


def misfits(shape, answer):
    rows = answer if isinstance(answer, list) else [answer]
    found = []
    for row in rows:
        for name, kind in (shape or {}).items():
            member = name.rstrip("!")
            if member in row:
                if not TYPES[kind](row[member]):
                    found.append(f"{member}: {kind} expected, got {row[member]!r}")
            elif name.endswith("!"):
                found.append(f"{member} is missing in {row!r:.200}")
    return found


class ByToken(Administrator):
    def __init__(self, server, token):
        self.server = server
        self.credential = {"Authorization": f"PVEAPIToken={token}"}
        self.node = self.call("GET", "/nodes")[0]["node"]

    def json(self, method, path, body):
        answer, text = self.server.ask(
            method, f"/api2/json{path}", None,
            {**self.credential, "Content-Type": "application/json"}, json.dumps(body))
        data = json.loads(text)["data"]
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.reason} {text}")
        if isinstance(data, str) and data.startswith("UPID:") and self.finish(data) != "OK":
            raise AssertionError(f"{method} {path}: {self.finish(data)}")
        return data


@unittest.skipUnless(URL, "POSADA_URL is not set")
class Providers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.api = ByToken(cls.server, os.environ["POSADA_TOKEN"])
        cls.qemu = f"/nodes/{cls.api.node}/qemu"
        cls.lxc = f"/nodes/{cls.api.node}/lxc"

    def setUp(self):
        self.addCleanup(self.tidy)

    def tidy(self):
        for guest in self.api.call("GET", "/cluster/resources", type="vm"):
            if guest["vmid"] in (VM, COPY, LINKED, CT):
                path = f"/nodes/{guest['node']}/{guest['id']}"
                self.api.call("PUT", f"{path}/config", protection=0)
                self.api.call("POST", f"{path}/status/stop", may_fail=True)
                self.api.call("DELETE", path, may_fail=True)

    def shaped(self, path, shape, note=""):
        answer = self.api.call("GET", path.format(node=self.api.node))
        self.assertEqual(misfits(shape, answer), [], f"{path} {note}")
        return answer

    def refusal(self, method, path, **form):
        answer, text = self.server.ask(method, f"/api2/json{path}",
                                       form if method in ("POST", "PUT") else None,
                                       self.api.credential)
        self.assertNotEqual(answer.status, 200, f"{method} {path}: {text}")
        return answer.status, answer.reason, json.loads(text)

    def test_what_is_read_has_the_types_that_go_decodes(self):
        for path, shape in READS.items():
            with self.subTest(path):
                answer = self.shaped(path, shape)
                if shape == {}:
                    self.assertIsInstance(answer, list)
        self.assertTrue(all(type(one) is str for one in
                            self.api.call("GET", f"/nodes/{self.api.node}/status")["loadavg"]))

    def test_what_is_absent_is_said_in_the_words_they_look_for(self):
        for path in ABSENT:
            with self.subTest(path):
                status, reason, _ = self.refusal("GET", path.format(node=self.api.node))
                self.assertEqual(status, 500)
                self.assertRegex(reason, MISSING)

    def test_task_numbers_fit_into_what_holds_them(self):
        # bpg reads the three hexadecimal numbers of a UPID as signed 32-bit integers.
        upid = self.api.call("GET", f"/nodes/{self.api.node}/tasks?limit=1")[0]["upid"]
        for part in upid.split(":")[2:5]:
            self.assertLess(int(part, 16), 1 << 31, upid)

    def test_bpg_takes_a_machine_through_its_life(self):
        api, vm = self.api, f"{self.qemu}/{VM}"
        # Options of a disk that are empty leave a comma at the end; numbers have six decimals.
        api.call("POST", self.qemu, **{
            "vmid": VM, "name": "t-bpg", "acpi": 1, "autostart": 0, "bios": "ovmf", "kvm": 0,
            "agent": "enabled=1,fstrim_cloned_disks=0,type=virtio", "boot": "order=scsi0;ide2;net0",
            "cores": 1, "cpu": "cputype=qemu64,flags=+aes", "cpuunits": 1024, "balloon": 0,
            "description": "Managed by Terraform\n", "machine": "q35", "memory": 64, "numa": 1,
            "numa0": "cpus=0,memory=64.000000", "ide2": "file=local:cloudinit,media=cdrom,",
            "ipconfig0": "gw=192.0.2.1,ip=192.0.2.9/24", "ciuser": "ubuntu", "cipassword": "secret",
            "sshkeys": urllib.parse.quote(KEY, safe=""), "keyboard": "en-us", "onboot": 0,
            "net0": "model=virtio,bridge=vmbr0,firewall=0,link_down=0,"
                    "macaddr=BC:24:11:00:52:01,mtu=1450",
            "scsi0": "file=local:1,format=qcow2,size=1G,aio=io_uring,backup=1,iothread=1,ssd=1,"
                     "discard=on,cache=none,replicate=1",
            "scsihw": "virtio-scsi-single", "serial0": "socket", "ostype": "l26", "protection": 0,
            "smbios1": f"base64=0,family=x,uuid={UUID}", "startup": "down=30,order=3,up=10",
            "efidisk0": "file=local:1,format=raw,efitype=4m,pre-enrolled-keys=0", "tablet": 1,
            "tags": "terraform;b;a", "template": 0, "vga": "type=std,memory=16",
            "watchdog": "action=reset,model=i6300esb", "hotplug": "network,disk,usb"})
        config = self.shaped(f"{vm}/config", CONFIG)
        self.assertEqual(config["net0"],
                         "virtio=BC:24:11:00:52:01,bridge=vmbr0,firewall=0,link_down=0,mtu=1450")
        self.assertEqual(config["sshkeys"], urllib.parse.quote(KEY, safe=""))
        self.assertEqual(config["tags"], "a;b;terraform")
        self.assertRegex(config["efidisk0"], r"size=(528K|540672)$")  # not what was asked for
        self.assertRegex(config["scsi0"], r"^local:5201/vm-5201-disk-\d.qcow2,.*size=1G")
        self.assertRegex(config["ide2"], r"vm-5201-cloudinit.*media=cdrom")
        api.call("PUT", f"{vm}/resize", disk="scsi0", size="2G")
        api.call("PUT", f"{vm}/config", delete="watchdog,numa0", tags="", affinity="0",
                 rng0="source=/dev/urandom,max_bytes=1024,period=1000", usb0="host=spice,usb3=1")
        self.shaped(f"{vm}/config", CONFIG, "after a change")
        self.shaped(f"{vm}/status/current", STATUS, "stopped")
        api.call("POST", f"{vm}/status/start", timeout=1800)
        self.shaped(f"{vm}/status/current", STATUS, "running")
        self.assertEqual(self.refusal("GET", f"{vm}/agent/network-get-interfaces")[:2],
                         (500, "QEMU guest agent is not running"))
        api.call("POST", f"{vm}/config", description="second", memory=80)
        self.assertIn({"key": "memory", "value": "64", "pending": "80"},
                      api.call("GET", f"{vm}/pending"))
        api.call("PUT", f"{vm}/cloudinit")
        api.call("POST", f"{vm}/status/shutdown", forceStop=1, timeout=1)
        self.shaped(f"{vm}/migrate", {
            "running!": "flag", "local_disks!": "list", "local_resources!": "list",
            "mapped-resources!": "list", "allowed_nodes!": "list", "has-dbus-vmstate!": "flag"})
        self.assertIn("no such cluster node",
                      self.refusal("POST", f"{vm}/migrate", target="elsewhere", online=1)[1])
        self.assertIn("target", self.refusal("POST", f"{vm}/migrate", target=api.node)[2]["errors"])
        self.copies(vm)

    def copies(self, vm):
        api, copy = self.api, f"{self.qemu}/{COPY}"
        api.call("POST", f"{vm}/template")
        api.call("POST", f"{vm}/clone", newid=COPY, full=1, name="t-copy", storage="local",
                 description="x", format="raw")
        api.call("POST", f"{vm}/clone", newid=LINKED, full=0, name="t-linked", target=api.node)
        rows = {one["vmid"]: one for one in api.call("GET", "/cluster/resources", type="vm")}
        self.assertEqual([rows[one]["template"] for one in (VM, COPY, LINKED)], [1, 0, 0])
        api.call("POST", f"{copy}/move_disk", disk="scsi0", storage="local", delete=1,
                 format="qcow2")
        same = self.refusal("POST", f"{copy}/move_disk", disk="scsi0", storage="local", delete=1)
        self.assertEqual(same[1], "you can't move to the same storage with same format")
        api.call("DELETE", f"{self.qemu}/{LINKED}?destroy-unreferenced-disks=1&purge=1")
        api.call("DELETE", f"{copy}?destroy-unreferenced-disks=1&purge=1&skiplock=0")
        api.call("DELETE", f"{vm}?purge=1")

    def test_an_image_becomes_a_disk(self):
        api, vm = self.api, f"{self.qemu}/{VM}"
        api.upload("local", "import", "t-providers.raw", os.urandom(4096) + bytes(1 << 20))
        self.addCleanup(api.call, "DELETE", f"/nodes/{api.node}/storage/local/content/"
                                            "local:import/t-providers.raw")
        source = "import-from=local:import/t-providers.raw"
        api.call("POST", self.qemu, vmid=VM, virtio0=f"file=local:0,{source},format=qcow2,"
                                                     "iothread=1,size=8G,")
        self.assertRegex(api.call("GET", f"{vm}/config")["virtio0"],
                         r"^local:5201/vm-5201-disk-0.qcow2,iothread=1,size=\d+K$")
        api.call("PUT", f"{vm}/config", scsi0=f"local:1,{source}")
        self.assertIn("size=1G", api.call("GET", f"{vm}/config")["scsi0"])
        before = api.call("GET", f"{vm}/config")
        for value in ("local:0,import-from=local:import/t-none.qcow2",
                      "local:0,import-from=/etc/passwd",
                      f"local:5201/vm-5201-disk-0.qcow2,{source}"):
            self.refusal("PUT", f"{vm}/config", scsi1=value)
        self.assertEqual(api.call("GET", f"{vm}/config"), before)
        self.assertEqual(len(api.call("GET", f"/nodes/{api.node}/storage/local/content", vmid=VM)), 2)

    @unittest.skipUnless(os.environ.get("POSADA_ROOT"), "the node's folders are not here")
    def test_snippets_are_named_by_their_volumes(self):
        # Both providers send cicustom; the files are put on the node by other means.
        folder = os.path.join(os.environ["POSADA_ROOT"], "local", "snippets")
        os.makedirs(folder, exist_ok=True)
        name = os.path.join(folder, "t-providers.yaml")
        self.addCleanup(os.remove, name)
        with open(name, "w", encoding="utf-8") as file:
            file.write("#cloud-config\nown: 1\n")
        value = "user=local:snippets/t-providers.yaml,vendor=local:snippets/t-providers.yaml"
        self.api.call("POST", self.qemu, vmid=VM, ide2="local:cloudinit", cicustom=value)
        self.assertEqual(self.api.call("GET", f"{self.qemu}/{VM}/config")["cicustom"], value)
        self.api.call("PUT", f"{self.qemu}/{VM}/cloudinit")
        disc = os.path.join(os.environ["POSADA_ROOT"], "local", "images", str(VM),
                            f"vm-{VM}-cloudinit.qcow2")
        with open(disc, "rb") as file:
            self.assertEqual(file.read().count(b"#cloud-config\nown: 1\n"), 2)
        missing = self.refusal("PUT", f"{self.qemu}/{VM}/config",
                               cicustom="user=local:snippets/t-none.yaml")
        self.assertIn("does not exist", missing[2]["errors"]["cicustom"])

    def test_telmate_takes_a_machine_through_its_life(self):
        api, vm = self.api, f"{self.qemu}/{VM}"
        api.call("POST", self.qemu, **{
            "vmid": VM, "name": "t-telmate", "agent": "1,freeze-fs-on-backup=1,"
            "fstrim_cloned_disks=1,type=virtio", "balloon": "0", "bios": "seabios", "boot": "cdn",
            "bootdisk": "virtio0", "cores": "1", "cpu": "qemu64,flags=+aes;-pcid", "kvm": "0",
            "hotplug": "network,disk,usb", "memory": "64", "numa": "0", "onboot": "0",
            "net0": "virtio=bc:24:11:00:52:02,bridge=vmbr0,link_down=0,firewall=0",
            "ostype": "other", "scsihw": "virtio-scsi-single", "serial0": "socket", "sockets": "1",
            "tablet": "1", "tags": "a;tf", "vga": "type=serial0", "ide2": "local:cloudinit",
            "virtio0": "local:1,backup=0,cache=writeback,discard=on,iothread=1,mbps_rd=50.00,"
                       "mbps_wr=20.5,iops_rd=100,ro=0,serial=abc,format=qcow2,replicate=0",
            "ciuser": "u", "ciupgrade": "0", "ipconfig0": "ip=dhcp,ip6=auto", "protection": "1",
            "nameserver": "192.0.2.53 192.0.2.54", "searchdomain": "example.test",
            "cpuunits": "100", "cpulimit": "0", "usb0": "host=spice,usb3=1", "affinity": "0",
            "rng0": "source=/dev/urandom,max_bytes=1024,period=1000",
            "watchdog": "i6300esb,action=reset", "smbios1": f"uuid={UUID}",
            "startup": "order=1,up=2", "description": "d"})
        self.shaped(f"{vm}/config", CONFIG)
        api.call("POST", f"{vm}/status/start")
        self.assertEqual(misfits(RESOURCE, [one for one in api.call(
            "GET", "/cluster/resources", type="vm") if one["vmid"] == VM]), [])
        self.assertIn("protection mode enabled", self.refusal("DELETE", vm)[1])
        api.call("POST", f"{vm}/snapshot", snapname="before", description="", vmstate=0)
        rows = self.shaped(f"{vm}/snapshot", {"name!": "string", "description!": "string",
                                              "snaptime": WHOLE, "vmstate": WHOLE,
                                              "parent": "string"})
        self.assertEqual([one["name"] for one in rows], ["before", "current"])
        api.call("POST", f"{vm}/snapshot/before/rollback", start=0)
        api.call("DELETE", f"{vm}/snapshot/before")
        api.call("POST", f"{vm}/config", delete="serial0,watchdog", protection="0", memory="80")
        self.assertEqual(api.call("GET", f"{vm}/config")["memory"], "80")
        api.call("DELETE", f"{vm}?purge=1")

    def test_bodies_of_json_are_taken(self):
        api, vm = self.api, f"{self.qemu}/{VM}"
        api.json("POST", self.qemu, {"vmid": VM, "name": "t-json", "memory": 64, "cores": 1,
                                     "onboot": False, "agent": 1, "kvm": 0, "scsi0": "local:1",
                                     "net0": "virtio,bridge=vmbr0", "tags": "b,a"})
        api.json("POST", f"{vm}/config", {"cores": 2, "description": "x", "ciuser": ""})
        self.assertEqual(api.call("GET", f"{vm}/config")["tags"], "a;b")
        api.json("POST", f"{vm}/clone", {"newid": COPY, "full": 1, "name": "t-json-copy"})
        api.json("POST", f"{vm}/status/start", {})
        console = api.json("POST", f"{vm}/vncproxy", {"websocket": 1})
        self.assertEqual(misfits({"port!": "string", "ticket!": "string", "upid!": "string",
                                  "user!": "string", "cert!": "string"}, console), [])
        api.json("PUT", f"{vm}/resize", {"disk": "scsi0", "size": "+1G"})
        api.json("POST", f"{vm}/status/stop", {"overrule-shutdown": True})
        status = self.shaped(f"{vm}/status/current", STATUS)
        self.assertEqual(status["status"], "stopped")
        self.assertNotIn("template", api.call("GET", f"{vm}/config"))

    def test_agents_addresses_are_numbers_and_texts(self):
        for guest in self.api.call("GET", self.qemu):
            path = f"{self.qemu}/{guest['vmid']}/agent/network-get-interfaces"
            answer = guest["status"] == "running" and self.api.call("GET", path, may_fail=True)
            if not answer:
                continue
            for card in answer["result"]:
                self.assertEqual(misfits({"name!": "string", "hardware-address": "string",
                                          "statistics": "map", "ip-addresses": "list"}, card), [])
                self.assertEqual(misfits({"ip-address!": "string", "prefix!": WHOLE,
                                          "ip-address-type!": "string"},
                                         card.get("ip-addresses", [])), [])
            return
        self.skipTest("no running guest has an agent")

    def test_bpg_takes_a_container_through_its_life(self):
        api, ct = self.api, f"{self.lxc}/{CT}"
        templates = api.call("GET", f"/nodes/{api.node}/storage/local/content", content="vztmpl")
        if not templates:
            self.skipTest("the node has no container template")
        api.call("POST", self.lxc, **{
            "vmid": CT, "arch": "amd64", "cmode": "tty", "console": 1, "cores": 1, "cpuunits": 1024,
            "description": "x\n", "features": "fuse=0,keyctl=0,nesting=1", "hostname": "t-ct",
            "memory": 64, "swap": 0, "mp0": "volume=local:1,mp=/data,backup=1,ro=0", "start": 1,
            "net0": "bridge=vmbr0,firewall=0,ip=dhcp,ip6=auto,name=eth0", "ostype": "unmanaged",
            "ostemplate": templates[0]["volid"], "password": "secret", "ssh-public-keys": KEY,
            "protection": 0, "rootfs": "volume=local:1", "onboot": 0, "tags": "tf;x", "template": 0,
            "startup": "down=20,order=1,up=5", "tty": 2, "unprivileged": 1,
            "nameserver": "192.0.2.53", "searchdomain": "example.test"})
        deadline = time.monotonic() + 60
        while api.call("GET", f"{ct}/status/current")["status"] != "running":
            self.assertLess(time.monotonic(), deadline, "start=1 has not started it")
            time.sleep(0.1)
        shape = {**dict.fromkeys(("console", "onboot", "protection", "template", "unprivileged"),
                                 "flag"),
                 **dict.fromkeys(("cores", "cpuunits", "memory", "swap", "tty"), WHOLE),
                 **dict.fromkeys(("arch", "cmode", "description", "digest!", "features", "hostname",
                                  "net0", "ostype", "startup", "tags"), "string"),
                 "rootfs!": "disk", "mp0!": "disk"}
        self.shaped(f"{ct}/config", shape)
        for card in self.shaped(f"{ct}/interfaces", {"name!": "string", "hwaddr!": "string",
                                                     "ip-addresses": "list", "inet": "string"}):
            self.assertEqual(misfits({"ip-address!": "string", "prefix!": WHOLE},
                                     card.get("ip-addresses", [])), [])
        api.call("PUT", f"{ct}/config", delete="searchdomain,nameserver", cpulimit="0.5", tags="")
        self.shaped(f"{ct}/config", {**shape, "cpulimit": "string"}, "after a change")
        self.shaped(f"{ct}/status/current", STATUS)
        api.call("POST", f"{ct}/status/shutdown", forceStop=1, timeout=2)
        api.call("PUT", f"{ct}/resize", disk="rootfs", size="2G")
        api.call("DELETE", f"{ct}?destroy-unreferenced-disks=1&force=1&purge=1")

    def test_users_roles_groups_pools_and_storages_are_resources(self):
        api = self.api
        for path in ("/pools/t-tf", "/access/users/t-tf@pve", "/access/groups/t-tf",
                     "/access/roles/TTerraform"):
            self.addCleanup(api.call, "DELETE", path, may_fail=True)
        api.call("POST", "/access/groups", groupid="t-tf", comment="c")
        api.call("POST", "/access/roles", roleid="TTerraform", privs="VM.Audit,VM.PowerMgmt")
        api.call("PUT", "/access/roles/TTerraform", privs="VM.Audit", append=0)
        self.assertEqual(api.call("GET", "/access/roles/TTerraform"), {"VM.Audit": 1})
        api.call("POST", "/access/users", userid="t-tf@pve", password="secret123", enable=1,
                 expire=0, email="a@example.test", firstname="f", lastname="l", groups="t-tf",
                 keys="", comment="c")
        self.assertEqual(misfits({"groups!": "list", "enable!": "flag", "expire!": WHOLE},
                                 api.call("GET", "/access/users/t-tf@pve")), [])
        self.assertEqual(api.call("GET", "/access/groups/t-tf")["members"], ["t-tf@pve"])
        api.call("PUT", "/access/users/t-tf@pve", enable=1, expire=0, email="", firstname="",
                 lastname="", groups="", keys="", comment="", append=0)
        self.assertEqual(api.call("GET", "/access/groups/t-tf")["members"], [])
        made = api.call("POST", "/access/users/t-tf@pve/token/one", comment="x", privsep=0)
        self.assertEqual(misfits({"full-tokenid!": "string", "value!": "string", "info!": "map"},
                                 made), [])
        self.assertEqual(api.call("GET", "/access/users/t-tf@pve/token/one")["privsep"], 0)
        grant = {"path": "/vms", "roles": "TTerraform", "users": "t-tf@pve", "propagate": 1}
        api.call("PUT", "/access/acl", **grant, delete=0)
        self.assertIn("t-tf@pve", [one["ugid"] for one in api.call("GET", "/access/acl")])
        api.call("PUT", "/access/acl", **grant, delete=1)
        self.assertNotIn("t-tf@pve", [one["ugid"] for one in api.call("GET", "/access/acl")])
        api.call("POST", "/pools", poolid="t-tf", comment="c")
        self.assertEqual(api.call("GET", "/pools/t-tf")["members"], [])
        self.assertEqual(api.call("GET", "/pools/?poolid=t-tf")[0]["comment"], "c")
        api.call("PUT", "/pools/t-tf", comment="d")
        self.assertIn("already exists", self.refusal("POST", "/pools", poolid="t-tf")[1])

    def test_options_of_the_datacenter_are_set_and_unset(self):
        before = self.api.call("GET", "/cluster/options").get("keyboard")
        if before:
            self.skipTest("the node has a keyboard of its own")
        self.api.call("PUT", "/cluster/options", keyboard="en-us", delete="language")
        self.assertEqual(self.api.call("GET", "/cluster/options")["keyboard"], "en-us")
        self.api.call("PUT", "/cluster/options", delete="keyboard")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
