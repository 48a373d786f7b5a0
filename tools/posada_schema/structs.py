"""Writes one header a resource with a typed struct for the parameters of each method."""
import re

from .cpp import HEADER, is_optional, text

# Words that C++ keeps for itself.
KEYWORDS = set("""alignas alignof and asm auto bool break case catch char class const constexpr
continue default delete do double else enum explicit export extern false float for friend goto if
inline int long mutable namespace new not operator or private protected public register return
short signed sizeof static struct switch template this throw true try typedef typename union
unsigned using virtual void volatile while xor method visit""".split())
SCALARS = {"string": "std::string", "integer": "std::int64_t", "number": "double",
           "boolean": "bool", "object": "json::object"}


def field_name(name):
    word = re.sub(r"[^A-Za-z0-9]", "_", name.replace("[n]", ""))
    return word + "_" if word in KEYWORDS or word[0].isdigit() else word


def field_type(name, schema, is_path):
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items", {}).get("type", "any")
        base = f"std::vector<{SCALARS.get(items, 'json::value')}>"
    else:
        base = SCALARS.get(kind, "json::value")
    if name.endswith("[n]"):
        return f"std::map<int, {base}>"
    return f"std::optional<{base}>" if is_optional(schema) and not is_path else base


def struct(number, method):
    lines = [f"// {method.verb} {method.path}" + (f": {method.about}" if method.about else ""),
             f"struct {method.cpp_name} {{", f"  static constexpr MethodId method = {number};"]
    params = sorted(method.params.items())
    names = {}
    indexed_twins = {n[:-3] for n, _ in params if n.endswith("[n]")}
    for name, schema in params:
        plain = name.replace("[n]", "")
        # numa and numa[n] stand side by side in one method.
        member = field_name(plain) + ("_list" if name.endswith("[n]") and plain in method.params
                                      and plain in indexed_twins else "")
        names[name] = member
        kind = field_type(name, schema, name in method.path_names)
        initial = "{}" if kind in ("std::int64_t", "double", "bool") else ""
        lines.append(f"  {kind} {member}{initial};")
    lines.append("")
    lines.append("  template <class Visitor, class Self>")
    lines.append("  static void visit([[maybe_unused]] Visitor&& visitor, "
                 "[[maybe_unused]] Self& self) {")
    for name, member in names.items():
        lines.append(f"    visitor({text(name.replace('[n]', ''))}, self.{member});")
    lines += ["  }", "};", ""]
    return lines


def resource_header(resource, methods):
    """`methods` are (number, Method) pairs of one resource."""
    lines = [HEADER + "#pragma once\n", '#include "api/request.h"\n',
             f"namespace posada::api::{resource} {{\n",
             "using namespace std::string_view_literals;\n"]
    for number, method in methods:
        lines += struct(number, method)
    return "\n".join(lines) + f"}}  // namespace posada::api::{resource}\n"


def resource_headers(api):
    by_resource = {}
    for number, method in enumerate(api.methods):
        by_resource.setdefault(method.resource, []).append((number, method))
    headers = {name: resource_header(name, methods) for name, methods in by_resource.items()}
    headers["all"] = HEADER + "#pragma once\n\n" + "".join(
        f'#include "api/request/{name}.h"\n' for name in sorted(by_resource))
    return headers
