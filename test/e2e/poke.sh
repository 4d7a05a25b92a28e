#!/bin/sh
# SPDX-License-Identifier: MIT
#
# poke compiles and runs the same on both libraries.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v poke >/dev/null; then
    echo "SKIP: poke is not here"
    exit 77
fi

cat >"$temp/program.pk" <<'END'
fun fibonacci = (int n) int: { return n < 2 ? n : fibonacci (n - 1) + fibonacci (n - 2); }
printf ("%i32d\n", fibonacci (15));
var squares = int[1000] ();
for (var i = 0; i < 1000; i = i + 1) squares[i] = i * i;
var sum = 0L;
for (x in squares) sum = sum + x;
printf ("%i64d\n", sum);
var text = "";
for (var i = 0; i < 300; i = i + 1) text = text + "x";
printf ("%u64d\n", text'length);
END
as_stock "a function, an array and a string" 500 poke -q -L "$temp/program.pk"
finish
