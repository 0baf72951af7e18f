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
import subprocess
import sys
import tempfile
import time

import servers
from figures import limits, summary
from report import draw, number, publish, write_markdown, write_profiles
from runner import Bench, Failed
from servers import ALL_CORES
from workloads import WORKLOADS


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

    # Exits by an exception, so that a signal stops the servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    here = os.path.dirname(os.path.abspath(__file__))
    names = ("bench_send", "stand_in", "peer_curl", "peer_beast")
    programs = {name: os.path.join(arguments.build, name) for name in names}
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
        # Node looks for packages in the folder of the program.
        programs["node"] = shutil.copy(os.path.join(here, "peer_node.mjs"), arguments.node)
    else:
        bench.skipped["node"] = "Node or its package postmark is not installed"
    for client, reason in bench.skipped.items():
        print(f"{client}: skipped, {reason}")

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
            by_client = results.setdefault(workload.name, {})
            bench.measure_times(workload, by_client)
            bench.measure_counts(workload, by_client)
            for result in by_client.values():
                result["summary"] = summary(result["runs"])
            shown = ", ".join(f"{client} {number(r['summary']['cpu_us'])}" for client, r in by_client.items())
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
    columns = ("name", "unit", "measured", "limit", "aim")
    with open(os.path.join(arguments.out, "results.json"), "w") as file:
        json.dump(
            {
                "machine": machine,
                "quick": arguments.quick,
                "skipped": bench.skipped,
                "limits": [dict(zip(columns, row)) for row in limits(results, queue)],
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
