# shellcheck shell=bash
# For the scripts beside this file: runs stages, quiet about what went well, clear about what failed.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Objects of one build may come from the cache of another one in a different folder.
export CCACHE_NOHASHDIR=1

# Without this, nothing that uses a precompiled header comes from the cache: most of the tests.
export CCACHE_SLOPPINESS=pch_defines,time_macros

CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
export CMAKE_BUILD_PARALLEL_LEVEL

logs=build/logs

# The part of a log that says why something failed: the errors, which compilers bury in notes, and the end. Which test
# cases went well is of no interest.
explain() {
    local shown
    shown=$(grep -v -E '(Entering|Leaving) test (case|suite)' "$1" || true)
    if [[ $(wc -l <<<"$shown") -gt 80 ]]; then
        grep -E '(error|Error|ERROR)[: ]|undefined reference|^FAILED:' <<<"$shown" | head -n 30 || true
        echo ...
    fi
    tail -n 50 <<<"$shown"
}

# stage NAME COMMAND...: one line with the time it took; what it printed only if it fails, and then the end of it.
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
