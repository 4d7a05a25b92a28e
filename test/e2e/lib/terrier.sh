# SPDX-License-Identifier: MIT
#
# For tests of the terrier command: a folder of their own, and the functions that print
# "ok" and "not ok" lines. TERRIER_BUILD_DIR is where bin/terrier and lib/libgc.so.1 are.

set -u

here=$(cd "$(dirname "$0")" && pwd)
source_dir=${TERRIER_SOURCE_DIR:-$(dirname "$(dirname "$here")")}
build_dir=${TERRIER_BUILD_DIR:-$source_dir/build/release}
terrier=$build_dir/bin/terrier

for file in "$terrier" "${TERRIER_LIBGC:-$build_dir/lib/libgc.so.1}"; do
    if [ ! -f "$file" ]; then
        echo "not ok: $file is not there; build first"
        exit 1
    fi
done

temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$temp/tmp" "$temp/home" || exit 1

# Nothing of the caller's may change what is tested.
export TMPDIR="$temp/tmp" HOME="$temp/home"
unset TERRIER_OPTIONS LD_LIBRARY_PATH LD_PRELOAD

passed=0
failed=0

# check NAME COMMAND...: the command must succeed.
check() {
    name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "not ok: $name"
        sed 's/^/    /' "$temp/out" "$temp/err" 2>/dev/null | head -n 12
    fi
}

# run ARGUMENTS...: runs terrier; its output is in $temp/out and $temp/err, its status in $status.
run() {
    "$terrier" "$@" >"$temp/out" 2>"$temp/err" </dev/null
    status=$?
}

# status_is NAME STATUS ARGUMENTS...
status_is() {
    name=$1
    wanted=$2
    shift 2
    run "$@"
    check "$name (status $status)" [ "$status" -eq "$wanted" ]
}

out_is() {
    [ "$(cat "$temp/out")" = "$1" ]
}

err_has() {
    grep -q -e "$1" "$temp/err"
}

is_silent() {
    [ ! -s "$temp/out" ] && [ ! -s "$temp/err" ]
}

# wait_for COMMAND...: until it succeeds, for up to ten seconds.
wait_for() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || return 1
        sleep 0.05
    done
}

not() {
    ! "$@"
}

is_empty() {
    [ -z "$(ls -A "$1")" ]
}

# is_json FILE: true without python3 too, but says so.
is_json() {
    if ! command -v python3 >/dev/null; then
        echo "SKIP: python3 is not here, $(basename "$1") is not checked to be JSON"
        return 0
    fi
    python3 -m json.tool "$1" >/dev/null
}

# json_holds FILE EXPRESSION: a condition, in Python, on the file's object d.
json_holds() {
    if ! command -v python3 >/dev/null; then
        echo "SKIP: python3 is not here, not checked: $2"
        return 0
    fi
    python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$1" "$2"
}

finish() {
    check "nothing is left in the folder for temporary files" is_empty "$TMPDIR"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}
