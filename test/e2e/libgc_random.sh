#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The same random calls on both libraries: what a program can see of them has the same sums. A
# million calls when the run is thorough. TEST_SEED adds a seed of the caller's.

. "$(dirname "$0")/lib/terrier.sh"

program=$build_dir/test/gc_random
if [ ! -x "$program" ]; then
    echo "SKIP: $program is not there, it needs libgc-dev"
    exit 77
fi
calls=60000
[ -z "${TERRIER_THOROUGH:-}" ] || calls=1000000

# same SEED CALLS NAME [OPTION-OF-RUN...]
same() {
    seed=$1 count=$2 title=$3
    shift 3
    status_is "$title, seed $seed, $count calls" 0 run "$@" "$program" "$seed" "$count"
    check "has the same sums" cmp -s "$temp/out" "$temp/stock"
}

# One fault must show: another seed has other sums.
"$program" 1 5000 | tail -n 1 >"$temp/one"
"$program" 3 5000 | tail -n 1 >"$temp/three"
check "other calls have other sums" not cmp -s "$temp/one" "$temp/three"

# Odd seeds count all interior pointers, even ones displacements.
fresh=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
for seed in 1 2 $fresh $((fresh + 1)) ${TEST_SEED:-}; do
    "$program" "$seed" $calls >"$temp/stock"
    check "stock library, seed $seed, $calls calls" [ $? -eq 0 ]
    same "$seed" $calls "as it comes"
done
for seed in 1 2; do
    "$program" $seed $((calls / 4)) >"$temp/stock"
    same $seed $((calls / 4)) "a collection at every 100 allocations" --stress=100
    same $seed $((calls / 4)) "the small layout" --layout=small
    export TERRIER_OPTIONS=objects=malloc
    same $seed $((calls / 4)) "objects in malloc's memory"
    unset TERRIER_OPTIONS
done
finish
