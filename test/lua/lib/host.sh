# SPDX-License-Identifier: MIT
#
# For scripts of test/lua that build hosts of Lua in C: $root, the tree; $lua, what `make lua` has
# built; $temp, a folder that goes at the end; `fail TEXT` makes $failed 1.

set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
if [ ! -x "$lua/lua" ] || ! command -v cc >/dev/null; then
    echo "SKIP: $lua/lua is not there (make lua builds it), or no compiler"
    exit 77
fi
temp=$(mktemp -d) || exit 1
trap 'rm -rf "$temp"' EXIT
trap 'exit 1' HUP INT TERM
unset TERRIER_OPTIONS
failed=0

fail() {
    echo "$1"
    failed=1
}
