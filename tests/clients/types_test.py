"""Programs in Go and C# decode answers into fixed types and fail on a text where a number is due.
Every GET that the server has is asked, and its answer held against the description of types in
../shared/reference/pve-api.json, except where recordings of the reference show another type."""
import json
import os
import pathlib
import re
import ssl
import unittest
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = HERE.parent.parent.parent / "shared" / "reference" / "pve-api.json"
URL = os.environ.get("POSADA_URL")
# What the recordings show against the description: (path of the method, member): type.
RECORDED = {
    ("/cluster/nextid", ""): "string",
    ("/cluster/tasks", "saved"): "string",
    ("/nodes/{node}/storage/{storage}/content", "parent"): "null",
    ("/nodes/{node}/vzdump/defaults", "fleecing"): "object",
    ("/nodes/{node}/vzdump/defaults", "performance"): "object",
    ("/nodes/{node}/disks/list", "osdid-list"): "null",
}
# What must be sent along, by the last part of the path; None: not asked.
QUERIES = {"rrddata": "timeframe=hour", "rrd": "timeframe=hour&ds=cpu",
           "feature": "feature=snapshot", "schedule-analyze": "schedule=daily",
           "query-url-metadata": None, "vncwebsocket": None, "journal": "lastentries=5"}


def of_type(kind, value):
    if kind in ("integer", "boolean"):
        return isinstance(value, int) and not isinstance(value, bool) and (
            kind == "integer" or value in (0, 1))
    return {
        "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        "string": isinstance(value, str), "array": isinstance(value, list),
        "object": isinstance(value, dict), "null": value is None, "any": True,
    }[kind]


class Check:
    def __init__(self, path):
        self.path = path
        self.found = []

    def compare(self, where, rule, value):
        kind = RECORDED.get((self.path, where.rsplit(".", 1)[-1]))
        kind = kind or (rule or {}).get("type") or "any"
        if not of_type(kind, value):
            self.found.append(f"{self.path} {where}: {kind} expected, got {value!r:.60}")
            return
        if isinstance(value, list) and isinstance(rule.get("items"), dict):
            for one in value:
                self.compare(where, rule["items"], one)
        if isinstance(value, dict) and rule.get("properties"):
            self.members(where, rule["properties"], value)

    def members(self, where, properties, value):
        for name, rule in properties.items():
            if name in value:
                self.compare(f"{where}.{name}", rule, value[name])
            elif "[n]" not in name and not rule.get("optional") and not rule.get("instance-types"):
                self.found.append(f"{self.path} {where}.{name}: is missing")


@unittest.skipUnless(URL, "POSADA_URL is not set")
@unittest.skipUnless(REFERENCE.exists(), "../shared/reference/pve-api.json is not there")
class Types(unittest.TestCase):
    def ask(self, path):
        request = urllib.request.Request(f"{URL}/api2/json{path}", headers={
            "Authorization": f"PVEAPIToken={os.environ['POSADA_TOKEN']}"})
        try:
            with urllib.request.urlopen(request, timeout=300,
                                        context=ssl._create_unverified_context()) as answer:
                return json.load(answer)["data"] if "json" in answer.headers[
                    "Content-Type"] else None
        except urllib.error.HTTPError as error:
            return error

    def places(self):
        node = self.ask("/nodes")[0]["node"]
        guests = self.ask("/cluster/resources?type=vm")
        places = {"{node}": node, "{storage}": "local", "{userid}": os.environ["POSADA_USER"],
                  "{realm}": "pve", "{roleid}": "PVEAdmin", "{service}": "cron",
                  "{tokenid}": os.environ["POSADA_TOKEN"].split("!")[1].split("=")[0],
                  "{iface}": "vmbr0", "{snapname}": "current"}
        tasks = self.ask(f"/nodes/{node}/tasks?source=all&limit=1")
        places["{upid}"] = urllib.parse.quote(tasks[0]["upid"], safe="")
        volumes = self.ask(f"/nodes/{node}/storage/local/content")
        places["{volume}"] = volumes[0]["volid"]
        for kind in ("qemu", "lxc"):
            mine = [one for one in guests if one["type"] == kind]
            running = [one for one in mine if one["status"] == "running"] or mine
            if running:
                places[kind] = str(running[0]["vmid"])
        return places

    def test_every_answer_has_the_types_of_the_description(self):
        places = self.places()
        found = []
        asked = 0
        for method in json.loads(REFERENCE.read_text()):
            if method["method"] != "GET" or not isinstance(method.get("returns"), dict):
                continue
            path = method["path"]
            for name, value in places.items():
                path = path.replace(name, value)
            for kind in ("qemu", "lxc"):
                if f"/{kind}/{{vmid}}" in path and kind in places:
                    path = path.replace("{vmid}", places[kind])
            last = path.rsplit("/", 1)[-1]
            if "{" in path or QUERIES.get(last, "") is None:
                continue
            answer = self.ask(path + (f"?{QUERIES[last]}" if QUERIES.get(last) else ""))
            if isinstance(answer, urllib.error.HTTPError):
                continue  # not built, or not without more parameters
            asked += 1
            check = Check(method["path"])
            check.compare("", method["returns"], answer)
            found += check.found
        self.assertGreater(asked, 100)
        self.assertFalse(found, "\n" + "\n".join(dict.fromkeys(found)))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
