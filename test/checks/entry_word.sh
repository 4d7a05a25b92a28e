#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Where a word or a byte is not atomic without a lock, the SFT map does not compile, and says why.

. "$(dirname "$0")/lib/common.sh"

compile() {
    $cc -std=gnu11 -fsyntax-only -I"$root/include" -I"$root/src" "$@" "$root/src/sft/entry.c" \
        >"$temp/errors" 2>&1
}

compile || {
    fault "src/sft/entry.c does not compile"
    cat "$temp/errors"
}
tried=0
for what in POINTER:word CHAR:byte; do
    for prefix in __GCC_ATOMIC __CLANG_ATOMIC; do
        macro=${prefix}_${what%:*}_LOCK_FREE
        # Each compiler has one of the two in its <stdatomic.h>.
        echo '#include <stdatomic.h>' |
            $cc -E -dM -x c - | grep "define ATOMIC_${what%:*}_LOCK_FREE" | grep -q "$macro" ||
                continue
        tried=$((tried + 1))
        if compile "-U$macro" "-D$macro=1"; then
            fault "compiles where a ${what#*:} is atomic only sometimes"
        elif ! grep -q "a ${what#*:} must be atomic without a lock" "$temp/errors"; then
            fault "does not say that a ${what#*:} must be atomic without a lock"
        fi
    done
done
looked_at $tried "machines that are not there"
finish
