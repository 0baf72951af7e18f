# SPDX-License-Identifier: BSL-1.0

"""Runs one workload with one client, and collects what it costs."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time

import profilers
import servers
from figures import cpu_per_message, summary
from workloads import GROWTH, OURS, Workload


class Failed(Exception):
    """A program failed, or reported failures."""


class Bench:
    """The programs, the servers and the failures of one run of all workloads."""

    def __init__(self, programs, work, quick):
        self.programs = programs
        self.work = work
        self.quick = quick
        self.rounds = 1 if quick else 4
        self.servers = None
        self.bodies = {}
        self.skipped = {}
        self.failures = []

    # Command lines

    def command(self, client, workload, extent):
        """`extent`: ["--seconds", "1.5"] or ["--count", "1000"]."""
        if client == "bare":
            workload = workload.with_bare_recipients()
            client = "postmark"
        server = ["--port", str(self.servers.ports[workload.server])]
        ca = ["--ca", self.servers.cas[workload.server]]
        if client == "postmark":
            return [self.programs["bench_send"], *server, *ca, *workload.arguments, *extent]
        if client == "libcurl":
            return [self.programs["peer_curl"], *server, *ca, *workload.arguments, *extent]
        if client == "beast":
            return [self.programs["peer_beast"], *server, *ca, *workload.arguments, *extent]
        if client == "node":
            arguments = [argument for argument in workload.arguments if argument not in ("--reconnect", "--strings")]
            return ["node", self.programs["node"], *server, *arguments, *extent]
        raise Failed(f"there is no client {client}")

    def environment(self, workload):
        ca = self.servers.cas[workload.server]
        # With SSL_CERT_FILE the trust anchors of the system are not read; starting is not measured anyway.
        return {**os.environ, "SSL_CERT_FILE": ca, "NODE_EXTRA_CA_CERTS": ca}

    def run(self, command, workload, timeout=300, extra=None):
        """The output of the command, and the CPU seconds of its process."""
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
            text, error_text = out.read(), errors.read()
            if process.returncode != 0:
                raise Failed(f"{' '.join(command)}: status {process.returncode}\n{text}{error_text}")
            return text, usage.ru_utime + usage.ru_stime

    def run_client(self, client, workload, extent, timeout=300):
        text, _ = self.run(self.command(client, workload, extent), workload, timeout)
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
        """A long run less a short one, since wrk does not report the cost of starting."""
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
                    run = (
                        self.run_wrk(workload)
                        if client == "wrk"
                        else self.run_client(client, workload, seconds)
                    )
                except Failed as failure:
                    self.fail(failure)
                    continue
                results.setdefault(client, {}).setdefault("runs", []).append(run)

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
            result = profilers.read_callgrind(out)
            os.remove(out)
            return result

        by_function = self.differences(workload, client, measure)
        # Part of the total, and includes the functions called.
        own = by_function.pop(profilers.CALLERS_OWN, None)
        by_object = {}
        for (program, _), value in by_function.items():
            by_object[program] = by_object.get(program, 0) + value
        top = sorted(by_function.items(), key=lambda item: -item[1])[:40]
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
            return profilers.read_strace(out)

        calls = self.differences(workload, client, measure)
        return {name: value for name, value in sorted(calls.items(), key=lambda item: -item[1]) if value >= 0.005}

    def count_system_calls_of_wrk(self, workload):
        """The cost of starting is included, since wrk has no option for the number of requests."""
        out = os.path.join(self.work, "strace.out")
        run = self.run_wrk_once(workload, 2, ["strace", "-f", "-c", "-o", out])
        calls = {name: count / run["messages"] for name, count in profilers.read_strace(out).items()}
        # Rarer calls belong to starting.
        threshold = 0.02 * max(calls.values())
        return {name: value for name, value in sorted(calls.items(), key=lambda item: -item[1]) if value >= threshold}

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
                        best = min(
                            (
                                self.run_client("postmark", workload, ["--seconds", "0.5" if self.quick else "1"])
                                for _ in range(1 if self.quick else 2)
                            ),
                            key=cpu_per_message,
                        )
                    except Failed as failure:
                        self.fail(failure)
                        continue
                    points.append({"value": value, **summary([best]), **best})
                result[name]["series"][mode] = points
        return result

    def measure_queue(self):
        """Peak memory of queued sends, and the bytes of their requests."""
        count = 100000
        workload = Workload("queue", f"--callers {count} --connections 8", "stand-in", OURS, None)
        run = self.run_client("postmark", workload, ["--count", str(count)])
        # The bytes sent include 22 bytes of TLS per request: header, content type and tag of the record.
        request = run["sent_bytes"] / run["messages"] - 22
        return {
            "queued": count,
            "request_bytes": request,
            "resident_bytes": (run["peak_bytes"] - run["resident_before_bytes"]) / count,
            "heap_bytes": (run["queued_heap_bytes"] - run["heap_before_bytes"]) / count,
        }

    def fail(self, failure):
        self.failures.append(str(failure))
        print(f"bench: {failure}", file=sys.stderr)
