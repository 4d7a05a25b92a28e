-- SPDX-License-Identifier: MIT
-- Trees that live for a moment, beside one that stays.
local depth = tonumber(arg and arg[1]) or 16

local function make(d)
  if d == 0 then return {} end
  return {make(d - 1), make(d - 1)}
end

local function check(t)
  if t[1] then return 1 + check(t[1]) + check(t[2]) end
  return 1
end

local stays, sum = make(depth), 0
for d = 4, depth, 4 do
  for _ = 1, 1 << (depth - d + 4) do sum = sum + check(make(d)) end
end
print(check(stays), sum)
