"""Debian's fence agent for this API (package fence-agents), as a cluster manager runs it, on a
machine of its own: status, on, off, reboot, and a wrong password. Its action `list` is left out: this
version wants the numbers of guests as texts, which the API has not sent since version 7."""
import os
import shutil
import subprocess
import unittest
from urllib.parse import urlsplit

from server import URL, Administrator, Server

VMID = 5230
# The agent waits as long as it must for a new state; a slow machine needs more than its default.
PATIENCE = ["--power-timeout=120", "--shell-timeout=60"]


@unittest.skipUnless(shutil.which("fence_pve"), "fence-agents is not installed")
@unittest.skipUnless(URL, "POSADA_URL is not set")
class Fence(unittest.TestCase):
    def setUp(self):
        self.node = Administrator(Server(), os.environ["POSADA_USER"],
                                  os.environ["POSADA_PASSWORD"])
        self.guest = f"/nodes/{self.node.node}/qemu/{VMID}"
        self.remove()
        self.node.call("POST", f"/nodes/{self.node.node}/qemu", vmid=VMID, name="t-fence", memory=64)
        self.addCleanup(self.remove)

    def remove(self):
        self.node.call("POST", f"{self.guest}/status/stop", may_fail=True)
        self.node.call("DELETE", self.guest, may_fail=True)

    def fence(self, action, *options, password=None):
        parts = urlsplit(URL)
        return subprocess.run(
            ["fence_pve", "--ip", parts.hostname, "--ipport", str(parts.port or 8006),
             "--username", os.environ["POSADA_USER"],
             "--password", password or os.environ["POSADA_PASSWORD"], "--ssl-insecure",
             "--action", action, *PATIENCE, *options],
            text=True, timeout=300, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def status_is(self, wanted):
        self.assertEqual(self.node.call("GET", f"{self.guest}/status/current")["status"], wanted)

    def test_a_machine_is_fenced_and_comes_back(self):
        plug = ["--plug", str(VMID), "--pve-node-auto"]
        for action, wanted, said in [("on", "running", "Powered ON"), ("reboot", "running", "Rebooted"),
                                     ("off", "stopped", "Powered OFF")]:
            done = self.fence(action, *plug)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn(said, done.stdout)
            self.status_is(wanted)
        # The state "off" is the agent's exit status 2.
        self.assertEqual(self.fence("status", *plug).returncode, 2)
        done = self.fence("on", "--plug", str(VMID), "--pve-node", self.node.node)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.fence("status", *plug).returncode, 0)
        done = self.fence("reboot", "--method", "cycle", *plug)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.status_is("running")

    def test_a_wrong_password_fences_nothing(self):
        done = self.fence("off", "--plug", str(VMID), "--pve-node-auto", password="wrong")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Unable to connect/login", done.stdout)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
