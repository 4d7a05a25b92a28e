#!/bin/sh
# SPDX-License-Identifier: MIT
#
# docs/lua.md says as many lines as the patches and files for Lua have (clients/lua/count).

. "$(dirname "$0")/../lib/common.sh"

if [ -z "${TERRIER_PLANTED:-}" ]; then
    mkdir -p "$plants/wrong/clients/lua/src"
    cp "$root/clients/lua/count" "$plants/wrong/clients/lua/" || exit 1
    printf -- '--- a/b.c\n+++ b/b.c\n@@ -1 +1 @@\n-old\n-more\n+new\n' |
        plant wrong clients/lua/terrier.patch
    echo 'int a;' | plant wrong clients/lua/src/a.c
    printf '| terrier.patch | 2 | 2 |\n| src | | 1 |\n' | plant wrong docs/lua.md
    planted wrong 'docs/lua.md does not say: | terrier.patch | 2 | 1 |'
fi

"$root/clients/lua/count" | sed -E 's/^(.*): ([0-9]+) out, ([0-9]+) in$/| \1 | \2 | \3 |/
    s/^src: ([0-9]+) lines$/| src | | \1 |/' >"$temp/rows"
looked_at "$(wc -l <"$temp/rows")" "rows"
while read -r row; do
    grep -qxF -- "$row" "$root/docs/lua.md" || fault "docs/lua.md does not say: $row"
done <"$temp/rows"
finish
