# SPDX-License-Identifier: MIT
#
# Trees, JSON, fibers that fill tables, finalizers.

require "json"

class Tree
  property left : Tree?
  property right : Tree?

  def initialize(@left, @right)
  end

  def self.grow(depth : Int32) : Tree
    depth == 0 ? Tree.new(nil, nil) : Tree.new(grow(depth - 1), grow(depth - 1))
  end

  def count : Int32
    if (left = @left) && (right = @right)
      1 + left.count + right.count
    else
      1
    end
  end
end

class Counted
  @@finalized = Atomic(Int32).new(0)

  def self.finalized
    @@finalized.get
  end

  def initialize(@number : Int32)
  end

  def finalize
    @@finalized.add(1)
  end
end

def fill_table(seed : Int32) : Int64
  table = {} of String => Tuple(Int32, String, Array(Int32))
  state = seed.to_i64
  30000.times do |i|
    state = (state * 1103 + 12345) % 1000003
    table["key#{state % 7001}"] = {state.to_i32, "name#{i}", [i, state.to_i32]}
    Fiber.yield if i % 1000 == 0
  end
  table.sum do |key, entry|
    (key.size + entry[0] % 1000 + entry[1].size + entry[2][1] % 1000).to_i64
  end
end

lasting = Tree.grow(18)
sum = 0_i64
4.step(to: 18, by: 2) do |depth|
  (1 << (22 - depth)).times { sum += Tree.grow(depth).count }
end
puts sum, lasting.count

items = Array.new(50000) { |i| {id: i, name: "item #{i}", tags: ["t#{i % 7}", "u"], at: i * 0.5} }
text = items.to_json
back = JSON.parse(text)
puts text.size, back.as_a.size, back.to_json == JSON.parse(back.to_json).to_json

results = Channel(Tuple(Int32, Int64)).new
16.times do |fiber|
  spawn do
    total = 0_i64
    3.times { |round| total += fill_table(fiber * 10 + round) + Tree.grow(12).count }
    results.send({fiber, total})
  end
end
puts Array.new(16) { results.receive }.sort.inspect

5000.times { |i| Counted.new(i) }
5.times do
  GC.collect
  Tree.grow(10)
end
puts Counted.finalized > 4000
