#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ECL's own tests, from Debian's source package: those pass and fail on ours that do on the stock
# library, of which some fail too. The sources are fetched into a temporary folder and go with it.

. "$(dirname "$0")/../e2e/lib/terrier.sh"
. "$(dirname "$0")/lib/source.sh"

command -v ecl >/dev/null || skip "ecl is not here"
fetch_source ecl src/tests/doit.lsp

# Each in a process of its own: one that hangs or dies takes no other with it.
suites='executable ieee-fp eprocess package-ext hash-tables ansi+ mixed cmp emb ffi mop run-program mp
    complex unicode eformat'

# What passed and what failed, sorted, as tests run in a random order; without addresses, and without
# details, in which names of files are.
results() {
    grep -aE '^ *(Running test|Did |Test .*: |Pass: |Fail: |[A-Z0-9.+-]+:$|FAIL: |CRASH )' "$1" |
        sed 's/0x[0-9a-f]*/ADDRESS/g; s/^\( *FAIL:\).*/\1/; s/\(CRASH \[[^]]*\]\).*/\1/' | sort
}

# run_suite SUITE NAME COMMAND...: its results are in $temp/NAME.
run_suite() {
    suite=$1 results_of=$2
    shift 2
    rm -rf "$temp/run"
    cp -r "$source/src/tests" "$temp/run" || exit 1
    (cd "$temp/run" && timeout 300 "$@" ecl --norc --load doit.lsp \
        --eval "(2am-ecl:run 'cl-test::$suite)" --eval '(ext:quit)') \
        >"$temp/all" 2>"$temp/err" </dev/null
    echo "status $?" >"$temp/$results_of"
    results "$temp/all" >>"$temp/$results_of"
    rm -rf "$TMPDIR"
    mkdir "$TMPDIR"
}

ran=0
for suite in $suites; do
    run_suite "$suite" stock env
    if ! grep -q 'Did ' "$temp/stock"; then
        echo "SKIP: $suite does not run on the stock library: $(head -n 1 "$temp/stock")"
        continue
    fi
    run_suite "$suite" ours "$terrier" run
    rm -f "$temp/out" "$temp/err"
    check "$suite: $(grep -m 1 'Did ' "$temp/ours" | tr -s ' ')$(grep -m 1 'Fail:' "$temp/ours")" \
        cmp -s "$temp/ours" "$temp/stock"
    diff "$temp/stock" "$temp/ours" | head -n 20
    ran=$((ran + 1))
done
check "$ran suites ran" [ $ran -ge 8 ]
finish
