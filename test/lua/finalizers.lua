-- SPDX-License-Identifier: MIT
-- Finalizers: order, once each, marking again, resurrection, errors, what they may not do.

-- Slow ways to run do less.
local function some(n) return n // (tonumber(os.getenv "CHECK_DIVISOR") or 1) end

local function marked(name, log)
  return setmetatable({name = name}, {__gc = function(o) log[#log + 1] = o.name end})
end

-- In the reverse order of marking.
do
  local log = {}
  for i = 1, 10 do marked(i, log) end
  collectgarbage()
  print("order", table.concat(log, " "))
  collectgarbage()
  print("once", #log)
end

-- Those that refer to each other, and to themselves.
do
  local log = {}
  local a, b = marked("a", log), marked("b", log)
  a.other, b.other, a.self = b, a, a
  a, b = nil, nil
  collectgarbage()
  print("cycle", table.concat(log, " "))
end

-- __gc counts when the metatable is set, and may be changed later.
do
  local log = {}
  local without = setmetatable({}, {})
  getmetatable(without).__gc = function() log[#log + 1] = "never" end
  local later = setmetatable({}, {__gc = true})
  getmetatable(later).__gc = function() log[#log + 1] = "later" end
  local no_function = setmetatable({}, {__gc = true})
  without, later, no_function = nil, nil, nil
  collectgarbage()
  print("when set", table.concat(log, " "))
end

-- Marked again in its finalizer, and resurrected without that.
do
  local n, kept = 0, nil
  local mt = {}
  mt.__gc = function(o)
    n = n + 1
    if n < 3 then setmetatable(o, mt) end
  end
  setmetatable({}, mt)
  for i = 1, 5 do collectgarbage() end
  print("again", n)
  local m = 0
  setmetatable({}, {__gc = function(o) m = m + 1 kept = o end})
  collectgarbage()
  print("resurrected", m, type(kept))
  kept = nil
  collectgarbage()
  collectgarbage()
  print("not again", m)
end

-- An error is a warning, and others run.
do
  local log = {}
  warn("@on")
  for i = 1, 3 do
    setmetatable({}, {__gc = function()
      log[#log + 1] = i
      if i == 2 then error("on purpose") end
    end})
  end
  collectgarbage()
  warn("@off")
  print("errors", table.concat(log, " "))
end

-- In a finalizer the collector answers nil... and it cannot yield.
do
  local answers
  setmetatable({}, {__gc = function()
    answers = {pcall(collectgarbage), pcall(collectgarbage, "count"),
               coroutine.isyieldable()}
  end})
  collectgarbage()
  print("inside", table.unpack(answers, 1, 3))
end

-- It makes objects, and marks others.
do
  local log = {}
  setmetatable({}, {__gc = function()
    local t = {}
    for i = 1, some(10000) do t[i] = {tostring(i)} end
    marked("inner", log)
    log[#log + 1] = #t
  end})
  collectgarbage()
  collectgarbage()
  print("makes", table.concat(log, " "))
end

-- What a finalized object leads to is whole in its finalizer.
do
  local sum = 0
  for i = 1, 100 do
    local o = {list = {}}
    for j = 1, 10 do o.list[j] = {value = j} end
    setmetatable(o, {__gc = function(o)
      for j = 1, 10 do sum = sum + o.list[j].value end
    end})
  end
  collectgarbage()
  print("whole", sum)
end

-- Userdata too: files are closed.
do
  local name = os.tmpname()
  do
    local f = io.open(name, "w")
    f:write("text")
  end
  collectgarbage()
  local f = io.open(name)
  print("file", f:read("a"))
  f:close()
  os.remove(name)
end

-- Many, in small collections by themselves.
do
  local n = 0
  local mt = {__gc = function() n = n + 1 end}
  for i = 1, some(100000) do setmetatable({}, mt) end
  collectgarbage()
  print("many", n)
end

-- Closing the state runs what is left, in reverse order; what is marked then is not run.
local out = {}
for i = 1, 3 do
  out[i] = setmetatable({}, {__gc = function()
    print("at the end", i)
    setmetatable({}, {__gc = function() print("never") end})
  end})
end
