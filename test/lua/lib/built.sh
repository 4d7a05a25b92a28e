# SPDX-License-Identifier: MIT
#
# For scripts of test/lua that need what `make lua` has built: $root, the tree; $lua, where that is;
# $temp, a folder that goes at the end; `fail TEXT` makes $failed 1. Before it is read, $interpreter
# and $command may name what has to be there, if that is not lua and cc.

set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
lua=${TERRIER_LUA:-$root/build/lua}
interpreter=${interpreter:-lua} command=${command:-cc}
if [ ! -x "$lua/$interpreter" ] || ! command -v "$command" >/dev/null; then
    echo "SKIP: $lua/$interpreter is not there (make lua builds it), or no $command"
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
