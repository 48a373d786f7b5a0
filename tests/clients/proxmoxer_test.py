"""Debian's python3-proxmoxer, over HTTPS with a password and with a token, against a live node.

Every call of it fails after 5 s, so an answer that waits for work would fail here.
"""
import io
import os
import time
import unittest
from urllib.parse import urlsplit

try:
    from proxmoxer import ProxmoxAPI, ResourceException
except ImportError:
    ProxmoxAPI = None

URL = os.environ.get("POSADA_URL")
VMID = 5103
CTID = 5104


def signed_in():
    return ProxmoxAPI(urlsplit(URL).netloc, user=os.environ["POSADA_USER"],
                      password=os.environ["POSADA_PASSWORD"], verify_ssl=False)


def by_token():
    name, secret = os.environ["POSADA_TOKEN"].split("=")
    user, token = name.split("!")
    return ProxmoxAPI(urlsplit(URL).netloc, user=user, token_name=token, token_value=secret,
                      verify_ssl=False)


def finish(node, upid, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        task = node.tasks(upid).status.get()
        if task["status"] == "stopped":
            return task["exitstatus"]
        if time.monotonic() > deadline:
            raise AssertionError(f"{upid} still runs")
        time.sleep(0.1)


@unittest.skipUnless(ProxmoxAPI, "python3-proxmoxer is not installed")
@unittest.skipUnless(URL, "POSADA_URL is not set")
class Proxmoxer(unittest.TestCase):
    def node(self, api):
        return api.nodes(api.nodes.get()[0]["node"])

    def done(self, node, upid):
        self.assertEqual(finish(node, upid), "OK")

    def remove(self, kind, vmid):
        """Whatever a failed test left of the guest goes."""
        api = by_token()
        if all(guest["vmid"] != vmid for guest in api.cluster.resources.get(type="vm")):
            return
        guest = getattr(self.node(api), kind)(vmid)
        finish(self.node(api), guest.status.stop.post())
        finish(self.node(api), guest.delete())

    def owned(self, kind, vmid):
        self.remove(kind, vmid)
        self.addCleanup(self.remove, kind, vmid)

    def vm_through_its_life(self, api):
        self.owned("qemu", VMID)
        node = self.node(api)
        self.done(node, node.qemu.create(vmid=VMID, name="t-proxmoxer", memory=64, scsi0="local:1",
                                         scsihw="virtio-scsi-pci", net0="virtio"))
        vm = node.qemu(VMID)
        vm.config.put(cores=2, description="ñ = 100 %\nsecond line")
        config = vm.config.get()
        self.assertEqual(config["cores"], 2)
        self.assertEqual(config["description"], "ñ = 100 %\nsecond line")
        self.assertRegex(config["scsi0"], r"^local:5103/vm-5103-disk-0\.\w+,size=1G$")
        self.done(node, vm.resize.put(disk="scsi0", size="+1G"))
        self.assertTrue(vm.config.get()["scsi0"].endswith(",size=2G"))
        self.done(node, vm.status.start.post())
        self.assertEqual(vm.status.current.get()["status"], "running")
        self.done(node, vm.status.suspend.post())
        self.assertEqual(vm.status.current.get()["qmpstatus"], "paused")
        self.done(node, vm.status.resume.post())
        self.done(node, vm.status.stop.post())
        self.assertEqual(vm.status.current.get()["status"], "stopped")
        self.done(node, vm.delete())
        self.assertEqual(node.storage("local").content.get(vmid=VMID), [])

    def test_a_password_takes_a_vm_through_its_life(self):
        self.vm_through_its_life(signed_in())

    def test_a_token_takes_a_vm_through_its_life(self):
        self.vm_through_its_life(by_token())

    def test_a_container_through_its_life(self):
        api = by_token()
        node = self.node(api)
        templates = node.storage("local").content.get(content="vztmpl")
        if not templates:
            self.skipTest("the node has no container template")
        self.owned("lxc", CTID)
        self.done(node, node.lxc.create(vmid=CTID, hostname="t-proxmoxer-ct", memory=64,
                                        ostemplate=templates[0]["volid"], rootfs="local:1",
                                        unprivileged=1, password="container"))
        container = node.lxc(CTID)
        container.config.put(cores=1, description="made by a client")
        self.assertEqual(container.config.get()["hostname"], "t-proxmoxer-ct")
        self.done(node, container.status.start.post())
        self.assertEqual(container.status.current.get()["status"], "running")
        self.done(node, container.status.stop.post())
        self.done(node, container.delete())
        self.assertEqual(node.storage("local").content.get(vmid=CTID), [])

    def test_an_uploaded_image_is_listed_and_goes(self):
        api = signed_in()
        node = self.node(api)
        local = node.storage("local")
        image = io.BytesIO(os.urandom(300_000))
        image.name = "t-proxmoxer.iso"
        self.done(node, local.upload.post(content="iso", filename=image))
        self.assertEqual([one["size"] for one in local.content.get(content="iso")
                          if one["volid"] == "local:iso/t-proxmoxer.iso"], [300_000])
        self.done(node, local.content("local:iso/t-proxmoxer.iso").delete())
        self.assertNotIn("local:iso/t-proxmoxer.iso",
                         [one["volid"] for one in local.content.get(content="iso")])

    def test_an_error_carries_status_and_reason(self):
        node = self.node(by_token())
        with self.assertRaises(ResourceException) as wrong:
            node.qemu.create(vmid=VMID, memory=64, ostype="abacus")
        self.assertEqual(wrong.exception.status_code, 400)
        self.assertIn("Parameter verification failed.", str(wrong.exception))
        with self.assertRaises(ResourceException) as missing:
            node.qemu(5999).config.get()
        self.assertEqual(missing.exception.status_code, 500)
        self.assertIn("does not exist", str(missing.exception))

    def test_users_and_pools(self):
        api = signed_in()
        self.addCleanup(lambda: [api.access.users.delete(user["userid"]) for user in
                                 api.access.users.get() if user["userid"] == "t-proxmoxer@pve"])
        api.access.users.post(userid="t-proxmoxer@pve", password="a long one", comment="x")
        self.assertEqual(api.access.users("t-proxmoxer@pve").get()["comment"], "x")
        other = ProxmoxAPI(urlsplit(URL).netloc, user="t-proxmoxer@pve", password="a long one",
                           verify_ssl=False)
        self.assertEqual(other.cluster.resources.get(type="vm"), [])
        with self.assertRaises(ResourceException) as refused:
            other.pools.post(poolid="t-proxmoxer")
        self.assertEqual(refused.exception.status_code, 403)


if __name__ == "__main__":
    # The client leaves its connections open.
    unittest.main(warnings="ignore")
