-- SPDX-License-Identifier: MIT
-- Much that lives, and little that changes in it.
local n = tonumber(arg and arg[1]) or 1500000
local size = tonumber(arg and arg[2]) or 300000

local live = {}
for i = 1, size do live[i] = {id = i, next = live[i - 1], name = "record " .. i % 5000} end
local x, sum = 1, 0
for i = 1, n do
  x = (x * 1103515245 + 12345) % 2147483648
  local at = x // 16 % size + 1
  local old = live[at]
  if i % 10 == 0 then live[at] = {id = old.id, next = nil, name = old.name} end
  local t = {old.id, i}
  sum = sum + t[1]
end
print(sum)
