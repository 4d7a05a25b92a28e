#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every file says its licence in the first line (scripts in the second), is laid out as
# .clang-format says, has functions of at most 70 lines and at most 900 lines in all.

. "$(dirname "$0")/lib/common.sh"

longest_function=70
longest_file=900
format_version=14
licence='SPDX-License-Identifier: MIT'
folders='src include test tools bench examples'

lines() {
    awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) print text }'
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in licence script function file format; do
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

# A function begins with the line that opens a brace at the outermost level after a parameter list,
# and ends with the line that closes it.
for file in $(c_files $folders); do
    code_only "$root/$file" | awk -v file="$file" '
        /^[ \t]*#/ { next }
        /^extern .*\{$/ && !/\(/ { next }
        {
            opened = 0
            for (i = 1; i <= length($0); i++) {
                c = substr($0, i, 1)
                if (depth == 0) head = head c
                if (c == "{") {
                    if (depth == 0) { start = NR; is_function = head ~ /\)[ \t\n]*\{$/ }
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

if clang-format --version 2>/dev/null | grep -q "version $format_version\."; then
    for file in $(c_files $folders); do
        (cd "$root" && clang-format --dry-run --Werror "$file" 2>/dev/null) ||
            fault "$file: not formatted; run make format"
    done
else
    echo "SKIP: the layout is not checked, clang-format $format_version is not here"
fi
finish
