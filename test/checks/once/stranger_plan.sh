#!/bin/sh
# SPDX-License-Identifier: MIT
#
# docs/adding-a-plan.md is right: in a copy of the tree a policy and a plan that it does not know
# take two files and two rows (test/stranger/), and nothing else is changed. The copy is built; its
# unit tests of policies and plans, its checks, and the oracle with both sorts of roots pass; the
# command takes and lists the new name. Faults planted in the policy are seen by the oracle.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"

plan=shelves
policy=shelf
seeds=4
cmake=${TERRIER_CMAKE:-cmake}
stranger=$root/test/stranger
copy=$temp/copy
made=$copy/build
command -v ninja >/dev/null || skip "ninja is not here"

mkdir "$copy" || exit 1
for entry in "$root"/*; do
    [ "$entry" = "$root/build" ] || cp -r "$entry" "$copy/" || exit 1
done

# ---- Two files and two rows ----

# add_row FILE MACRO ROW: at the end of that table of the copy.
add_row() {
    awk -v macro="$2" -v row="$3" '
        { line = $0 }
        index($0, "#define " macro "(X)") == 1 { inside = 1 }
        inside && $0 !~ /\\$/ {
            line = $0 " \\\n    " row
            inside = 0
            added++
        }
        { print line }
        END { exit added != 1 }' "$root/$1" >"$copy/$1" || fault "$1 has no table $2"
}

cp "$stranger/$policy.c" "$copy/src/space/" && cp "$stranger/$plan.c" "$copy/src/plan/" || exit 1
while read -r file macro row; do
    add_row "$file" "$macro" "$row"
done <"$stranger/rows.txt"

# ---- It builds ----

# build TARGET...: of the copy.
build() {
    ninja -C "$made" -j 1 "$@" >"$temp/build.log" 2>&1 && return
    fault "cannot build $*"
    grep -E 'error|warning|FAILED' "$temp/build.log" | head -n 20
    finish
}

"$cmake" -S "$copy" -B "$made" -G Ninja "-DCMAKE_C_COMPILER=$cc" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS_RELEASE=-Og -DTERRIER_WERROR=ON -DTERRIER_TESTS=ON \
    -DTERRIER_UNIT_TESTS_ONLY=ON >"$temp/configure.log" 2>&1 || {
    fault "cannot be configured"
    cat "$temp/configure.log"
    finish
}
build oracle terrier_tool terrier_libgc test_policies test_table test_policy_loop

# ---- What the page promises ----

# passes NAME COMMAND...
passes() {
    name=$1
    shift
    "$@" >"$temp/out" 2>&1 && return
    fault "$name fails with the new plan:"
    tail -n 20 "$temp/out"
}

# check_of_copy NAME: a check of the tree, run on the copy; it has shown elsewhere that it can fail.
check_of_copy() {
    env "TERRIER_SOURCE_DIR=$copy" "TERRIER_BUILD_DIR=$made" TERRIER_PLANTED=1 "CC=$cc" \
        "$copy/test/checks/once/$1.sh"
}

for test in test_policies test_table test_policy_loop; do
    passes $test env CHECK_DIVISOR=5 "$made/test/$test"
done
for name in floors circles one_file; do
    passes $name check_of_copy $name
done
passes option_table env "TERRIER_SOURCE_DIR=$copy" "TERRIER_BUILD_DIR=$made" "CC=$cc" \
    "$copy/test/checks/once/option_table.sh"

# The pages are asked for, and nothing else is.
check_of_copy policies >"$temp/out" 2>&1
grep -v ': looked at \|\.c: [0-9]* lines$\|: [0-9]* faults$' "$temp/out" >"$temp/asked"
printf "policies: docs/design/%s '%s'\n" "plan.md: says nothing of the plan" $plan \
    "space.md: has no row for the policy" $policy >"$temp/wanted"
diff "$temp/wanted" "$temp/asked" >"$temp/diff" || {
    fault "policies.sh asks for something else than two pages:"
    cat "$temp/diff"
}
printf '\n## `%s`\n' $plan >>"$copy/docs/design/plan.md"
printf '\n| %s |\n' $policy >>"$copy/docs/design/space.md"
passes policies check_of_copy policies

# ---- The name is taken, and no other ----

command=$made/bin/terrier
"$command" help run >"$temp/help"
grep -q "^ *plan .*; $plan: small objects lie in places of pages" "$temp/help" ||
    fault "the help of terrier run does not tell of the plan"
passes "terrier run" "$command" run "--option=plan=$plan" true
if "$command" run "--option=plan=${plan}x" true >"$temp/out" 2>&1; then
    fault "terrier run takes a plan that is none"
fi
grep -q "$plan" "$temp/out" || fault "who gives a wrong plan is not told of $plan"

# ---- The oracle ----

oracle() {
    "$made/test/oracle" --plan $plan --seed 1 --no-shrink --keep "$temp/failed.run" "$@" \
        >"$temp/oracle.out" 2>&1
}

# sees_none NAME OPTION...
sees_none() {
    name=$1
    shift
    oracle "$@" && return
    fault "the oracle fails, $name:"
    tail -n 20 "$temp/oracle.out"
}

sees_none "free running" --free-running --seeds 1
for roots in ambiguous exact; do
    sees_none "$roots roots" --roots $roots --seeds $seeds
    [ "$(grep -c "^oracle --plan $plan --roots $roots " "$temp/oracle.out")" -eq $seeds ] ||
        fault "the oracle did not play $seeds runs of $plan with $roots roots"
    ! grep ' operations, ' "$temp/oracle.out" | grep -q ' 0 collections' ||
        fault "the new plan does not collect with $roots roots"
done
! grep ' operations, ' "$temp/oracle.out" | grep -q ' 0 gone' ||
    fault "nothing that is not reachable goes with exact roots"
grep -h ' operations, ' "$temp/oracle.out" | tail -n 1 | sed "s/^ */$check: the last run: /"

# ---- It must be able to fail ----

# seen NAME LINE OTHER: with OTHER for LINE in the policy, the oracle fails.
seen() {
    awk -v line="$2" -v other="$3" '
        (at = index($0, line)) {
            $0 = substr($0, 1, at - 1) other substr($0, at + length(line))
            changed++
        }
        { print }
        END { exit changed != 1 }' "$stranger/$policy.c" >"$copy/src/space/$policy.c" || {
        fault "$policy.c has not exactly one '$2'"
        return
    }
    build oracle
    if oracle --roots exact --seeds $seeds; then
        fault "$1: the oracle did not see it"
    else
        echo "$check: saw $1: $(grep -m 1 FAILED "$temp/oracle.out" | cut -c 1-140)"
    fi
}

if [ "$faults" -eq 0 ]; then
    seen 'a freed live object' 'if (ter_space_is_marked(space, place))' \
        'if (ter_space_is_marked(space, place) && place % 512 != 0)'
    seen 'objects that are not freed' 'if (ter_space_is_marked(space, place))' \
        'if (ter_space_is_marked(space, place) || place % 512 == 0)'
    seen 'an object in a free place' '!ter_bits_test(shelf_valid(space), object) || ' ''
    build test_table
    ! "$made/test/test_table" >"$temp/out" 2>&1 ||
        fault "an object in a free place: plan.test_table did not see it"
    seen 'a wrong kind' 'return (what >> 16) & 0xff;' 'return (what >> 16) & 0xfe;'
    seen 'a wrong size' 'return shelf_bytes_of(shelf_what(space, object));' \
        'return shelf_bytes_of(shelf_what(space, object)) - 16;'
fi
finish
