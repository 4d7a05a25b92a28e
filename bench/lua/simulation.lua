-- SPDX-License-Identifier: MIT
-- Objects with classes: things that move, meet, are born and die.
local n = tonumber(arg and arg[1]) or 150

local Vector = {}
Vector.__index = Vector
function Vector.new(x, y) return setmetatable({x = x, y = y}, Vector) end
Vector.__add = function(a, b) return Vector.new(a.x + b.x, a.y + b.y) end
Vector.__mul = function(a, k) return Vector.new(a.x * k, a.y * k) end

local Thing = {}
Thing.__index = Thing
function Thing.new(id) return setmetatable({id = id, age = 0, at = Vector.new(id % 100, id % 37),
  speed = Vector.new(id % 7 - 3, id % 5 - 2), events = {}}, Thing) end
function Thing:move(dt)
  self.at = self.at + self.speed * dt
  if self.at.x < 0 or self.at.x > 100 then self.speed = Vector.new(-self.speed.x, self.speed.y) end
  if self.at.y < 0 or self.at.y > 100 then self.speed = Vector.new(self.speed.x, -self.speed.y) end
  self.age = self.age + 1
end
function Thing:note(what) self.events[#self.events + 1] = {what = what, age = self.age} end

local things, next_id, died = {}, 0, 0
for _ = 1, 2000 do next_id = next_id + 1 things[#things + 1] = Thing.new(next_id) end
for step = 1, n do
  local cells = {}
  for _, thing in ipairs(things) do
    thing:move(0.1)
    local key = (thing.at.x // 10) .. ":" .. (thing.at.y // 10)
    local cell = cells[key]
    if not cell then cell = {} cells[key] = cell end
    cell[#cell + 1] = thing
  end
  for _, cell in pairs(cells) do
    if #cell > 20 then cell[1]:note("crowd") end
  end
  for i, thing in ipairs(things) do
    if (thing.id * 31 + step) % 40 == 0 then
      died = died + 1
      next_id = next_id + 1
      things[i] = Thing.new(next_id)
    end
  end
end
print(died, #things)
