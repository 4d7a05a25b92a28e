#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The files of a folder can be read in an order in which nothing is used before it is known: no
# circle between them. A file and its header are one. One uses another when it includes its header,
# or names in a body or macro what the other defines for all; a declaration alone is no use. The
# umbrella header of a folder is read first: including it is no use either, and what its own inline
# functions call is declared there.
#
# A circle that stays is a paragraph of the floor's design page, with its files as the fault names
# them:
#
#   Circle in `src/<floor>`: `<file>`, `<file>`: <reason>
#
# One whose circle is gone is a fault too.

. "$(dirname "$0")/../lib/common.sh"

plant_circle() {
    mkdir -p "$plants/$1/docs/design"
    printf '#pragma once\nvoid ter_a(void);\n' | plant "$1" src/os/a.h
    printf '#include "os/a.h"\nvoid ter_a(void)\n{\n}\n' | plant "$1" src/os/a.c
    printf '#pragma once\n#include "os/a.h"\nvoid ter_b(void);\n' | plant "$1" src/os/b.h
    printf '#include "os/b.h"\nvoid ter_b(void)\n{\n    ter_a();\n}\n' | plant "$1" src/os/b.c
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in include call data macro stale; do
        plant_circle $name
    done
    printf '#include "os/b.h"\nint a;\n' | plant include src/os/a.c
    planted include 'src/os: a circle: a b'
    printf '#include "os/a.h"\nvoid ter_b(void);\nvoid ter_a(void)\n{\n    ter_b();\n}\n' |
        plant call src/os/a.c
    planted call 'src/os/a.c:5: uses ter_b of b'
    printf '#include "os/b.h"\nconst struct c ter_table[] = {{1}};\n' | plant data src/os/b.c
    printf '%s\n' 'extern const struct c ter_table[];' 'int ter_a(void)' '{' \
        '    return ter_table[0].d;' '}' |
        plant data src/os/a.c
    planted data 'src/os/a.c:4: uses ter_table of b'
    printf '#pragma once\n#define TER_A \\\n    ter_b()\n' | plant macro src/os/a.h
    planted macro 'src/os/a.h:3: uses ter_b of b'
    printf 'Circle in `src/os`: `a`, `b`: because.\n' | plant stale docs/design/os.md
    planted stale 'docs/design/os.md: no such circle in src/os: a b'
fi

# symbols FILE: what is in the file, a line each: "defines NAME", "local NAME", "uses NAME LINE".
symbols() {
    header=0
    left_out='^$'
    case $1 in
    src/*/"$(basename "$(dirname "$1")")".h) header=1 left_out='^uses ' ;;
    *.h) header=1 ;;
    esac
    code_only "$root/$1" | awk -v header=$header -f "$(dirname "$0")/../lib/symbols.awk" |
        grep -v "$left_out"
}

# includes FOLDER FILE: the headers of its own folder that it includes: "includes STEM LINE".
includes() {
    umbrella=$(basename "$1")
    [ "$2" != "$1/$umbrella.h" ] || return
    awk -v folder="$1" -v umbrella="$umbrella" '
        match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) {
            header = $0
            sub(/^[^"]*"/, "", header)
            sub(/".*/, "", header)
            if (folder ~ /^src\//) {
                own = substr(folder, 5) "/"
                if (index(header, own) != 1) next
                header = substr(header, length(own) + 1)
            }
            sub(/\.h$/, "", header)
            if (header != umbrella) print "includes", header, FNR
        }' "$root/$2"
}

# circles FOLDER: faults of the folder, a line each.
circles() {
    for file in "$root/$1"/*.[ch]; do
        [ -e "$file" ] || continue
        file=$1/$(basename "$file")
        echo "file $file"
        symbols "$file"
        includes "$1" "$file"
    done >"$temp/folder"
    awk -v RS= -v text="Circle in \`$1\`: " 'index($0, text) == 1 { gsub(/\n/, " "); print }' \
        "$root"/docs/design/*.md >"$temp/listed" 2>/dev/null
    awk -v folder="$1" -f "$(dirname "$0")/../lib/circles.awk" "$temp/listed" "$temp/folder"
}

folders=0
for folder in $(cd "$root" && ls -d src/*/ bench/*/ tools/*/ test/support/ 2>/dev/null); do
    folders=$((folders + 1))
    circles "${folder%/}" >"$temp/faults"
    while read -r line; do
        case $line in
        'no such circle'*)
            page=$(cd "$root" &&
                grep -l "^Circle in \`${folder%/}\`: " docs/design/*.md | head -n 1)
            fault "$page: $line"
            ;;
        *) fault "$line" ;;
        esac
    done <"$temp/faults"
done
looked_at $folders folders
finish
