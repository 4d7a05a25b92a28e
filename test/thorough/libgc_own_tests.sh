#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests of Boehm's collector, from Debian's source package, built against its library: each ends
# on ours as it does on it. The sources are fetched into a temporary folder and go with it.

. "$(dirname "$0")/../e2e/lib/terrier.sh"
. "$(dirname "$0")/lib/source.sh"

fetch_source libgc tests/test.c

# These need the public headers only; two of them with threads.
plain='cordtest huge_test leak_test middle realloc_test smash_test threadkey_test'
threaded='thread_leak_test'
# These look into the library's private headers, never into its private data.
private='disclaim_test disclaim_weakmap_test disclaim_bench subthread_create initsecondarythread test'

build() {
    built=$1
    shift
    extra=
    [ "$built" != cordtest ] || extra="cord/cordbscs.c cord/cordprnt.c cord/cordxtra.c"
    file=tests/$built.c
    [ -f "$source/$file" ] || file=cord/tests/$built.c
    # The file names are words.
    # shellcheck disable=SC2086
    (cd "$source" && ${CC:-cc} -w "$@" -o "$temp/$built" "$file" $extra -lgc -lpthread) \
        >"$temp/build" 2>&1
}

# end_of COMMAND...: its status, with 124 for one that had to be stopped.
end_of() {
    (cd "$temp/tmp" && exec timeout 300 "$@") >"$temp/out" 2>"$temp/err" </dev/null
    echo $?
}

# compare NAME OPTION-OF-COMPILER...
compare() {
    program=$1
    shift
    if ! build "$program" "$@"; then
        echo "SKIP: $program is not built: $(grep -m 1 error "$temp/build")"
        return
    fi
    stock=$(end_of "$temp/$program")
    ours=$(end_of "$terrier" run "$temp/$program")
    check "$program ends with $ours, as on the stock library" [ "$ours" = "$stock" ]
    stressed=$(end_of "$terrier" run --stress=5000 "$temp/$program")
    check "$program ends with $stressed under stress" [ "$stressed" = "$stock" ]
    rm -rf "$temp/tmp"
    mkdir "$temp/tmp"
    compared=$((compared + 1))
}

compared=0
for program in $plain; do
    compare "$program" -I/usr/include/gc
done
for program in $threaded; do
    compare "$program" -I/usr/include/gc -DGC_THREADS
done
for program in $private; do
    compare "$program" -Iinclude -Iinclude/private -DGC_THREADS -DGC_BUILTIN_ATOMIC -DENABLE_DISCLAIM \
        -DPARALLEL_MARK -DTHREAD_LOCAL_ALLOC -DATOMIC_UNCOLLECTABLE -DGC_GCJ_SUPPORT \
        -DJAVA_FINALIZATION -DALL_INTERIOR_POINTERS
done
check "$compared programs were compared" [ $compared -ge 9 ]
finish
