# SPDX-License-Identifier: MIT
#
# For scripts that run programs of Debian's with our library in the place of theirs: a folder of
# their own, and `compare`. What is not installed is named and left out.
#
# TERRIER_LUA is the folder that `make lua` fills, build/lua.

root=$(cd "$(dirname "$0")/../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}

skip() {
    echo "SKIP: $1"
    exit 77
}

[ -x "$lua/lua" ] || skip "$lua/lua is not there; make lua builds it"
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
cd "$temp" || exit 1
export HOME="$temp" TERM=dumb LC_ALL=C
unset TERRIER_OPTIONS LUA_INIT LUA_PATH LUA_CPATH LD_LIBRARY_PATH
ran=0
failed=0

fail() {
    echo "$1"
    failed=1
}

run_ours() {
    (export TERRIER_OPTIONS="$options" LD_LIBRARY_PATH="$lua" && "$@") >ours.out 2>ours.err \
        </dev/null
}

# What a program wrote, without the line that has the time.
take_output() {
    [ "$1" = - ] && return
    sed '/^%% [A-Z][a-z][a-z] [A-Z]/d' "$1" >"$2"
    rm -f "$1"
}

# The heap writes a map of itself at its third collection: so it was there, and collected. A report
# would say more, but comes when a state is closed, and some programs leave without doing so.
has_collected() {
    for map in "$temp"/map.*; do
        [ -s "$map" ] && return
    done
    return 1
}

# compare NAME PROGRAM FILE COMMAND...: what COMMAND, which runs PROGRAM, writes on standard output,
# or into FILE unless that is -, is the same on both libraries under each plan.
compare() {
    name=$1
    program=$2
    file=$3
    shift 3
    if ! command -v "$program" >/dev/null; then
        echo "$name: $program is not here"
        return
    fi
    "$@" >stock.out 2>stock.err </dev/null
    take_output "$file" stock.out
    for plan in mark-sweep sticky-mark-sweep young-immix; do
        options="plan=$plan,map=text,map_file=$temp/map.%p,map_at=3"
        run_ours "$@"
        take_output "$file" ours.out
        if ! cmp stock.out ours.out || [ ! -s stock.out ]; then
            fail "$name: other output than with Debian's library ($plan)"
            tail -n 3 ours.err
        fi
        has_collected || fail "$name: our library was not loaded, or has not collected ($plan)"
        rm -f "$temp"/map.*
    done
    ran=$((ran + 1))
}

finish() {
    [ $ran -gt 0 ] || skip "none of the programs is here"
    exit $failed
}
