(* SPDX-License-Identifier: MIT

   What the programs in OCaml have in common: the same numbers and sums as bench.h has, and how they
   are run and say what they did. *)

let random state =
  state := (!state * 1103515245 + 12345) land 0x7fffffff;
  !state lsr 8

let sum sum value = (sum * 31 + value land 0xffffff) land 0x7fffffff

let check right what =
  if not right then begin
    prerr_endline ("bench: " ^ what);
    exit 1
  end

let peak_resident_bytes () =
  let file = open_in "/proc/self/status" in
  let rec find () =
    match input_line file with
    | line when String.length line > 6 && String.sub line 0 6 = "VmHWM:" ->
        Scanf.sscanf line "VmHWM: %d" (fun kilobytes -> kilobytes * 1024)
    | _ -> find ()
    | exception End_of_file -> 0
  in
  let bytes = find () in
  close_in file;
  bytes

(* One argument, the size. Out of memory ends with 2, as every exception does that nobody takes. *)
let run default_size work =
  let size = if Array.length Sys.argv > 1 then int_of_string Sys.argv.(1) else default_size in
  let start = Unix.gettimeofday () and cpu_start = Sys.time () in
  let result = work size in
  let nanoseconds seconds = int_of_float (seconds *. 1e9) in
  Printf.printf "total_ns %d\n" (nanoseconds (Unix.gettimeofday () -. start));
  Printf.printf "cpu_ns %d\n" (nanoseconds (Sys.time () -. cpu_start));
  Printf.printf "rss_bytes %d\n" (peak_resident_bytes ());
  Printf.printf "collections %d\n" (Gc.quick_stat ()).Gc.major_collections;
  Printf.printf "sum %d\n" result
