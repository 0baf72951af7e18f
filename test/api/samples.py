# SPDX-License-Identifier: BSL-1.0

"""Values for the members of described types, and comparison of what was written with what was read."""

import datetime
import re

#: Values of members whose content the library checks before it sends.
CHECKED = {
    "count": 7,
    "offset": 3,
    "fromdate": "2026-01-02",
    "todate": "2026-01-03",
    "inboundspamthreshold": 10,
    "contentid": "cid:logo.png",
    "tracklinks": "HtmlAndText",
}


class Samples:
    """Makes a different value at each call, so that two members that are mixed up differ."""

    def __init__(self):
        self._number = 0

    def _next(self):
        self._number += 1
        return self._number

    def value(self, kind, key=""):
        """A value of a described type."""
        if key.lower() in CHECKED:
            return CHECKED[key.lower()]
        name = kind["type"]
        if "fields" in kind:
            return self.object(kind["fields"])
        if name == "optional":
            return self.value(kind["element"], key)
        if name == "list":
            return [self.value(kind["element"]), self.value(kind["element"])]
        if name == "map":
            return {f"key {self._next()}": self.value(kind["element"]) for _ in range(2)}
        number = self._next()
        if name in ("string", "any", "secret"):
            return f"{key or 'text'} {number}"
        if name == "boolean":
            return True
        if name == "integer":
            return 1000 + number
        if name == "number":
            return number + 0.5
        if name == "time":
            return f"2026-03-04T05:06:{number % 60:02}.1234567Z"
        if name == "mailbox":
            return f"Person {number} <person{number}@example.com>"
        if name == "mailboxes":
            return f"a{number}@example.com, b{number}@example.com"
        if name == "object":
            return {"name": f"value {number}", "list": [number, {"deep": True}]}
        if name == "base64":
            return "aGVsbG8="
        raise NotImplementedError(f"no sample of type {name}")

    def object(self, fields, places=("body", "required")):
        root = [field for field in fields if field["place"] == "root"]
        if root:
            return self.value(root[0]["type"])
        result = {}
        for field in fields:
            if field["place"] not in places:
                continue
            if field["key"]:
                result[field["key"]] = self.value(field["type"], field["key"])
            else:
                result.update(self.value(field["type"]))
        return result


def instant(text):
    """A time in ticks of 100 ns, from the forms that the service uses."""
    match = re.fullmatch(r"(\d+-\d+-\d+T\d+:\d+:\d+)(?:\.(\d+))?(Z|[+-]\d+:\d+)", text)
    if not match:
        return None
    moment = datetime.datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    return int(moment.timestamp()) * 10_000_000 + int((match[2] or "0").ljust(7, "0")[:7])


def _address(value):
    """Name and address, of either form."""
    if isinstance(value, dict):
        return value.get("Name") or "", value.get("Email") or ""
    match = re.fullmatch(r'"?(.*?)"? *<(.*)>', value or "")
    return (match[1], match[2]) if match else ("", value or "")


def _is_blank(read):
    return not read or isinstance(read, dict) and all(_is_blank(value) for value in read.values())


def same(kind, given, read):
    """Whether a value that a reply held is what was read of it, by the type of the member."""
    name = kind["type"]
    if given is None:
        return _is_blank(read)
    if name == "optional":
        return same(kind["element"], given, read)
    if "fields" in kind:
        return not differences(kind["fields"], given, read)
    if name == "list":
        return len(given) == len(read) and all(same(kind["element"], one, other) for one, other in zip(given, read))
    if name == "map":
        return given.keys() == read.keys() and all(same(kind["element"], given[key], read[key]) for key in given)
    if name == "time":
        return read is not None and instant(given) == instant(read)
    if name == "mailbox":
        return _address(given) == _address(read)
    if name == "string" and isinstance(given, dict):
        return given.get("Name", "") == read
    if name == "any" and not isinstance(given, str):
        return isinstance(read, str)
    if name == "object":
        return given == (read or {})
    if name in ("integer", "number") and isinstance(given, str):
        return float(given or 0) == read
    if name in ("string", "secret") and not isinstance(given, str):
        return str(given).lower() == read
    return given == read


def lost(entry, given, result):
    """What did not arrive of a whole reply: its members, or those that every reply has."""
    fields = entry["reply"]["fields"]
    if entry.get("send") and isinstance(given, list):
        return [one for pair in zip(given, result["reply"], strict=True) for one in differences(fields, *pair, "[]")]
    found = differences(fields, given, result["reply"])
    common = {"ErrorCode": result["code"], "Message": result["detail"]}
    return [(path, text) for path, text in found if path not in common or given[path] != common[path]]


def differences(fields, given, read, path=""):
    """The members of a JSON value that did not arrive: a list of (path, what is wrong)."""
    root = [field for field in fields if field["place"] == "root"]
    if root:
        kind = root[0]["type"]
        if "fields" in kind:
            return differences(kind["fields"], given, read, path)
        if kind["type"] == "list" and isinstance(given, list) and len(given) == len(read):
            return _of_elements(kind, given, read, path)
        return [] if same(kind, given, read) else [(path, f"{given!r} was read as {read!r}")]
    if not isinstance(given, dict):
        return [(path, f"{given!r} is no object")]
    known = {field["key"]: field["type"] for field in fields if field["place"] in ("body", "required")}
    result = []
    # The client reads keys without regard to case, except beside an open map.
    spelled = {} if "" in known else {key.lower(): key for key in known}
    for key, value in given.items():
        where = f"{path}.{key}".lstrip(".")
        key = key if key in known else spelled.get(key.lower(), key)
        kind = known.get(key)
        if kind is None and "" in known and isinstance(value, int):
            kind = known[""]["element"]
        if kind is None:
            # A null says nothing, whatever its key.
            result += [] if value is None else [(where, "is not read")]
            continue
        while kind["type"] == "optional":
            kind = kind["element"]
        other = read.get(key)
        if "fields" in kind and isinstance(value, dict) and isinstance(other, (dict, list)):
            result += differences(kind["fields"], value, other, where)
        elif kind["type"] == "list" and isinstance(value, list) and len(value) == len(other or []):
            result += _of_elements(kind, value, other or [], where)
        elif not same(kind, value, other):
            result.append((where, f"{value!r} was read as {other!r}"))
    return result


def _of_elements(kind, given, read, path):
    result = []
    for one, other in zip(given, read):
        if "fields" in kind["element"]:
            result += differences(kind["element"]["fields"], one, other, f"{path}[]")
        elif not same(kind["element"], one, other):
            result.append((f"{path}[]", f"{one!r} was read as {other!r}"))
    return result
