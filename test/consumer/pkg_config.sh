#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Builds the consumer with one command line from pkg-config, and runs it against the installed postmark-sandbox.
# Arguments: prefix, its folder of libraries, working folder, compiler launcher (or empty), compiler, flags.
set -euo pipefail

prefix=$1 libdir=$2 work=$3 launcher=$4 compiler=$5
read -r -a flags <<<"$6"
source=$(dirname "${BASH_SOURCE[0]}")/project/consumer.cpp
export PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
export LD_LIBRARY_PATH=$prefix/$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

mkdir -p "$work"
rm -f "$work"/*

sandbox_pid=
stop_sandbox() {
    if [[ -n $sandbox_pid ]]; then
        kill "$sandbox_pid" 2>/dev/null || true
        wait "$sandbox_pid" 2>/dev/null || true
    fi
}
trap stop_sandbox EXIT

# Compiled once, then linked with shared libraries and with archives.
read -r -a cflags < <("${PKG_CONFIG:-pkg-config}" --cflags postmark)
${launcher:+"$launcher"} "$compiler" -std=c++20 "${flags[@]}" "${cflags[@]}" -c "$source" -o "$work/consumer.o"

mkfifo "$work/ready"
"$prefix/bin/postmark-sandbox" >"$work/ready" &
sandbox_pid=$!
read -r -t 60 line <"$work/ready"
[[ $line =~ ^listening\ host=([^ ]+)\ port=([0-9]+)\ ca=(.+)$ ]] || {
    echo "postmark-sandbox printed: $line"
    exit 1
}
export PYSTMARK_HOST=${BASH_REMATCH[1]}:${BASH_REMATCH[2]} PYSTMARK_CA_FILE=${BASH_REMATCH[3]}
export PYSTMARK_API_KEY=consumer-token

for kind in shared static; do
    options=(--libs)
    [[ $kind == static ]] && options+=(--static)
    read -r -a libs < <("${PKG_CONFIG:-pkg-config}" "${options[@]}" postmark)
    echo "$kind: ${libs[*]}"
    if [[ $kind == static ]]; then
        # The pkg-config file of OpenSSL may name libraries on which its package does not depend.
        read -r -a openssl < <("${PKG_CONFIG:-pkg-config}" "${options[@]}" openssl)
        if ! echo 'int main() {}' | "$compiler" -x c++ - "${openssl[@]}" -o "$work/nothing" 2>/dev/null; then
            echo "not linked: libraries that OpenSSL needs for it are not installed"
            continue
        fi
    fi
    "$compiler" "${flags[@]}" "$work/consumer.o" "${libs[@]}" -o "$work/consumer-$kind"
    "$work/consumer-$kind"
done
