#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Our libraries export what those of Debian's sources do, with the same versions, and what the
# installed ones do; beside that they have one symbol of their own with its version, and none of
# Terrier's. TERRIER_LUA is the folder that `make lua` fills, build/lua.

command=nm
. "$(dirname "$0")/lib/built.sh"

# exported LIBRARY: names with versions, but for a data symbol that the linker may add.
exported() {
    nm -D --defined-only "$1" | awk '{ print $NF }' | grep -v _IO_stdin_used | sort
}

# compare LIBRARY FOLDER
compare() {
    exported "$lua/$2$1" | grep -v 'TERRIER_LUA_1$' >"$temp/ours"
    # The version is a symbol too.
    [ "$(exported "$lua/$2$1" | grep 'TERRIER_LUA_1$' | grep -v '^TERRIER_LUA_1' | xargs)" = \
        'terrier_lua_newstate@@TERRIER_LUA_1' ] || fail "$1: other symbols of its own"
    exported "$lua/stock/$2$1" >"$temp/stock"
    [ "$(grep -c '@@LUA_5.4$' "$temp/ours")" -ge 154 ] || fail "$1: fewer than 154 symbols"
    diff "$temp/stock" "$temp/ours" || fail "$1: not the symbols of Debian's sources"
    grep -n 'ter_\|lheap_' "$temp/ours" && fail "$1: symbols of ours"
    installed=$(find /usr/lib -name "$1" 2>/dev/null | head -n 1)
    release=$("$lua/lua" -v | sed 's/^Lua \([0-9.]*\).*/\1/')
    case $(dpkg-query -W -f '${Version}' liblua5.4-0 2>/dev/null) in
    "$release"-*)
        exported "$installed" | diff - "$temp/ours" || fail "$1: not the symbols of $installed"
        ;;
    esac
}

compare liblua5.4.so.0 ''
[ ! -e "$lua/cxx/lua" ] || compare liblua5.4-c++.so.0 cxx/
exit $failed
