"""Reads the .api files (the grammar is in api/README.md) into plain dictionaries.

A schema dictionary has the keys of JSON Schema that the API uses (type, optional, enum,
minimum, properties, items, ...) and three of our own, which start with '#':
  #about   the description in our words
  #bounds  (first, last) of an indexed name such as net[0..31]
  #props   the name of the property string that its `format` object was declared as
"""
import json
import pathlib
import re

from .permission import parse_permission

METHODS = ("GET", "POST", "PUT", "DELETE")
MARKS = {"protected", "node", "no-token", "additional", "credentials", "download"}
TYPES = {"string", "integer", "number", "boolean", "array", "object", "null", "any",
         "untyped"}
NAME = re.compile(r"^(\[\]|\[\*\]|\[or\]|[A-Za-z0-9_.-]+(?:\[(\d+)\.\.(\d+)\])?)(\?)?$")
RANGE = re.compile(r"^(-?[\d.]*\d|\"-?[\d.]+\")?\.\.(-?\d[\d.]*|\"-?[\d.]+\")?$")
TOKEN = re.compile(r'(?:`[^`]*`|"[^"]*"|[^\s`"])+')


class ApiError(Exception):
    """A mistake in an .api file; the text starts with file:line."""


class Line:
    def __init__(self, where, indent, text):
        self.where, self.indent, self.text = where, indent, text
        self.children = []

    def fail(self, why):
        raise ApiError(f"{self.where}: {why}: {self.text}")


class Method:
    def __init__(self, resource, verb, path, name):
        self.resource, self.verb, self.name = resource, verb, name
        self.path = path.replace("...}", "}")
        self.takes_rest = path.endswith("...}")
        self.marks, self.about, self.permission = set(), "", None
        self.params, self.returns, self.struct = {}, None, None

    @property
    def segments(self):
        return [s for s in self.path.split("/") if s]

    @property
    def path_names(self):
        return re.findall(r"{([^}]+)}", self.path)

    @property
    def cpp_name(self):
        """CamelCase of the name, or what `as` says."""
        return self.struct or "".join(w[:1].upper() + w[1:] for w in re.split(r"[-_]", self.name))


class Api:
    """Everything the .api files declare."""

    def __init__(self):
        self.methods, self.formats, self.groups, self.shapes = [], {}, {}, {}
        self.tables = []  # names of shapes that C++ code below the API needs


def _lines(path, root):
    """The lines of one file as a tree by indentation."""
    top = Line(str(path.relative_to(root)), -1, "")
    stack = [top]
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        line = Line(f"{path.relative_to(root)}:{number}", len(raw) - len(raw.lstrip(" ")), text)
        while stack[-1].indent >= line.indent:
            stack.pop()
        if line.indent != stack[-1].indent + (1 if stack[-1] is top else 2):
            line.fail("indent by two spaces under the line it belongs to")
        stack[-1].children.append(line)
        stack.append(line)
    return top.children


def _split_about(text):
    """'rule -- description' → (rule, description); '--' inside quotes is not a mark."""
    quote = ""
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in '`"':
            quote = c
        elif text.startswith("-- ", i) and (i == 0 or text[i - 1] == " "):
            return text[:i].rstrip(), text[i + 3:].strip()
    return text, ""


def _scalar(text):
    """A number when it reads as one; quotes make it a string."""
    if text.startswith('"'):
        return json.loads(text)
    try:
        return json.loads(text) if re.match(r"^-?\d", text) else text
    except ValueError:
        return text


