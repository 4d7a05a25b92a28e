-- SPDX-License-Identifier: MIT
-- A document that is written as JSON and read again.
local n = tonumber(arg and arg[1]) or 25

local escapes = {['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n"}
local write

local function write_list(value, out)
  out[#out + 1] = "["
  for i, v in ipairs(value) do
    if i > 1 then out[#out + 1] = "," end
    write(v, out)
  end
  out[#out + 1] = "]"
end

local function write_object(value, out)
  local keys = {}
  for k in pairs(value) do keys[#keys + 1] = k end
  table.sort(keys)
  out[#out + 1] = "{"
  for i, k in ipairs(keys) do
    if i > 1 then out[#out + 1] = "," end
    write(k, out)
    out[#out + 1] = ":"
    write(value[k], out)
  end
  out[#out + 1] = "}"
end

function write(value, out)
  if type(value) == "string" then
    out[#out + 1] = '"' .. value:gsub('["\\\n]', escapes) .. '"'
  elseif type(value) ~= "table" then
    out[#out + 1] = tostring(value)
  elseif #value > 0 then
    write_list(value, out)
  else
    write_object(value, out)
  end
end

local read
local plain = {n = "\n", ['"'] = '"', ["\\"] = "\\"}

local function read_string(text, at)
  local stop = text:find('[^\\]"', at)
  local body = text:sub(at + 1, stop)
  return body:gsub("\\(.)", plain), stop + 2
end

local function read_list(text, at)
  local list = {}
  at = at + 1
  while text:sub(at, at) ~= "]" do
    list[#list + 1], at = read(text, at)
    if text:sub(at, at) == "," then at = at + 1 end
  end
  return list, at + 1
end

local function read_object(text, at)
  local object, key = {}, nil
  at = at + 1
  while text:sub(at, at) ~= "}" do
    key, at = read_string(text, at)
    object[key], at = read(text, at + 1)
    if text:sub(at, at) == "," then at = at + 1 end
  end
  return object, at + 1
end

function read(text, at)
  local c = text:sub(at, at)
  if c == '"' then return read_string(text, at) end
  if c == "[" then return read_list(text, at) end
  if c == "{" then return read_object(text, at) end
  local word = text:match("^[%w%.%-]+", at)
  if word == "true" then return true, at + 4 end
  return tonumber(word), at + #word
end

local document = {}
for i = 1, 500 do
  document[i] = {id = i, name = "item " .. i, text = 'a "word"\nand more', price = i * 0.25,
                 tags = {"one", "two", "tag" .. i % 10}, size = {w = i, h = i + 1}, yes = true}
end
local total = 0
for _ = 1, n do
  local out = {}
  write(document, out)
  local text = table.concat(out)
  document = read(text, 1)
  total = total + #text
end
print(total, #document, document[7].text)
