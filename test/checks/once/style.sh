#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every file says its licence in the first line (scripts in the second), is laid out as
# .clang-format says, and has at most 900 lines. Lines have at most 100 columns, functions at most
# 70 lines; in src/ half of them have at most 8 and 99 in 100 at most 40, and of 1,000 lines outside
# src/base and src/os at most 4 are conditionals.

. "$(dirname "$0")/../lib/common.sh"

longest_function=70
most_in_half=8
most_in_99_per_cent=40
most_conditionals=4
longest_file=900
widest_line=100
format_version=14
licence='SPDX-License-Identifier: MIT'
folders='src include test tools bench examples clients'

lines() {
    awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) print text }'
}

# functions COUNT STATEMENTS: C functions of so many lines and three.
functions() {
    awk -v count="$1" -v n="$2" 'BEGIN {
        while (count-- > 0) {
            print "int f" count "_" n "(int c)\n{"
            for (i = 0; i < n; i++) print "    c++;"
            print "}"
        }
    }'
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in licence script function file format median percentile conditionals width; do
        mkdir -p "$plants/$name"
        cp "$root/.clang-format" "$plants/$name/" || exit 1
        printf '/* %s */\nint a;\n' "$licence" | plant $name src/a.c
    done
    echo 'int b;' | plant licence tools/b.c
    planted licence 'tools/b.c: the first line is not'
    printf '#!/bin/sh\necho a\n' | plant script tools/b
    planted script 'tools/b: the second line is not'
    {
        printf '/* %s */\nint b(int c) {\n' "$licence"
        lines 70 '    c++;'
        printf '    return c;\n}\n'
    } | plant function bench/b.c
    planted function 'bench/b.c:2: a function of 73 lines'
    {
        printf '/* %s */\n' "$licence"
        lines 900 'extern int b;'
    } | plant file src/b.c
    planted file 'src/b.c: 901 lines'
    { echo "/* $licence */" && functions 3 7; } | plant median src/b.c
    planted median 'half of the functions of src/ have more than 8 lines'
    {
        echo "/* $licence */"
        functions 150 1
        functions 2 39
    } | plant percentile src/b.c
    planted percentile 'one in 100 functions of src/ has more than 40 lines'
    { echo "/* $licence */" && echo '#if A' && echo '#endif'; } | plant conditionals src/sft/b.c
    planted conditionals 'conditionals in 1,000 lines'
    printf '#!/bin/sh\n# %s\n# %0100d\n' "$licence" 0 | plant width tools/b
    planted width 'tools/b:3: 102 columns'
    if clang-format --version 2>/dev/null | grep -q "version $format_version\."; then
        printf '/* %s */\nint  b;\n' "$licence" | plant format src/b.c
        planted format 'src/b.c: not formatted'
    fi
fi

for file in $(c_files $folders); do
    [ "$(head -n 1 "$root/$file")" = "/* $licence */" ] ||
        fault "$file: the first line is not /* $licence */"
    count=$(wc -l <"$root/$file")
    [ "$count" -le $longest_file ] || fault "$file: $count lines, more than $longest_file"
done
looked_at "$(c_files $folders | wc -l)" "C files"

scripts=0
for folder in $folders; do
    [ -d "$root/$folder" ] || continue
    find "$root/$folder" -type f ! -name '*.[ch]' | sort >"$temp/others"
    while read -r path; do
        case $(head -c 2 "$path") in
        '#!')
            scripts=$((scripts + 1))
            [ "$(sed -n 2p "$path")" = "# $licence" ] ||
                fault "${path#"$root"/}: the second line is not # $licence"
            ;;
        esac
    done <"$temp/others"
done
echo "$check: looked at $scripts scripts"

