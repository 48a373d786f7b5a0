"""Debian's Ansible with community.general: the proxmox modules and the inventory plugin, against
a live node. What the modules do stands in ansible/guests.yml; a failing task is shown."""
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import unittest
import urllib.request
from urllib.parse import urlsplit

HERE = pathlib.Path(__file__).resolve().parent
URL = os.environ.get("POSADA_URL")
SECONDS = 400  # about 40 on an idle machine


def ask(path):
    request = urllib.request.Request(f"{URL}/api2/json{path}", headers={
        "Authorization": f"PVEAPIToken={os.environ['POSADA_TOKEN']}"})
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        return json.load(answer)["data"]


@unittest.skipUnless(shutil.which("ansible-playbook"), "ansible is not installed")
@unittest.skipUnless(URL, "POSADA_URL is not set")
class Ansible(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="posada-ansible-"))
        self.addCleanup(shutil.rmtree, self.folder)
        # requests lets these two win over "do not verify".
        inherited = {name: value for name, value in os.environ.items()
                     if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
        self.environment = {**inherited, "HOME": str(self.folder), "ANSIBLE_NOCOLOR": "1",
                            "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_STDOUT_CALLBACK": "default",
                            "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
                            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
                            "ANSIBLE_INVENTORY_ENABLED":
                                "community.general.proxmox,host_list"}
        name, secret = os.environ["POSADA_TOKEN"].split("=")
        self.user, self.token = name.split("!")
        self.secret = secret
        self.node = ask("/nodes")[0]["node"]

    def run_program(self, *words):
        done = subprocess.run(words, cwd=self.folder, env=self.environment, timeout=SECONDS,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        return done.stdout

    def test_a_playbook_takes_guests_through_their_lives(self):
        iso = self.folder / "t-ansible.iso"
        iso.write_bytes(os.urandom(200_000))
        templates = ask(f"/nodes/{self.node}/storage/local/content?content=vztmpl")
        posada = HERE.parent.parent / "build" / "release" / "posada"
        local = os.environ.get("POSADA_ROOT") and posada.exists()
        variables = {
            "host": urlsplit(URL).netloc, "user": self.user, "node": self.node,
            "password": os.environ["POSADA_PASSWORD"], "token_id": self.token,
            "token_secret": self.secret, "iso": str(iso),
            "template": templates[0]["volid"] if templates else "",
            "posada": str(posada) if local else "",
        }
        (self.folder / "variables.json").write_text(json.dumps(variables))
        self.run_program("ansible-playbook", str(HERE / "ansible" / "guests.yml"),
                         "-i", "localhost,", "-e", "@variables.json")
        left = {guest["vmid"] for guest in ask("/cluster/resources?type=vm")}
        self.assertFalse(left & {5105, 5106})
        for vmid in (5105, 5106):
            self.assertEqual(ask(f"/nodes/{self.node}/storage/local/content?vmid={vmid}"), [])

    def inventory(self, **credentials):
        source = {"plugin": "community.general.proxmox", "url": URL, "validate_certs": False,
                  "user": self.user, "want_facts": True, "want_proxmox_nodes_ansible_host": False,
                  "keyed_groups": [{"key": "proxmox_vmtype", "prefix": "kind"}], **credentials}
        (self.folder / "t.proxmox.yml").write_text(json.dumps(source))
        return json.loads(self.run_program("ansible-inventory", "-i", "t.proxmox.yml", "--list"))

    def test_the_inventory_names_every_guest(self):
        guests = ask("/cluster/resources?type=vm")
        found = self.inventory(password=os.environ["POSADA_PASSWORD"])
        self.assertEqual(found["proxmox_nodes"]["hosts"], [self.node])
        for guest in guests:
            facts = found["_meta"]["hostvars"][guest["name"]]
            self.assertEqual(facts["proxmox_vmid"], guest["vmid"])
            self.assertEqual(facts["proxmox_status"], guest["status"])
            self.assertIn(guest["name"], found[f"proxmox_all_{guest['type']}"]["hosts"])
        by_token = self.inventory(token_id=self.token, token_secret=self.secret)
        self.assertEqual(set(by_token["_meta"]["hostvars"]), set(found["_meta"]["hostvars"]))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
