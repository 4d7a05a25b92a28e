-- SPDX-License-Identifier: MIT
-- A lexer of Lua in Lua, over its own text.
local n = tonumber(arg and arg[1]) or 40

local file = assert(io.open(arg[0]))
local source = file:read("a"):rep(8)
file:close()
local keywords = {}
local all = "and break do else elseif end false for function goto if in local nil not or repeat " ..
  "return then true until while"
for word in all:gmatch("%a+") do keywords[word] = true end

local rules = {
  {"space", "^%s+"}, {"comment", "^%-%-[^\n]*"}, {"name", "^[%a_][%w_]*"},
  {"number", "^0[xX]%x+"}, {"number", "^%d+%.?%d*"}, {"string", '^"[^"\n]*"'},
  {"string", "^'[^'\n]*'"}, {"operator", "^[=~<>]="}, {"operator", "^%.%.%.?"},
  {"operator", "^//"}, {"operator", "^."},
}

local function tokens(text)
  local list, at, line = {}, 1, 1
  while at <= #text do
    for _, rule in ipairs(rules) do
      local from, to = text:find(rule[2], at)
      if from then
        local value = text:sub(from, to)
        local kind = rule[1]
        if kind == "name" and keywords[value] then kind = "keyword" end
        if kind == "space" then
          for _ in value:gmatch("\n") do line = line + 1 end
        elseif kind ~= "comment" then
          list[#list + 1] = {kind = kind, value = value, line = line}
        end
        at = to + 1
        break
      end
    end
  end
  return list
end

local total, counts = 0, {}
for _ = 1, n do
  local list = tokens(source)
  total = total + #list
  for _, token in ipairs(list) do counts[token.kind] = (counts[token.kind] or 0) + 1 end
end
print(total, counts.keyword, counts.name)
