"""Writes the page's client: types for every method, and next to no code.

The page calls  client.call("POST /nodes/{node}/qemu", { node, vmid, … })  and gets the typed
answer; the types vanish when the page is built, so 675 methods cost no byte of it.
"""
import re

from .cpp import is_optional

HEADER = """// Generated from the API description under api/ by tools/schema; never edited.

/** Sends one request; gives the `data` of the answer or throws. */
export type Transport = (
  verb: string,
  path: string,
  parameters: Record<string, unknown>,
) => Promise<unknown>;

/** A boolean on the wire: 1 or 0, and true or false are understood. */
export type Flag = boolean | 0 | 1;
"""

CODE = """
export type Call = keyof Methods;
export type Parameters<C extends Call> = Methods[C][0];
export type Answer<C extends Call> = Methods[C][1];

type Arguments<C extends Call> = {} extends Parameters<C>
  ? [parameters?: Parameters<C>]
  : [parameters: Parameters<C>];

export interface Client {
  call<C extends Call>(call: C, ...args: Arguments<C>): Promise<Answer<C>>;
}

/** Fills the path's parameters in, encoded; what is left goes into query or body. */
export function request(call: string, parameters: Record<string, unknown>): [string, string, Record<string, unknown>] {
  const space = call.indexOf(" ");
  const rest = { ...parameters };
  const path = call.slice(space + 1).replace(/\\{([^}]+)\\}/g, (_, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  return [call.slice(0, space), path, rest];
}

export function client(transport: Transport): Client {
  return {
    call: ((call: string, parameters: Record<string, unknown> = {}) =>
      transport(...request(call, parameters))) as Client["call"],
  };
}
"""

SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "Flag",
           "null": "null"}


def key(name):
    return name if re.match(r"^[A-Za-z_]\w*$", name) else f'"{name}"'


def type_of(schema, named, indent=1):
    """The TypeScript type of a schema."""
    kind = schema.get("type")
    if kind in ("string",) and "enum" in schema:
        return named.get(tuple(schema["enum"])) or union(schema["enum"])
    if kind in SCALARS:
        return SCALARS[kind]
    if kind == "array":
        if "oneOf" in schema or "items" not in schema:
            return "unknown[]"
        inner = type_of(schema["items"], named, indent)
        return f"({inner})[]" if "|" in inner and "{" not in inner else f"{inner}[]"
    if "properties" in schema:
        return object_type(schema["properties"], named, indent,
                           schema.get("additionalProperties") not in (None, 0))
    return "Record<string, unknown>" if kind == "object" else "unknown"


def union(words):
    return " | ".join(f'"{w}"' for w in words)


def object_type(properties, named, indent=1, more=False):
    pad = "  " * (indent + 1)
    lines = []
    for name, schema in sorted(properties.items()):
        if "alias" in schema:
            continue
        about = schema.get("#about")
        if about and indent == 2:
            lines.append(f"{pad}/** {about.replace('*/', '* /')} */")
        optional = "?" if is_optional(schema) else ""
        kind = type_of(schema, named, indent + 1)
        lines.append(f"{pad}[{key_parameter(name)}]: {kind};" if name.endswith("[n]")
                     else f"{pad}{key(name)}{optional}: {kind};")
    if more:
        lines.append(f"{pad}[name: string]: unknown;")
    if not lines:
        return "{}"
    return "{\n" + "\n".join(lines) + "\n" + "  " * indent + "}"


def key_parameter(name):
    """An indexed name as a template literal key: [name: `net${number}`]."""
    return f"name: `{name[:-3]}${{number}}`"


def client(api):
    named, aliases = {}, []
    counts = {}
    for method in api.methods:
        collect_enums(method.params, counts)
        collect_enums({"": method.returns}, counts)
    for words, count in counts.items():
        if count > 1 and len(words) > 12:
            name = f"Words{len(named) + 1}"
            named[words] = name
            aliases.append(f"type {name} = {union(words)};")
    lines = [HEADER, *aliases, "\nexport interface Methods {"]
    for method in api.methods:
        params = dict(method.params)
        for name in method.path_names:
            params.setdefault(name, {"type": "string"})
        for name in method.path_names:
            params[name] = {k: v for k, v in params[name].items() if k != "optional"}
        if method.about:
            lines.append(f"  /** {method.about} */")
        lines.append(f'  "{method.verb} {method.path}": [')
        lines.append(f"    {object_type(params, named, 2, 'additional' in method.marks)},")
        lines.append(f"    {type_of(method.returns, named, 2)},")
        lines.append("  ];")
    return "\n".join(lines) + "\n}\n" + CODE


def collect_enums(properties, counts):
    for schema in properties.values():
        if "enum" in schema:
            words = tuple(schema["enum"])
            counts[words] = counts.get(words, 0) + 1
        for inner in [schema.get("items")] + schema.get("oneOf", []):
            if inner:
                collect_enums({"": inner}, counts)
        collect_enums(schema.get("properties", {}), counts)
