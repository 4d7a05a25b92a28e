-- SPDX-License-Identifier: MIT
-- Coroutines by the hundred thousand: what sleeping ones hold stays, and goes with them.

-- Slow ways to run do less, and much less where each of many collections looks at all of them.
local divisor = tonumber(os.getenv "CHECK_DIVISOR") or 1
local function some(n) return n // divisor end

local COUNT = divisor == 1 and 100000 or some(20000)
local sleepers = {}
local weak = setmetatable({}, {__mode = "v"})

for i = 1, COUNT do
  sleepers[i] = coroutine.wrap(function(first)
    local mine, text = {first}, "text " .. first
    local up = function(add) mine[1] = mine[1] + add return mine[1] end
    if i % 100 == 0 then weak[#weak + 1] = mine end
    while true do
      local add = coroutine.yield(mine[1] + #text, up)
      mine = {up(add)}
    end
  end)
end

local function resume_all(value)
  local sum = 0
  for i = 1, #sleepers do sum = sum + sleepers[i](value or i) end
  return sum
end

print("first", resume_all())
for i = 1, some(200000) do local garbage = {i, {i}} end
print("second", resume_all(3))
collectgarbage()
print("third", resume_all(4))

-- Threads end; upvalues of theirs that others have stay.
local ups = {}
for i = 1, #sleepers, 10 do ups[#ups + 1] = select(2, sleepers[i](5)) end
sleepers = nil
collectgarbage()
collectgarbage()
local sum = 0
for i = 1, #ups do sum = sum + ups[i](1) end
print("upvalues", #ups, sum)
ups = nil
collectgarbage()
collectgarbage()
local left = 0
for _ in pairs(weak) do left = left + 1 end
print("left", left)
