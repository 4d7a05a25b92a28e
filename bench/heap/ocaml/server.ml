(* SPDX-License-Identifier: MIT

   bench/heap/server.c in OCaml. *)

let size_default = 32
let requests_of_text = 80
let bucket_texts = 2
let text_most = 512

type text = { number : int; bytes : Bytes.t }
type entry = { next : entry option; mutable text : text; key : int; mutable reads : int }

let text_length key number =
  let mixed = (key * 40503) + (number * 9973) in
  16 + (mixed mod 16 * (mixed / 16 mod 16) * (text_most - 16) / 225)

let new_text key number =
  { number; bytes = Bytes.make (text_length key number) (Char.chr (key mod 251)) }

let bucket_of table key = key * 2654435761 mod Array.length table

let find table key =
  let rec go = function
    | Some entry when entry.key <> key -> go entry.next
    | Some entry -> entry
    | None -> raise Not_found
  in
  go table.(bucket_of table key)

(* The key is not there yet. *)
let insert table key =
  let bucket = bucket_of table key in
  let text = new_text key 0 in
  table.(bucket) <- Some { next = table.(bucket); text; key; reads = 0 }

let sum_of_text text =
  let length = Bytes.length text.bytes in
  length + text.number + Char.code (Bytes.get text.bytes (length - 1))

let answer table key sum =
  let entry = find table key in
  entry.reads <- entry.reads + 1;
  let copy = { number = entry.text.number; bytes = Bytes.copy entry.text.bytes } in
  Bench.sum sum (sum_of_text (Sys.opaque_identity copy))

let replace table key =
  let entry = find table key in
  entry.text <- new_text key (entry.text.number + 1)

let sum_all table texts sum =
  let sum = ref sum in
  for key = 0 to texts - 1 do
    let entry = find table key in
    Bench.check
      (Bytes.length entry.text.bytes = text_length key entry.text.number)
      "the length of a text";
    sum := Bench.sum !sum (entry.reads + entry.text.number)
  done;
  !sum

let run size =
  let texts = size * 1000 in
  let table = Array.make (texts / bucket_texts) None in
  for key = 0 to texts - 1 do
    insert table key
  done;
  let random = ref 815 and sum = ref 0 in
  for _ = 1 to texts * requests_of_text do
    let key = Bench.random random mod texts in
    if Bench.random random mod 10 = 0 then replace table key else sum := answer table key !sum
  done;
  sum_all table texts !sum

let () = Bench.run size_default run
