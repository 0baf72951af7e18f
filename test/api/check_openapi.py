# SPDX-License-Identifier: BSL-1.0

"""Compares the library and the sandbox with the OpenAPI files: check_openapi.py API_TOOL SANDBOX ENDPOINTS CHECKOUT

For every operation: the client has a request for it; what that sends fits the schema and has every key of it; a reply
made from the schema is read, and its values arrive; and the sandbox's replies fit the schema. Differences are failures,
except those of the table in openapi_flaws.py. Ends with 77 where the files, or modules of Python, are missing.
"""

import json
import os
import re
import sys
import urllib.parse

from api_tool import Tool, normalized
from openapi_flaws import FLAWS
from samples import CHECKED, Samples, lost
from scenario import play
from service import Failed, Sandbox, Service

SKIPPED = 77
DEBIAN_PYTHON = "/usr/bin/python3"


def load_openapi():
    """The module, which needs packages; the interpreter of Debian may have them where another does not."""
    try:
        import openapi
    except ImportError as error:
        if os.path.realpath(sys.executable) != os.path.realpath(DEBIAN_PYTHON) and os.access(DEBIAN_PYTHON, os.X_OK):
            os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
        print(f"skipped: the OpenAPI files cannot be read: {error}")
        sys.exit(SKIPPED)
    return openapi


class Flaws:
    """The table of differences, and which of its rows applied."""

    def __init__(self):
        self._patterns = [tuple(self._pattern(text) for text in row[:3]) + (row[3],) for row in FLAWS]
        self._used = set()

    @staticmethod
    def _pattern(text):
        return re.compile(".*".join(re.escape(part) for part in text.split("*")))

    def explain(self, operation, part, path, kind):
        found = [index for index, row in enumerate(self._patterns)
                 if row[3] == kind and all(pattern.fullmatch(text)
                                           for pattern, text in zip(row, (operation, part, path)))]
        self._used.update(found)
        return bool(found)

    def unused(self):
        return [row for index, row in enumerate(FLAWS) if index not in self._used]


