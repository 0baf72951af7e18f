# SPDX-License-Identifier: BSL-1.0

"""Checks every request type and its reply type by their descriptions alone: check_types.py API_TOOL"""

import json
import sys
import urllib.parse

from api_tool import Tool, normalized
from samples import Samples, lost

WRONG = {
    "boolean": [],
    "integer": [],
    "number": [],
    "time": [],
    "string": {},
    "secret": {},
    "list": "text",
    "map": "text",
    "object": "text",
}

#: Strings that hold more than the characters of a token, to see them encoded in a path.
ODD = "a/b ?&#%+é"


class Checks:
    def __init__(self, tool):
        self.tool = tool
        self.failures = []
        self.count = 0

    def require(self, holds, text):
        self.count += 1
        if not holds:
            self.failures.append(text)

    # Requests

    def request(self, entry):
        name, fields = entry["name"], entry["fields"]
        places = {field["key"]: field["place"] for field in fields}
        in_path = {part[1:-1] for part in entry["path"].split("/") if part.startswith("{")}
        self.require(in_path == {key for key, place in places.items() if place == "path"},
                     f"{name}: the parameters of the path are {sorted(in_path)}")
        self.require(len(places) == len(fields), f"{name}: two members have one key")
        values = {}
        samples = Samples()
        for field in fields:
            odd = field["place"] == "path" and field["type"]["type"] == "string"
            values[field["key"]] = ODD if odd else samples.value(field["type"], field["key"])
        values = self.adapted(name, values)
        made = self.tool.request(name, values)
        self.require(made["problem"] == "", f"{name}: refused: {made['problem']}")
        path, _, query = made["target"].partition("?")
        self.require(normalized(made["method"], self.pattern(entry, path)) ==
                     normalized(entry["method"], entry["path"]), f"{name}: the path is {path}")
        for part, given in zip(entry["path"].split("/"), path.split("/")):
            if part.startswith("{"):
                self.require(urllib.parse.unquote(given) == str(values[part[1:-1]]), f"{name}: the path is {path}")
        sent = dict(urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        body = json.loads(made["body"]) if made["body"] else {}
        rest_of_key = ""
        for key, place in places.items():
            if key not in values:
                continue
            if place == "query_key":
                rest_of_key = values[key]
            elif place == "query":
                text = sent.get(key + rest_of_key)
                self.require(text == self.in_query(values[key]), f"{name}: the query has {key}={text}")
                rest_of_key = ""
            elif place in ("body", "required"):
                self.require(body.get(key) == values[key], f"{name}: the body has {key}: {body.get(key)!r}")
        self.prints(name, made["printed"], fields, values)
        self.require(entry["method"] != "GET" or not made["body"], f"{name}: a GET has a body")
        for key in in_path:
            text = next(field for field in fields if field["key"] == key)["type"]["type"] == "string"
            for bad in ("", ".", "..") if text else (0, -1):
                refused = self.tool.request(name, values | {key: bad})["problem"]
                self.require(refused.startswith(f"{key}: "), f"{name}: {key} {bad!r} gives: {refused!r}")

    @staticmethod
    def pattern(entry, path):
        return "/".join(wanted if wanted.startswith("{") else given
                        for wanted, given in zip(entry["path"].split("/"), path.split("/"), strict=True))

    @staticmethod
    def in_query(value):
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)

    @staticmethod
    def adapted(name, values):
        """The values without those that exclude each other."""
        return values

    # Replies

    def reply(self, entry):
        name, fields = entry["name"], entry["reply"]["fields"]
        if entry["interprets"]:
            return
        whole = Samples().object(fields)
        self.arrives(name, whole, "")
        text = json.dumps(whole)
        self.require(self.tool.equal(name, text, text), f"{name}: a reply is not equal to itself")
        self.prints(name, self.tool.read(name, text).get("printed", ""), fields, whole)
        if not isinstance(whole, dict):
            return
        self.arrives(name, {}, "empty")
        self.arrives(name, {key: None for key in whole}, "null")
        result = self.tool.read(name, json.dumps(whole | {"Unknown Key": [{"a": 1}], "": None}))
        self.require("reply" in result, f"{name}: an unknown key: {result}")
        self.wrong(name, fields, whole, whole, "")

    @staticmethod
    def other(kind, value):
        """Another value of a type."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, (int, float)):
            return value + 1
        if isinstance(value, dict):
            return {key: Checks.other("", inner) for key, inner in value.items()}
        if isinstance(value, list):
            return value + value
        return value.replace("2026", "2027") if kind == "time" else f"x{value}"

    def prints(self, name, printed, fields, value):
        """A secret is printed as stars, and a text as it is."""
        for field in fields:
            kind, key = field["type"], field["key"]
            while kind["type"] == "optional":
                kind = kind["element"]
            inner = value if field["place"] == "root" else value.get(key)
            if inner is None:
                continue
            for one in inner if kind["type"] == "list" else [inner]:
                element = kind["element"] if kind["type"] == "list" else kind
                if "fields" in element:
                    self.prints(name, printed, element["fields"], one)
                elif element["type"] == "secret":
                    self.require("***" in printed and one not in printed, f"{name}: {key} is printed: {printed}")
                elif element["type"] == "string" and one != ODD:
                    self.require(one in printed, f"{name}: {key} is not printed: {printed}")

    def arrives(self, name, value, what):
        result = self.tool.read(name, json.dumps(value))
        self.require("reply" in result, f"{name}: {what} {result.get('detail')}")
        if "reply" in result:
            missing = lost(self.tool.types[name], value, result)
            self.require(not missing, f"{name}: {what} {missing}")

    def wrong(self, name, fields, whole, part, path):
        """Puts a value of another type in place of each member, one at a time: the error names it."""
        for field in fields:
            key = field["key"]
            if field["place"] not in ("body", "required") or not key:
                continue
            where = f"{path}.{key}".lstrip(".")
            kind = field["type"]
            while kind["type"] == "optional":
                kind = kind["element"]
            good = part[key]
            if "fields" not in kind and kind["type"] != "list":
                text = json.dumps(whole)
                part[key] = self.other(kind["type"], good)
                self.require(not self.tool.equal(name, text, json.dumps(whole)), f"{name}: {where} is not compared")
                part[key] = good
            bad = [] if "fields" in kind else WRONG.get(kind["type"])
            if bad is not None:
                part[key] = bad
                detail = self.tool.read(name, json.dumps(whole))["detail"]
                self.require(detail.startswith(f"{where}: expected "), f"{name}: {where} as {bad!r} gives: {detail}")
                part[key] = good
            # A number may be written as text, and its text as a number.
            if kind["type"] in ("integer", "number"):
                part[key] = str(good)
                self.arrives(name, whole, f"{where} as text")
                part[key] = good
            if "fields" in kind:
                self.wrong(name, kind["fields"], whole, good, where)
            elif kind["type"] == "list" and "fields" in kind["element"]:
                self.wrong(name, kind["element"]["fields"], whole, good[1], f"{where}[1]")


def main():
    with Tool(sys.argv[1]) as tool:
        checks = Checks(tool)
        for entry in tool.requests:
            checks.request(entry)
            checks.reply(entry)
    for failure in checks.failures:
        print(failure)
    print(f"{len(tool.requests)} types, {checks.count} checks, {len(checks.failures)} failed")
    return 1 if checks.failures or not checks.count else 0


if __name__ == "__main__":
    sys.exit(main())
