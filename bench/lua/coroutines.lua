-- SPDX-License-Identifier: MIT
-- Producers and filters as coroutines, and many that sleep.
local n = tonumber(arg and arg[1]) or 20000

local function produce(to)
  return coroutine.wrap(function() for i = 1, to do coroutine.yield(i) end end)
end

local function filter(source, by)
  return coroutine.wrap(function()
    for x in source do if x % by ~= 0 then coroutine.yield(x) end end
  end)
end

local sum = 0
for i = 1, n do
  local source = produce(10)
  for by = 2, 4 do source = filter(source, by) end
  for x in source do sum = sum + x end
end
local sleeping = {}
for i = 1, n do
  local co = coroutine.wrap(function(x) while true do x = coroutine.yield({x, i}) end end)
  co(i)
  sleeping[i] = co
end
for i = 1, 10 * n do sum = sum + sleeping[i * 31 % n + 1](i)[1] % 7 end
print(sum)
