#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `terrier map`: the command line, programs without a heap, and w3m's heap as text and as a picture,
# which tell the same; an XML parser reads the picture, and what draws such pictures can draw it.

. "$(dirname "$0")/lib/terrier.sh"

map=$temp/map
no_map='no map: the program'

# ---- The command line ---------------------------------------------------------------------------

status_is "no program" 2 map
status_is "help map" 0 help map
for option in svg text at width heap-max option; do
    check "help names --$option" grep -q -e "--$option" "$temp/out"
done
for wrong in --at=0 --at=soon --width=15 --width=129 --svg= --text= --report --json \
    "--svg=$map --text=$map"; do
    # Two options are two words.
    # shellcheck disable=SC2086
    status_is "refused: $wrong" 2 map $wrong true
done
status_is "a map where none can be written" 125 map --svg="$temp/no/map" true

# ---- Programs without a heap --------------------------------------------------------------------

status_is "a program without libgc" 3 map sh -c 'echo out; exit 3'
check "leaves its output alone" out_is out
check "and says that there is no map" err_has "$no_map did not use libgc.so.1"
status_is "a program that a signal ends" 143 map sh -c 'kill -TERM $$'
check "is said too" err_has "$no_map ended by a signal"

# ---- w3m ----------------------------------------------------------------------------------------

# counts_of_text: name and number of each state, from the legend.
counts_of_text() {
    sed -n 's/^  . .  *\([a-z_][a-z_]*\)  *\([0-9][0-9]*\)  .*/\1 \2/p' "$1"
}

# counts_of_picture: the same from the tiles, by a parser of XML.
counts_of_picture() {
    python3 -c 'import re, sys, xml.etree.ElementTree as tree
counts = {}
for title in tree.parse(sys.argv[1]).iter("{http://www.w3.org/2000/svg}title"):
    tile = re.match(r"0x[0-9a-f]+: (\w+), (\d+) block", title.text or "")
    if tile:
        counts[tile[1]] = counts.get(tile[1], 0) + int(tile[2])
for name, count in counts.items():
    print(name, count)' "$1" | sort
}

# Where parts of the heap lie is chance, and by that what is scanned by mistake.
agree() {
    counts_of_text "$temp/err" | sort >"$temp/text"
    [ -s "$temp/text" ] && awk '
        NR == FNR { seen[$1] = $2; next }
        { other[$1] = $2 }
        END {
            for (name in seen) { a += seen[name]; if (!(name in other)) exit 1 }
            for (name in other) b += other[name]
            exit !(a > 0.9 * b && b > 0.9 * a)
        }' "$temp/text" "$1"
}

if command -v w3m >/dev/null; then
    awk 'BEGIN {
        print "<html><body>"
        for (i = 0; i < 3000; i++)
            printf "<h2>Part %d</h2><table border><tr><td>a<td>%d</table>\n", i, i * i
    }' >"$temp/page.html"
    set -- w3m -dump -T text/html "$temp/page.html"
    status_is "a map as text" 0 map "$@"
    check "names the program" err_has '^Map of a heap of Terrier .*: w3m, process'
    check "and the space" err_has '^space mark-sweep: '
    check "and draws its blocks" err_has '^  0x[0-9a-f]*  [cC]'
    status_is "a map as a picture" 0 map --svg="$map" "$@"
    check "keeps standard error clean" [ ! -s "$temp/err" ]
    if command -v python3 >/dev/null; then
        counts_of_picture "$map" >"$temp/tiles"
        check "is XML with tiles" [ -s "$temp/tiles" ]
        run map "$@"
        check "that are those of the text" agree "$temp/tiles"
    else
        echo "SKIP: python3 is not here, the picture is not read"
    fi
    if command -v rsvg-convert >/dev/null; then
        check "can be drawn" rsvg-convert -o "$temp/drawn.png" "$map"
        check "and is no empty sheet" [ "$(wc -c <"$temp/drawn.png")" -gt 2000 ]
    else
        echo "SKIP: rsvg-convert is not here, the picture is not drawn"
    fi
    status_is "a map to a file, after a collection, in short lines" 0 map --text="$map" --at=2 \
        --width=16 "$@"
    check "says which" grep -q 'collections: 2$' "$map"
    check "has no longer line" not grep -q '^  0x[0-9a-f]*  [^ (]\{17\}' "$map"
    status_is "a collection that never comes" 0 map --text="$map" --at=1000000 "$@"
    check "gives the map of the end" grep -q '^Map of a heap' "$map"
    status_is "a script that runs w3m" 0 map \
        sh -c "w3m -dump -T text/html '$temp/page.html'; exit 0"
    check "is shown by it" err_has '^Map of a heap of Terrier .*: w3m, process'
else
    echo "SKIP: w3m is not here, no heap is drawn"
fi

finish
