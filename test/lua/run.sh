#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs a Lua program on Lua as Debian has it and on Terrier: both print the same.
#
#   test/lua/run.sh PROGRAM [OPTIONS]
#
# OPTIONS go to TERRIER_OPTIONS. TERRIER_LUA is the folder that `make lua` fills, build/lua;
# LUA_BUILD one of its builds for tests, emergency or asan.

set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
build=${LUA_BUILD:-.}
program=$root/test/lua/$1.lua
options=${2:-}

for file in "$lua/$build/lua" "$lua/stock/$build/lua"; do
    if [ ! -x "$file" ]; then
        echo "SKIP: $file is not there; make lua builds it"
        exit 77
    fi
done
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
unset TERRIER_OPTIONS LUA_INIT LUA_PATH LUA_CPATH

# Warnings come on standard error, in another file, as their place among lines is chance.
run() {
    "$1" "$program" >"$temp/$2" 2>"$temp/$2.errors"
    echo "exit $?" >>"$temp/$2"
}

run "$lua/stock/$build/lua" stock
export TERRIER_OPTIONS="$options"
run "$lua/$build/lua" ours
if ! diff "$temp/stock" "$temp/ours" || ! diff "$temp/stock.errors" "$temp/ours.errors"; then
    echo "$1: other output than Debian's Lua (options: $options)"
    exit 1
fi
