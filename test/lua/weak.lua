-- SPDX-License-Identifier: MIT
-- Weak tables: what goes and what stays, for each mode and each kind of key and value.

-- Slow ways to run do less.
local function some(n) return n // (tonumber(os.getenv "CHECK_DIVISOR") or 1) end

local function count(t)
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local makers = {
  table = function() return {} end,
  closure = function() local up = {} return function() return up end end,
  thread = function() return coroutine.create(function() end) end,
  userdata = function() return io.tmpfile() end,
}

-- Objects go from where the mode says that they are weak, and only from there.
for _, name in ipairs {"table", "closure", "thread", "userdata"} do
  local make = makers[name]
  local values = setmetatable({}, {__mode = "v"})
  local keys = setmetatable({}, {__mode = "k"})
  local both = setmetatable({}, {__mode = "kv"})
  local kept = {}
  for i = 1, 20 do
    local o = make()
    if i % 2 == 0 then kept[#kept + 1] = o end
    values[i] = o
    values["k" .. i] = o
    keys[o] = i
    both[i] = o
    both[o] = i
  end
  collectgarbage()
  collectgarbage()
  print(name, count(values), count(keys), count(both))
  for i = 2, 20, 2 do
    local o = kept[i // 2]
    assert(values[i] == o and keys[o] == i and both[i] == o and both[o] == i)
  end
end

-- Strings, numbers, booleans and light functions are never removed.
do
  local t = setmetatable({}, {__mode = "kv"})
  for i = 1, 50 do
    t["short" .. i] = "value" .. i
    t[string.rep("long", 20) .. i] = string.rep("value", 20) .. i
    t[i] = i * 2.5
    t[i + 0.5] = true
  end
  t[print] = print
  t[true] = false
  collectgarbage()
  print("values stay", count(t), t[true], t[print] == print, t.short7,
        #t[string.rep("long", 20) .. 7])
end

-- An ephemeron's value may lead to its key; chains of any length, in both directions.
do
  local t = setmetatable({}, {__mode = "k"})
  for i = 1, 100 do
    local k = {}
    t[k] = {k}
  end
  local first = {}
  local k = first
  for i = 1, some(2000) do
    local next = {i}
    t[k] = next
    k = next
  end
  collectgarbage()
  local n = 0
  k = first
  while t[k] do k = t[k] n = n + 1 end
  print("chain", n, k[1], count(t))
  first, k = nil, nil
  collectgarbage()
  print("after", count(t))
end

-- Ephemerons over several tables.
do
  local a = setmetatable({}, {__mode = "k"})
  local b = setmetatable({}, {__mode = "k"})
  local root = {}
  local k = root
  for i = 1, 500 do
    local v = {i}
    if i % 2 == 0 then a[k] = v else b[k] = v end
    k = v
  end
  k = nil
  collectgarbage()
  print("two tables", count(a), count(b))
  root = nil
  collectgarbage()
  print("two tables", count(a), count(b))
end

-- What is finalized is gone from weak values before its finalizer, and is a weak key in it.
do
  local values = setmetatable({}, {__mode = "v"})
  local keys = setmetatable({}, {__mode = "k"})
  local both = setmetatable({}, {__mode = "kv"})
  local seen
  do
    local o = setmetatable({name = "x"}, {__gc = function(o)
      seen = {values[1], keys[o], both[1], both[o]}
      seen.n = 4
    end})
    values[1] = o
    keys[o] = "key"
    both[1] = o
    both[o] = "both"
  end
  collectgarbage()
  print("in finalizer", seen[1], seen[2], seen[3], seen[4])
  collectgarbage()
  print("after it", count(values), count(keys), count(both))
end

-- What only a finalized object leads to stays as a key, and goes from values.
do
  local values = setmetatable({}, {__mode = "v"})
  local keys = setmetatable({}, {__mode = "k"})
  local back
  do
    local inner = {}
    setmetatable({inner = inner}, {__gc = function(o) back = o end})
    values.x = inner
    keys[inner] = 1
  end
  collectgarbage()
  print("resurrected", values.x, count(keys), keys[back.inner])
end

-- Weak tables that only a finalized object leads to are cleared as well.
do
  local back
  do
    local weak = setmetatable({{}, {}, x = {}}, {__mode = "v"})
    setmetatable({weak = weak}, {__gc = function(o) back = o end})
  end
  collectgarbage()
  print("resurrected table", count(back.weak))
end

-- A traversal goes on over entries that are cleared under it, and not before.
do
  collectgarbage("stop")
  local t = setmetatable({}, {__mode = "k"})
  for i = 1, 200 do t[{}] = i end
  local n = 0
  for k in pairs(t) do
    n = n + 1
    if n == 50 then k = nil collectgarbage() end
  end
  collectgarbage("restart")
  print("traversal", n <= 200, n >= 50)
end

-- The mode may change.
do
  local mt = {}
  local t = setmetatable({}, mt)
  for i = 1, 10 do t[i] = {} end
  collectgarbage()
  print("strong", count(t))
  mt.__mode = "v"
  collectgarbage()
  print("weak now", count(t))
  for i = 1, 10 do t[i] = {} end
  mt.__mode = nil
  collectgarbage()
  print("strong again", count(t))
end

-- Dead keys: removed entries whose keys go, then new keys that may lie where they did.
do
  local t = {}
  for round = 1, 20 do
    local mine = {}
    for i = 1, 100 do
      local k = {}
      mine[i] = k
      t[k] = i
    end
    for i = 1, 100 do t[mine[i]] = nil end
    mine = nil
    collectgarbage()
    assert(next(t) == nil)
    for i = 1, 10 do
      local k = string.rep("k", 50) .. i
      t[k] = i
      t[k] = nil
    end
  end
  print("dead keys", next(t))
end
