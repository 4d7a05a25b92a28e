#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ECL's own tests, from Debian's source package: on ours those tests fail that fail on the stock
# library, and no others. The sources are fetched into a temporary folder and go with it.

. "$(dirname "$0")/../e2e/lib/terrier.sh"
. "$(dirname "$0")/lib/source.sh"

command -v ecl >/dev/null || skip "ecl is not here"
fetch_source ecl src/tests/doit.lsp

# Each in a process of its own: one that hangs or dies takes no other with it. eprocess has no
# tests.
suites='executable ieee-fp eprocess package-ext hash-tables ansi+ mixed cmp emb ffi mop
    run-program mp complex unicode eformat'
seconds=300

# Tests of threads sleep for a moment and expect other threads to be done then, as all of
# def-mp-test do, or expect the first to be the first. On a busy machine some of them fail with
# either library, other ones each time. They must run and not crash; whether they fail is shown, and
# not judged.
awk '
    /^\((def-mp-test|test) / { name = toupper($2); if ($1 ~ /def-mp/) print name }
    /^\(def(un|macro|var|suite)/ { name = "" }
    /sleep|wait/ && name { print name }' "$source/src/tests/normal-tests/multiprocessing.lsp" |
    sort -u >"$temp/timed"

# The names of tests that ran, as they do so in a random order, then of those that failed or
# crashed.
results() {
    sed -n 's/^Running test \([^ ]*\).*/ran \1/p' "$1" | sort
    sed -n '/^Failure details/,$s/^ \([^ :][^ ]*\):$/FAIL \1/p' "$1" | sort -u
    sed -n 's/^Did \([0-9]*\) tests* (\([0-9]*\) crashed).*/did \1, \2 crashed/p' "$1"
}

# run_suite SUITE NAME VARIABLE...: its results in NAME, what is judged of them in NAME.judged. ECL
# may find a thread gone that it means to end, and then ends with 1, on either library: it is told
# to leave without ending threads.
run_suite() {
    suite=$1 results_of=$2
    shift 2
    rm -rf "$temp/run"
    cp -r "$source/src/tests" "$temp/run" || exit 1
    (cd "$temp/run" && TEST_IMAGE=$(command -v ecl) exec timeout $seconds env "$@" \
        ecl --norc --load doit.lsp --eval "(2am-ecl:run 'cl-test::$suite)" \
        --eval '(ext:quit 0 nil)') >"$temp/all" 2>&1 </dev/null
    echo "status $?" >"$temp/$results_of"
    results "$temp/all" >>"$temp/$results_of"
    sed 's/^/FAIL /' "$temp/timed" |
        grep -vxF -f - "$temp/$results_of" >"$temp/$results_of.judged"
    rm -rf "$TMPDIR"
    mkdir "$TMPDIR"
}

names() {
    sed -n 's/^FAIL //p' "$1" | tr '\n' ' '
}

check "$(wc -l <"$temp/timed") tests are timed" [ "$(wc -l <"$temp/timed")" -ge 20 ]
ran=0
for suite in $suites; do
    run_suite "$suite" stock
    check "$suite runs on the stock library" grep -q '^did ' "$temp/stock"
    run_suite "$suite" ours LD_LIBRARY_PATH="$build_dir/lib"
    cp "$temp/all" "$temp/out"
    : >"$temp/err"
    tests=$(grep -c '^ran ' "$temp/ours")
    check "$suite: $(sed -n 's/^did/of/p' "$temp/ours"), failed: $(names "$temp/ours")" \
        cmp -s "$temp/ours.judged" "$temp/stock.judged"
    diff "$temp/stock.judged" "$temp/ours.judged" | head -n 20
    printf '%-14s%6s    %s / %s\n' "$suite" "$tests" "$(names "$temp/stock")" \
        "$(names "$temp/ours")" >>"$temp/table"
    ran=$((ran + tests))
done
check "$ran tests ran" [ $ran -ge 260 ]
printf '%-14s%6s    %s\n' "ECL $version" tests 'failed on the stock library / on Terrier'
cat "$temp/table"
finish
