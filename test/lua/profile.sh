#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A profile of a Lua program names its functions, files and lines, under each plan that the port
# has. TERRIER_LUA is the folder that `make lua` fills, build/lua.

set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
if [ ! -x "$lua/lua" ]; then
    echo "SKIP: $lua/lua is not there; make lua builds it"
    exit 77
fi
for command in python3 protoc gzip; do
    if ! command -v $command >/dev/null; then
        echo "SKIP: $command is not here, and nothing else reads the file"
        exit 77
    fi
done
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
unset LUA_INIT LUA_PATH LUA_CPATH

cat >"$temp/program.lua" <<'END_OF_LUA'
local kept = {}

local function keep(count)
    for i = 1, count do
        local entry = {i}
        kept[#kept + 1] = entry
    end
end

function waste(count)
    for i = 1, count do
        local text = string.rep("x", 500 + i % 100)
    end
end

local step = coroutine.wrap(function ()
    while true do
        waste(2000)
        coroutine.yield()
    end
end)

-- Deep, so that stacks grow.
local function deep(depth)
    if depth > 0 then
        return 1 + deep(depth - 1)
    end
    keep(20000)
    return 0
end

deep(5000)
for _ = 1, 10 do
    step()
end
collectgarbage()
END_OF_LUA
cat >"$temp/look.py" <<'END_OF_PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import profile as reader

p = reader.Profile(sys.argv[2])


def frames(function):
    return {(file.rsplit("/", 1)[-1], line) for s in p.samples for name, file, line in s.frames
            if name == function}


kept = frames("keep")
assert kept and all(file == "program.lua" and 3 <= line <= 8 for file, line in kept), kept
assert all(file == "program.lua" and 10 <= line <= 14 for file, line in frames("waste"))
assert frames("rep") == {("[C]", 0)}, frames("rep")
assert {line for _, line in frames("(main chunk)")} >= {32}, frames("(main chunk)")
reader.near(p.total("allocated", "rep"), 20000, 0.2)
reader.near(p.total("allocated", "keep"), 40000, 0.3)  # a table and its array
assert p.total("live", "keep") > 20000
assert p.total("live", "rep") < 2000, p.total("live", "rep")
assert all("ter_allocate" not in s.functions for s in p.samples if len(s.frames) > 1)
END_OF_PYTHON

failed=0
for plan in mark-sweep sticky-mark-sweep young-immix; do
    file=$temp/$plan.pb.gz
    if TERRIER_OPTIONS="plan=$plan,profile=$file,profile_interval=2K" \
        "$lua/lua" "$temp/program.lua" &&
        python3 "$temp/look.py" "$root/test/e2e/lib" "$file"; then
        echo "ok: $plan"
    else
        echo "not ok: $plan"
        failed=1
    fi
done
exit $failed
