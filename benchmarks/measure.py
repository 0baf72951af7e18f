# SPDX-License-Identifier: BSL-1.0

"""Runs every workload with every client and writes results.json, results.md and plots. Started by scripts/bench."""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import plots
import servers
from servers import ALL_CORES, CLIENT_CORE


class Workload:
    def __init__(self, name, arguments, server, clients, counts, callgrind=None, cores=CLIENT_CORE, seconds=1.5):
        self.name = name
        self.arguments = arguments.split()
        self.server = server
        self.clients = clients
        # Numbers of messages of two runs, whose difference is free of what starting and ending costs.
        self.counts = counts
        # Clients whose instructions are counted in a quick run, too.
        self.callgrind = callgrind or []
        self.cores = cores
        self.seconds = seconds

    def option(self, name, default):
        return self.arguments[self.arguments.index(name) + 1] if name in self.arguments else default


# As the results call them.
NAMES = {"postmark": "postmark", "wrk": "wrk", "libcurl": "libcurl", "beast": "Beast", "node": "postmark (npm)"}

ALL = ["postmark", "wrk", "libcurl", "beast", "node"]
OURS = ["postmark"]
SINGLE_64 = "single, 64 callers"
COALESCED = "coalesced, 1000 callers"
BATCH = "batch of 500"
ATTACHMENT = "attachment of 1 MiB"
COLD = "cold handshake"
RESUMED = "resumed handshake"
# Workloads with a plot that compares the clients, and its name.
PLOTTED = {SINGLE_64: "single", BATCH: "batch", ATTACHMENT: "attachment"}

WORKLOADS = [
    Workload("single, 1 caller", "--callers 1 --connections 1", "nginx", ALL, (1000, 3000)),
    Workload("single, 8 callers", "--callers 8 --connections 8", "nginx", ALL, (1000, 3000)),
    Workload(SINGLE_64, "--callers 64 --connections 64", "nginx", ALL, (2000, 6000), ["postmark"]),
    Workload("single, 64 callers, 8 connections", "--callers 64 --connections 8", "nginx", OURS, (2000, 6000)),
    Workload("single, 1000 callers", "--callers 1000 --connections 64", "nginx", OURS, (4000, 8000)),
    Workload(
        BATCH,
        "--mode batch --callers 8 --connections 8",
        "nginx, whole body",
        ALL,
        (4000, 12000),
        ["postmark"],
    ),
    Workload(
        ATTACHMENT,
        "--mode attachment --callers 4 --connections 4",
        "nginx, whole body",
        ALL,
        (8, 16),
    ),
    Workload(
        "coalesced, 64 callers", "--mode coalesced --callers 64 --connections 8", "stand-in", OURS, (4000, 12000)
    ),
    Workload(
        COALESCED, "--mode coalesced --callers 1000 --connections 8", "stand-in", OURS, (8000, 24000), ["postmark"]
    ),
    Workload(
        "coalesced, 10000 callers",
        "--mode coalesced --callers 10000 --connections 8",
        "stand-in",
        OURS,
        (20000, 60000),
    ),
    Workload(
        COLD,
        "--callers 1 --connections 1 --reconnect",
        "stand-in, no tickets",
        ["postmark", "libcurl", "beast"],
        (40, 120),
    ),
    Workload(RESUMED, "--callers 1 --connections 1 --reconnect", "nginx", ["postmark", "libcurl"], (40, 120)),
    Workload(
        "single, 64 callers, 2 threads",
        "--callers 64 --connections 64 --threads 2",
        "nginx",
        OURS,
        None,
        cores=ALL_CORES,
    ),
    Workload(
        "coalesced, 1000 callers, 2 threads",
        "--mode coalesced --callers 1000 --connections 8 --threads 2",
        "stand-in",
        OURS,
        None,
        cores=ALL_CORES,
    ),
]

GROWTH = [
    # name, title of the axis, [(mode, arguments with {} for the value)], values, of a quick run
    (
        "in-flight",
        "messages in flight",
        [
            ("single", "--mode single --callers {} --connections 8"),
            ("coalesced", "--mode coalesced --callers {} --connections 8"),
        ],
        [1, 10, 100, 1000, 10000, 100000],
        [1, 100, 10000],
    ),
    (
        "body-size",
        "bytes of text",
        [("single", "--callers 8 --connections 8 --body {}")],
        [100, 1000, 10000, 100000, 1000000, 5000000],
        [100, 10000, 1000000],
    ),
    (
        "batch-size",
        "messages in a batch",
        [("batch", "--mode batch --callers 8 --connections 8 --batch {}")],
        [1, 2, 5, 10, 20, 50, 100, 200, 500],
        [1, 20, 500],
    ),
]