class Walk:
    def __init__(self, openapi, tool):
        self.openapi = openapi
        self.tool = tool
        self.flaws = Flaws()
        self.failures = []
        self.explained = 0
        self.by_key = {}
        for entry in tool.types.values():
            if not entry.get("interprets"):
                self.by_key[normalized(entry["method"], entry["path"])] = entry

    def differ(self, operation, part, path, kind, text=""):
        if self.flaws.explain(operation.name, part, path, kind):
            self.explained += 1
        else:
            self.failures.append(f"{operation.name}: {part}: {path}: {kind} {text}".rstrip())

    def operation(self, operation):
        entry = self.by_key.get(operation.key)
        if entry is None:
            self.failures.append(f"{operation.name}: the client has no request for it")
            return
        if (entry["token"] == "account") != operation.account:
            self.failures.append(f"{operation.name}: the client sends the {entry['token']} token")
        self.request(operation, entry)
        if operation.reply is not None:
            self.reply(operation, entry)

    # What the client sends

    def values(self, operation, entry):
        """A value for each member, made from the schema where it has the key."""
        made = self.openapi.Values()
        samples = Samples()
        body = operation.body or {}
        item = self.message_schema(body) if entry.get("send") else body
        query = {key.lower(): one["schema"] for key, one in operation.query.items()}
        result = {}
        for field in entry["fields"]:
            key = field["key"]
            schema = item.get("properties", {}).get(key)
            if field["place"] == "query":
                schema = query.get(key.lower())
            if key.lower() in CHECKED:
                schema = None
            is_open = schema and schema["type"] == "object" and not schema.get("properties")
            if field["place"] in ("body", "query") and schema and not is_open:
                result[key] = made.make(schema, key)
            else:
                result[key] = samples.value(field["type"], key)
        if entry.get("send"):
            template = {"TemplateId", "TemplateAlias", "TemplateModel", "InlineCss"}
            left_out = {"Subject", "HtmlBody", "TextBody"} if "emplate" in operation.path else template
            return {"Messages": [{key: value for key, value in result.items() if key not in left_out}]}
        return result

    @staticmethod
    def message_schema(body):
        """The schema of one message of a send."""
        inner = body.get("properties", {}).get("Messages", body)
        return inner.get("items", inner)

    def request(self, operation, entry):
        values = self.values(operation, entry)
        made = self.tool.request(entry["name"], values)
        if made["problem"]:
            self.failures.append(f"{operation.name}: the client refuses {values}: {made['problem']}")
            return
        sent = urllib.parse.parse_qs(made["target"].partition("?")[2], strict_parsing="?" in made["target"])
        known = {key.lower(): one for key, one in operation.query.items()}
        for key, texts in sent.items():
            parameter = known.pop(key.lower(), None)
            if parameter is None:
                self.differ(operation, "query", key, "unknown")
                continue
            if key not in operation.query:
                self.differ(operation, "query", key, "case", f"the file has {parameter['name']}")
            kind = parameter["schema"]["type"]
            value = texts[0] if kind == "string" else json.loads(texts[0])
            for _, what in self.openapi.misfits(self.openapi.strict(parameter["schema"]), value):
                self.differ(operation, "query", key, what, texts[0])
        for parameter in known.values():
            self.differ(operation, "query", parameter["name"], "missing")
        least = self.least(entry, values)
        if least:
            for key, parameter in operation.query.items():
                always = urllib.parse.parse_qs(least["target"].partition("?")[2])
                if parameter.get("required") and key.lower() not in (one.lower() for one in always):
                    self.differ(operation, "query", key, "required")
        if operation.body is None:
            if made["body"] not in ("", "{}"):
                self.differ(operation, "body", "", "unknown", made["body"])
            return
        body = json.loads(made["body"])
        for path, kind in self.openapi.misfits(operation.body, body):
            self.differ(operation, "body", path, kind)
        for path in self.openapi.keys(operation.body) - self.openapi.keys_of(body):
            self.differ(operation, "body", path, "missing")

    def least(self, entry, values):
        """The request with nothing but the parameters of its path."""
        if entry.get("send"):
            return None
        in_path = {field["key"]: values[field["key"]] for field in entry["fields"] if field["place"] == "path"}
        return self.tool.request(entry["name"], in_path)

    # What the client reads

    def reply(self, operation, entry):
        given = self.openapi.Values().make(operation.reply)
        messages = len(given) if isinstance(given, list) else 1
        result = self.tool.read(entry["name"], json.dumps(given), messages)
        if "reply" not in result:
            self.differ(operation, "reply", "", "refused", result["detail"])
            return
        for path, text in lost(entry, given, result):
            self.differ(operation, "reply", path, "not read" if text == "is not read" else "differs", text)

    # What the sandbox replies

    def sandbox(self, operations, exchanges):
        replied = set()
        for exchange in exchanges:
            entry = self.tool.types[exchange.name]
            operation = operations.get(normalized(entry["method"], entry["path"]))
            if operation is None or exchange.status != 200:
                continue
            replied.add(operation.key)
            if operation.reply is not None:
                for path, kind in self.openapi.misfits(operation.reply, exchange.json()):
                    self.differ(operation, "sandbox", path, kind)
        for key, operation in operations.items():
            if key not in replied:
                self.failures.append(f"{operation.name}: the sandbox has not replied")


def compare_list(operations, endpoints, failures):
    """The list of endpoints says which operations there are."""
    listed = {(row["openapi"][0], row["method"], row["openapi"][1]) for row in endpoints if row["openapi"]}
    found = {(one.file, one.method, one.path) for one in operations}
    failures += [f"the list of endpoints lacks {one}" for one in sorted(found - listed)]
    failures += [f"the files have no operation {one}" for one in sorted(listed - found)]


def main():
    program, sandbox_program, endpoints, checkout = sys.argv[1:5]
    openapi = load_openapi()
    files = openapi.folder(checkout)
    if files is None:
        print("skipped: the OpenAPI files are not there; POSTMARK_OPENAPI_DIR names their folder")
        return SKIPPED
    operations = openapi.operations(files)
    with open(endpoints, encoding="utf-8") as stream:
        wanted = json.load(stream)
    with Tool(program) as tool, Sandbox(sandbox_program, "--plain") as sandbox:
        walk = Walk(openapi, tool)
        compare_list(operations, wanted, walk.failures)
        for operation in operations:
            walk.operation(operation)
        service = Service(tool, sandbox)
        try:
            play(service)
        except Failed as error:
            walk.failures.append(str(error))
        walk.sandbox({operation.key: operation for operation in operations}, service.exchanges)
    failures = list(dict.fromkeys(walk.failures))
    failures += [f"no longer needed: {row}" for row in walk.flaws.unused()]
    for failure in failures:
        print(failure)
    print(f"{len(operations)} operations, {walk.explained} differences explained, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
