# SPDX-License-Identifier: BSL-1.0

"""The OpenAPI files of the service: operations, values made from their schemas, and values checked against them."""

import base64
import os
import pathlib

import jsonschema
import yaml

from api_tool import normalized

METHODS = ("get", "put", "post", "delete", "patch")


def folder(checkout):
    """The folder with the files, which are not ours and therefore not in the repository; None without them."""
    named = os.environ.get("POSTMARK_OPENAPI_DIR")
    if named:
        return pathlib.Path(named)
    beside = pathlib.Path(checkout).resolve().parent / "shared" / "postmark-openapi"
    return beside if beside.is_dir() else None


class Operation:
    """One operation, with its schemas in the form of JSON Schema and without references."""

    def __init__(self, file, document, path, method, content):
        self.file = file
        self.method = method.upper()
        self.path = path
        self.name = f"{self.method} {path}"
        self.key = normalized(self.method, path)
        self.account = file == "account"
        parameters = [_resolved(document, one) for one in content.get("parameters", [])]
        self.query = {one["name"]: one for one in parameters if one["in"] == "query"}
        self.headers = {one["name"]: one for one in parameters if one["in"] == "header"}
        self.body = _content(document, content.get("requestBody", {}))
        self.reply = _content(document, content["responses"]["200"])


def operations(files):
    """All operations of both files."""
    result = []
    for file in ("server", "account"):
        with open(files / f"{file}.yml", encoding="utf-8") as stream:
            document = yaml.safe_load(stream)
        for path, item in document["paths"].items():
            result += [Operation(file, document, path, method, item[method]) for method in METHODS if method in item]
    return result


def _content(document, holder):
    content = _resolved(document, holder).get("content") or {}
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else strict(schema)


def _resolved(document, node):
    """A part of the file with the parts that it refers to in their places."""
    if isinstance(node, list):
        return [_resolved(document, element) for element in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolved(document, target)
    return {key: _resolved(document, value) for key, value in node.items()}


def strict(schema):
    """A schema that does not allow keys which it does not name, unless it names none."""
    result = {key: value for key, value in schema.items() if key in ("type", "enum", "required", "format", "maximum")}
    if schema.get("properties"):
        result["properties"] = {key: strict(value) for key, value in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = strict(schema["items"])
    return result


def misfits(schema, value):
    """What of a value does not fit a schema: a set of (path, kind)."""
    result = set()
    for error in jsonschema.Draft4Validator(schema).iter_errors(value):
        path = "".join("[]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            result |= {(f"{path}.{key}".lstrip("."), "unknown") for key in error.instance if key not in known}
        elif error.validator == "required":
            missing = [key for key in error.schema["required"] if key not in error.instance]
            result |= {(f"{path}.{key}".lstrip("."), "required") for key in missing}
        elif error.validator == "type" and error.instance is None:
            result.add((path, "null"))
        else:
            result.add((path, error.validator))
    return result


def keys(schema, path=""):
    """The paths of all keys of a schema."""
    result = set()
    for key, inner in schema.get("properties", {}).items():
        where = f"{path}.{key}".lstrip(".")
        result |= {where} | keys(inner, where)
    if "items" in schema:
        result |= keys(schema["items"], f"{path}[]")
    return result


def keys_of(value, path=""):
    """The paths of all keys of a value."""
    result = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            where = f"{path}.{key}".lstrip(".")
            result |= {where} | keys_of(inner, where)
    elif isinstance(value, list):
        for inner in value:
            result |= keys_of(inner, f"{path}[]")
    return result


class Values:
    """Makes values that fit a schema, a different one each time."""

    def __init__(self):
        self._number = 0

    def make(self, schema, key=""):
        self._number += 1
        kind = schema.get("type")
        if "enum" in schema:
            return schema["enum"][-1]
        if key == "ErrorCode":
            return 0
        if kind == "object":
            return {name: self.make(inner, name) for name, inner in schema.get("properties", {}).items()}
        if kind == "array":
            return [self.make(schema["items"]), self.make(schema["items"])]
        if kind == "boolean":
            return True
        if kind in ("integer", "number"):
            return min(1000 + self._number, schema.get("maximum", 1 << 40))
        if kind == "string":
            return self._text(schema.get("format"), key)
        raise NotImplementedError(f"{key}: no value of type {kind}")

    def _text(self, form, key):
        if form == "date-time":
            return f"2026-03-04T05:06:{self._number % 60:02}.1234567-05:00"
        if form == "date":
            return f"2026-03-{self._number % 20 + 1:02}"
        if form == "email" or key in ("From", "To", "Cc", "Bcc", "ReplyTo"):
            return f"person{self._number}@example.com"
        if key == "Content":
            return base64.b64encode(f"content {self._number}".encode()).decode()
        if key.endswith("ID"):
            return str(1000 + self._number)
        return f"{key or 'text'} {self._number}"
