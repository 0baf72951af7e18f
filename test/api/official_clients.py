# SPDX-License-Identifier: BSL-1.0

"""Compares what the official client for Node reads with what the library reads from the same replies.

official_clients.py API_TOOL SANDBOX PACKAGE_FOLDER RESULT: starts the sandbox with TLS and the driver, and writes the
figures as Markdown. Ends with 1 if a method is not driven, or differs without a row in the table below.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

from api_tool import Tool, normalized
from samples import lost
from service import ACCOUNT_TOKEN, SERVER_TOKEN, Sandbox

#: Differences that are right: (method of the official client, path, reason).
EXPLAINED = [
    ("*", "RecordType", "the type of the list says what its elements are"),
    ("server.getDeliveryStatistics", "TypeCode", "not documented; the name of the type is read"),
]


def drive(folder, sandbox):
    """The lines of the driver."""
    driver = pathlib.Path(__file__).with_name("official_client.mjs")
    environment = os.environ | {"NODE_EXTRA_CA_CERTS": sandbox.ca}
    command = ["node", driver, folder, f"{sandbox.host}:{sandbox.port}", SERVER_TOKEN, ACCOUNT_TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        lines = [json.loads(line) for line in process.stdout]
    if process.returncode != 0:
        raise RuntimeError(f"the driver ended with {process.returncode}")
    return lines


class Comparison:
    def __init__(self, tool):
        self.tool = tool
        self.by_key = {}
        for entry in tool.types.values():
            if not entry.get("interprets"):
                self.by_key.setdefault(normalized(entry["method"], entry["path"]), entry)
        self.failures = []
        self.driven = set()
        self.differing = {}
        self.used = set()
        self.calls = self.refusals = 0

    def entry_of(self, exchange):
        """The request type of a path: the one with most fixed parts that fits."""
        path = exchange["path"].rstrip("/")
        method, exact = normalized(exchange["method"], path)
        parts = exact.split("/")
        fitting = [entry for (verb, pattern), entry in self.by_key.items()
                   if verb == method and len(pattern.split("/")) == len(parts) and
                   all(one in ("{}", other) for one, other in zip(pattern.split("/"), parts))]
        return min(fitting, key=lambda entry: entry["path"].count("{"), default=None)

    def line(self, line):
        if "problem" in line:
            self.failures.append(line["problem"])
            return
        method = f"{line['client']}.{line['name']}"
        exchange = line["exchange"]
        entry = exchange and self.entry_of(exchange)
        if not entry:
            self.failures.append(f"{method}: no request type for {exchange}")
            return
        self.calls += 1
        messages = len(line["value"]) if isinstance(line.get("value"), list) else 1
        result = self.tool.read(entry["name"], exchange["text"], messages, exchange["status"])
        self.driven.add(method)
        if "error" in line:
            self.refusals += 1
            # The library keeps no control characters in its texts.
            message = re.sub(r"[\x00-\x1f]", " ", line["error"]["message"])
            same = (result["code"], result["detail"]) == (line["error"]["code"], message)
            if "failure" not in result or not same:
                self.failures.append(f"{method}: {line['error']}, but the library has {result}")
            return
        if "reply" not in result:
            self.failures.append(f"{method}: the library cannot read it: {result}")
            return
        for path, text in self.compare(entry, line["value"], result):
            rows = [row for row in EXPLAINED if row[0] in ("*", method) and row[1] == path.split(".")[-1]]
            self.used.update(rows)
            if rows:
                self.differing.setdefault(method, set()).update((path, row[2]) for row in rows)
            else:
                self.failures.append(f"{method}: {path} {text}")

    @staticmethod
    def compare(entry, value, result):
        """What of the official client's value the library has not, and what the library has that it has not."""
        return lost(entry, value, result) + invented(value, result["reply"])


def invented(value, read, path=""):
    """Members that are not empty and that the reply does not have."""
    if isinstance(value, dict) and isinstance(read, dict):
        known = {key.lower(): inner for key, inner in value.items()}
        found = []
        for key, inner in read.items():
            where = f"{path}.{key}".lstrip(".")
            if key == "Outcome":
                continue
            if key.lower() in known:
                found += invented(known[key.lower()], inner, where)
            elif inner not in (None, "", 0, False, [], {}) and not isinstance(inner, dict):
                found.append((where, f"is {inner!r}, and the reply has no such key"))
        return found
    if isinstance(value, list) and isinstance(read, list):
        return [one for pair in zip(value, read) for one in invented(*pair, f"{path}[]")]
    return []


def main():
    program, sandbox_program, folder, result = sys.argv[1:5]
    package = json.loads((pathlib.Path(folder) / "node_modules/postmark/package.json").read_text(encoding="utf-8"))
    with Tool(program) as tool, Sandbox(sandbox_program) as sandbox:
        comparison = Comparison(tool)
        lines = drive(folder, sandbox)
        methods = {f"{line['client']}.{name}" for line in lines if "methods" in line for name in line["methods"]}
        for line in lines:
            if "methods" not in line:
                comparison.line(line)
    comparison.failures += [f"{method}: not driven" for method in sorted(methods - comparison.driven)]
    comparison.failures += [f"no longer needed: {row}" for row in EXPLAINED if row not in comparison.used]
    for failure in comparison.failures:
        print(failure)
    equal = len(comparison.driven) - len(comparison.differing)
    with open(result, "w", encoding="utf-8") as out:
        out.write("| Client | version | methods | driven | equal | differing | calls | of them refused |\n"
                  "|---|---|---:|---:|---:|---:|---:|---:|\n"
                  f"| `postmark` for Node | {package['version']} | {len(methods)} | {len(comparison.driven)} | "
                  f"{equal} | {len(comparison.differing)} | {comparison.calls} | {comparison.refusals} |\n")
        reasons = {}
        for method, rows in comparison.differing.items():
            for path, reason in rows:
                reasons.setdefault((path.split(".")[-1], reason), []).append(method)
        if reasons:
            out.write("\n| Key | the library does not have it, because | methods |\n|---|---|---|\n")
        for (key, reason), names in sorted(reasons.items()):
            out.write(f"| `{key}` | {reason} | {', '.join(f'`{name}`' for name in sorted(names))} |\n")
    print(pathlib.Path(result).read_text(encoding="utf-8"), end="")
    return 1 if comparison.failures else 0


if __name__ == "__main__":
    sys.exit(main())
