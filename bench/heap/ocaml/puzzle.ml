(* SPDX-License-Identifier: MIT

   bench/heap/puzzle.c in OCaml, with its own lists. *)

let size_default = 11
let searches = 4

let rec is_safe queens column distance =
  match queens with
  | [] -> true
  | queen :: rest ->
      queen <> column
      && queen <> column + distance
      && queen + distance <> column
      && is_safe rest column (distance + 1)

let safe_columns size queens =
  let columns = ref [] in
  for column = size downto 1 do
    if is_safe queens column 1 then columns := column :: !columns
  done;
  !columns

let rec copy = function [] -> [] | first :: rest -> first :: copy rest

let rec search size queens row found =
  if row = size then copy queens :: found
  else try_columns size queens row (safe_columns size queens) found

and try_columns size queens row columns found =
  match columns with
  | [] -> found
  | column :: rest ->
      try_columns size queens row rest (search size (column :: queens) (row + 1) found)

let sum_of found before =
  let of_list sum list = List.fold_left Bench.sum sum list in
  Bench.check (found = before) "a solution";
  List.fold_left of_list 0 found

let run size =
  let first = search size [] 0 [] in
  let sum = ref 0 in
  for _ = 2 to searches do
    sum := !sum + sum_of (search size [] 0 []) first
  done;
  !sum

let () = Bench.run size_default run