CALLERS_OWN = ("caller", "make_own_cop")


class Failed(Exception):
    pass


class Bench:
    def __init__(self, programs, work, quick):
        self.programs = programs
        self.work = work
        self.quick = quick
        self.rounds = 1 if quick else 4
        self.servers = None
        self.bodies = {}
        self.skipped = {}
        self.failures = []

    # How a client is called

    def command(self, client, workload, much):
        """`much`: ["--seconds", "1.5"] or ["--count", "1000"]."""
        server = ["--port", str(self.servers.ports[workload.server])]
        ca = ["--ca", self.servers.cas[workload.server]]
        if client == "postmark":
            return [self.programs["bench_send"], *server, *ca, *workload.arguments, *much]
        if client == "libcurl":
            return [self.programs["peer_curl"], *server, *ca, *workload.arguments, *much]
        if client == "beast":
            return [self.programs["peer_beast"], *server, *ca, *workload.arguments, *much]
        if client == "node":
            arguments = [each for each in workload.arguments if each != "--reconnect"]
            return ["node", self.programs["node"], *server, *arguments, *much]
        raise Failed(f"there is no client {client}")

    def environment(self, workload):
        result = dict(os.environ)
        # Reading the system's trust anchors is part of starting, of which nothing is measured.
        result["SSL_CERT_FILE"] = self.servers.cas[workload.server]
        result["NODE_EXTRA_CA_CERTS"] = self.servers.cas[workload.server]
        return result

    def run(self, command, workload, timeout=300, extra=None):
        """Its output, and the CPU seconds of the whole process."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=errors,
                env={**self.environment(workload), **(extra or {})},
                preexec_fn=servers.prepare(workload.cores),
            )
            end = time.monotonic() + timeout
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > end:
                    process.kill()
                    process.wait()
                    raise Failed(f"{os.path.basename(command[0])} took longer than {timeout} s")
                time.sleep(0.005)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            text, complaints = out.read(), errors.read()
            if process.returncode != 0:
                raise Failed(f"{' '.join(command)}: status {process.returncode}\n{text}{complaints}")
            return text, usage.ru_utime + usage.ru_stime

    def run_client(self, client, workload, much, timeout=300):
        text, _ = self.run(self.command(client, workload, much), workload, timeout)
        result = json.loads(text)
        if result["failures"]:
            raise Failed(f"{client}, {workload.name}: {result['failures']} failures: {result['first_failure']}")
        return result

    # Times

    def body_of(self, workload):
        mode = workload.option("--mode", "single")
        if mode not in self.bodies:
            path = os.path.join(self.work, f"body-{mode}.json")
            with open(path, "wb") as file:
                file.write(self.servers.record(self.programs["bench_send"], ["--mode", mode, "--count", "1"]))
            self.bodies[mode] = path
        return self.bodies[mode]

    def run_wrk_once(self, workload, seconds, prefix=()):
        mode = workload.option("--mode", "single")
        extra = {
            "POST_BODY": self.body_of(workload),
            "POST_PATH": "/email/batch" if mode == "batch" else "/email",
        }
        command = [*prefix, "wrk", "-t1", "-c", workload.option("--connections", "8"), "-d", f"{seconds}s", "--latency"]
        command += ["-s", self.programs["post.lua"], f"https://127.0.0.1:{self.servers.ports[workload.server]}/"]
        text, cpu = self.run(command, workload, 60, extra)
        found = re.search(r"^result (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)$", text, re.M)
        if not found or int(found[2]) or not int(found[1]):
            raise Failed(f"wrk, {workload.name}: {text}")
        return {
            "messages": int(found[1]) * (500 if mode == "batch" else 1),
            "seconds": int(found[5]) / 1e6,
            "cpu_seconds": cpu,
            "p50_us": float(found[3]),
            "p99_us": float(found[4]),
        }

    def run_wrk(self, workload):
        """Marginal: a long run less a short one, since it does not say what starting costs."""
        long = self.run_wrk_once(workload, 2 if self.quick else 3)
        short = self.run_wrk_once(workload, 1)
        return {**long, **{name: long[name] - short[name] for name in ("messages", "seconds", "cpu_seconds")}}

    def measure_times(self, workload, results):
        seconds = ["--seconds", "0.5" if self.quick else str(workload.seconds)]
        for _ in range(self.rounds):
            for client in workload.clients:
                if client in self.skipped:
                    continue
                try:
                    one = (
                        self.run_wrk(workload)
                        if client == "wrk"
                        else self.run_client(client, workload, seconds)
                    )
                except Failed as failure:
                    self.fail(failure)
                    continue
                results.setdefault(client, {}).setdefault("runs", []).append(one)

    # Counts

    def differences(self, workload, client, measure):
        low, high = workload.counts
        before, after = measure(low), measure(high)
        return {name: (value - before.get(name, 0)) / (high - low) for name, value in after.items()}

    def count_instructions(self, workload, client):
        """User instructions per message, by file of the program and by function."""

        def measure(count):
            out = os.path.join(self.work, "callgrind.out")
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet"]
            command += self.command(client, workload, ["--count", str(count)])
            self.run(command, workload, 300)
            result = read_callgrind(out)
            os.remove(out)
            return result

        by_function = self.differences(workload, client, measure)
        # What the caller does to have a message at all: inclusive, and part of the total.
        own = by_function.pop(CALLERS_OWN, None)
        by_object = {}
        for (program, _), value in by_function.items():
            by_object[program] = by_object.get(program, 0) + value
        top = sorted(by_function.items(), key=lambda each: -each[1])[:40]
        return {
            "total": sum(by_object.values()),
            "callers_own": own,
            "by_object": by_object,
            "top": [{"object": program, "function": name, "instructions": value} for (program, name), value in top],
        }

    def count_system_calls(self, workload, client):
        def measure(count):
            out = os.path.join(self.work, "strace.out")
            command = ["strace", "-f", "-c", "-o", out, *self.command(client, workload, ["--count", str(count)])]
            self.run(command, workload, 300)
            return read_strace(out)

        calls = self.differences(workload, client, measure)
        return {name: value for name, value in sorted(calls.items(), key=lambda e: -e[1]) if value >= 0.005}

    def count_system_calls_of_wrk(self, workload):
        """It can only be told how long to run, so what starting costs is part of it."""
        out = os.path.join(self.work, "strace.out")
        one = self.run_wrk_once(workload, 2, ["strace", "-f", "-c", "-o", out])
        calls = {name: count / one["messages"] for name, count in read_strace(out).items()}
        # The rest is starting.
        least = 0.02 * max(calls.values())
        return {name: value for name, value in sorted(calls.items(), key=lambda e: -e[1]) if value >= least}

    def measure_counts(self, workload, results):
        if workload.counts is None:
            return
        for client in workload.clients:
            if client in self.skipped or client not in results or (self.quick and client not in workload.callgrind):
                continue
            try:
                if client == "wrk":
                    results[client]["system_calls"] = self.count_system_calls_of_wrk(workload)
                    continue
                results[client]["system_calls"] = self.count_system_calls(workload, client)
                if client != "node":
                    results[client]["instructions"] = self.count_instructions(workload, client)
            except Failed as failure:
                self.fail(failure)

    # How cost grows

    def measure_growth(self):
        result = {}
        for name, title, modes, values, quick_values in GROWTH:
            result[name] = {"title": title, "series": {}}
            for mode, arguments in modes:
                points = []
                for value in quick_values if self.quick else values:
                    workload = Workload(f"{name}, {value}", arguments.format(value), "stand-in", OURS, None)
                    try:
                        one = min(
                            (
                                self.run_client("postmark", workload, ["--seconds", "0.5" if self.quick else "1"])
                                for _ in range(1 if self.quick else 2)
                            ),
                            key=cpu_per_message,
                        )
                    except Failed as failure:
                        self.fail(failure)
                        continue
                    points.append({"value": value, **summary([one]), **one})
                result[name]["series"][mode] = points
        return result

    def measure_queue(self):
        """Peak memory of sends that wait, against the bytes of their requests."""
        count = 100000
        workload = Workload("queue", f"--callers {count} --connections 8", "stand-in", OURS, None)
        one = self.run_client("postmark", workload, ["--count", str(count)])
        # A request is what went over the wire less its TLS record: header, type and tag.
        request = one["sent_bytes"] / one["messages"] - 22
        return {
            "queued": count,
            "request_bytes": request,
            "resident_bytes": (one["peak_bytes"] - one["resident_before_bytes"]) / count,
            "heap_bytes": (one["queued_heap_bytes"] - one["heap_before_bytes"]) / count,
        }

    def fail(self, failure):
        self.failures.append(str(failure))
        print(f"bench: {failure}", file=sys.stderr)


def read_strace(path):
    """Numbers of calls by name."""
    result = {}
    with open(path) as file:
        for line in file:
            parts = line.split()
            if len(parts) >= 5 and parts[0].replace(".", "").isdigit() and parts[-1] != "total":
                result[parts[-1]] = int(parts[3])
    return result


def read_callgrind(path):
    """Own instructions by (object, function), and those of the caller's own with all that it calls."""
    names = {}

    def full(kind, text):
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
                program = os.path.basename(full("ob", line[3:]))
            elif line.startswith("fn="):
                function = full("fn", line[3:])
            elif line.startswith("cob="):
                full("ob", line[4:])
            elif line.startswith("cfn="):
                callee = full("fn", line[4:])
            elif line.startswith("calls="):
                called = callee
            elif line and (line[0].isdigit() or line[0] in "+-*"):
                parts = line.split()
                if len(parts) < 2:
                    continue
                key = program, function
                if called is not None:
                    # A line with the cost of the call, the callee's included.
                    key = CALLERS_OWN if CALLERS_OWN[1] in called else None
                    called = None
                if key:
                    result[key] = result.get(key, 0) + int(parts[-1])
    return result


