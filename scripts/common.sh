# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Included by the scripts in this folder: runs stages, and shows the output only of those that fail.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Objects that were compiled in another clone may come from the compiler cache.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD}
export CCACHE_NOHASHDIR=1

# Without this setting, nothing that uses a precompiled header comes from the cache: most of the tests do.
export CCACHE_SLOPPINESS=pch_defines,time_macros

CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL

logs=build/logs

# The part of a log that tells why something failed: the lines with errors, since the notes of a compiler may hide them,
# and the end. Test cases that passed are left out.
explain() {
    local shown
    shown=$(grep -v -E '(Entering|Leaving) test (case|suite)' "$1" || true)
    if [[ $(wc -l <<<"$shown") -gt 80 ]]; then
        grep -E '(error|Error|ERROR)[: ]|undefined reference|^FAILED:' <<<"$shown" | head -n 30 || true
        echo ...
    fi
    tail -n 50 <<<"$shown"
}

# stage NAME COMMAND...: prints one line with the time that the command took, and the end of its output if it fails.
stage() {
    local name=$1 log start=$SECONDS status=0
    shift
    mkdir -p "$logs"
    log=$logs/${name// /-}.log
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [[ $status -eq 0 ]]; then
        printf '%-20s ok      %4d s\n' "$name" $((SECONDS - start))
    else
        printf '%-20s FAILED  %4d s\n' "$name" $((SECONDS - start))
        explain "$log" | cut -c 1-400 | sed 's/^/  | /'
        printf '  (all of it: %s)\n' "$log"
    fi
    return "$status"
}
