"""docs/compatibility.md: which methods are built, from what `posada api list --json` prints."""
import collections

INTRO = """# Compatibility

Every method of the Proxmox VE API, version 9.2, is known to Posada: its parameters, types and
permission rules stand in the files under `api/`. A method that is not built yet answers
`501 Method 'VERB /path' not implemented`.

This page is made by `tools/schema compatibility LIST.json` from the output of
`posada api list --json`.
"""


def area(path):
    parts = path.strip("/").split("/")
    if parts[0] == "nodes" and len(parts) > 2:
        return "nodes/" + parts[2]
    if parts[0] == "cluster" and len(parts) > 1:
        return "cluster/" + parts[1]
    return parts[0] or "/"


def compatibility(methods):
    """`methods`: dictionaries with method, path and implemented."""
    total, built, missing = collections.Counter(), collections.Counter(), {}
    for method in sorted(methods, key=lambda m: (m["path"], m["method"])):
        name = area(method["path"])
        total[name] += 1
        if method.get("implemented"):
            built[name] += 1
        else:
            missing.setdefault(name, []).append(f"`{method['method']} {method['path']}`")
    lines = [INTRO, f"{sum(built.values())} of {sum(total.values())} methods are built.\n",
             "| area | built | of |", "|---|---:|---:|"]
    lines += [f"| {name} | {built[name]} | {total[name]} |" for name in sorted(total)]
    lines += ["", "## Not built yet", ""]
    for name, entries in sorted(missing.items()):
        lines += [f"### {name}", ""] + [f"- {entry}" for entry in entries] + [""]
    return "\n".join(lines).rstrip() + "\n"
