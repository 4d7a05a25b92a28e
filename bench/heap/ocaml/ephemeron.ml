(* SPDX-License-Identifier: MIT

   bench/heap/ephemeron.c in OCaml, with the table of the standard library: it drops the notes of
   objects that are gone when it grows. Java has no ephemerons: a note that leads to its key keeps
   the key in a WeakHashMap. *)

let size_default = 100
let rounds = 40

type obj = { number : int; mutable reads : int }

type note = {
  obj : obj;
  number : int;
  mutable w0 : int;
  mutable w1 : int;
  mutable w2 : int;
  mutable w3 : int;
  mutable w4 : int;
  mutable w5 : int;
}

module Table = Ephemeron.K1.Make (struct
  type t = obj

  let equal = ( == )
  let hash (obj : obj) = obj.number
end)

let add ring table number objects =
  let obj = { number; reads = 0 } in
  Table.add table obj { obj; number; w0 = 0; w1 = 0; w2 = 0; w3 = 0; w4 = 0; w5 = 0 };
  ring.(number mod objects) <- Some obj

(* The note of an object that lives. *)
let read_note ring table number objects =
  let obj = Option.get ring.(number mod objects) in
  let note = Table.find table obj in
  Bench.check (note.number = number && note.obj == obj) "a note";
  note.number

let run size =
  let objects = size * 1000 in
  let random = ref 815 and sum = ref 0 in
  let ring = Array.make objects None and table = Table.create (2 * objects) in
  for number = 0 to (objects * rounds) - 1 do
    add ring table number objects;
    if number >= objects then begin
      let back = Bench.random random mod objects in
      sum := Bench.sum !sum (read_note ring table (number - back) objects)
    end
  done;
  !sum

let () = Bench.run size_default run
