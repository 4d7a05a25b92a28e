-- SPDX-License-Identifier: MIT
-- Text made of pieces: by concatenation, by a table, by gsub and format.
local n = tonumber(arg and arg[1]) or 60

local total = 0
for round = 1, n do
  local line = ""
  for i = 1, 400 do line = line .. i .. "," end
  local parts = {}
  for i = 1, 3000 do parts[#parts + 1] = string.format("%d:%s;", i, i * round) end
  local text = table.concat(parts)
  local changed = text:gsub("%d+", function(d) return d .. "x" end)
  total = total + #line + #changed + #changed:upper():reverse()
end
print(total)
