#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What documents name exists: files and folders, functions and macros of ours and of libgc's,
# environment variables, options, targets of make, and tests. Documents are README.md,
# CONTRIBUTING.md, the pages in docs/ and the manual page.
#
# The index of decisions has each of them, under its title.
#
# A name that is meant and is no longer, or not ours, stands in test/checks/lib/foreign_names.txt.

. "$(dirname "$0")/../lib/common.sh"

plant_docs() {
    mkdir -p "$plants/$1/test/checks/lib"
    for file in src/os/linux.c test/os/test_os.c include/terrier/heap.h; do
        printf 'int ter_os_open(int a);\nint GC_malloc;\n' | plant "$1" "$file"
    done
    echo 'TEXT(plan, "mark-sweep", NULL, "how")' | plant "$1" include/terrier/options.h
    echo '{"json", 0},' | plant "$1" tools/terrier/options.c
    printf 'check:\n\ttrue\n' | plant "$1" Makefile
    echo 'other.c' | plant "$1" test/checks/lib/foreign_names.txt
    printf '%s\n' 'All is well: `os/linux.c`, `linux.c`, `src/os/`, `other.c`, ter_os_open.' \
        '[here](../src/os/linux.c#L1), the option `plan=x`, `make check`, `os.test_os`.' \
        '`terrier run --json --plan=x true`; names such as `ter_os_…` and GC_* are many.' |
        plant "$1" docs/good.md
}

# plant_name NAME EXPECTED TEXT
plant_name() {
    plant_docs "$1"
    echo "$3" | plant "$1" docs/bad.md
    planted "$1" "docs/bad.md:1: $2"
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    plant_docs index
    echo '# 0001: all is well' | plant index docs/decisions/0001-all.md
    echo '- [0001](0001-all.md): all was well' | plant index docs/decisions/README.md
    planted index 'docs/decisions/README.md: not "[0001](0001-all.md): all is well"'
    plant_name file 'no such file: linux.h' 'See `linux.h`.'
    plant_name path 'no such file: os/gone.c' 'See `os/gone.c` for more.'
    plant_name folder 'no such file: src/attic/' 'In `src/attic/` it is.'
    plant_name link 'no such file: gone.md' 'See [there](gone.md).'
    plant_name function 'no such name: ter_os_close' 'It calls ter_os_close then.'
    plant_name libgc 'no such name: GC_mallok' '`GC_mallok(1)` gives memory.'
    plant_name option 'no such option: heap' 'With the option `heap=1` it does.'
    plant_name command 'no such option: --yaml' 'Write `terrier run --yaml true`.'
    plant_name target 'no such target of make: chekc' 'Run `make chekc` first.'
    plant_name program 'no such test: gc_none' 'The test gc_none shows it.'
    plant_name test 'no such test: os.test_none' '`os.test_none` shows it.'
fi

lib=$(cd "$(dirname "$0")/../lib" && pwd)
cd "$root" || exit 1
find README.md CONTRIBUTING.md docs -type f \( -name '*.md' -o -name '*.1' \) 2>/dev/null |
    sort >"$temp/documents"
{
    find . -path ./build -prune -o -path ./.git -prune -o -print | sed 's/^\.\//path /'
    find src include test tools bench examples clients cmake .ci Makefile CMakeLists.txt \
        CMakePresets.json \
        -type f ! -name foreign_names.txt 2>/dev/null |
        xargs grep -hoE '[A-Za-z_][A-Za-z0-9_]*' | sort -u | sed 's/^/word /'
    sed -n 's/^ *\(NUMBER\|TEXT\)(\([a-z_]*\),.*/option \2/p' include/terrier/options.h
    sed -n 's/.*{"\([a-z-]*\)",.*/command \1/p' tools/terrier/*.c
    sed -n 's/^\([a-z-]*\):.*/target \1/p' Makefile
    sed 's/^/foreign /' test/checks/lib/foreign_names.txt
} >"$temp/known" 2>/dev/null

xargs awk -f "$lib/doc_names.awk" "$temp/known" <"$temp/documents" >"$temp/faults"
while read -r line; do
    case $line in
    names\ *) echo "$check: looked up $line" ;;
    *) fault "$line" ;;
    esac
done <"$temp/faults"
for file in docs/decisions/0*.md; do
    [ -e "$file" ] || continue
    title=$(sed -n '1s/^# \([0-9X]*\): /[\1]('"$(basename "$file")"'): /p' "$file")
    tr -s '\n ' '  ' <docs/decisions/README.md | grep -qF -- "- $title" && [ "$title" ] ||
        fault "docs/decisions/README.md: not \"$title\""
done
looked_at "$(wc -l <"$temp/documents")" "documents"
finish
