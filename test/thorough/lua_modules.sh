#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Own tests of modules in C, from Debian's source packages: they say the same in Debian's lua5.4 and
# in our lua, with the packaged modules. The sources are fetched into a temporary folder and go with
# it. What cannot be had is named and left out.

set -u

. "$(dirname "$0")/../lua/lib/programs.sh"

[ -n "${TERRIER_THOROUGH:-}" ] || skip "only in thorough runs (make check-thorough)"
for program in lua5.4 apt-get dpkg-source; do
    command -v $program >/dev/null || skip "$program is not here"
done
sources=$temp
. "$root/tools/lib/sources.sh"

reason() {
    grep '^E:' "$temp/log" | head -n 1
}

# Lines, and words in a line, in order: tables are walked in an order that strings' seeds make, and
# these differ from run to run, in either library. So do numbers of tests, then.
cat >order.lua <<'END'
local lines = {}
for line in io.lines() do
  local words = {}
  for word in line:gsub("^(n?o?t? ?ok) %d+", "%1"):gmatch("[^%s,{}]+") do
    words[#words + 1] = word
  end
  table.sort(words)
  lines[#lines + 1] = table.concat(words, " ")
end
table.sort(lines)
print(table.concat(lines, "\n"))
END

# run_in FOLDER LUA ARGUMENTS...: what it says on either, and how it ends.
run_in() {
    folder=$1
    shift
    (cd "$folder" && timeout 600 "$@" 2>&1 </dev/null)
    echo "exit $?"
}

# fetch PACKAGE: the sources of the installed package, in $source.
fetch() {
    source=$temp/$1
    version=$(dpkg-query -W -f '${source:Version}' "$1" 2>/dev/null) || {
        echo "$1 is not here"
        return 1
    }
    mkdir "$source" && : >"$temp/log"
    (cd "$source" && sources_apt_get source "$1=$version") || {
        echo "apt-get source $1=$version: $(reason)"
        return 1
    }
    source=$(echo "$source"/*/)
}

# suite PACKAGE FOLDER SIGN STRESS ARGUMENTS...: the tests in FOLDER of its sources; SIGN is in what
# they say when all went well. Collections come at every so many polls in the last run.
suite() {
    package=$1
    sign=$3
    stress=plan=sticky-mark-sweep,stress_polls=$4,check_heap=1,poison=1
    fetch "$1" || return
    folder=$source/$2
    shift 4
    [ ! -e "$folder/genutf8.pl" ] || (cd "$folder" && perl genutf8.pl 2>/dev/null)
    run_in "$folder" lua5.4 "$@" | lua5.4 order.lua >stock.out
    grep -q "$sign" stock.out || fail "$package: its tests fail on Debian's Lua"
    for options in plan=mark-sweep plan=sticky-mark-sweep plan=young-immix "$stress"; do
        export TERRIER_OPTIONS="$options,map=text,map_file=$temp/map.%p,map_at=3"
        run_in "$folder" "$lua/lua" "$@" | lua5.4 order.lua >ours.out
        unset TERRIER_OPTIONS
        diff stock.out ours.out ||
            fail "$package: other output than on Debian's Lua ($options)"
        has_collected || fail "$package: our lua has not collected ($options)"
        rm -f "$temp"/map.*
    done
    echo "$package $version: $(wc -l <stock.out) lines are the same"
    ran=$((ran + 1))
}

sources_make_lists
sources_apt_get update || skip "the lists of sources cannot be read: $(reason)"
suite lua-lpeg . OK 503 test.lua
suite lua-cjson tests 'all succeeded tests' 50021 test.lua
suite lua-filesystem tests 'Ok!' 101 test.lua
if command -v busted >/dev/null; then
    suite lua-expat . '^1\.\.[1-9]' 503 "$(command -v busted)" -o TAP
else
    echo "lua-expat: busted (of lua-busted) is not here"
fi
finish
