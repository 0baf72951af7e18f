# SPDX-License-Identifier: BSL-1.0

"""Compares the time to compile postmark/api.hpp and postmark/postmark.hpp with that of the latter alone.

check_compile_time.py LIMIT COMPILER [OPTION...]: fails if the ratio is higher than the limit. The times are those of
the processor, the lowest of some rounds in turn: what else the machine does only adds to them.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

ROUNDS = 3

PROGRAMS = {
    "postmark": "#include <postmark/postmark.hpp>\nint main() {}\n",
    "api": "#include <postmark/api.hpp>\n#include <postmark/postmark.hpp>\nint main() {}\n",
}


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime


def main():
    limit, *compiler = sys.argv[1:]
    lowest = {}
    with tempfile.TemporaryDirectory() as work:
        for name, text in PROGRAMS.items():
            pathlib.Path(work, f"{name}.cpp").write_text(text, encoding="utf-8")
        for _ in range(ROUNDS):
            for name in PROGRAMS:
                command = [*compiler, "-std=c++20", "-c", f"{work}/{name}.cpp", "-o", f"{work}/{name}.o"]
                lowest[name] = min(lowest.get(name, 1e9), cpu_seconds(command))
    ratio = lowest["api"] / lowest["postmark"]
    print(f"postmark.hpp {lowest['postmark']:.2f} s, with api.hpp {lowest['api']:.2f} s: "
          f"ratio {ratio:.2f}, at most {limit}")
    return 0 if ratio <= float(limit) else 1


if __name__ == "__main__":
    sys.exit(main())