def cpu_per_message(run):
    return 1e6 * run["cpu_seconds"] / run["messages"]


def summary(runs):
    cpu = [cpu_per_message(each) for each in runs]
    result = {
        "messages_per_second": statistics.median(each["messages"] / each["seconds"] for each in runs),
        "cpu_us": statistics.median(cpu),
        "cpu_us_lowest": min(cpu),
        "p50_us": statistics.median(each["p50_us"] for each in runs),
        "p99_us": statistics.median(each["p99_us"] for each in runs),
    }
    if "allocations" in runs[0]:
        last = runs[-1]
        result["allocations"] = last["allocations"] / last["messages"]
        result["caller_allocations"] = last["caller_allocations"] / last["messages"]
        result["counted_calls"] = {
            name: value / last["messages"] for name, value in last["system_calls"].items() if value
        }
    if "peak_bytes" in runs[0]:
        result["peak_bytes"] = max(each["peak_bytes"] for each in runs)
    if runs[0].get("connections_made"):
        result["resumed"] = runs[-1]["connections_resumed"] / runs[-1]["connections_made"]
    return result


def ratio(results, workload, client, other_workload, other):
    """Of CPU per message, by rounds: neighbours on the machine disturb both alike."""
    mine = results.get(workload, {}).get(client, {}).get("runs", [])
    others = results.get(other_workload, {}).get(other, {}).get("runs", [])
    pairs = [cpu_per_message(a) / cpu_per_message(b) for a, b in zip(mine, others) if cpu_per_message(b) > 0]
    return statistics.median(pairs) if pairs else None


