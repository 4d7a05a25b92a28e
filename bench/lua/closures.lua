-- SPDX-License-Identifier: MIT
-- Functions with upvalues: counters, compositions, iterators.
local n = tonumber(arg and arg[1]) or 300

local function counter(start)
  local value = start
  return function(by) value = value + by return value end, function() return value end
end

local function compose(f, g) return function(x) return f(g(x)) end end

local function range(from, to)
  return function()
    if from <= to then from = from + 1 return from - 1 end
  end
end

local sum = 0
for round = 1, n do
  local list = {}
  for i in range(1, 500) do
    local add, get = counter(i)
    add(round)
    list[#list + 1] = get
  end
  local f = function(x) return x end
  for i = 1, 50 do f = compose(f, function(x) return x + i end) end
  for _, get in ipairs(list) do sum = sum + f(get()) end
end
print(sum)
