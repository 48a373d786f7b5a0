"""Debian's Packer with its proxmox-clone builder (written in Go on Telmate's library): a template
with the demo machine's disk is cloned, booted, shut down by its guest, and made a template."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from server import URL, Administrator, Server

BASE, BUILT = 5241, 5240
DISK = pathlib.Path(os.environ.get("POSADA_ROOT", "/nowhere"), "images", "demo-vm.img")
SECONDS = 500  # about 60 on an idle machine: the builder sleeps a lot


@unittest.skipUnless(shutil.which("packer"), "packer is not installed")
@unittest.skipUnless(URL, "POSADA_URL is not set")
@unittest.skipUnless(DISK.exists(), "the disk of the demo machine is not at hand")
class Packer(unittest.TestCase):
    def setUp(self):
        self.node = Administrator(Server(), os.environ["POSADA_USER"],
                                  os.environ["POSADA_PASSWORD"])
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="posada-packer-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.remove()
        self.addCleanup(self.remove)

    def remove(self):
        for vmid in (BUILT, BASE):
            guest = f"/nodes/{self.node.node}/qemu/{vmid}"
            self.node.call("POST", f"{guest}/status/stop", may_fail=True)
            self.node.call("DELETE", guest, may_fail=True)
        self.node.call("DELETE", f"/nodes/{self.node.node}/storage/local/content/"
                       "local:import/t-packer.raw", may_fail=True)

    def make_base(self):
        self.node.upload("local", "import", "t-packer.raw", DISK.read_bytes())
        self.node.call("POST", f"/nodes/{self.node.node}/qemu", vmid=BASE, name="t-packer-base",
                       memory=256, agent=1, scsihw="virtio-scsi-pci", rng0="source=/dev/urandom",
                       scsi0="local:0,import-from=local:import/t-packer.raw", boot="order=scsi0")
        self.node.call("POST", f"/nodes/{self.node.node}/qemu/{BASE}/template")

    def test_a_template_is_built_from_another(self):
        self.make_base()
        builder = {
            "type": "proxmox-clone", "proxmox_url": f"{URL}/api2/json",
            "username": os.environ["POSADA_USER"], "password": os.environ["POSADA_PASSWORD"],
            "insecure_skip_tls_verify": True, "node": self.node.node, "vm_id": BUILT,
            "vm_name": "t-packer", "clone_vm": "t-packer-base", "memory": 192, "cores": 1,
            "os": "l26", "disable_kvm": True, "qemu_agent": True,
            "scsi_controller": "virtio-scsi-pci", "communicator": "none",
            "network_adapters": [{"model": "virtio", "bridge": "vmbr0"}],
            "template_name": "t-packer-template",
            "template_description": "made by Packer",
        }
        # The power button is pressed once, and a guest that still boots would not hear it.
        ping = (f"curl -sk -X POST -H \"Authorization: PVEAPIToken=$POSADA_TOKEN\" {URL}/api2/json"
                f"/nodes/{self.node.node}/qemu/{BUILT}/agent/ping | grep -q result")
        up = {"type": "shell-local",
              "inline": [f"for i in $(seq 200); do {ping} && exit 0; sleep 1; done; exit 1"]}
        (self.folder / "build.json").write_text(json.dumps({"builders": [builder],
                                                            "provisioners": [up]}))
        environment = {**os.environ, "HOME": str(self.folder), "CHECKPOINT_DISABLE": "1"}
        done = subprocess.run(["packer", "build", "-color=false", "build.json"], cwd=self.folder,
                              env=environment, timeout=SECONDS, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"A template was created: {BUILT}", done.stdout)
        config = self.node.call("GET", f"/nodes/{self.node.node}/qemu/{BUILT}/config")
        self.assertEqual(config["template"], 1)
        self.assertEqual(config["name"], "t-packer-template")
        self.assertEqual(config["description"], "made by Packer")
        self.assertEqual(config["memory"], "192")
        self.assertRegex(config["net0"], "^virtio=.*,bridge=vmbr0")
        self.assertIn(f"local:{BUILT}/base-{BUILT}-disk-0.", config["scsi0"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
