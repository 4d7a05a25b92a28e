(* SPDX-License-Identifier: MIT

   bench/heap/allocate.c in OCaml. *)

let size_default = 40000
let ring_count = 1 lsl 15

type item = { mutable other : item option; mutable number : int; mutable word : int }

let run size =
  let count = size * 1000 in
  let nothing = { other = None; number = -1; word = 0 } in
  let ring = Array.make ring_count nothing and sum = ref 0 in
  for i = 0 to count - 1 do
    ring.(i mod ring_count) <- { other = None; number = i; word = 0 }
  done;
  Array.iteri
    (fun i item ->
      if item != nothing then begin
        Bench.check (item.number mod ring_count = i) "the number of an object";
        sum := Bench.sum !sum item.number
      end)
    ring;
  !sum

let () = Bench.run size_default run
