-- SPDX-License-Identifier: MIT
-- Bodies that draw each other: arithmetic, and no garbage.
local n = tonumber(arg and arg[1]) or 300000

local bodies = {}
for i = 1, 5 do
  bodies[i] = {x = i * 1.5, y = i % 3 - 0.5, z = i * 0.1, vx = 0.01 * i, vy = 0.02, vz = -0.01 * i,
               mass = 1 / i}
end

local function advance(dt)
  for i = 1, #bodies do
    local a = bodies[i]
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      local d2 = dx * dx + dy * dy + dz * dz + 0.01
      local m = dt / (d2 * math.sqrt(d2))
      a.vx, a.vy, a.vz = a.vx - dx * b.mass * m, a.vy - dy * b.mass * m, a.vz - dz * b.mass * m
      b.vx, b.vy, b.vz = b.vx + dx * a.mass * m, b.vy + dy * a.mass * m, b.vz + dz * a.mass * m
    end
  end
  for _, b in ipairs(bodies) do
    b.x, b.y, b.z = b.x + dt * b.vx, b.y + dt * b.vy, b.z + dt * b.vz
  end
end

for _ = 1, n do advance(0.001) end
print(string.format("%.6g", bodies[1].x))
