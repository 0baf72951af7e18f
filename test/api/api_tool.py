# SPDX-License-Identifier: BSL-1.0

"""The program api_tool: what the library writes and reads for each endpoint."""

import json
import subprocess


class Tool:
    def __init__(self, program):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        #: Descriptions by name.
        self.types = {entry["name"]: entry for entry in self._call(do="list")["types"]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()

    def _call(self, **command):
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"api_tool has ended: {self._process.wait()}")
        result = json.loads(line)
        if "error" in result:
            raise RuntimeError(f"api_tool: {result['error']}: {command}")
        return result

    def request(self, name, values):
        """The HTTP request: method, target, body, token, repeatable; problem if it cannot be made; printed."""
        return self._call(do="request", name=name, values=values)

    def read(self, name, text, messages=1, status=200):
        """What the client makes of a reply: `reply` and `printed`, or `failure`; and `detail` and `code`."""
        return self._call(do="read", name=name, reply=text, messages=messages, status=status)

    def equal(self, name, first, second):
        """Whether two replies are equal."""
        return self._call(do="compare", name=name, replies=[first, second])["equal"]

    @property
    def requests(self):
        """The request types: all but the functions that send mail."""
        return [entry for entry in self.types.values() if not entry.get("send")]


def normalized(method, path):
    """A method and a path whose parameters have no names, in lower case."""
    segments = ["{}" if part.startswith("{") else part.lower() for part in path.split("/")]
    return method, "/".join(segments)
