-- SPDX-License-Identifier: MIT
-- All ways to place queens, each kept as a list that shares its tail.
local n = tonumber(arg and arg[1]) or 10

local function safe(row, list)
  local distance = 1
  while list do
    if list.row == row or list.row == row + distance or list.row == row - distance then
      return false
    end
    list, distance = list.next, distance + 1
  end
  return true
end

local function place(column, list, found)
  if column == 0 then found[#found + 1] = list return end
  for row = 1, n do
    if safe(row, list) then place(column - 1, {row = row, next = list}, found) end
  end
end

local count = 0
for _ = 1, 3 do
  local found = {}
  place(n, nil, found)
  count = #found
end
print(count)
