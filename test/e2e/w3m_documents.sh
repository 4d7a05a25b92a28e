#!/bin/sh
# SPDX-License-Identifier: MIT
#
# w3m renders real and generated documents on Terrier as on the stock library, byte for byte: with
# many collections, in a small heap, in a small address space.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v w3m >/dev/null; then
    echo "SKIP: w3m is not here"
    exit 77
fi

# Tables in tables, up to DEPTH deep, with all that the text of a cell may be.
nested_tables() {
    awk -v rows="$1" -v depth="$2" '
        function table(depth, number,   i) {
            print "<table border=1><tr><th>Number<th>Square<th>Text"
            for (i = 1; i <= 3; i++) {
                printf "<tr><td>%d<td align=right>%d<td>", number, number * number
                if (depth > 1) table(depth - 1, number * 3 + i)
                else printf "Some <b>bold</b> and <a href=\"x%d\">linked</a> text &amp; more", i
                print "</td></tr>"
            }
            print "</table>"
        }
        BEGIN {
            print "<html><head><title>Tables</title></head><body>"
            for (row = 1; row <= rows; row++) {
                printf "<h2>Part %d</h2><ul><li>One<li>Two<ol><li>Three</ol></ul>\n", row
                table(row % depth + 1, row)
                print "<pre>  as   it  is\n</pre><form><input name=a value=b></form><hr>"
            }
            print "</body></html>"
        }'
}

plain_text() {
    awk 'BEGIN {
        for (i = 1; i <= 20000; i++)
            printf "Line %d: %s%s\n", i, substr("a b c d e f g h i j k l m n", 1, i % 27), i * 7919
    }'
}

nested_tables 12 3 >"$temp/small.html"
nested_tables 60 4 >"$temp/tables.html"
plain_text >"$temp/text.txt"

# same_as_stock NAME FILE TYPE [OPTION-OF-RUN...]
same_as_stock() {
    title=$1 file=$2 type=$3
    shift 3
    w3m -dump -cols 100 -T "$type" "$file" </dev/null >"$temp/stock" 2>/dev/null
    status_is "$title" 0 run "$@" w3m -dump -cols 100 -T "$type" "$file"
    check "is as on the stock library ($(wc -c <"$temp/stock") bytes)" \
        cmp -s "$temp/out" "$temp/stock"
    check "and is not empty" test -s "$temp/stock"
}

documents=/usr/share/doc/nodejs/api
small=
large=
if [ -f $documents/all.html ] && [ -f $documents/fs.html ]; then
    small="$documents/synopsis.html $documents/globals.html $documents/url.html"
    large="$documents/fs.html $documents/all.html"
else
    echo "SKIP: the Node.js documentation is not here, only generated pages are rendered"
fi

for file in $small $large; do
    [ -f "$file" ] || continue
    same_as_stock "$(basename "$file")" "$file" text/html
done
same_as_stock "nested tables" "$temp/tables.html" text/html
same_as_stock "plain text" "$temp/text.txt" text/plain

for file in "$temp/small.html" $small; do
    [ -f "$file" ] || continue
    name=$(basename "$file")
    same_as_stock "$name with a collection at every 1000 allocations" "$file" text/html \
        --stress=1000
    same_as_stock "$name in a heap that begins small" "$file" text/html --heap-initial=64K \
        --free-space-divisor=20
    same_as_stock "$name in the small layout" "$file" text/html --layout=small
done
same_as_stock "a small page with a collection at every 50 allocations" "$temp/small.html" \
    text/html --stress=50
same_as_stock "nested tables in the small layout" "$temp/tables.html" text/html --layout=small
(
    failed=0
    ulimit -v 4000000
    same_as_stock "nested tables with 4 GB of address space" "$temp/tables.html" text/html
    [ $failed -eq 0 ]
) || failed=$((failed + 1))

# ---- The report ---------------------------------------------------------------------------------

status_is "a report on nested tables" 0 run --report=json --report-file="$temp/report" \
    w3m -dump -cols 100 -T text/html "$temp/tables.html"
check "is JSON" is_json "$temp/report"
check "counts collections" json_holds "$temp/report" 'd["heap"]["statistics"]["collections"] >= 3'
check "and what was allocated" json_holds "$temp/report" \
    'd["heap"]["statistics"]["allocated_bytes"] > 10**7'
check "and names the spaces" json_holds "$temp/report" \
    '{"mark-sweep", "large"} <= {s["name"] for s in d["heap"]["spaces"]}'
status_is "the same as text" 0 run --report w3m -dump -cols 100 -T text/html "$temp/tables.html"
for space in mark-sweep large; do
    check "names space $space" err_has "$space"
done

finish
