"""Writes the C++ tables: the property strings for src/base, the methods for src/api."""
import collections
import json
import re

from .dfa import compile_pattern

# Keys that belong to the Member and not to the Rule it shares.
MEMBER_KEYS = {"optional", "default_key", "requires", "alias", "keyAlias", "#about", "#bounds"}
VERBS = {"GET": "get", "POST": "post", "PUT": "put", "DELETE": "remove"}


def text(value):
    """A string_view literal."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    escaped = "".join(c if c.isascii() else "".join(f"\\{b:03o}" for b in c.encode())
                      for c in escaped)
    return f'"{escaped}"sv'


def identifier(name):
    return re.sub(r"[^A-Za-z0-9]", "_", name)


def canonical(value):
    return json.dumps(value, sort_keys=True)


def default_text(value):
    return value if isinstance(value, str) else json.dumps(value)


def is_optional(schema):
    """An alias is never required; a choice of forms is optional when one of the forms is."""
    return (schema.get("optional") or "alias" in schema or
            any(form.get("optional") for form in schema.get("oneOf", ())))


class Tables:
    """Constants of one file: every distinct value once, in an order the compiler accepts."""

    def __init__(self, formats, format_scope=""):
        self.formats, self.format_scope = formats, format_scope
        self.lines, self.known, self.counts = [], {}, collections.Counter()

    def constant(self, kind, key, make):
        """The name of the constant for `key`; `make(name)` returns its definition."""
        key = (kind, canonical(key))
        if key not in self.known:
            name = f"{kind}_{self.counts[kind]}"
            self.counts[kind] += 1
            self.known[key] = name
            self.lines.append(make(name))
        return self.known[key]

    def array(self, kind, element_type, elements):
        if not elements:
            return "{}"
        return self.constant(kind, elements, lambda name: (
            f"constexpr {element_type} {name}[] = {{{', '.join(elements)}}};"))

    def strings(self, values):
        return self.array("texts", "std::string_view", [text(v) for v in values])

    def pattern(self, source):
        def make(name):
            automaton = compile_pattern(source)
            return (f"constexpr std::uint8_t {name}_classes[] = "
                    f"{{{','.join(map(str, automaton.classes))}}};\n"
                    f"constexpr std::uint16_t {name}_next[] = "
                    f"{{{','.join(map(str, automaton.next))}}};\n"
                    f"constexpr Pattern {name}{{{text(source)}, {name}_classes, {name}_next, "
                    f"{automaton.class_count}, {automaton.first_accepting}, "
                    f"{'true' if automaton.accepts_empty else 'false'}}};")
        return self.constant("pattern", source, make)

    def rule(self, schema):
        rule = {k: v for k, v in schema.items() if k not in MEMBER_KEYS}
        fields = []

        def add(name, value):
            fields.append(f".{name} = {value}")

        if "type" in rule and rule["type"] != "any":
            kind = rule["type"]
            add("type", f"ValueType::{'null' if kind == 'null' else kind}")
        additional = rule.get("additionalProperties")
        flags = {"dynamic_default": rule.get("default_dynamic"),
                 "open": additional not in (None, 0), "has_default": "default" in rule,
                 "has_minimum": "minimum" in rule, "has_maximum": "maximum" in rule}
        for name, value in flags.items():
            if value:
                add(name, "true")
        for name, key in (("min_length", "minLength"), ("max_length", "maxLength"),
                          ("minimum", "minimum"), ("maximum", "maximum")):
            if key in rule:
                add(name, rule[key])
        if "default" in rule:
            add("default_text", text(default_text(rule["default"])))
        self._format(rule, add)
        if "pattern" in rule:
            add("pattern", "&" + self.pattern(rule["pattern"]))
        if "enum" in rule:
            add("choices", self.strings(rule["enum"]))
        if "items" in rule:
            add("items", "&" + self.rule(rule["items"]))
        if rule.get("properties"):
            add("members", self.members(rule["properties"]))
        if isinstance(additional, dict):
            add("additional", "&" + self.rule(additional))
        if "oneOf" in rule:
            add("alternatives", self.array("rules", "const Rule*",
                                           ["&" + self.rule(r) for r in rule["oneOf"]]))
        if "type-property" in rule:
            add("chosen_by", text(rule["type-property"]))
        if "instance-types" in rule:
            add("chosen_for", self.strings(rule["instance-types"]))
        return self.constant("rule", fields,
                             lambda name: f"constexpr Rule {name}{{{', '.join(fields)}}};")

    def _format(self, rule, add):
        named = rule.get("format")
        if isinstance(named, str):
            add("format", text(named))
        name = rule.get("#props") or (named if isinstance(named, str) else None)
        if name in self.formats:
            add("properties", f"&{self.format_scope}{identifier(name)}")

    def member(self, name, schema):
        fields = [f".name = {text(name.replace('[n]', ''))}"]
        if "alias" not in schema:
            fields.append(f".rule = &{self.rule(schema)}")
        for field, key in (("description", "#about"), ("needs", "requires"), ("alias", "alias"),
                           ("key_alias", "keyAlias")):
            if key in schema:
                fields.append(f".{field} = {text(schema[key])}")
        if is_optional(schema):
            fields.append(".optional = true")
        if schema.get("default_key"):
            fields.append(".default_key = true")
        if "#bounds" in schema:
            fields.append(".first = {}, .last = {}".format(*schema["#bounds"]))
        return self.constant("member", fields,
                             lambda own: f"constexpr Member {own}{{{', '.join(fields)}}};")

    def members(self, properties):
        """An array sorted by name, as find_member needs it."""
        ordered = sorted(properties.items(), key=lambda p: p[0].replace("[n]", ""))
        return self.array("members", "const Member*",
                          ["&" + self.member(name, schema) for name, schema in ordered])


HEADER = "// Generated from the API description under api/ by tools/schema; never edited.\n"


def formats_header(api):
    lines = [HEADER + "#pragma once\n", '#include "base/rule.h"\n', "namespace posada::formats {\n"]
    lines += [f"extern const PropertyFormat {identifier(name)};" for name in sorted(api.formats)]
    lines += ["\n// Every declared property string, sorted by name.",
              "std::span<const PropertyFormat* const> all();"]
    lines += ["\n}  // namespace posada::formats\n", "namespace posada::shapes {\n"]
    lines += [f"extern const Members {identifier(name)};" for name in sorted(api.tables)]
    return "\n".join(lines) + "\n\n}  // namespace posada::shapes\n"


def formats_source(api):
    tables = Tables(api.formats, "formats::")
    objects, shapes = [], []
    for name in sorted(api.tables):
        members = tables.members(api.shapes[name]["properties"])
        shapes.append(f"constinit const Members shapes::{identifier(name)} = {members};")
    for name in sorted(api.formats):
        members = tables.members(api.formats[name])
        key = next((k for k, s in api.formats[name].items() if s.get("default_key")), None)
        fields = [f".name = {text(name)}", f".members = {members}"]
        if key:
            fields.append(f".default_key = &{tables.member(key, api.formats[name][key])}")
        objects.append(f"constinit const PropertyFormat formats::{identifier(name)}"
                       f"{{{', '.join(fields)}}};")
    names = ", ".join(f"&formats::{identifier(name)}" for name in sorted(api.formats))
    return "\n".join([
        HEADER, '#include "base/property_formats.h"\n',
        "namespace posada {\n\nusing namespace std::string_view_literals;\n",
        "namespace {\n", *tables.lines, "",
        f"constexpr const PropertyFormat* all_formats[] = {{{names}}};",
        "\n}  // namespace\n", *objects, *shapes, "",
        "std::span<const PropertyFormat* const> formats::all() { return all_formats; }",
        "\n}  // namespace posada\n"])


class PermissionWriter:
    def __init__(self, tables):
        self.tables = tables

    def rule(self, permission):
        """`permission` as the reference writes it; {} is root only."""
        if not permission:
            return self._constant(".kind = PermissionKind::root")
        if "user" in permission:  # what is checked beside it decides how much the answer says
            kind = {"all": "signed_in", "world": "everyone"}[permission["user"]]
            return self._constant(f".kind = PermissionKind::{kind}")
        return self._check(permission["check"])

    def _constant(self, fields):
        return self.tables.constant("permission", fields,
                                    lambda name: f"constexpr PermissionRule {name}{{{fields}}};")

    def _check(self, check):
        word = check[0]
        if word in ("and", "or"):
            parts = ["&" + self._check(part) for part in check[1:]]
            array = self.tables.array("permissions", "const PermissionRule*", parts)
            kind = "all_of" if word == "and" else "any_of"
            return self._constant(f".kind = PermissionKind::{kind}, .parts = {array}")
        options = dict(zip(*[iter(check[3 if word == "perm" else 2:])] * 2))
        fields = []
        if word == "perm":
            fields = [".kind = PermissionKind::privileges", f".path = {text(check[1])}",
                      f".privileges = {self.tables.strings(check[2])}"]
        elif word == "userid-group":
            fields = [".kind = PermissionKind::groups",
                      f".privileges = {self.tables.strings(check[1])}"]
        elif word == "userid-param" and check[1] == "self":
            fields, options = [".kind = PermissionKind::self"], {}
        elif word == "userid-param":
            fields, options = [".kind = PermissionKind::realm",
                               f".privileges = {self.tables.strings([check[1]])}"], {}
        elif word == "perm-modify":
            fields, options = [".kind = PermissionKind::modify", f".path = {text(check[1])}"], {}
        if options.get("any"):
            fields.append(".any = true")
        if "require_param" in options:
            fields.append(f".parameter = {text(options['require_param'])}")
        if "groups_param" in options:
            fields.append(f".groups = {text(options['groups_param'])}")
        return self._constant(", ".join(fields))


class PathTree:
    """The URL tree as nodes in an array; a node's children stand together, sorted."""

    def __init__(self, methods):
        self.root = {"children": {}, "verbs": {}, "rest": False}
        for number, method in enumerate(methods):
            node = self.root
            for segment in method.segments:
                node = node["children"].setdefault(
                    segment, {"children": {}, "verbs": {}, "rest": False})
            node["verbs"][method.verb] = number
            node["rest"] = node["rest"] or method.takes_rest

    def rows(self):
        rows, todo = [("", self.root)], [self.root]
        self.root["row"] = 0
        for node in todo:
            # Names before the parameter, so that a literal segment wins.
            names = sorted(node["children"], key=lambda s: (s.startswith("{"), s))
            node["first"] = len(rows)
            for name in names:
                child = node["children"][name]
                rows.append((name, child))
                todo.append(child)
        for segment, node in rows:
            verbs = ", ".join(str(node["verbs"].get(v, -1)) for v in VERBS)
            parameter = segment.startswith("{")
            yield (f"{{{text(segment.strip('{}'))}, {node['first']}, {len(node['children'])}, "
                   f"{str(parameter).lower()}, {str(node['rest']).lower()}, {{{verbs}}}}}")


