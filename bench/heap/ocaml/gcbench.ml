(* SPDX-License-Identifier: MIT

   bench/heap/gcbench.c in OCaml. *)

let depth_min = 4
let depth_default = 16
let stretch = 2
let places = 256
let node_bytes = 32

type node = Nothing | Node of { mutable left : node; mutable right : node; mutable depth : int }

type work = {
  lengths : int array;
  mutable place : int;
  mutable nodes : int;
  mutable arrays : int;
  mutable bytes : int;
}

let choose_lengths () =
  let lengths = Array.make places 0 and more = 0.8594 and at = ref 0 in
  for k = 0 to places - 1 do
    let rest = 1. -. ((float k +. 0.5) /. float places) and share = ref more in
    while !share >= rest do
      lengths.(!at) <- lengths.(!at) + 1;
      share := !share *. more
    done;
    at := ((!at * 133) + 59) mod places
  done;
  lengths

let make_garbage work =
  let length = work.lengths.(work.place mod places) in
  work.place <- work.place + 1;
  if length > 0 then begin
    ignore (Sys.opaque_identity (Bytes.create (8 * length + 8)));
    work.arrays <- work.arrays + 1;
    work.bytes <- work.bytes + 16 + (8 * length)
  end

let new_node work =
  work.nodes <- work.nodes + 1;
  Node { left = Nothing; right = Nothing; depth = 0 }

let rec grow_down work depth tree =
  match tree with
  | Node node when depth > 0 ->
      make_garbage work;
      let left = new_node work in
      make_garbage work;
      let right = new_node work in
      node.left <- left;
      node.right <- right;
      node.depth <- depth;
      grow_down work (depth - 1) left;
      grow_down work (depth - 1) right
  | _ -> ()

let tree_down work depth =
  let tree = new_node work in
  grow_down work depth tree;
  tree

let rec tree_up work depth =
  if depth = 0 then new_node work
  else begin
    let left = tree_up work (depth - 1) in
    let right = tree_up work (depth - 1) in
    make_garbage work;
    work.nodes <- work.nodes + 1;
    Node { left; right; depth }
  end

let tree_nodes depth = (2 lsl depth) - 1

let rec count_nodes depth = function
  | Nothing -> 0
  | Node node ->
      Bench.check (node.depth = depth) "the depth of a node";
      1 + count_nodes (depth - 1) node.left + count_nodes (depth - 1) node.right

let check_tree tree depth =
  Bench.check (count_nodes depth tree = tree_nodes depth) "nodes of a tree"

let round work depth size =
  let count = 2 * tree_nodes (size + stretch) / tree_nodes depth in
  for _ = 1 to count do
    check_tree (tree_down work depth) depth
  done;
  for _ = 1 to count do
    check_tree (tree_up work depth) depth
  done

let run size =
  let work = { lengths = choose_lengths (); place = 0; nodes = 0; arrays = 0; bytes = 0 } in
  let tree = tree_down work size in
  let count = if size < depth_default then 500000 lsr (depth_default - size) else 500000 in
  let numbers = Array.make count 0. in
  for i = 0 to (count / 2) - 1 do
    numbers.(i) <- 1. /. float (i + 1)
  done;
  let depth = ref depth_min in
  while !depth <= size do
    round work !depth size;
    depth := !depth + 2
  done;
  for i = 0 to (count / 2) - 1 do
    Bench.check (numbers.(i) = 1. /. float (i + 1)) "the array's number"
  done;
  check_tree tree size;
  let bytes = work.bytes + (work.nodes * node_bytes) + (count * 8) in
  Bench.sum (Bench.sum work.nodes work.arrays) bytes

let () = Bench.run depth_default run