def goals(results, queue):
    def value(workload, *path):
        found = results.get(workload, {}).get("postmark", {})
        for each in path:
            found = found.get(each) if isinstance(found, dict) else None
        return found

    def calls(workload, names):
        counted = value(workload, "summary", "counted_calls")
        return None if counted is None else sum(counted.get(name, 0) for name in names)

    saturated = "single, 64 callers, 8 connections"
    extra = None if not queue else queue["resident_bytes"] - queue["request_bytes"]
    return [
        ("single send, 64 callers, CPU against wrk", "x", ratio(results, SINGLE_64, "postmark", SINGLE_64, "wrk"), 1.15, 0.95),
        ("single send, 64 callers, CPU against libcurl", "x", ratio(results, SINGLE_64, "postmark", SINGLE_64, "libcurl"), 0.50, 0.42),
        ("user instructions per single send", "", value(SINGLE_64, "instructions", "total"), 30000, 25000),
        ("allocations per single send", "", value(SINGLE_64, "summary", "allocations"), 8, 5),
        ("send per saturated single send", "", calls(saturated, ["send", "sendmsg", "write"]), 1, None),
        ("recv per saturated single send", "", calls(saturated, ["recv", "recvmsg", "read"]), 2.1, None),
        ("epoll_ctl per saturated single send", "", calls(saturated, ["epoll_ctl"]), 0, None),
        ("coalesced, 1000 callers, CPU against a single send of wrk", "x", ratio(results, COALESCED, "postmark", SINGLE_64, "wrk"), 0.15, 0.10),
        ("batch of 500, CPU against libcurl", "x", ratio(results, BATCH, "postmark", BATCH, "libcurl"), 0.50, 0.40),
        ("attachment of 1 MiB, CPU against libcurl", "x", ratio(results, ATTACHMENT, "postmark", ATTACHMENT, "libcurl"), 0.50, 0.42),
        ("peak memory of 100,000 queued sends, beyond the bytes of the request", "B", extra, 512, 256),
    ]  # fmt: skip


