-- SPDX-License-Identifier: MIT
-- Short strings that are made, looked up and dropped, beside many that stay.
local n = tonumber(arg and arg[1]) or 1200000

local stays = {}
for i = 1, 100000 do stays["key" .. i] = i end
local seen, hits = {}, 0
for i = 1, n do
  local s = "w" .. (i * 7919 % 500009)
  if seen[s] then hits = hits + 1 end
  seen[s] = true
  if i % 50000 == 0 then seen = {} end
  if stays["key" .. i % 200000] then hits = hits + 1 end
end
print(hits)
