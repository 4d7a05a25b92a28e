-- SPDX-License-Identifier: MIT
-- Tables that grow and shrink, in their array and in their hash part.
local n = tonumber(arg and arg[1]) or 60

local sum = 0
for round = 1, n do
  local queue, map = {}, {}
  for i = 1, 20000 do table.insert(queue, {i}) end
  for i = 1, 20000 do map[i * 1.5] = i map["k" .. i % 1000] = i end
  while #queue > 10000 do sum = sum + table.remove(queue)[1] end
  for i = 1, 5 do table.insert(queue, 1, {i}) end
  for k, v in pairs(map) do if v % 2 == 0 then map[k] = nil end end
  for i = 1, 5 do sum = sum + table.remove(queue, 1)[1] end
  for _ in pairs(map) do sum = sum + 1 end
end
print(sum)