def number(value, digits=3):
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    text = f"{value:.{digits}g}"
    return f"{float(text):g}"


def short_name(function):
    """Without parameters and arguments of templates; what a library does not name is an address."""
    if re.fullmatch(r"0x0*[0-9a-f]+", function):
        return "0x" + function[2:].lstrip("0")
    function = function.replace("(anonymous namespace)::", "")
    previous = None
    while previous != function:
        previous = function
        function = re.sub(r"<[^<>]*>", "", function)
        function = re.sub(r"\([^()]*\)", "", function)
    function = re.sub(r" *\[clone [^\]]*\]", "", function)
    return function.replace(" const", "").replace("[abi:cxx11]", "").split(" ")[-1]


def publish(path, folder, out):
    """Puts the results into a document, between its two marks, and the plots beside it."""
    begin, end = "<!-- begin results -->", "<!-- end results -->"
    with open(path) as file:
        before, _, rest = file.read().partition(begin)
    _, _, after = rest.partition(end)
    if not after and end not in rest:
        raise SystemExit(f"bench: {path} has no place for results")
    with open(os.path.join(out, "results.md")) as file:
        text = file.read().partition("\n")[2]
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".svg"):
            os.remove(os.path.join(folder, name))
    for name in sorted(os.listdir(out)):
        if name.endswith(".svg"):
            shutil.copy(os.path.join(out, name), folder)
    text = text.replace("](", f"]({os.path.basename(folder)}/")
    with open(path, "w") as file:
        file.write(before + begin + "\n" + text + "\n" + end + after)


