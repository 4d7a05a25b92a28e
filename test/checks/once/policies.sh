#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Policies are records and plans are files. Above src/space/ nothing but a plan's own file, and a
# header that such files alone include, asks which space it has before it: no kind of space, no
# policy by name, no slot. A plan is a row in include/terrier/plans.h, a file of src/plan/ of at
# most 150 lines and a heading of the page on plans; a policy is a row in src/space/policies.h, a
# record at the end of a file of src/space/ and a row of the page on spaces.

. "$(dirname "$0")/../lib/common.sh"

longest_plan=150

plant_house() {
    mkdir -p "$plants/$1/cmake" "$plants/$1/docs/design"
    printf 'base\nspace\nalloc\ncycle\nplan\nheap\n' >"$plants/$1/cmake/floors.txt"
    plant "$1" include/terrier/plans.h <<-'END'
	#define TER_PLANS(X) \
	    X(one, "the-one", "help")
	END
    plant "$1" src/space/policies.h <<-'END'
	#define TER_POLICIES(X) \
	    X(cells)
	END
    echo 'const struct ter_policy ter_policy_cells = {0};' | plant "$1" src/space/cells.c
    echo 'const struct ter_plan ter_plan_one = {0};' | plant "$1" src/plan/one.c
    echo '## `the-one`' >"$plants/$1/docs/design/plan.md"
    echo '| cells |' >"$plants/$1/docs/design/space.md"
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    plant_house kind
    echo 'int a(int kind) { return kind == TER_SPACE_LARGE; }' | plant kind src/heap/a.c
    planted kind 'src/heap/a.c:1: asks for a kind of space'
    plant_house switched
    echo '    case TER_SPACE_VM: return 1;' | plant switched src/cycle/a.h
    planted switched 'src/cycle/a.h:1: asks for a kind of space'
    plant_house identity
    echo 'int a(void *p) { return p != &ter_policy_large; }' | plant identity src/alloc/a.c
    planted identity 'src/alloc/a.c:1: compares a policy'
    plant_house header
    echo 'int a(int kind) { return kind == TER_SPACE_LARGE; }' | plant header src/plan/a.h
    echo '#include "plan/a.h"' | plant header src/plan/table.c
    planted header 'src/plan/a.h:1: asks for a kind of space'
    plant_house behind
    echo 'int a(int kind) { return kind == TER_SPACE_LARGE; }' | plant behind src/plan/a.h
    echo '#include "plan/a.h"' | plant behind src/plan/b.h
    echo '#include "plan/b.h"' | plant behind src/plan/table.c
    planted behind 'src/plan/a.h:1: asks for a kind of space'
    plant_house order
    echo 'int a(struct c *c) { return c->spaces[2].space != 0; }' | plant order src/heap/a.c
    planted order 'src/heap/a.c:1: knows the number of a space'
    plant_house slot
    echo 'int a(void) { return TER_SLOT_LARGE; }' | plant slot src/heap/a.c
    planted slot 'src/heap/a.c:1: knows the number of a space'
    plant_house long
    awk 'BEGIN { for (i = 0; i < 160; i++) print "int a;" }' | plant long src/plan/one.c
    planted long 'src/plan/one.c: 160 lines'
    plant_house no_file
    rm "$plants/no_file/src/plan/one.c"
    planted no_file 'src/plan/one.c: the row of plans has no such file'
    plant_house no_page
    echo 'nothing' >"$plants/no_page/docs/design/plan.md"
    planted no_page "docs/design/plan.md: says nothing of the plan 'the-one'"
    plant_house no_record
    echo 'int a;' | plant no_record src/space/cells.c
    planted no_record 'no file of src/space/ ends in ter_policy_cells'
fi

# rows FILE MACRO: the first argument of every row, and the second without its quotes.
rows() {
    awk -v macro="$2" '
        $0 ~ "^#define " macro "\\(" { inside = 1; next }
        inside && match($0, /X\([^)]*/) {
            row = substr($0, RSTART + 2, RLENGTH - 2)
            count = split(row, part, /, */)
            gsub(/"/, "", part[2])
            print part[1], part[2]
        }
        inside && $0 !~ /\\$/ { exit }' "$root/$1"
}

# ---- Above the spaces ----

# Is it a plan's own file, or a header that only those include, themselves or by such a header?
is_of_plans() {
    case $1 in
    src/plan/*.c) grep -q "^$(basename "$1" .c) " "$temp/plans" ;;
    src/plan/*.h) are_of_plans $(cd "$root" && grep -rlF "#include \"${1#src/}\"" src) ;;
    *) return 1 ;;
    esac
}
are_of_plans() {
    [ $# -gt 0 ] || return 1
    while [ $# -gt 0 ]; do
        is_of_plans "$1" || return 1
        shift
    done
}

above=$(sed '1,/^space$/d' "$root/cmake/floors.txt")
rows include/terrier/plans.h TER_PLANS >"$temp/plans"
for floor in $above; do
    for file in $(c_files "src/$floor"); do
        ! is_of_plans "$file" || continue
        code_only "$root/$file" | awk -v file="$file" '
            function say(what) { print file ":" NR ": " what }
            /TER_SPACE_[A-Z]/ { say("asks for a kind of space") }
            /[!=]= *&?\(?ter_policy_[a-z]|ter_policy_[a-z_]* *[!=]=/ { say("compares a policy") }
            /TER_SLOT_|[^_]spaces\[[0-9]/ { say("knows the number of a space") }'
    done
done >"$temp/asks"
while read -r line; do
    fault "$line"
done <"$temp/asks"

# ---- Rows, files and pages ----

while read -r identifier name; do
    file=src/plan/$identifier.c
    if [ ! -f "$root/$file" ]; then
        fault "$file: the row of plans has no such file"
        continue
    fi
    count=$(wc -l <"$root/$file")
    [ "$count" -le $longest_plan ] || fault "$file: $count lines, more than $longest_plan"
    echo "$check: $file: $count lines"
    grep -q "^#.*\`$name\`" "$root/docs/design/plan.md" ||
        fault "docs/design/plan.md: says nothing of the plan '$name'"
done <"$temp/plans"
looked_at "$(wc -l <"$temp/plans")" "plans"

rows src/space/policies.h TER_POLICIES >"$temp/policies"
while read -r identifier _; do
    grep -rqs "^const struct ter_policy ter_policy_$identifier = {" "$root/src/space" ||
        fault "no file of src/space/ ends in ter_policy_$identifier"
    name=$(echo "$identifier" | tr _ -)
    grep -q "^| $name |" "$root/docs/design/space.md" ||
        fault "docs/design/space.md: has no row for the policy '$name'"
done <"$temp/policies"
looked_at "$(wc -l <"$temp/policies")" "policies"
finish
