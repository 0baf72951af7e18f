# SPDX-License-Identifier: BSL-1.0

"""Writes the results: tables, profiles and plots."""

import os
import re
import shutil

import plots
from figures import limits, ratio
from workloads import BATCH, BATCH_NAMED, BATCH_STRINGS, COALESCED, NAMES, PLOTTED, SINGLE_64


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
    """Without parameters and template arguments; a function that its library does not name is an address."""
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
    """Puts the results into a document, between two comments that mark the place, and the plots into a folder."""
    begin, end = "<!-- begin results -->", "<!-- end results -->"
    with open(path) as file:
        before, _, rest = file.read().partition(begin)
    _, _, after = rest.partition(end)
    if not after and end not in rest:
        raise SystemExit(f"bench: {path} has no comments that mark the place of the results")
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
    for client, reason in skipped.items():
        lines.append(f"- {NAMES[client]}: skipped, {reason}")

    lines += ["", "## Limits", "", "| | measured | limit | aim | |", "|---|---|---|---|---|"]
    for name, unit, value, limit, aim in limits(results, queue):
        if value is None:
            continue
        # Counting itself and the last replies of a run add a few to thousands.
        slack = 0.005 if unit == "" else 0
        if aim is not None and value <= aim + slack:
            state = "aim reached"
        else:
            state = "reached" if value <= limit + slack else "not reached"
        shown = " ×" if unit == "x" else f" {unit}" if unit else ""
        lines.append(
            f"| {name} | {number(value)}{shown} | {number(limit)}{shown} | "
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
            "| | messages/s | CPU µs | × wrk | instructions | allocations "
            "| p50 µs | p99 µs | peak MiB | system calls |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for client, result in clients.items():
            if "summary" not in result:
                continue
            figures = result["summary"]
            calls = result.get("system_calls") or figures.get("counted_calls") or {}
            shown = ", ".join(f"{call} {number(count)}" for call, count in calls.items() if count >= 0.01)
            peak = figures.get("peak_bytes")
            lines.append(
                f"| {NAMES[client]} | {number(figures['messages_per_second'])} "
                f"| {number(figures['cpu_us_lowest'])} / {number(figures['cpu_us'])} "
                f"| {number(ratio(results, name, client, name, 'wrk'))} "
                f"| {number(result.get('instructions', {}).get('total'))} | {number(figures.get('allocations'))} "
                f"| {number(figures['p50_us'])} | {number(figures['p99_us'])} "
                f"| {number(peak / 2**20 if peak else None)} | {shown} |"
            )

    lines += ["", "## Where the instructions of our client are spent", ""]
    lines += ["| | all | to make the message | by |", "|---|---|---|---|"]
    for name, clients in results.items():
        instructions = clients.get("postmark", {}).get("instructions")
        if instructions:
            parts = sorted(instructions["by_object"].items(), key=lambda item: -item[1])
            shown = ", ".join(f"{program} {number(value)}" for program, value in parts if value >= 1)
            own = number(instructions.get("callers_own"))
            lines.append(f"| {name} | {number(instructions['total'])} | {own} | {shown} |")

    for name in (SINGLE_64, COALESCED, BATCH, BATCH_STRINGS, BATCH_NAMED):
        instructions = results.get(name, {}).get("postmark", {}).get("instructions")
        if not instructions:
            continue
        lines += ["", f"### Functions: {name}", "", "| instructions | in | function |", "|---|---|---|"]
        for row in instructions["top"][:20]:
            lines.append(f"| {number(row['instructions'])} | {row['object']} | `{short_name(row['function'])}` |")

    if queue:
        lines += [
            "",
            "## Memory of a queue",
            "",
            f"{queue['queued']:,} sends waiting: {queue['resident_bytes']:.0f} B each at the peak, of which the "
            f"request is {queue['request_bytes']:.0f} B; {queue['heap_bytes']:.0f} B each in use on the heap.",
        ]

    if growth:
        lines += ["", "## How cost grows"]
    for name, part in growth.items():
        if any(part["series"].values()):
            quantities = ("cpu", "rate", "memory") if name == "in-flight" else ("cpu", "rate")
            lines += ["", *(f"![{part['title']}: {quantity}]({name}-{quantity}.svg)" for quantity in quantities)]
        for mode, points in part["series"].items():
            lines += [
                "",
                f"| {part['title']} ({mode}) | messages/s | CPU µs | p50 µs | p99 µs | peak MiB |",
                "|---|---|---|---|---|---|",
            ]
            for point in points:
                lines.append(
                    f"| {point['value']:,} | {number(point['messages_per_second'])} | {number(point['cpu_us'])} "
                    f"| {number(point['p50_us'])} | {number(point['p99_us'])} | {number(point['peak_bytes'] / 2**20)} |"
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
                for row in top:
                    file.write(f"{row['instructions']:12.1f}  {row['object']:24} {row['function'][:160]}\n")


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
            NAMES[client]: result["summary"]["cpu_us"]
            for client, result in results.get(name, {}).items()
            if "summary" in result
        }
        if bars:
            plots.bars(os.path.join(folder, f"cpu-{title}.svg"), f"CPU per message: {name}", "µs", bars)
