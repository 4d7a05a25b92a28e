#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs of Debian's, unmodified, with our liblua5.4.so.0 in the place of theirs: the output is
# the same. C modules of Debian's in our lua. What is not installed is named and left out.

set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
if [ ! -x "$lua/lua" ]; then
    echo "SKIP: $lua/lua is not there; make lua builds it"
    exit 77
fi
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
cd "$temp" || exit 1
export HOME="$temp" TERM=dumb
unset TERRIER_OPTIONS LUA_INIT LUA_PATH LUA_CPATH LD_LIBRARY_PATH
ran=0
failed=0

run_ours() {
    TERRIER_OPTIONS=$options LD_LIBRARY_PATH=$lua "$@" >ours.out 2>ours.err
}

loads_ours() {
    LD_LIBRARY_PATH=$lua ldd "$(command -v "$1")" | grep -qF "$lua/liblua5.4.so.0"
}

# What a program wrote, without the line that has the time.
take_output() {
    [ "$1" = - ] && return
    sed '/^%% [A-Z][a-z][a-z] [A-Z]/d' "$1" >"$2"
    rm -f "$1"
}

# compare NAME FILE COMMAND...: the standard output, or FILE unless it is -.
compare() {
    name=$1
    file=$2
    shift 2
    if ! command -v "$1" >/dev/null; then
        echo "$name: $1 is not here"
        return
    fi
    loads_ours "$1" || {
        echo "$name: does not load our library"
        failed=1
    }
    "$@" >stock.out 2>stock.err
    take_output "$file" stock.out
    for plan in mark-sweep sticky-mark-sweep young-immix; do
        options=plan=$plan
        run_ours "$@"
        take_output "$file" ours.out
        if ! cmp stock.out ours.out || [ ! -s stock.out ]; then
            echo "$name: other output than with Debian's library ($plan)"
            tail -n 3 ours.err
            failed=1
        fi
    done
    ran=$((ran + 1))
}

cat >primes.lp <<'END'
#script (lua)
function prime(n)
    local found, count, i = {}, 0, 2
    while count < n.number do
        local is = true
        for j = 2, math.floor(math.sqrt(i)) do if i % j == 0 then is = false break end end
        if is then count = count + 1 found[count] = clingo.Number(i) end
        i = i + 1
    end
    return found
end
function pad(n)
    local list = {}
    for i = 1, n.number do list[i] = clingo.String(string.rep("x", i % 20) .. i) end
    return list
end
#end.
p(@prime(3000)).
q(@pad(20000)).
#show p/1. #show q/1.
END
compare clingo - clingo primes.lp --outf=0 -V0

cat >plot.gp <<'END'
set terminal lua tikz
set output "plot.tex"
set samples 1000
plot for [i=1:40] sin(i*x)/i
END
compare gnuplot plot.tex gnuplot plot.gp

cat >script.lua <<'END'
local t = {}
for i = 1, 100000 do t[i % 1000] = {i, tostring(i)} end
local f = io.open("mle.out", "w")
f:write(#t, " ", t[7][2], "\n")
f:close()
END
echo text >text
compare mle mle.out mle -H 1 -x script.lua text

cat >modules.lua <<'END'
local function try(name, use)
  local ok, module = pcall(require, name)
  if ok then print(name, use(module)) else print(name, "is not here") end
end
try("lpeg", function(lpeg)
  local word = lpeg.C(lpeg.R("az") ^ 1)
  local list = lpeg.Ct(word * (lpeg.P(" ") * word) ^ 0)
  local n = 0
  for i = 1, 3000 do n = n + #list:match(("word "):rep(20) .. "end") end
  return n
end)
try("cjson", function(cjson)
  local n = 0
  for i = 1, 3000 do
    n = n + #cjson.encode(cjson.decode('{"a": [1, 2, {"b": "text"}], "c": null, "d": 1.5}'))
  end
  return n
end)
try("lfs", function(lfs)
  local n = 0
  for i = 1, 2000 do for name in lfs.dir("/etc/apt") do n = n + 1 end end
  return n > 2000
end)
END
"$lua/stock/lua" modules.lua >stock.out 2>&1
for options in plan=mark-sweep plan=sticky-mark-sweep,stress_polls=503,check_heap=1; do
    run_ours "$lua/lua" modules.lua
    if ! diff stock.out ours.out; then
        echo "modules: other output than on Debian's Lua ($options)"
        failed=1
    fi
done

if [ $ran -eq 0 ]; then
    echo "SKIP: none of the programs is here"
    exit 77
fi
exit $failed
