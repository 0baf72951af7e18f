# SPDX-License-Identifier: BSL-1.0

"""A sandbox, and calls of it as the library makes them."""

import dataclasses
import http.client
import json
import subprocess

from api_tool import normalized

SERVER_TOKEN = "11111111-2222-3333-4444-555555555555"
ACCOUNT_TOKEN = "66666666-7777-8888-9999-000000000000"


def routes(program):
    """The endpoints that a sandbox serves."""
    listed = subprocess.run([program, "--routes"], capture_output=True, text=True, check=True).stdout
    return {normalized(*line.split()[:2]) for line in listed.splitlines()}


class Sandbox:
    """The program postmark-sandbox, which ends with the block."""

    def __init__(self, program, *options):
        self.routes = routes(program)
        tokens = ["--token", SERVER_TOKEN, "--account-token", ACCOUNT_TOKEN]
        self._process = subprocess.Popen([program, *tokens, *options], stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline()
        if not ready.startswith("listening "):
            raise RuntimeError(f"the sandbox did not start: {ready!r}")
        facts = dict(part.split("=", 1) for part in ready.split()[1:])
        self.host, self.port, self.ca = facts["host"], int(facts["port"]), facts["ca"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()


@dataclasses.dataclass
class Exchange:
    """A request of one of the library's types, and the reply to it."""

    name: str
    method: str
    target: str
    body: str
    token: str
    status: int
    reply: str

    def json(self):
        return json.loads(self.reply)


class Failed(Exception):
    """A call that did not succeed."""


class Missing(Exception):
    """A call that the library has no request type for, or the sandbox no endpoint."""


class Service:
    """Sends requests to a sandbox without TLS, and keeps what was exchanged."""

    def __init__(self, tool, sandbox):
        self.tool = tool
        self.sandbox = sandbox
        self.exchanges = []
        self.missing = []
        self.server_token = SERVER_TOKEN

    def raw(self, method, target, body="", headers=()):
        """One HTTP request, with a connection of its own: (status, text)."""
        connection = http.client.HTTPConnection(self.sandbox.host, self.sandbox.port)
        try:
            fields = {"Accept": "application/json", **dict(headers)}
            if body:
                fields["Content-Type"] = "application/json"
            connection.request(method, target, body.encode() if body or method != "GET" else None, fields)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def exchange(self, name, values):
        """Sends a request; the reply may have any status."""
        entry = self.tool.types.get(name)
        if entry is None:
            self.missing.append(f"{name}: the library has no such request type")
            raise Missing(self.missing[-1])
        if normalized(entry["method"], entry["path"]) not in self.sandbox.routes:
            self.missing.append(f"{name}: the sandbox has no {entry['method']} {entry['path']}")
            raise Missing(self.missing[-1])
        made = self.tool.request(name, values)
        if made["problem"]:
            raise Failed(f"{name}: {made['problem']}")
        token = {"server": ("X-Postmark-Server-Token", self.server_token),
                 "account": ("X-Postmark-Account-Token", ACCOUNT_TOKEN)}[made["token"]]
        status, text = self.raw(made["method"], made["target"], made["body"], [token])
        made_exchange = Exchange(name, made["method"], made["target"], made["body"], made["token"], status, text)
        self.exchanges.append(made_exchange)
        return made_exchange

    def call(self, name, /, **values):
        """Sends a request that succeeds; the JSON of the reply."""
        result = self.exchange(name, values)
        if result.status != 200:
            raise Failed(f"{name}: {result.method} {result.target} {result.body}: {result.status} {result.reply}")
        return result.json()

    def refused(self, code, name, /, **values):
        """Sends a request that is refused with an ErrorCode."""
        result = self.exchange(name, values)
        if result.status == 200 or result.json().get("ErrorCode") != code:
            raise Failed(f"{name}: {result.method} {result.target}: {result.status} {result.reply}, expected {code}")

    def control(self, method, path, **values):
        """Calls an endpoint of the sandbox itself."""
        if normalized(method, path) not in self.sandbox.routes and not self._serves(method, path):
            self.missing.append(f"the sandbox has no {method} {path}")
            raise Missing(self.missing[-1])
        body = json.dumps(values) if method != "GET" else ""
        status, text = self.raw(method, path, body, [("X-Postmark-Sandbox", "1")])
        if status != 200:
            raise Failed(f"{method} {path}: {status} {text}")
        return json.loads(text)

    def _serves(self, method, path):
        parts = path.lower().split("/")
        return any(verb == method and len(route.split("/")) == len(parts) and
                   all(one in (other, "{}") for one, other in zip(route.split("/"), parts))
                   for verb, route in self.sandbox.routes)
