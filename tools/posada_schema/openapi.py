"""Writes the OpenAPI 3.1 document that the server offers at /api2/openapi.json."""
import json
import re

from .cpp import is_optional

COPIED = ("enum", "minLength", "maxLength", "default", "pattern")


def number(value):
    """Some limits of the description are numbers written as texts."""
    return float(value) if isinstance(value, str) else value


class Document:
    def __init__(self, api):
        self.api, self.used = api, set()

    def schema(self, source, answer=False):
        """A JSON Schema of 2020-12. Booleans travel as 0 and 1 in both directions."""
        result = {}
        kind = source.get("type")
        if kind == "boolean":
            result = {"type": ["boolean", "integer"], "enum": [True, False, 0, 1]}
        elif kind and kind != "any":
            result["type"] = kind
        for key in COPIED:
            if key in source and not (kind == "boolean" and key == "default"):
                result[key] = source[key]
        if kind == "boolean" and "default" in source:
            result["default"] = int(str(source["default"]) in ("1", "on", "yes", "true"))
        for key in ("minimum", "maximum"):
            if key in source:
                result[key] = number(source[key])
        if "pattern" in result:
            result["x-perl-pattern"] = result.pop("pattern")
        self._format(source, result)
        if "items" in source:
            result["items"] = self.schema(source["items"], answer)
        elif kind == "array":
            result["items"] = {}
        if "properties" in source:
            self._object(source, result, answer)
        if "oneOf" in source:
            result["anyOf"] = [self.schema(form, answer) for form in source["oneOf"]]
        if "#about" in source:
            result["description"] = source["#about"]
        return result

    def _format(self, source, result):
        name = source.get("#props") or source.get("format")
        if isinstance(name, str):
            result["format"] = name
            if name in self.api.formats:
                self.used.add(name)
                result["x-property-string"] = f"#/components/schemas/{name}"

    def _object(self, source, result, answer):
        result.setdefault("type", "object")
        result["properties"] = {}
        required = []
        for name, member in sorted(source["properties"].items()):
            if "alias" in member:
                continue
            if "#bounds" in member:
                result.setdefault("patternProperties", {})[pattern_of(name, member)] = \
                    self.schema(member, answer)
            else:
                result["properties"][name] = self.schema(member, answer)
            if not is_optional(member) and "#bounds" not in member:
                required.append(name)
        if required:
            result["required"] = required
        if isinstance(source.get("additionalProperties"), dict):
            result["additionalProperties"] = self.schema(source["additionalProperties"], answer)

    def operation(self, method):
        own = {n: s for n, s in method.params.items() if n not in method.path_names}
        result = {
            "operationId": f"{method.resource}_{method.cpp_name}",
            "tags": [method.resource.replace("_", "/")],
            "summary": method.about,
            "parameters": [self._path_parameter(method, name) for name in method.path_names],
        }
        if own and method.verb in ("GET", "DELETE"):
            result["parameters"] += [self._query_parameter(single, schema)
                                     for name, schema in sorted(own.items())
                                     for single in names_of(name, schema)]
        elif own:
            body = self.schema({"type": "object", "properties": own})
            if "additional" not in method.marks:
                body["additionalProperties"] = False
            result["requestBody"] = {
                "required": "required" in body,
                "content": {kind: {"schema": body} for kind in (
                    "application/json", "application/x-www-form-urlencoded")}}
        result["responses"] = {
            "200": {"description": "Done", "content": {"application/json": {"schema": {
                "type": "object", "required": ["data"],
                "properties": {"data": self.schema(method.returns, True)}}}}},
            "default": {"$ref": "#/components/responses/failure"}}
        result["security"] = ([{}] if method.permission == {"user": "world"} else
                              [{"ticket": []}] + ([] if "no-token" in method.marks
                                                  else [{"token": []}]))
        if method.permission is not None:
            result["x-permission"] = method.permission
        return result

    def _path_parameter(self, method, name):
        schema = method.params.get(name, {"type": "string"})
        return self._parameter(name, "path", True, schema)

    def _query_parameter(self, name, schema):
        return self._parameter(name, "query", not is_optional(schema), schema)

    def _parameter(self, name, place, required, schema):
        parameter = {"name": name, "in": place, "required": required,
                     "schema": self.schema(schema)}
        if "description" in parameter["schema"]:
            parameter["description"] = parameter["schema"].pop("description")
        return parameter

    def document(self, version):
        paths = {}
        for method in self.api.methods:
            paths.setdefault(method.path, {})[method.verb.lower()] = self.operation(method)
        schemas = {}
        while self.used - set(schemas):
            for name in sorted(self.used - set(schemas)):
                schemas[name] = self.schema({"type": "object",
                                             "properties": self.api.formats[name]})
                schemas[name]["description"] = "Keys of the property string key=value,…"
        return {
            "openapi": "3.1.0",
            "info": {"title": "Posada", "version": version,
                     "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "servers": [{"url": "/api2/json"}],
            "paths": paths,
            "components": {"schemas": schemas, "responses": {"failure": FAILURE},
                           "securitySchemes": SECURITY},
        }


def names_of(name, schema):
    """net[n] → net0, net1 …; every other name is itself."""
    first, last = schema.get("#bounds", (0, 0))
    return [name.replace("[n]", str(i)) for i in range(first, last + 1)]


def pattern_of(name, schema):
    """A regular expression of the indexed names within their bounds."""
    numbers = "|".join(str(i) for i in range(schema["#bounds"][0], schema["#bounds"][1] + 1))
    return f"^{re.escape(name[:-3])}({numbers})$"


FAILURE = {"description": "Refused or failed", "content": {"application/json": {"schema": {
    "type": "object", "required": ["data", "message"], "properties": {
        "data": {"type": "null"}, "message": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}}}}}}}
SECURITY = {
    "ticket": {"type": "apiKey", "in": "cookie", "name": "PVEAuthCookie"},
    "token": {"type": "apiKey", "in": "header", "name": "Authorization"},
}


def openapi(api, version):
    return json.dumps(Document(api).document(version), separators=(",", ":"), ensure_ascii=False)
