-- SPDX-License-Identifier: MIT
-- 500 MB that live and a little churn: the longest time that one step took, in milliseconds.
local megabytes = tonumber(arg and arg[1]) or 500
local steps = tonumber(arg and arg[2]) or 4000000

local live, record = {}, 250 -- bytes of a record, about
for i = 1, megabytes * 1000000 // record do
  live[i] = {id = i, name = "n" .. i % 1000, next = live[i - 1], {i, i + 1}}
end
local size, x, longest, sum = #live, 1, 0, 0
collectgarbage()
local before = os.clock()
for i = 1, steps do
  x = (x * 1103515245 + 12345) % 2147483648
  local at = x % size + 1
  if i % 10 == 0 then live[at] = {id = at, name = "n" .. i % 1000, {i, i}} end
  local t = {at, i, i, i, i, i, i, i}
  sum = sum + t[1]
  local now = os.clock()
  if now - before > longest then longest = now - before end
  before = now
end
print(string.format("longest step %.3f ms", longest * 1000))
