# SPDX-License-Identifier: BSL-1.0

"""Calls every endpoint of the sandbox as the library does: check_service.py API_TOOL SANDBOX ENDPOINTS

Each endpoint of the service succeeds once at least, the client reads every key of the replies, no endpoint works
without its token, and each takes its path in another case and with a slash at its end.
"""

import json
import sys

from api_tool import Tool, normalized
from samples import lost
from scenario import play
from service import ACCOUNT_TOKEN, Failed, Sandbox, Service

#: Keys of replies that the client does not read: (request type or *, path, reason).
UNREAD = [
    ("*", "Bounces[].RecordType", "the type of the list says what its elements are"),
    ("*", "Opens[].RecordType", "the type of the list says what its elements are"),
    ("*", "Clicks[].RecordType", "the type of the list says what its elements are"),
    ("get_delivery_stats", "Bounces[].TypeCode", "not documented; the name of the type is read"),
]


def unread(name, path):
    return [row for row in UNREAD if row[0] in ("*", name) and row[1] == path]


def tolerance(service, row, exchange):
    """Asks again, with the fixed parts of the path in capital letters and a slash at its end."""
    path, _, query = exchange.target.partition("?")
    parts = [given if wanted.startswith("{") else given.upper()
             for wanted, given in zip(row["path"].split("/"), path.split("/"))]
    token = [(f"X-Postmark-{row['token'].title()}-Token",
              service.server_token if row["token"] == "server" else ACCOUNT_TOKEN)]
    odd = "/".join(parts) + "/" + ("?" + query if query else "")
    status, _ = service.raw("GET", exchange.target, "", token)
    odd_status, text = service.raw("GET", odd, "", token)
    return [] if status == odd_status else [f"{odd}: {odd_status} {text}, but {exchange.target}: {status}"]


def main():
    program, sandbox_program, endpoints = sys.argv[1:4]
    failures = []
    used = []
    with open(endpoints, encoding="utf-8") as stream:
        wanted = json.load(stream)
    with Tool(program) as tool, Sandbox(sandbox_program, "--plain") as sandbox:
        service = Service(tool, sandbox)
        try:
            exchanges = play(service)
        except Failed as error:
            print(f"failed: {error}")
            return 1
        called = {}
        for exchange in exchanges:
            entry = tool.types[exchange.name]
            if exchange.status != 200:
                continue
            called[normalized(entry["method"], entry["path"])] = exchange
            messages = len(json.loads(exchange.reply)) if exchange.name.startswith("send_batch") else 1
            result = tool.read(exchange.name, exchange.reply, messages)
            if "reply" not in result:
                failures.append(f"{exchange.name}: {result['detail']}: {exchange.reply}")
                continue
            found = lost(entry, exchange.json(), result) if not entry.get("interprets") else []
            for path, text in found:
                rows = unread(exchange.name, path) if text == "is not read" else []
                used += rows
                if not rows:
                    failures.append(f"{exchange.name}: {path} {text}")
        for row in wanted:
            key = normalized(row["method"], row["path"])
            exchange = called.get(key)
            if exchange is None:
                failures.append(f"{row['method']} {row['path']} has not succeeded")
                continue
            status, text = service.raw(exchange.method, exchange.target, exchange.body)
            if status != 401 or json.loads(text).get("ErrorCode") != 10:
                failures.append(f"{exchange.name} without a token: {status} {text}")
            other = "account" if row["token"] == "server" else "server"
            status, text = service.raw(exchange.method, exchange.target, exchange.body,
                                       [(f"X-Postmark-{other.title()}-Token", service.server_token)])
            if status != 401 or json.loads(text).get("ErrorCode") != 10:
                failures.append(f"{exchange.name} with the wrong token: {status} {text}")
            if exchange.method == "GET":
                failures += tolerance(service, row, exchange)
            if row["token"] != exchange.token:
                failures.append(f"{exchange.name} is sent with the {exchange.token} token")
    failures += [f"no longer needed: {row}" for row in UNREAD if row not in used]
    for failure in list(dict.fromkeys(failures + service.missing)):
        print(failure)
    print(f"{len(exchanges)} calls, {len(called)} of {len(wanted)} endpoints, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
