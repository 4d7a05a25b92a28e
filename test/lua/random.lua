-- SPDX-License-Identifier: MIT
-- Random programs: their text is made by a generator with a seed, and what they print after a full
-- collection says nothing of when others came.

-- Slow ways to run do less.
local function some(n) return n // (tonumber(os.getenv "CHECK_DIVISOR") or 1) end

local seed = tonumber(os.getenv "LUA_TEST_SEED") or 1
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % n + 1
end

local VARIABLES = 24
local function var() return "v[" .. random(VARIABLES) .. "]" end

-- Statements; v holds what lives, log what finalizers of the last round said.
local statements = {
  function() return var() .. " = {}" end,
  function() return var() .. " = {" .. var() .. ", " .. var() .. ", x = " .. var() .. "}" end,
  function() return ("put(%s, %d, %s)"):format(var(), random(20), var()) end,
  function() return ("put(%s, 'k%d', %s)"):format(var(), random(5), var()) end,
  function() return ("put(%s, %s, %d)"):format(var(), var(), random(100)) end,
  function() return ("put(%s, %d, nil)"):format(var(), random(20)) end,
  function() return var() .. " = nil" end,
  function()
    return ("do local up = %s %s = function(x) local old = up up = x or up return old end end")
      :format(var(), var())
  end,
  function() return ("%s = call(%s, %s)"):format(var(), var(), var()) end,
  function()
    return ("do local first = %s %s = coroutine.create(function(a) local mine = {a, first} " ..
      "for i = 1, %d do a = coroutine.yield(mine[i %% 2 + 1]) mine[i %% 2 + 1] = a end end) end")
      :format(var(), var(), random(6))
  end,
  function() return ("%s = resume(%s, %s)"):format(var(), var(), var()) end,
  function() return ("%s = 's' .. %d .. tostring(#log)"):format(var(), random(1000)) end,
  function() return ("%s = ('long'):rep(%d)"):format(var(), random(60)) end,
  function() return ("mode(%s, '%s')"):format(var(), ({"k", "v", "kv"})[random(3)]) end,
  function() return ("finalized(%s, %d)"):format(var(), random(1000)) end,
  function() return "for i = 1, " .. random(300) .. " do garbage = {i, {tostring(i)}} end" end,
  function() return ("local a, b = %s, %s %s, %s = b, a"):format(var(), var(), var(), var()) end,
}

local v, log = {}, {}
local finalized_mt = {__gc = function(o) log[#log + 1] = o.number or 0 end}
local modes = {k = {__mode = "k"}, v = {__mode = "v"}, kv = {__mode = "kv"}}

local environment = {
  v = v, log = log, coroutine = coroutine, tostring = tostring,
  put = function(t, k, x)
    if type(t) == "table" and k ~= nil and k == k then rawset(t, k, x) end
  end,
  call = function(f, x) if type(f) == "function" then return f(x) end end,
  resume = function(co, x)
    if type(co) == "thread" and coroutine.status(co) == "suspended" then
      local ok, y = coroutine.resume(co, x)
      return ok and y or nil
    end
  end,
  mode = function(t, m)
    if type(t) == "table" and not getmetatable(t) then setmetatable(t, modes[m]) end
  end,
  finalized = function(t, n)
    if type(t) == "table" and not getmetatable(t) then
      t.number = n
      setmetatable(t, finalized_mt)
    end
  end,
}

-- Counts what is reached from a value, by keys that have an order.
local function sum_of(value, seen, depth)
  if type(value) == "string" then return #value end
  if type(value) == "number" then return value % 1000 end
  if type(value) ~= "table" then return value == nil and 0 or 7 end
  if seen[value] or depth > 40 then return 1 end
  seen[value] = true
  local sum, others = 3, 0
  for i = 1, 20 do sum = sum + sum_of(rawget(value, i), seen, depth + 1) end
  for i = 1, 5 do sum = sum + sum_of(rawget(value, "k" .. i), seen, depth + 1) end
  for k in pairs(value) do
    if type(k) ~= "number" and type(k) ~= "string" then others = others + 1 end
  end
  return sum + others * 11
end

for round = 1, some(400) do
  local lines = {}
  for i = 1, 60 do lines[i] = "do " .. statements[random(#statements)]() .. " end" end
  local program = assert(load(table.concat(lines, "\n"), "program", "t", environment))
  local ok, message = pcall(program)
  environment.garbage = nil
  collectgarbage()
  collectgarbage()
  table.sort(log)
  local sum = 0
  for i = 1, VARIABLES do sum = sum + sum_of(v[i], {}, 0) * i end
  print(round, ok or message, sum, #log, log[1], log[#log])
  for i = #log, 1, -1 do log[i] = nil end
end