# A function begins with the first line of its head, which a brace at the outermost level follows
# after a parameter list, and ends with the line that closes it.
for file in $(c_files $folders); do
    code_only "$root/$file" | awk -v file="$file" '
        /^[ \t]*#/ { next }
        /^extern .*\{$/ && !/\(/ { next }
        depth > 0 && !/[{}]/ { next }
        {
            for (i = 1; i <= length($0); i++) {
                c = substr($0, i, 1)
                if (depth == 0 && head ~ /^[ \t\n]*$/ && c !~ /[ \t]/) start = NR
                if (depth == 0) head = head c
                if (c == "{") {
                    if (depth == 0) { is_function = head ~ /\)[ \t\n]*\{$/ }
                    depth++
                } else if (c == "}") {
                    if (depth > 0) depth--
                    if (depth == 0) {
                        head = ""
                        if (is_function) print NR - start + 1, file ":" start
                        is_function = 0
                    }
                } else if (c == ";" && depth == 0) head = ""
            }
            head = head "\n"
        }'
done >"$temp/functions"
awk -v most=$longest_function '$1 > most' "$temp/functions" >"$temp/long"
while read -r length place; do
    fault "$place: a function of $length lines, more than $longest_function"
done <"$temp/long"
sort -n "$temp/functions" | awk -v check="$check" '
    { length_of[NR] = $1; place = $2 }
    END {
        if (NR) printf "%s: %d functions, median %d lines, longest %d (%s)\n",
            check, NR, length_of[int((NR + 1) / 2)], length_of[NR], place
    }'

# Functions of src/, the shortest first.
grep ' src/' "$temp/functions" | sort -n | awk -v check="$check" '
    { length_of[NR] = $1 }
    END {
        if (!NR) exit
        printf "%s: src: %d functions, median %d lines, 99 per cent have at most %d\n", check, NR,
            length_of[int((NR + 1) / 2)], length_of[int((NR * 99 + 99) / 100)]
    }' >"$temp/spread"
cat "$temp/spread"
median=$(sed -n 's/.*median \([0-9]*\) lines.*/\1/p' "$temp/spread")
most=$(sed -n 's/.*at most \([0-9]*\)$/\1/p' "$temp/spread")
[ "${median:-0}" -le $most_in_half ] ||
    fault "half of the functions of src/ have more than $most_in_half lines: $median"
[ "${most:-0}" -le $most_in_99_per_cent ] ||
    fault "one in 100 functions of src/ has more than $most_in_99_per_cent lines: $most"

c_files src | grep -v '^src/base/\|^src/os/' >"$temp/above"
(cd "$root" && xargs cat /dev/null <"$temp/above") | awk -v check="$check" '
    /^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)([^a-z]|$)/ { n++ }
    END {
        if (!NR) exit
        printf "%s: %.1f conditionals in 1,000 lines outside src/base and src/os\n", check,
            n * 1000 / NR
    }' >"$temp/conditionals"
cat "$temp/conditionals"
if ! awk -v most=$most_conditionals '$2 > most { exit 1 }' "$temp/conditionals"; then
    fault "more than $most_conditionals conditionals in 1,000 lines"
fi

# All that somebody reads as code: sources, scripts, what CMake and make read, programs to measure.
(cd "$root" && find $folders cmake Makefile CMakeLists.txt -type f \
    ! -path 'bench/results/*' ! -path 'test/mutation/*' \
    ! -name package-lock.json 2>/dev/null | sort) >"$temp/sources"
while read -r file; do
    # In columns, not bytes: continuation bytes of UTF-8 do not count.
    LC_ALL=C awk -v file="$file" -v most=$widest_line '{
        text = $0
        gsub(/[\200-\277]/, "", text)
        if (length(text) > most) print file ":" FNR ": " length(text) " columns, more than " most
    }' "$root/$file"
done <"$temp/sources" >"$temp/wide"
while read -r line; do
    fault "$line"
done <"$temp/wide"

if clang-format --version 2>/dev/null | grep -q "version $format_version\."; then
    c_files $folders >"$temp/formatted"
    (cd "$root" && xargs clang-format --dry-run --Werror <"$temp/formatted") 2>&1 |
        sed -n 's/^\(.*\):[0-9]*:[0-9]*: error:.*/\1/p' | sort -u >"$temp/unformatted"
    while read -r file; do
        fault "$file: not formatted; run make format"
    done <"$temp/unformatted"
else
    echo "SKIP: the layout is not checked, clang-format $format_version is not here"
fi
finish
