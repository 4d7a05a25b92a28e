-- SPDX-License-Identifier: MIT
-- Many coroutines that sleep, and small garbage beside them.
local n = tonumber(arg and arg[1]) or 100000
local churn = tonumber(arg and arg[2]) or 2000000

local sleeping = {}
for i = 1, n do
  local co = coroutine.wrap(function()
    local mine = {i}
    while true do coroutine.yield(mine[1]) end
  end)
  co()
  sleeping[i] = co
end
local sum = 0
for i = 1, churn do
  local t = {i}
  sum = sum + t[1] % 3
  if i % 1000 == 0 then sum = sum + sleeping[i // 1000 % n + 1]() end
end
print(sum)