def write_markdown(path, machine, results, growth, queue, skipped):
    lines = ["# Results", ""]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    for client, why in skipped.items():
        lines.append(f"- {NAMES[client]}: skipped, {why}")

    lines += ["", "## Goals", "", "| | measured | limit | aim | |", "|---|---|---|---|---|"]
    for name, unit, value, least, aim in goals(results, queue):
        if value is None:
            continue
        # Where something is counted, counting itself and the last answers of a run add a few to thousands.
        slack = 0.005 if unit == "" else 0
        if aim is not None and value <= aim + slack:
            state = "aim reached"
        else:
            state = "reached" if value <= least + slack else "not reached"
        shown = " ×" if unit == "x" else f" {unit}" if unit else ""
        lines.append(
            f"| {name} | {number(value)}{shown} | {number(least)}{shown} | "
            f"{number(aim) + shown if aim is not None else ''} | {state} |"
        )

    lines += [
        "",
        "## Workloads",
        "",
        "CPU in microseconds per message, lowest and median of the rounds; system calls by strace, 0.01 and more.",
    ]
    for name, clients in results.items():
        lines += ["", f"### {name}"]
        if name in PLOTTED:
            lines += ["", f"![CPU per message](cpu-{PLOTTED[name]}.svg)"]
        lines += [
            "",
            "| | messages/s | CPU µs | × wrk | instructions | allocations | p50 µs | p99 µs | peak MiB | system calls |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for client, result in clients.items():
            if "summary" not in result:
                continue
            s = result["summary"]
            calls = result.get("system_calls") or s.get("counted_calls") or {}
            shown = ", ".join(f"{call} {number(count)}" for call, count in calls.items() if count >= 0.01)
            peak = s.get("peak_bytes")
            lines.append(
                f"| {NAMES[client]} | {number(s['messages_per_second'])} | {number(s['cpu_us_lowest'])} / {number(s['cpu_us'])} "
                f"| {number(ratio(results, name, client, name, 'wrk'))} "
                f"| {number(result.get('instructions', {}).get('total'))} | {number(s.get('allocations'))} "
                f"| {number(s['p50_us'])} | {number(s['p99_us'])} "
                f"| {number(peak / 2**20 if peak else None)} | {shown} |"
            )

    lines += ["", "## Where the instructions of our client are spent", ""]
    lines += ["| | all | to make the message | by |", "|---|---|---|---|"]
    for name, clients in results.items():
        instructions = clients.get("postmark", {}).get("instructions")
        if instructions:
            parts = sorted(instructions["by_object"].items(), key=lambda each: -each[1])
            shown = ", ".join(f"{program} {number(value)}" for program, value in parts if value >= 1)
            own = number(instructions.get("callers_own"))
            lines.append(f"| {name} | {number(instructions['total'])} | {own} | {shown} |")

    for name in (SINGLE_64, COALESCED, BATCH):
        instructions = results.get(name, {}).get("postmark", {}).get("instructions")
        if not instructions:
            continue
        lines += ["", f"### Functions: {name}", "", "| instructions | in | function |", "|---|---|---|"]
        for each in instructions["top"][:20]:
            lines.append(f"| {number(each['instructions'])} | {each['object']} | `{short_name(each['function'])}` |")

    if queue:
        lines += [
            "",
            "## Memory of a queue",
            "",
            f"{queue['queued']:,} sends waiting: {queue['resident_bytes']:.0f} B each at the peak, of which the request is "
            f"{queue['request_bytes']:.0f} B; {queue['heap_bytes']:.0f} B each in use on the heap.",
        ]

    if growth:
        lines += ["", "## How cost grows"]
    for name, part in growth.items():
        if any(part["series"].values()):
            what = ("cpu", "rate", "memory") if name == "in-flight" else ("cpu", "rate")
            lines += ["", *(f"![{part['title']}: {each}]({name}-{each}.svg)" for each in what)]
        for mode, points in part["series"].items():
            lines += [
                "",
                f"| {part['title']} ({mode}) | messages/s | CPU µs | p50 µs | p99 µs | peak MiB |",
                "|---|---|---|---|---|---|",
            ]
            for each in points:
                lines.append(
                    f"| {each['value']:,} | {number(each['messages_per_second'])} | {number(each['cpu_us'])} "
                    f"| {number(each['p50_us'])} | {number(each['p99_us'])} | {number(each['peak_bytes'] / 2**20)} |"
                )
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")


def write_profiles(folder, results):
    for name, clients in results.items():
        for client, result in clients.items():
            top = result.get("instructions", {}).get("top")
            if not top:
                continue
            file_name = re.sub(r"[^a-z0-9]+", "-", f"{client} {name}".lower())
            with open(os.path.join(folder, file_name + ".txt"), "w") as file:
                file.write(f"{client}, {name}: instructions per message\n")
                for each in top:
                    file.write(f"{each['instructions']:12.1f}  {each['object']:24} {each['function'][:160]}\n")


def draw(folder, results, growth):
    for name, part in growth.items():
        cpu = {mode: [(p["value"], p["cpu_us"]) for p in points] for mode, points in part["series"].items()}
        rate = {
            mode: [(p["value"], p["messages_per_second"]) for p in points] for mode, points in part["series"].items()
        }
        plots.lines(os.path.join(folder, f"{name}-cpu.svg"), "CPU per message", part["title"], "µs", cpu)
        plots.lines(os.path.join(folder, f"{name}-rate.svg"), "Messages per second", part["title"], "", rate)
        if name == "in-flight":
            memory = {
                mode: [(p["value"], p["peak_bytes"] / 2**20) for p in points] for mode, points in part["series"].items()
            }
            plots.lines(os.path.join(folder, f"{name}-memory.svg"), "Peak memory", part["title"], "MiB", memory)
    for name, title in PLOTTED.items():
        bars = {
            NAMES[client]: result["summary"]["cpu_us"] for client, result in results.get(name, {}).items() if "summary" in result
        }
        if bars:
            plots.bars(os.path.join(folder, f"cpu-{title}.svg"), f"CPU per message: {name}", "µs", bars)


def describe_machine(programs):
    def output(*command):
        try:
            text = subprocess.run(command, capture_output=True, text=True)
            return (text.stdout + text.stderr).splitlines()[0].strip()
        except (OSError, IndexError):
            return "?"

    model = "?"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "?")
    return {
        "Date": datetime.date.today().isoformat(),
        "Commit": output("git", "describe", "--always", "--dirty"),
        "Machine": f"{model}, {len(ALL_CORES)} cores; server on the first, client on the second",
        "System": f"{system}, Linux {platform.release()}",
        "Compiler": programs.get("compiler", "?"),
        "OpenSSL": programs.get("openssl", "?"),
        "nginx": output("nginx", "-v").removeprefix("nginx version: "),
        "libcurl": output("curl-config", "--version").removeprefix("libcurl "),
        "Node": output("node", "--version"),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, help="folder with the programs")
    parser.add_argument("--out", required=True)
    parser.add_argument("--node", help="folder in which the package postmark is installed")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--publish", help="document to put the results into; plots go to the folder of its name")
    parser.add_argument("--only", help="workloads whose name matches this regular expression, and nothing else")
    arguments = parser.parse_args()

    # A signal must stop the servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    here = os.path.dirname(os.path.abspath(__file__))
    programs = {name: os.path.join(arguments.build, name) for name in ("bench_send", "stand_in", "peer_curl", "peer_beast")}
    programs["post.lua"] = os.path.join(here, "post.lua")
    programs["openssl"], programs["compiler"] = (
        subprocess.run([programs["stand_in"], "--versions"], capture_output=True, text=True, check=True)
        .stdout.strip()
        .split("\n")[:2]
    )
    os.makedirs(arguments.out, exist_ok=True)
    work = tempfile.mkdtemp(prefix="postmark-bench-")
    bench = Bench(programs, work, arguments.quick)
    if not shutil.which("wrk"):
        bench.skipped["wrk"] = "it is not installed"
    if not os.path.exists(programs["peer_curl"]):
        bench.skipped["libcurl"] = "its headers are not installed"
    if arguments.node and shutil.which("node"):
        # Packages are looked for beside the program.
        programs["node"] = shutil.copy(os.path.join(here, "peer_node.mjs"), arguments.node)
    else:
        bench.skipped["node"] = "Node or its package postmark is not installed"
    for client, why in bench.skipped.items():
        print(f"{client}: skipped, {why}")

    results = {}
    growth = {}
    queue = None
    try:
        bench.servers = servers.Servers(programs, os.path.join(work, "servers"), bool(shutil.which("nginx")))
        for workload in WORKLOADS:
            if arguments.only and not re.search(arguments.only, workload.name):
                continue
            if workload.server not in bench.servers.ports:
                bench.fail(f"{workload.name}: skipped, nginx is not installed")
                continue
            started = time.monotonic()
            mine = results.setdefault(workload.name, {})
            bench.measure_times(workload, mine)
            bench.measure_counts(workload, mine)
            for result in mine.values():
                result["summary"] = summary(result["runs"])
            shown = ", ".join(f"{client} {number(r['summary']['cpu_us'])}" for client, r in mine.items())
            print(f"{workload.name:36} {time.monotonic() - started:4.0f} s   CPU µs: {shown}", flush=True)
        if not arguments.only:
            started = time.monotonic()
            growth = bench.measure_growth()
            try:
                queue = bench.measure_queue()
            except Failed as failure:
                bench.fail(failure)
            print(f"{'growth':36} {time.monotonic() - started:4.0f} s", flush=True)
    finally:
        if bench.servers:
            bench.servers.stop()
        shutil.rmtree(work, ignore_errors=True)

    machine = describe_machine(programs)
    with open(os.path.join(arguments.out, "results.json"), "w") as file:
        json.dump(
            {
                "machine": machine,
                "quick": arguments.quick,
                "skipped": bench.skipped,
                "goals": [dict(zip(("name", "unit", "measured", "least", "aim"), g)) for g in goals(results, queue)],
                "workloads": results,
                "growth": growth,
                "queue": queue,
            },
            file,
            indent=1,
        )
    write_markdown(os.path.join(arguments.out, "results.md"), machine, results, growth, queue, bench.skipped)
    profiles = os.path.join(arguments.out, "profiles")
    os.makedirs(profiles, exist_ok=True)
    write_profiles(profiles, results)
    draw(arguments.out, results, growth)
    if arguments.publish:
        publish(arguments.publish, os.path.splitext(arguments.publish)[0], arguments.out)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