class Reader:
    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.api = Api()
        self.pending = {"format": {}, "group": {}, "shape": {}, "choices": {}}

    def read(self):
        methods = []
        for path in sorted(self.root.rglob("*.api")):
            resource = "_".join(path.relative_to(self.root).with_suffix("").parts)
            for line in _lines(path, self.root):
                word = line.text.split()[0]
                if word in self.pending:
                    name = line.text.split()[1]
                    if name in self.pending[word]:
                        line.fail(f"{word} {name} is declared twice")
                    self.pending[word][name] = line
                    if line.text.endswith(" [table]"):
                        self.api.tables.append(name)
                elif word in METHODS:
                    methods.append((resource.replace("-", "_"), line))
                else:
                    line.fail("expected format, group, shape, choices or a method")
        for name in self.pending["format"]:
            self._format(name, None)
        for name in self.pending["group"]:
            self._group(name, None)
        for name in self.pending["shape"]:
            self._shape(name, None)
        for resource, line in methods:
            self.api.methods.append(self._method(resource, line))
        self.api.methods.sort(key=lambda m: (m.path, m.verb))
        self._check_unique()
        return self.api

    def _declared(self, kind, done, name, line):
        if name in done:
            if done[name] is None:
                line.fail(f"{kind} {name} contains itself")
            return done[name]
        if name not in self.pending[kind]:
            line.fail(f"no {kind} {name} is declared")
        done[name] = None
        source = self.pending[kind][name]
        done[name] = (self._one_schema(source.children, source) if kind == "shape"
                      else self._members(source.children))
        return done[name]

    def _format(self, name, line):
        return self._declared("format", self.api.formats, name, line)

    def _group(self, name, line):
        """`use` takes groups, and property strings that extend another one."""
        if name not in self.pending["group"] and name in self.pending["format"]:
            return self._format(name, line)
        return self._declared("group", self.api.groups, name, line)

    def _shape(self, name, line):
        return self._declared("shape", self.api.shapes, name, line)

    def _choices(self, name, line):
        if name not in self.pending["choices"]:
            line.fail(f"no choices {name} are declared")
        values = []
        for word in (w for c in self.pending["choices"][name].children for w in c.text.split()):
            span = re.match(r"^(.*?)(\d+)\.\.(\d+)$", word)
            values += ([f"{span[1]}{i}" for i in range(int(span[2]), int(span[3]) + 1)] if span
                       else [word])
        return values

    def _members(self, lines):
        """Named lines and `use` lines of one object."""
        members = {}
        for line in lines:
            if line.text.startswith("use "):
                for name in line.text.split()[1:]:
                    for key, value in self._group(name, line).items():
                        if key in members:
                            line.fail(f"{key} is declared twice here")
                        members[key] = value
                continue
            name, schema = self._named(line)
            if name in members:
                line.fail(f"{name} is declared twice here")
            members[name] = schema
        return members

    def _one_schema(self, lines, parent):
        if len(lines) != 1:
            parent.fail("expected exactly one line beneath")
        return self._named(lines[0])[1]

    def _named(self, line):
        rule, about = _split_about(line.text)
        tokens = TOKEN.findall(rule)
        match = NAME.match(tokens[0])
        if not match:
            line.fail(f"'{tokens[0]}' is not a name")
        name = match.group(1)
        schema = self._schema(line, tokens[1:])
        if match.group(2):
            name = name[:name.index("[")] + "[n]"
            schema["#bounds"] = (int(match.group(2)), int(match.group(3)))
        if match.group(4):
            schema["optional"] = True
        if about:
            schema["#about"] = about
        return name, schema

    def _schema(self, line, tokens):
        """TYPE and attributes of one line, with the lines beneath it."""
        schema = {}
        if tokens and tokens[0].startswith("@"):
            schema = dict(self._shape(tokens[0][1:], line))
            if tokens[1:] or line.children:
                line.fail("a shape takes no attributes")
            return schema
        kind = tokens[0] if tokens else ""
        if kind.startswith("alias="):
            kind, tokens = "", ["untyped"] + tokens
        item = schema
        if kind.endswith("[]"):
            schema["type"], kind = "array", kind[:-2]
            item = schema["items"] = {}
        if kind and kind not in TYPES:
            line.fail(f"'{kind}' is not a type")
        if kind and kind != "untyped":
            item["type"] = kind
        for token in tokens[1:]:
            self._attribute(line, token, schema if token[:3] in ("by=", "for") and
                            token[3:4] != "m" else item)
        self._children(line, item)
        return schema

    def _attribute(self, line, token, schema):
        span = RANGE.match(token)
        if span:
            for key, value in zip(("minimum", "maximum"), span.groups()):
                if value is not None:
                    schema[key] = _scalar(value)
            return
        key, _, value = token.partition("=")
        if token == "default-key":
            schema["default_key"] = True
        elif token == "dynamic":
            schema["default_dynamic"] = True
        elif token in ("closed", "open"):
            schema["additionalProperties"] = int(token == "open")
        elif token == "empty":
            schema["properties"] = {}
        elif key == "default":
            schema["default"] = _scalar(value)
        elif key == "enum":
            schema["enum"] = (self._choices(value[1:], line) if value.startswith("@")
                              else value.split("|"))
        elif key == "len":
            low, _, high = value.partition("..")
            schema.update({k: int(v) for k, v in (("minLength", low), ("maxLength", high)) if v})
        elif key == "pattern" and value[:1] == "`" and value[-1:] == "`":
            schema["pattern"] = value[1:-1]
        elif key in ("format", "requires", "alias"):
            schema[key] = value
        elif key == "props":
            schema["format"], schema["#props"] = self._format(value, line), value
        elif key == "key":
            schema["keyAlias"] = value
        elif key == "by":
            schema["type-property"] = value
        elif key == "for":
            schema["instance-types"] = value.split(",")
        else:
            line.fail(f"unknown attribute '{token}'")

    def _children(self, line, schema):
        members = []
        for child in line.children:
            word = child.text.split()[0].rstrip("?")
            if word == "[]":
                schema["items"] = self._named(child)[1]
            elif word == "[*]":
                schema["additionalProperties"] = self._named(child)[1]
            elif word == "[or]":
                schema.setdefault("oneOf", []).append(self._named(child)[1])
            else:
                members.append(child)
        if members:
            schema["properties"] = self._members(members)

    def _method(self, resource, line):
        rule, about = _split_about(line.text)
        match = re.match(r"^(\S+) (/\S*) (\S+)(?: as (\w+))?(?: \[([^\]]*)\])?$", rule)
        if not match:
            line.fail("expected VERB /path name [marks]")
        method = Method(resource, *match.group(1, 2, 3))
        method.struct = match.group(4)
        method.about = about
        if match.group(5):
            method.marks = set(re.split(r",\s*", match.group(5)))
            if method.marks - MARKS:
                line.fail(f"unknown mark {sorted(method.marks - MARKS)[0]}")
        members = []
        for child in line.children:
            word = child.text.split()[0]
            if word == "--":
                method.about = child.text[3:]
            elif word == "allow":
                method.permission = parse_permission(child, child.text[6:])
            elif word in ("returns", "returns?"):
                method.returns = self._named(child)[1]
            else:
                members.append(child)
        if method.permission is None:
            line.fail("says nobody may call it; write `allow root` if that is meant")
        if method.returns is None:
            line.fail("has no `returns` line")
        method.params = self._members(members)
        for name in method.path_names:
            if name not in method.params and "additional" not in method.marks:
                line.fail(f"path parameter {name} is not declared")
        return method

    def _check_unique(self):
        seen = set()
        for method in self.api.methods:
            for key in ((method.verb, method.path), (method.resource, method.cpp_name)):
                if key in seen:
                    raise ApiError(f"{key[0]} {key[1]} is declared twice: {method.verb} "
                                   f"{method.path} {method.name} (write `as OtherName`)")
                seen.add(key)


def read_api(folder):
    return Reader(folder).read()
