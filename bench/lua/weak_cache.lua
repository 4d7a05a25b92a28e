-- SPDX-License-Identifier: MIT
-- A cache with weak values, names with weak keys, and what is finalized.
local n = tonumber(arg and arg[1]) or 600000

local cache = setmetatable({}, {__mode = "v"})
local names = setmetatable({}, {__mode = "k"})
local recent, made, closed = {}, 0, 0
local mt = {__gc = function() closed = closed + 1 end}

local function get(key)
  local value = cache[key]
  if value then return value end
  made = made + 1
  value = {key = key, data = {key, key + 1}}
  if key % 16 == 0 then setmetatable(value, mt) end
  cache[key] = value
  names[value] = "name " .. key % 100
  return value
end

local x = 1
for i = 1, n do
  x = (x * 1103515245 + 12345) % 2147483648
  local value = get(x // 65536 % 4000)
  recent[i % 1000] = value
  assert(names[value])
end
print(made > 4000, closed <= made)
