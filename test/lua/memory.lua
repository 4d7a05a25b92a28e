-- SPDX-License-Identifier: MIT
-- collectgarbage: what each option answers; counting; memory that comes and goes.

-- Slow ways to run do less.
local function some(n) return n // (tonumber(os.getenv "CHECK_DIVISOR") or 1) end

print(collectgarbage("isrunning"), collectgarbage("stop"), collectgarbage("isrunning"),
      collectgarbage("restart"), collectgarbage("isrunning"))
local function mode(name) return collectgarbage(name) end
print(mode "incremental", mode "generational", mode "generational", mode "incremental",
      mode "incremental")
print(collectgarbage("setpause", 201), collectgarbage("setpause", 200),
      collectgarbage("setstepmul", 301), collectgarbage("setstepmul", 100))
print(collectgarbage("incremental", 150, 250, 10), collectgarbage("setpause", 200),
      collectgarbage("setstepmul", 100))
print(collectgarbage(), collectgarbage("collect"), math.type(collectgarbage("count")))
print(pcall(collectgarbage, "nonsense"))

-- Steps come to an end in incremental mode.
do
  local n = 0
  repeat n = n + 1 until collectgarbage("step") or n > 1000000
  print("step", n <= 1000000)
  n = 0
  repeat n = n + 1 until collectgarbage("step", 100) or n > 1000000
  print("step by size", n <= 1000000)
end

-- What is dropped is taken off again.
do
  local function use()
    local t = {}
    for i = 1, some(10000) do
      t[i] = {tostring(i) .. "text", i, x = i, f = function() return i end}
    end
    local co = coroutine.wrap(function() coroutine.yield(t) end)
    co()
    return #t
  end
  local function settle() for i = 1, 8 do collectgarbage() end end -- the table of strings shrinks
  use()
  settle()
  local before = collectgarbage("count")
  use()
  local high = collectgarbage("count")
  settle()
  local after = collectgarbage("count")
  print("balance", math.abs(after - before) < 2, high > before + some(100))
end

-- Counting follows what is asked for.
do
  collectgarbage()
  collectgarbage("stop")
  local a = collectgarbage("count")
  local s = string.rep("x", 100000)
  local b = collectgarbage("count")
  print("string", (b - a) * 1024 >= 100000, (b - a) * 1024 < 210000)
  collectgarbage("restart")
end

-- Nothing is collected while it is stopped, but by asking.
do
  collectgarbage("stop")
  local weak = setmetatable({}, {__mode = "v"})
  for i = 1, some(100000) do weak[1 + i % 100] = {} end
  local n = 0
  for _ in pairs(weak) do n = n + 1 end
  print("stopped", n)
  collectgarbage()
  print("asked", next(weak))
  collectgarbage("restart")
end

-- Strings that come and go: interned ones are found again, and the dead are not.
do
  local keep = {}
  for round = 1, 5 do
    for i = 1, some(20000) do
      local s = "s" .. i
      if i % 100 == 0 then keep[s] = round end
    end
    collectgarbage()
  end
  local n = 0
  for k, v in pairs(keep) do n = n + 1 assert(v == 5) end
  print("interned", n, keep["s" .. 100], keep["s" .. some(20000)])
end

-- Coroutines: upvalues shared by dead and living ones.
do
  local functions = {}
  for i = 1, some(200) do
    local co = coroutine.wrap(function()
      local shared = {i}
      functions[#functions + 1] = function() return shared[1] end
      functions[#functions + 1] = function() shared = {shared[1] + 1000} end
      coroutine.yield()
    end)
    co()
  end
  collectgarbage()
  for i = 1, #functions, 2 do functions[i + 1]() end
  collectgarbage()
  local sum = 0
  for i = 1, #functions, 2 do sum = sum + functions[i]() end
  print("upvalues", sum)
end

-- Deep stacks grow and shrink.
do
  local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
  for i = 1, 5 do
    local co = coroutine.wrap(function()
      coroutine.yield(deep(10000))
      return deep(10)
    end)
    assert(co() == 10000)
    collectgarbage()
    assert(co() == 10)
  end
  print("stacks", select("#", table.unpack({}, 1, 200)))
end

-- Compiling makes prototypes that are collected with their functions.
do
  local before
  for round = 1, 3 do
    for i = 1, some(300) do
      local f = load("local a, b = ... local t = {a, b, x = '" .. i .. "'} " ..
        "return function() return t.x, " .. i .. " end")
      local s, n = f(1, 2)()
      assert(s == tostring(i) and n == i)
      local g = load(string.dump(f))
      s, n = g(1, 2)()
      assert(s == tostring(i) and n == i)
    end
    collectgarbage()
    before = before or collectgarbage("count")
  end
  print("compiling", collectgarbage("count") < before + 10)
end

-- A reader that collects while a chunk is read, whole or in small pieces.
do
  local source = string.dump(load("local a = {1, 2, 'three', " ..
    "f = function(x) return x .. 'end' end} return a"))
  for size = 1, 40, 13 do
    local at = 1
    local f = load(function()
      collectgarbage("step")
      local piece = source:sub(at, at + size - 1)
      at = at + size
      return piece ~= "" and piece or nil
    end, "chunk", "b")
    assert(f().f("the ") == "the end" and f()[3] == "three")
  end
  print("reader")
end

-- Errors.
do
  local ok, message = pcall(string.rep, "x", 1 << 40)
  print("too large", ok, message)
  ok, message = pcall(function() return {string.rep("x", 1 << 36)} end)
  print("too large", ok, message)
  print("goes on", #string.rep("x", 1000))
end

-- To be closed.
do
  local log = {}
  local function closing(name)
    return setmetatable({}, {__close = function() log[#log + 1] = name end})
  end
  pcall(function()
    local a <close> = closing("a")
    local b <close> = closing("b")
    collectgarbage()
    error("x")
  end)
  local co = coroutine.wrap(function()
    local c <close> = closing("c")
    coroutine.yield()
  end)
  co()
  collectgarbage()
  print("closed", table.concat(log, " "))
end
