(* SPDX-License-Identifier: MIT

   bench/heap/strings.c in OCaml. *)

let size_default = 30
let shelf_pages = 64
let lines = 400
let words = 12
let buffer_first = 16

(* The standard library's Buffer grows as this one does; it is written out as it is in C. *)
type buffer = { mutable bytes : Bytes.t; mutable length : int }

let new_buffer () = { bytes = Bytes.create buffer_first; length = 0 }

let make_room buffer length =
  let room = ref (Bytes.length buffer.bytes) in
  if buffer.length + length > !room then begin
    while !room < buffer.length + length do
      room := 2 * !room
    done;
    let bytes = Bytes.create !room in
    Bytes.blit buffer.bytes 0 bytes 0 buffer.length;
    buffer.bytes <- bytes
  end

let append buffer bytes length =
  make_room buffer length;
  Bytes.blit bytes 0 buffer.bytes buffer.length length;
  buffer.length <- buffer.length + length

let finish buffer = Bytes.sub buffer.bytes 0 buffer.length

(* Puts a word into the scratch bytes and returns its length with the blank. *)
let make_word random word =
  let length = 1 + (Bench.random random mod 12) in
  Bytes.fill word 0 length (Char.chr (Char.code 'a' + (Bench.random random mod 26)));
  Bytes.set word length ' ';
  length + 1

let make_line random word =
  let buffer = new_buffer () in
  for _ = 1 to words do
    append buffer word (make_word random word)
  done;
  finish buffer

let make_page random word =
  let buffer = new_buffer () in
  for _ = 1 to lines do
    let line = make_line random word in
    append buffer line (Bytes.length line)
  done;
  finish buffer

let sum_of page sum =
  let sum = ref sum and i = ref 0 in
  while !i < Bytes.length page do
    sum := Bench.sum !sum (Char.code (Bytes.get page !i));
    i := !i + 61
  done;
  Bench.sum !sum (Bytes.length page)

let run size =
  let random = ref 42 and sum = ref 0 in
  let shelf = Array.make shelf_pages None and word = Bytes.create 16 in
  let put place page =
    Option.iter (fun page -> sum := sum_of page !sum) shelf.(place);
    shelf.(place) <- page
  in
  for i = 0 to (size * 100) - 1 do
    put (i mod shelf_pages) (Some (make_page random word))
  done;
  for i = 0 to shelf_pages - 1 do
    put i None
  done;
  !sum

let () = Bench.run size_default run
