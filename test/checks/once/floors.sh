#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A folder of src/ includes its own files and the folders above it in cmake/floors.txt, those by
# their umbrella header only; templates (cmake/templates.txt) are headers of their own. One with
# headers behind its name there includes just these of other folders. Public headers include public
# headers and the C library.

. "$(dirname "$0")/../lib/common.sh"

plant_floors() {
    mkdir -p "$plants/$1/cmake"
    printf 'base\nos\nsft\n' >"$plants/$1/cmake/floors.txt"
    echo base/loop.h >"$plants/$1/cmake/templates.txt"
    echo '#pragma once' | plant "$1" src/base/base.h
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    plant_floors upward
    echo '#include "sft/sft.h"' | plant upward src/os/linux.c
    planted upward 'src/os/linux.c:1: "sft/sft.h": os may not include sft'
    plant_floors side_door
    echo '  #  include "base/bits.h"' | plant side_door src/sft/map.c
    planted side_door 'other folders are included through base/base.h'
    plant_floors template
    printf '#include "base/loop.h"\n#include "base/x.h"\n' | plant template src/os/x.c
    planted template 'src/os/x.c:2: "base/x.h": other folders are included through base/base.h'
    plant_floors own_name
    echo '#include "map.h"' | plant own_name src/sft/map.c
    planted own_name 'write the folder'
    plant_floors narrow
    printf 'top base/base.h os/one.h\n' >>"$plants/narrow/cmake/floors.txt"
    printf '#include "%s"\n' top/x.h os/one.h sft/sft.h | plant narrow src/top/x.c
    planted narrow 'src/top/x.c:3: "sft/sft.h": top includes only what cmake/floors.txt says'
    plant_floors stranger
    echo 'int x;' | plant stranger src/attic/x.c
    planted stranger 'src/attic: not in cmake/floors.txt'
    plant_floors private
    echo '#include "base/base.h"' | plant private include/terrier/heap.h
    planted private 'a public header may not include it'
    plant_floors nothing
    rm -r "$plants/nothing/src"
    planted nothing 'nothing to look at'
fi

for folder in "$root"/src/*/; do
    name=$(basename "$folder")
    if [ -d "$folder" ] && ! grep -qE "^$name( |$)" "$root/cmake/floors.txt"; then
        fault "src/$name: not in cmake/floors.txt"
    fi
done

# src_includes: prints a fault a line, and last "includes N".
src_includes() {
    (cd "$root" && c_files src | xargs awk '
        FILENAME == "cmake/floors.txt" {
            height[$1] = FNR
            for (i = 2; i <= NF; i++) allowed[$1, $i] = narrow[$1] = 1
            next
        }
        FILENAME == "cmake/templates.txt" { template[$1] = 1; next }
        FNR == 1 { split(FILENAME, part, "/"); own = part[2] }
        match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) {
            n++
            header = $0
            sub(/^[^"]*"/, "", header)
            sub(/".*/, "", header)
            slash = index(header, "/")
            folder = substr(header, 1, slash - 1)
            at = FILENAME ":" FNR ": \"" header "\": "
            if (!slash) print at "write the folder: \"" own "/" header "\""
            else if (!(folder in height)) print at folder " is no folder of src/"
            else if (folder == own || (own, header) in allowed) next
            else if (own in narrow) print at own " includes only what cmake/floors.txt says"
            else if (height[folder] > height[own]) print at own " may not include " folder
            else if (header != folder "/" folder ".h" && !(header in template))
                print at "other folders are included through " folder "/" folder ".h"
        }
        END { print "includes", n + 0 }' cmake/floors.txt cmake/templates.txt)
}

# public_includes: the same for include/.
public_includes() {
    (cd "$root" && c_files include | xargs awk '
        /^[ \t]*#[ \t]*include/ {
            n++
            if ($0 ~ /"/) print FILENAME ":" FNR ": a public header may not include it: " $0
            else if ($0 ~ /<[a-z_]+\/[^>]*>/ && $0 !~ /<(terrier|sys)\//)
                print FILENAME ":" FNR ": a public header may not include it: " $0
        }
        END { print "includes", n + 0 }' /dev/null)
}

for part in src public; do
    ${part}_includes >"$temp/$part"
    while read -r line; do
        case $line in
        includes\ *) echo "$check: $part: $line" ;;
        *) fault "$line" ;;
        esac
    done <"$temp/$part"
done

looked_at "$(c_files src | wc -l)" "files of src/"
looked_at "$(c_files include | wc -l)" "public headers"
finish