def schema_source(api):
    tables = Tables(api.formats, "formats::")
    permissions = PermissionWriter(tables)
    rows = []
    for number, method in enumerate(api.methods):
        fields = [f".id = {number}", f".verb = Verb::{VERBS[method.verb]}",
                  f".path = {text(method.path)}", f".name = {text(method.name)}",
                  f".description = {text(method.about)}",
                  f".resource = {text(method.resource)}",
                  f".parameters = {tables.members(method.params)}",
                  f".returns = &{tables.rule(method.returns)}",
                  f".permission = &{permissions.rule(method.permission)}"]
        for mark, field in (("protected", "is_protected"), ("node", "to_node"),
                            ("no-token", "ticket_only"), ("additional", "open"),
                            ("credentials", "wants_credentials"), ("download", "may_download")):
            if mark in method.marks:
                fields.append(f".{field} = true")
        rows.append("{" + ", ".join(fields) + "}")
    tree = list(PathTree(api.methods).rows())
    return "\n".join([
        HEADER, '#include "api/schema_tables.h"\n', '#include "base/property_formats.h"\n',
        "namespace posada::api {\n\nusing namespace std::string_view_literals;\n", "namespace {\n",
        *tables.lines, "",
        "constexpr Method method_rows[] = {\n" + ",\n".join(rows) + "};\n",
        "constexpr PathNode path_rows[] = {\n" + ",\n".join(tree) + "};\n",
        "}  // namespace\n",
        "std::span<const Method> methods() { return method_rows; }",
        "std::span<const PathNode> path_nodes() { return path_rows; }",
        "\n}  // namespace posada::api\n"])
