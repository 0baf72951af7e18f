# SPDX-License-Identifier: BSL-1.0

"""Figures from the runs: per message, as ratios, and against the limits."""

import statistics

from workloads import ATTACHMENT, BATCH, BATCH_NAMED, BATCH_STRINGS, COALESCED, SATURATED, SINGLE_64, STRINGS


def cpu_per_message(run):
    return 1e6 * run["cpu_seconds"] / run["messages"]


def summary(runs):
    cpu = [cpu_per_message(run) for run in runs]
    result = {
        "messages_per_second": statistics.median(run["messages"] / run["seconds"] for run in runs),
        "cpu_us": statistics.median(cpu),
        "cpu_us_lowest": min(cpu),
        "p50_us": statistics.median(run["p50_us"] for run in runs),
        "p99_us": statistics.median(run["p99_us"] for run in runs),
    }
    if "allocations" in runs[0]:
        last = runs[-1]
        result["allocations"] = last["allocations"] / last["messages"]
        result["caller_allocations"] = last["caller_allocations"] / last["messages"]
        result["counted_calls"] = {
            name: value / last["messages"] for name, value in last["system_calls"].items() if value
        }
    if "peak_bytes" in runs[0]:
        result["peak_bytes"] = max(run["peak_bytes"] for run in runs)
    if runs[0].get("connections_made"):
        result["resumed"] = runs[-1]["connections_resumed"] / runs[-1]["connections_made"]
    return result


def ratio(results, workload, client, other_workload, other):
    """Median over the rounds of the ratio of CPU per message: other programs on the machine disturb both of a round."""
    runs = results.get(workload, {}).get(client, {}).get("runs", [])
    other_runs = results.get(other_workload, {}).get(other, {}).get("runs", [])
    pairs = [(cpu_per_message(run), cpu_per_message(other_run)) for run, other_run in zip(runs, other_runs)]
    ratios = [cpu / other_cpu for cpu, other_cpu in pairs if other_cpu > 0]
    return statistics.median(ratios) if ratios else None


def limits(results, queue):
    """Rows of (name, unit, measured or None, limit, aim or None); each figure is to be at most its limit."""

    def value(workload, *path):
        found = results.get(workload, {}).get("postmark", {})
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def cpu(workload, other, other_workload=None):
        return ratio(results, workload, "postmark", other_workload or workload, other)

    def calls(*names):
        counted = value(SATURATED, "summary", "counted_calls")
        return None if counted is None else sum(counted.get(name, 0) for name in names)

    coalesced = cpu(COALESCED, "wrk", SINGLE_64)
    instructions = value(SINGLE_64, "instructions", "total")
    allocations = value(SINGLE_64, "summary", "allocations")
    of_caller = value(STRINGS, "summary", "caller_allocations")
    of_library = value(STRINGS, "summary", "allocations")
    all_allocations = None if of_caller is None or of_library is None else of_caller + of_library
    memory = None if not queue else queue["resident_bytes"] - queue["request_bytes"]
    return [
        ("single send, 64 callers, CPU against wrk", "x", cpu(SINGLE_64, "wrk"), 1.12, 0.95),
        ("single send, 64 callers, CPU against libcurl", "x", cpu(SINGLE_64, "libcurl"), 0.50, 0.42),
        ("user instructions per single send", "", instructions, 27500, 25000),
        ("allocations per single send", "", allocations, 8, 5),
        ("allocations of a message from strings until its receipt is gone", "", all_allocations, 10, 8),
        ("send per saturated single send", "", calls("send", "sendmsg", "write"), 1, None),
        ("recv per saturated single send", "", calls("recv", "recvmsg", "read"), 2.1, None),
        ("epoll_ctl per saturated single send", "", calls("epoll_ctl"), 0, None),
        ("coalesced, 1000 callers, CPU against a single send of wrk", "x", coalesced, 0.11, 0.09),
        ("batch of 500, CPU against libcurl", "x", cpu(BATCH, "libcurl"), 0.50, 0.40),
        ("batch of 500 from strings, CPU against libcurl", "x", cpu(BATCH_STRINGS, "libcurl"), 0.45, 0.38),
        ("batch of 500 to named recipients, CPU against bare addresses", "x", cpu(BATCH_NAMED, "bare"), 1.25, 1.1),
        ("attachment of 1 MiB, CPU against libcurl", "x", cpu(ATTACHMENT, "libcurl"), 0.50, 0.42),
        ("peak memory of 100,000 queued sends, beyond the bytes of the request", "B", memory, 512, 256),
    ]
