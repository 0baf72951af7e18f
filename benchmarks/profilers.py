# SPDX-License-Identifier: BSL-1.0

"""Reads what callgrind and strace write."""

import os

# Represents the instructions that the caller spends on making a message: those of these functions, and of those that
# they call.
CALLERS_OWN = ("caller", "message_source::make_")


def read_strace(path):
    """Numbers of system calls by name."""
    result = {}
    with open(path) as file:
        for line in file:
            parts = line.split()
            if len(parts) >= 5 and parts[0].replace(".", "").isdigit() and parts[-1] != "total":
                result[parts[-1]] = int(parts[3])
    return result


def read_callgrind(path):
    """Instructions by (object, function), without those of the functions called; and those of CALLERS_OWN."""
    names = {}

    def resolve(kind, text):
        # "(12) name" defines, "(12)" refers.
        number, _, name = text.partition(" ")
        if name:
            names[kind, number] = name
        return names.get((kind, number), text)

    result = {}
    program = function = "?"
    called = None
    with open(path) as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("ob="):
                program = os.path.basename(resolve("ob", line[3:]))
            elif line.startswith("fn="):
                function = resolve("fn", line[3:])
            elif line.startswith("cob="):
                resolve("ob", line[4:])
            elif line.startswith("cfn="):
                callee = resolve("fn", line[4:])
            elif line.startswith("calls="):
                called = callee
            elif line and (line[0].isdigit() or line[0] in "+-*"):
                parts = line.split()
                if len(parts) < 2:
                    continue
                key = program, function
                if called is not None:
                    # This line has the cost of a call, which includes that of the callee.
                    key = CALLERS_OWN if CALLERS_OWN[1] in called else None
                    called = None
                if key:
                    result[key] = result.get(key, 0) + int(parts[-1])
    return result
