#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The static probes that docs/seeing.md lists are in both shared libraries, of the provider terrier,
# each with as many arguments as it says there, and no others are. The sources that have them
# compile without <sys/sdt.h> too, and then have none.

. "$(dirname "$0")/lib/common.sh"

page=docs/seeing.md
head='| probe | arguments | when |'

# listed: name and number of arguments of each, from the page.
listed() {
    awk -v head="$head" '
        $0 == head { inside = 1; next }
        inside && !/^\|/ { inside = 0 }
        inside && match($0, /`[a-z_]+`/) {
            split($0, cell, "|")
            print substr($0, RSTART + 1, RLENGTH - 2), split(cell[3], part, ",")
        }' "$root/$page" | sort -u
}

# probes FILE: the same from the notes of an object; of another provider: with its name.
probes() {
    LC_ALL=C readelf -n "$1" | awk '
        $1 == "Provider:" { provider = $2 }
        $1 == "Name:" { name = $2 }
        $1 == "Arguments:" { print (provider == "terrier" ? "" : provider ":") name, NF - 1 }' |
        sort -u
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    plant gone $page <"$root/$page"
    plant argument $page <"$root/$page"
    sed -i '/^| `heap__grow` /d' "$plants/gone/$page"
    sed -i '/^| `heap__grow` /s/, limit//' "$plants/argument/$page"
fi

command -v readelf >/dev/null || skip "readelf is not here"
listed >"$temp/listed"
looked_at "$(wc -l <"$temp/listed")" "probes in $page"

# A header of that name that defines nothing is as good as none.
mkdir -p "$temp/without/sys"
: >"$temp/without/sys/sdt.h"
sources='src/cycle/parts.c src/cycle/collect.c src/cycle/gate.c src/alloc/allocate.c'
[ -z "${TERRIER_PLANTED:-}" ] || sources=
for file in $sources; do
    # shellcheck disable=SC2086
    if ! $cc -std=gnu11 -c -DTER_CHECKS=1 '-DTER_AUTO_LAYOUT=""' "-I$temp/without" \
        "-I$root/src" "-I$root/include" -o "$temp/without.o" "$root/$file" 2>"$temp/error"; then
        fault "$file: does not compile without <sys/sdt.h>: $(head -n 3 "$temp/error")"
    elif [ -n "$(probes "$temp/without.o")" ]; then
        fault "$file: has probes without <sys/sdt.h>"
    fi
done

echo '#include <sys/sdt.h>' >"$temp/has.c"
if ! $cc -E "$temp/has.c" >/dev/null 2>&1; then
    [ $faults -eq 0 ] || finish
    skip "this system has no <sys/sdt.h>, so the libraries have no probes"
fi
if [ -z "${TERRIER_PLANTED:-}" ]; then
    planted gone 'heap__grow'
    planted argument 'heap__grow'
fi
for library in libterrier.so libgc.so.1; do
    [ -e "$build/lib/$library" ] || continue
    probes "$build/lib/$library" >"$temp/there"
    diff "$temp/listed" "$temp/there" >"$temp/diff" ||
        fault "$library: not the probes of $page (< there, > in the library): $(cat "$temp/diff")"
done
finish
