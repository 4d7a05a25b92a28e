(* SPDX-License-Identifier: MIT

   bench/heap/splay.c in OCaml. *)

let size_default = 8000
let steps_of_entry = 30
let data_depth = 4

type data =
  | Inner of data * data
  | Leaf of {
      w0 : int;
      w1 : int;
      w2 : int;
      w3 : int;
      w4 : int;
      w5 : int;
      w6 : int;
      w7 : int;
    }

type entry = { mutable left : entry; mutable right : entry; data : data; key : int }

let rec nil =
  {
    left = nil;
    right = nil;
    data = Leaf { w0 = 0; w1 = 0; w2 = 0; w3 = 0; w4 = 0; w5 = 0; w6 = 0; w7 = 0 };
    key = -1;
  }

let rec new_data depth key =
  if depth = 0 then
    Leaf
      {
        w0 = key;
        w1 = key + 1;
        w2 = key + 2;
        w3 = key + 3;
        w4 = key + 4;
        w5 = key + 5;
        w6 = key + 6;
        w7 = key + 7;
      }
  else
    let left = new_data (depth - 1) key in
    Inner (left, new_data (depth - 1) (key + 1))

let rec sum_of_data = function
  | Leaf leaf -> leaf.w7
  | Inner (left, right) -> sum_of_data left + (3 * sum_of_data right)

let turn_right top =
  let left = top.left in
  top.left <- left.right;
  left.right <- top;
  left

let turn_left top =
  let right = top.right in
  top.right <- right.left;
  right.left <- top;
  right

(* What was taken off on the way down hangs on a node of its own. *)
let splay top key =
  let sides = { nil with key = -1 } in
  sides.left <- nil;
  sides.right <- nil;
  let left_end = ref sides and right_end = ref sides in
  let rec go top =
    if key < top.key then begin
      let top = if top.left != nil && key < top.left.key then turn_right top else top in
      if top.left == nil then top
      else begin
        !right_end.left <- top;
        right_end := top;
        go top.left
      end
    end
    else if key > top.key then begin
      let top = if top.right != nil && key > top.right.key then turn_left top else top in
      if top.right == nil then top
      else begin
        !left_end.right <- top;
        left_end := top;
        go top.right
      end
    end
    else top
  in
  let top = go top in
  !left_end.right <- top.left;
  !right_end.left <- top.right;
  top.left <- sides.right;
  top.right <- sides.left;
  top

let insert top entry =
  if entry.key > top.key then begin
    entry.left <- top;
    entry.right <- top.right;
    top.right <- nil
  end
  else begin
    entry.right <- top;
    entry.left <- top.left;
    top.left <- nil
  end;
  entry

let remove_top top =
  if top.left == nil then top.right
  else begin
    let rest = splay top.left top.key in
    rest.right <- top.right;
    rest
  end

let add_entry random tree =
  let high = Bench.random random in
  let key = (high lsl 23) lor Bench.random random in
  let data = new_data data_depth key in
  let entry = { left = nil; right = nil; data; key } in
  if tree == nil then entry else insert (splay tree key) entry

let remove_below top =
  if top.left == nil then remove_top top
  else begin
    let below = splay top.left top.key in
    top.left <- below.left;
    top
  end

let sum_all tree size =
  let rec go tree sum last count =
    if tree == nil then begin
      Bench.check (count = size) "entries";
      sum
    end
    else begin
      let top = splay tree 0 in
      Bench.check (top.key >= last) "the order of keys";
      go (remove_top top) (Bench.sum sum (sum_of_data top.data)) top.key (count + 1)
    end
  in
  go tree 0 0 0

let run size =
  let random = ref 4711 and tree = ref nil in
  for _ = 1 to size do
    tree := add_entry random !tree
  done;
  for _ = 1 to steps_of_entry * size do
    tree := remove_below (add_entry random !tree)
  done;
  sum_all !tree size

let () = Bench.run size_default run
