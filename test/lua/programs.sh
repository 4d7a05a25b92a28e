#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs of Debian's that link liblua5.4.so.0, with our library in the place of theirs, and
# modules in C of Debian's in our lua. More of both: test/thorough/lua_*.sh.

set -u

. "$(dirname "$0")/lib/programs.sh"

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
compare clingo clingo - clingo primes.lp --outf=0 -V0

cat >script.lua <<'END'
local t = {}
for i = 1, 100000 do t[i % 1000] = {i, tostring(i)} end
local f = io.open("mle.out", "w")
f:write(#t, " ", t[7][2], "\n")
f:close()
END
echo text >text
compare mle mle mle.out mle -H 1 -x script.lua text

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
try("lxp", function(lxp)
  local n = 0
  local parser = lxp.new{
    StartElement = function(_, name, more) n = n + #name + #(more.id or "") end,
    CharacterData = function(_, text) n = n + #text end,
  }
  parser:parse("<list>")
  for i = 1, 3000 do parser:parse(('<item id="%d">text %d</item>'):format(i, i)) end
  parser:parse("</list>")
  parser:close()
  return n
end)
END
"$lua/stock/lua" modules.lua >stock.out 2>&1
for options in plan=mark-sweep plan=sticky-mark-sweep,stress_polls=503,check_heap=1; do
    run_ours "$lua/lua" modules.lua
    diff stock.out ours.out || fail "modules: other output than on Debian's Lua ($options)"
done

finish
