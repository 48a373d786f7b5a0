"""The API description in the form of the reference: one dictionary a method."""


def plain(value):
    """A schema without the keys of our own."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if not k.startswith("#")}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def as_reference(method):
    entry = {
        "path": method.path, "method": method.verb, "name": method.name,
        "protected": "protected" in method.marks, "allowtoken": "no-token" not in method.marks,
        "params": plain(method.params), "returns": plain(method.returns),
    }
    if method.permission:
        entry["permissions"] = method.permission
    for mark, key, value in (("node", "proxyto", "node"), ("additional", "params_additional", True),
                             ("credentials", "expose_credentials", 1),
                             ("download", "download_allowed", 1)):
        if mark in method.marks:
            entry[key] = value
    return entry


def differences(mine, reference, where=""):
    """Texts that say where two values differ."""
    if isinstance(mine, dict) and isinstance(reference, dict):
        found = []
        for key in sorted(set(mine) | set(reference)):
            place = f"{where}.{key}" if where else key
            if key not in mine:
                found.append(f"{place}: missing, the reference has {str(reference[key])[:120]}")
            elif key not in reference:
                found.append(f"{place}: not in the reference: {str(mine[key])[:120]}")
            else:
                found += differences(mine[key], reference[key], place)
        return found
    if isinstance(mine, list) and isinstance(reference, list) and len(mine) == len(reference):
        return [t for i, (a, b) in enumerate(zip(mine, reference))
                for t in differences(a, b, f"{where}[{i}]")]
    if type(mine) is type(reference) and mine == reference:
        return []
    return [f"{where}: {str(mine)[:120]!r} where the reference has {str(reference)[:120]!r}"]
