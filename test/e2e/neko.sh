#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Neko programs, and its compiler, which is one, print and write the same on both libraries.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v neko >/dev/null || ! command -v nekoc >/dev/null; then
    echo "SKIP: neko is not here"
    exit 77
fi

# same NAME STRESS <PROGRAM
same() {
    cat >"$temp/program.neko"
    nekoc "$temp/program.neko" || exit 1
    as_stock "$1" "$2" neko "$temp/program.n"
}

same "lists, objects and arrays" 200 <<'END'
make = function(n) { if n == 0 null else $array(n, make(n - 1)); };
length = function(l) { var n = 0; while l != null { n += 1; l = l[1]; } n; };
var i = 0; var sum = 0;
while i < 300 { sum += length(make(1000)); i += 1; }
$print(sum, "\n");
var o = $new(null); o.x = 1; o.f = function(y) { this.x += y; this.x; };
i = 0; while i < 20000 { o.f(i); i += 1; }
$print(o.x, "\n");
var keep = $amake(2000); i = 0;
while i < 2000 { keep[i] = make(i % 50); i += 1; }
i = 0; sum = 0; while i < 2000 { sum += length(keep[i]); i += 1; }
$print(sum, "\n");
END

same "strings, hash tables and exceptions" 200 <<'END'
var hash_new = $loader.loadprim("std@buffer_new", 0);
var add = $loader.loadprim("std@buffer_add", 2);
var text = $loader.loadprim("std@buffer_string", 1);
var b = hash_new(); var i = 0;
while i < 20000 { add(b, "line " + i + "\n"); i += 1; }
var s = text(b);
$print($ssize(s), " ", $ssub(s, 5000, 30), "\n");
var h = $hnew(0); i = 0;
while i < 30000 { $hadd(h, "key" + (i % 7001), i); i += 1; }
$print($hcount(h), " ", $hget(h, "key77", null), "\n");
var sum = $array(0);
$hiter(h, function(k, v) { sum[0] += v; });
$print(sum[0], "\n");
f = function(n) { if n == 0 $throw("bottom"); f(n - 1); 0; };
i = 0; var caught = 0;
while i < 300 { try f(100) catch e { caught += $ssize(e); } i += 1; }
$print(caught, "\n");
END

same "threads" 200 <<'END'
var create = $loader.loadprim("std@thread_create", 2);
var send = $loader.loadprim("std@thread_send", 2);
var read = $loader.loadprim("std@thread_read_message", 1);
var current = $loader.loadprim("std@thread_current", 0);
var me = current();
var work = function(n) {
    var i = 0; var l = null; var total = 0;
    while i < 20000 {
        l = $array(i, l); if i % 100 == 0 l = null; total += $ssize("n" + i); i += 1;
    }
    send(me, total + n);
};
var i = 0; while i < 6 { create(work, i); i += 1; }
var sum = 0; i = 0;
while i < 6 { sum += read(true); i += 1; }
$print(sum, "\n");
END

# ---- The compiler -------------------------------------------------------------------------------

many_functions() {
    awk -v count="$1" 'BEGIN {
        print "f0 = function(x) { return x; }"
        for (i = 1; i < count; i++)
            printf "f%d = function(x, y) { var a = $array(x, y, %d);" \
                " var o = { p => a, q => \"s%d\" };" \
                " if( x > 1 ) { return f%d(x - 1) } else { a[0] = a[0] + %d; };" \
                " return try o.p[0] catch e { $throw(e) }; }\n", i, i, i, i - 1, i
        printf "$print(f%d(1, 2), \"\\n\")\n", count - 1
    }'
}

# compile NAME OPTION-OF-RUN...: the file that it writes is the same.
compile() {
    title=$1
    shift
    status_is "$title" 0 run --report=json --report-file="$temp/report" "$@" nekoc "$temp/many.neko"
    check "writes the same file ($(wc -c <"$temp/stock.n") bytes)" cmp -s "$temp/many.n" \
        "$temp/stock.n"
}

many_functions 400 >"$temp/many.neko"
nekoc "$temp/many.neko" && mv "$temp/many.n" "$temp/stock.n" || exit 1
compile "the compiler in a small heap" --heap-initial=64K --free-space-divisor=20
few=$(collections_of "$temp/report")
collected "$few"
compile "the compiler with a collection at every 200 allocations" --stress=200
many=$(collections_of "$temp/report")
stressed "$few" "$many"
compile "the compiler in the small layout" --layout=small

finish
