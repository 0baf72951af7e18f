# SPDX-License-Identifier: BSL-1.0

"""The workloads, and the clients that run them."""

from servers import ALL_CORES, CLIENT_CORE


class Workload:
    """One kind of work: the options of the program, the server, and the clients that do it."""

    def __init__(self, name, arguments, server, clients, counts, callgrind=None, cores=CLIENT_CORE, seconds=1.5):
        self.name = name
        self.arguments = arguments.split()
        self.server = server
        self.clients = clients
        # Messages of two runs, the difference of which is free of the cost of starting and ending.
        self.counts = counts
        # Clients whose instructions are counted even in a quick run.
        self.callgrind = callgrind or []
        self.cores = cores
        self.seconds = seconds

    def with_bare_recipients(self):
        """The same work without display names."""
        arguments = " ".join(self.arguments).replace("--recipients named", "")
        return Workload(self.name, arguments, "stand-in, bare recipients", self.clients, self.counts, cores=self.cores)

    def option(self, name, default):
        return self.arguments[self.arguments.index(name) + 1] if name in self.arguments else default


# The clients, by the names that the results show. "bare" is this library again, without display names and against a
# server that replies without them.
NAMES = {
    "postmark": "postmark",
    "bare": "postmark, bare addresses",
    "wrk": "wrk",
    "libcurl": "libcurl",
    "beast": "Beast",
    "node": "postmark (npm)",
}

ALL = ["postmark", "wrk", "libcurl", "beast", "node"]
OURS = ["postmark"]
SINGLE_64 = "single, 64 callers"
SATURATED = "single, 64 callers, 8 connections"
COALESCED = "coalesced, 1000 callers"
BATCH = "batch of 500"
STRINGS = "single from strings, 64 callers"
BATCH_STRINGS = "batch of 500 from strings"
BATCH_NAMED = "batch of 500 to named recipients"
ATTACHMENT = "attachment of 1 MiB"
COLD = "cold handshake"
RESUMED = "resumed handshake"
# Workloads with a plot that compares the clients, and the name of the plot.
PLOTTED = {SINGLE_64: "single", BATCH: "batch", BATCH_STRINGS: "batch-strings", ATTACHMENT: "attachment"}

WORKLOADS = [
    Workload("single, 1 caller", "--callers 1 --connections 1", "nginx", ALL, (1000, 3000)),
    Workload("single, 8 callers", "--callers 8 --connections 8", "nginx", ALL, (1000, 3000)),
    Workload(SINGLE_64, "--callers 64 --connections 64", "nginx", ALL, (2000, 6000), ["postmark"]),
    Workload(SATURATED, "--callers 64 --connections 8", "nginx", OURS, (2000, 6000)),
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
        STRINGS,
        "--strings --callers 64 --connections 64",
        "stand-in, bare recipients",
        ["postmark", "libcurl"],
        (2000, 6000),
        ["postmark"],
    ),
    Workload(
        BATCH_STRINGS,
        "--mode batch --strings --callers 8 --connections 8",
        "stand-in, bare recipients",
        ["postmark", "libcurl"],
        (4000, 12000),
        ["postmark"],
    ),
    Workload(
        BATCH_NAMED,
        "--mode batch --strings --recipients named --callers 8 --connections 8",
        "stand-in, named recipients",
        ["postmark", "bare", "libcurl"],
        (4000, 12000),
        ["postmark", "bare"],
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
    # name, title of the axis, [(mode, arguments with {} for the value)], values, values of a quick run
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
