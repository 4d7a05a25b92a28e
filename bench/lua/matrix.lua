-- SPDX-License-Identifier: MIT
-- Products of matrices, each a table of rows.
local n = tonumber(arg and arg[1]) or 120

local function matrix(n, f)
  local m = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = f(i, j) end
    m[i] = row
  end
  return m
end

local function product(a, b)
  return matrix(n, function(i, j)
    local sum, row = 0.0, a[i]
    for k = 1, n do sum = sum + row[k] * b[k][j] end
    return sum
  end)
end

local a = matrix(n, function(i, j) return (i + j) / n end)
local b = matrix(n, function(i, j) return (i - j) / n end)
for _ = 1, 8 do a = product(a, b) end
print(string.format("%.6g", a[1][1]))
