-- SPDX-License-Identifier: MIT
-- A matcher of patterns that are made of functions, over words of a text.
local n = tonumber(arg and arg[1]) or 600

local function char(c)
  return function(s, i, k) if s:sub(i, i) == c then return k(i + 1) end end
end

local function any(s, i, k) if i <= #s then return k(i + 1) end end

local function seq(a, b)
  return function(s, i, k) return a(s, i, function(j) return b(s, j, k) end) end
end

local function alt(a, b)
  return function(s, i, k) return a(s, i, k) or b(s, i, k) end
end

local function star(a)
  local function self(s, i, k)
    return a(s, i, function(j) if j > i then return self(s, j, k) end end) or k(i)
  end
  return self
end

local pattern = seq(star(any), seq(alt(char("a"), char("b")), seq(star(char("c")), char("d"))))
local words = {}
for i = 1, 200 do words[i] = ("xyz"):rep(i % 7) .. "ab" .. ("c"):rep(i % 5) .. "d" .. i end
local found = 0
for _ = 1, n do
  for _, word in ipairs(words) do
    local at = pattern(word, 1, function(i) return i end)
    if at then found = found + at end
  end
end
print(found)
