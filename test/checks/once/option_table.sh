#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The table of options in docs/design/heap.md has the rows that the table in
# include/terrier/options.h gives. With --write it is written anew. Which plans there are is left
# out: a new one needs no change there, and test/checks/once/policies.sh asks for a page of it.

. "$(dirname "$0")/../lib/common.sh"

page=docs/design/heap.md
head='| option | default | meaning |'

cat >"$temp/rows.c" <<'END_OF_C'
#include <stdio.h>
#include <string.h>
#include <terrier/options.h>
#include <terrier/plans.h>

/* A bar would end the cell. The help of plans goes on, after a semicolon, with each of them. */
static void print_row(void *context, const char *name, const char *value, const char *help)
{
    size_t shown = strcmp(help, TER_PLAN_HELP) == 0 ? strcspn(help, ";") : strlen(help);

    (void)context;
    printf("| `%s` | %s%s%s | ", name, *value ? "`" : "", value, *value ? "`" : "");
    for (; shown > 0; help++, shown--)
        printf(*help == '|' ? "\\|" : "%c", *help);
    printf(" |\n");
}

int main(void)
{
    ter_options_for_each(print_row, NULL);
    return 0;
}
END_OF_C

# The rows of the page, and of the library.
on_page() {
    awk -v head="$head" '$0 == head { inside = 1; next } inside && !/^\|/ { inside = 0 }
        inside && !/^\|---/' "$1"
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    # shellcheck disable=SC2086
    $cc -o "$temp/rows" "$temp/rows.c" "-I$root/include" "$build/lib/libterrier.a" -pthread -lm ||
        exit 1
    "$temp/rows" >"$temp/wanted" || exit 1
    for name in missing changed; do
        plant $name $page <"$root/$page"
        cp "$temp/wanted" "$plants/$name/wanted"
    done
    sed -i '/^| `heap_max` /d' "$plants/missing/$page"
    planted missing '| `heap_max` |'
    sed -i '/^| `heap_max` /s/0/1/' "$plants/changed/$page"
    planted changed '| `heap_max` |'
else
    cp "$root/wanted" "$temp/wanted"
fi

if [ "${1:-}" = --write ]; then
    awk -v head="$head" -v rows="$temp/wanted" '
        inside && /^\|/ { next }
        { inside = 0; print }
        $0 == head {
            inside = 1
            print "|---|---|---|"
            while ((getline line <rows) > 0) print line
        }' "$root/$page" >"$temp/page" && cp "$temp/page" "$root/$page"
fi

on_page "$root/$page" >"$temp/rows"
diff "$temp/rows" "$temp/wanted" >"$temp/diff" ||
    fault "$page: not the table of options.h (< there, > wanted); $0 --write makes it:
$(cat "$temp/diff")"
looked_at "$(wc -l <"$temp/wanted")" "options"
finish
