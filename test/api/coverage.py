# SPDX-License-Identifier: BSL-1.0

"""The table of docs/coverage.md: one row for each endpoint of the service.

  coverage.py --write API_TOOL SANDBOX    writes the table
  coverage.py --check API_TOOL SANDBOX    fails if the table is not the one that it would write
  coverage.py --official RESULT           puts the figures of scripts/official-clients into the document
"""

import difflib
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs" / "coverage.md"

#: Test suites that are C++, with their sources. A suite tests an endpoint if it names the request type.
SOURCES = {
    "unit": ROOT / "test" / "unit",
    "integration": ROOT / "test" / "integration",
}


def begin(name, writer):
    return f"<!-- {name}: written by {writer}, not by hand -->"


def end(name):
    return f"<!-- end of {name} -->"


def replaced(text, name, writer, content):
    """The document with other content between the marks of a name."""
    first, last = begin(name, writer), end(name)
    if text.count(first) != 1 or text.count(last) != 1:
        raise SystemExit(f"{DOCUMENT}: the marks of {name} are missing")
    before, _, rest = text.partition(first)
    _, _, after = rest.partition(last)
    return f"{before}{first}\n\n{content.strip()}\n\n{last}{after}"


def tested_names():
    """For each suite of C++, the words of its sources."""
    result = {}
    for suite, folder in SOURCES.items():
        result[suite] = set()
        for file in sorted(folder.glob("*.cpp")) + sorted(folder.glob("*.hpp")):
            result[suite] |= set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
    return result


def mark(value):
    return "yes" if value else "no"


def table(tool_program, sandbox_program):
    from api_tool import Tool, normalized
    from service import routes

    endpoints = json.loads((HERE / "endpoints.json").read_text(encoding="utf-8"))
    served = routes(sandbox_program)
    words = tested_names()
    scenario = set(re.findall(r'"(\w+)"', (HERE / "scenario.py").read_text(encoding="utf-8")))
    lines = ["| Endpoint | request type | reply type | idempotent | token | in OpenAPI | in the sandbox | tested by |",
             "|---|---|---|---|---|---|---|---|"]
    problems = []
    with Tool(tool_program) as tool:
        by_key = {}
        for entry in tool.types.values():
            if not entry.get("interprets"):
                by_key[normalized(entry["method"], entry["path"])] = entry
        for row in endpoints:
            key = normalized(row["method"], row["path"])
            entry = by_key.pop(key, None)
            name = f"{row['method']} {row['path']}"
            if entry is None:
                problems.append(f"{name} has no request type")
                continue
            suites = ["api"] if entry["name"] in scenario else []
            if row["openapi"]:
                suites.append("OpenAPI")
            # The functions that send mail are called by other names, and all of these suites are full of them.
            suites += [suite for suite in SOURCES if entry.get("send") or entry["name"] in words[suite]]
            if "api" not in suites:
                problems.append(f"{name} is not tested")
            if key not in served:
                problems.append(f"{name} is not in the sandbox")
            if entry["token"] != row["token"]:
                problems.append(f"{name} takes the {row['token']} token")
            cpp = "`message`" if entry.get("send") else f"`{entry['name']}`"
            lines.append(f"| `{name}` | {cpp} | `{entry['reply']['name']}` | {mark(entry['repeatable'])} | "
                         f"{row['token']} | {mark(row['openapi'])} | {mark(key in served)} | {', '.join(suites)} |")
        problems += [f"{entry['name']} is no endpoint of the list" for entry in by_key.values()]
    operations = sum(1 for row in endpoints if row["openapi"])
    lines += ["", f"{len(endpoints)} endpoints, {operations} of them in the OpenAPI files."]
    return "\n".join(lines), problems


def main():
    command, *arguments = sys.argv[1:]
    text = DOCUMENT.read_text(encoding="utf-8")
    if command == "--official":
        content = pathlib.Path(arguments[0]).read_text(encoding="utf-8")
        DOCUMENT.write_text(replaced(text, "official clients", "scripts/official-clients", content), encoding="utf-8")
        return 0
    rows, problems = table(*arguments)
    wanted = replaced(text, "endpoints", "test/api/coverage.py", rows)
    for problem in problems:
        print(problem)
    if command == "--write":
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        print("\n".join(difflib.unified_diff(text.splitlines(), wanted.splitlines(), "docs/coverage.md", "as it is",
                                             lineterm="", n=0)))
        print("docs/coverage.md is stale: python3 test/api/coverage.py --write API_TOOL SANDBOX")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
