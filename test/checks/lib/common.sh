# SPDX-License-Identifier: MIT
#
# Shared by the check scripts. A check looks at the tree in $root and calls `fault` for what is
# wrong. `planted` shows first that the check can fail: it runs the check on a tree made to be
# wrong and stops the test if that passes.

set -u

case $0 in
*/once/*) up=../../.. ;;
*) up=../.. ;;
esac
root=${TERRIER_SOURCE_DIR:-$(cd "$(dirname "$0")/$up" && pwd)}
build=${TERRIER_BUILD_DIR:-$root/build/release}
cc=${CC:-cc}
check=$(basename "$0" .sh)
temp=$(mktemp -d "${TMPDIR:-/tmp}/terrier-check.XXXXXX") || exit 1
mkdir "$temp/plants"
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
plants=$temp/plants
faults=0

fault() {
    echo "$check: $*"
    faults=$((faults + 1))
}

skip() {
    echo "SKIP: $*"
    exit 77
}

# c_files DIR...: the .c and .h files below folders of the tree, relative to it.
c_files() {
    (cd "$root" && for folder in "$@"; do
        if [ -d "$folder" ]; then
            find "$folder" -name '*.[ch]' -type f
        fi
    done | sort)
}

# looked_at N WHAT: says what was looked at; nothing is a fault.
looked_at() {
    echo "$check: looked at $1 $2"
    [ "$1" -gt 0 ] || fault "there was nothing to look at"
}

# code_only FILE: the file with comments, strings and character constants taken out, and the same
# number of lines.
code_only() {
    awk '
    function strip(s,    out, c, two) {
        out = ""
        while (s != "") {
            if (in_comment) {
                if (!(c = index(s, "*/"))) return out
                s = substr(s, c + 2)
                in_comment = 0
                continue
            }
            two = substr(s, 1, 2)
            c = substr(s, 1, 1)
            if (two == "//") return out
            if (two == "/*") { in_comment = 1; s = substr(s, 3); continue }
            if (c == "\"" && match(s, /^"([^"\\]|\\.)*"/)) {
                out = out "\"\""; s = substr(s, RLENGTH + 1); continue
            }
            if (c == "\047" && match(s, /^\047([^\047\\]|\\.)*\047/)) {
                out = out "0"; s = substr(s, RLENGTH + 1); continue
            }
            out = out c
            s = substr(s, 2)
        }
        return out
    }
    { print strip($0) }' "$1"
}

# planted NAME EXPECTED [VARIABLE=VALUE...]: runs this check on the tree in $plants/NAME, which has
# one fault; the check must fail and say EXPECTED.
planted() {
    planted_name=$1
    expected=$2
    shift 2
    if env TERRIER_PLANTED=1 "TERRIER_SOURCE_DIR=$plants/$planted_name" "$@" "$0" \
        >"$plants/$planted_name.out" 2>&1; then
        echo "$check: did not see the planted fault '$planted_name'"
        exit 1
    fi
    if ! grep -qF -- "$expected" "$plants/$planted_name.out"; then
        echo "$check: failed on the planted fault '$planted_name', but not for it:"
        cat "$plants/$planted_name.out"
        exit 1
    fi
    echo "$check: saw the planted fault '$planted_name'"
}

# plant NAME FILE: writes standard input to FILE in the tree $plants/NAME.
plant() {
    mkdir -p "$(dirname "$plants/$1/$2")"
    cat >"$plants/$1/$2"
}

finish() {
    if [ "$faults" -gt 0 ]; then
        echo "$check: $faults faults"
        exit 1
    fi
    exit 0
}
