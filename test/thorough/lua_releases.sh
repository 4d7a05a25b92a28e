#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Lua of the other Debian release, 12 (5.4.4) or 13 (5.4.7), on Terrier: built from its source
# package, it passes all tests of test/lua, held against the same sources with their own collector.

set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
failed=0

skip() {
    echo "SKIP: $1"
    exit 77
}

[ -n "${TERRIER_THOROUGH:-}" ] || skip "only in thorough runs (make check-thorough)"
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM

release=trixie
! grep -q '^VERSION_CODENAME=trixie' /etc/os-release || release=bookworm
if ! "$root/clients/lua/build" --release $release --test-builds >"$temp/log" 2>&1; then
    # Without sources there is nothing to say; with them it has to build.
    [ -e "$root/build/lua-$release/fetch/unpacked" ] || skip "$(tail -n 1 "$temp/log")"
    tail -n 30 "$temp/log"
    exit 1
fi
export TERRIER_LUA="$root/build/lua-$release"
version=$("$TERRIER_LUA/lua" -v | sed 's/^Lua \([0-9.]*\).*/\1/')
if [ "$version" = "$("$root/build/lua/lua" -v 2>/dev/null | sed 's/^Lua \([0-9.]*\).*/\1/')" ]; then
    skip "$release has the same Lua as this system, $version"
fi

# run NAME COMMAND...
runs=0
run() {
    name=$1
    shift
    "$@" >"$temp/out" 2>&1
    case $? in
    0 | 77) ;;
    *)
        echo "Lua $version, $name:"
        head -n 40 "$temp/out"
        failed=1
        ;;
    esac
    runs=$((runs + 1))
}

for file in "$root"/test/lua/*.lua; do
    name=$(basename "$file" .lua)
    program="$root/test/lua/run.sh $name"
    # The variable is words.
    # shellcheck disable=SC2086
    {
        run "$name" $program
        for plan in mark-sweep sticky-mark-sweep young-immix; do
            run "$name, $plan" env CHECK_DIVISOR=10 $program \
                "plan=$plan,stress_polls=101,poison=1"
            run "$name, $plan, checked" env CHECK_DIVISOR=20 $program \
                "plan=$plan,stress_polls=499,check_heap=1,poison=1"
        done
        run "$name, emergency" env CHECK_DIVISOR=100 LUA_BUILD=emergency $program
        run "$name, asan" env CHECK_DIVISOR=10 LUA_BUILD=asan $program
    }
done
for file in "$root"/test/lua/*.sh; do
    name=$(basename "$file")
    [ "$name" = run.sh ] || run "$name" "$file"
done
echo "Lua $version: $runs runs"
exit $failed
