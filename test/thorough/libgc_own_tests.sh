#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests of Boehm's collector, from Debian's source package, built against its library: each ends
# on ours as it does there and says the same. The sources are fetched into a temporary folder and go
# with it. Each program is run once on each library, and once on ours with many more collections.

. "$(dirname "$0")/../e2e/lib/terrier.sh"
. "$(dirname "$0")/lib/source.sh"

fetch_source libgc1 tests/test.c
cd "$source" || exit 1

# These need the public headers only.
plain='cordtest huge_test leak_test middle realloc_test smash_test staticrootstest threadkey_test'
threaded='thread_leak_test'
# These look into the library's private headers, never into its private data.
private='disclaim_test disclaim_weakmap_test disclaim_bench initsecondarythread subthread_create
    test_atomic_ops test_cpp test'
private_options='-Iinclude -Iinclude/private -DGC_THREADS -DGC_BUILTIN_ATOMIC -DENABLE_DISCLAIM
    -DPARALLEL_MARK -DTHREAD_LOCAL_ALLOC -DATOMIC_UNCOLLECTABLE -DGC_GCJ_SUPPORT -DJAVA_FINALIZATION
    -DALL_INTERIOR_POINTERS'
# trace_test is left out: it needs a library built to keep back pointers, which Debian's is not.

stress=5000
built=$temp/built
mkdir "$built" || exit 1

# compile PROGRAM OPTION...
compile() {
    program=$1
    shift
    case $program in
    cordtest)
        "${CC:-cc}" -w "$@" -o "$built/cordtest" cord/tests/cordtest.c cord/cordbscs.c \
            cord/cordprnt.c cord/cordxtra.c -lgc -lpthread
        ;;
    staticrootstest)
        # One library is linked, and both hold roots.
        "${CC:-cc}" -w "$@" -shared -fPIC -o "$built/libroots1.so" tests/staticrootslib.c -lgc &&
            "${CC:-cc}" -w "$@" -DSTATICROOTSLIB2 -shared -fPIC -o "$built/libroots2.so" \
                tests/staticrootslib.c -lgc &&
            "${CC:-cc}" -w "$@" -DSTATICROOTSLIB2 -o "$built/staticrootstest" \
                tests/staticrootstest.c -L"$built" -lroots1 -lroots2 -lgc -Wl,-rpath,"$built"
        ;;
    test_cpp)
        "${CXX:-c++}" -w "$@" -o "$built/test_cpp" tests/test_cpp.cc -lgccpp -lgctba -lgc -lpthread
        ;;
    *)
        "${CC:-cc}" -w "$@" -o "$built/$program" "tests/$program.c" -lgc -lpthread
        ;;
    esac >"$temp/build" 2>&1
}

# What a program said that is the same in every run. Of objects that leaked or were written over,
# the place and the size, in the order of places; of other lines, the text without numbers, and none
# of the lines that tell sizes of the heap or incremental collections, of which we have none.
said() {
    grep -o '([^ ]*\.c:[0-9]*, sz= *[0-9]*' "$1" | tr -d ' ' | sort
    grep -v -e 'leaked object' -e 'Leaked ' -e GC_check_heap -e '0x.* sz=' -e '^Heap size' \
        -e incremental -e 'dirty bits' "$1" |
        sed 's/[0-9][0-9.]*\(e[-+][0-9]*\)\{0,1\}/N/g; s/  */ /g'
}

# run_as NAME COMMAND...: its status in $status (124: it had to be stopped), what it said in NAME.
run_as() {
    run_name=$1
    shift
    (cd "$temp/tmp" && exec timeout 300 "$@") >"$temp/all" 2>&1 </dev/null
    status=$?
    said "$temp/all" >"$temp/$run_name"
    rm -rf "$temp/tmp"
    mkdir "$temp/tmp"
}

# compare PROGRAM OPTION-OF-COMPILER...
compare() {
    program=$1
    if ! compile "$@"; then
        check "$program builds: $(grep -m 1 error "$temp/build")" false
        return
    fi
    run_as stock "$built/$program"
    on_stock=$status
    run_as ours env LD_LIBRARY_PATH="$build_dir/lib" "$built/$program"
    on_ours=$status
    cp "$temp/all" "$temp/out"
    : >"$temp/err"
    check "$program ends with $on_ours, as on the stock library" [ "$on_ours" -eq "$on_stock" ]
    check "$program says the same ($(wc -l <"$temp/ours") lines)" cmp -s "$temp/ours" "$temp/stock"
    diff "$temp/stock" "$temp/ours" | head -n 20
    run_as stressed env LD_LIBRARY_PATH="$build_dir/lib" TERRIER_OPTIONS=stress=$stress \
        "$built/$program"
    cp "$temp/all" "$temp/out"
    check "$program ends with $status under stress" [ "$status" -eq "$on_stock" ]
    same='the same'
    cmp -s "$temp/ours" "$temp/stock" || same=differs
    printf '%-24s%8s%10s%10s    %s\n' "$program" "$on_stock" "$on_ours" "$status" "$same" \
        >>"$temp/table"
    compared=$((compared + 1))
}

compared=0
# The options are words.
# shellcheck disable=SC2086
{
    for program in $plain; do
        compare "$program" -I/usr/include/gc
    done
    for program in $threaded; do
        compare "$program" -I/usr/include/gc -DGC_THREADS
    done
    for program in $private; do
        compare "$program" $private_options
    done
}
loaded=$(LD_LIBRARY_PATH="$build_dir/lib" ldd "$built/huge_test" |
    sed -n 's/.*libgc\.so\.1 => \([^ ]*\).*/\1/p')
check "the library that was run is ours" [ "$loaded" = "$build_dir/lib/libgc.so.1" ]
check "$compared programs were compared" [ $compared -eq 17 ]
printf '%-24s%8s%10s%10s    %s\n' "tests of libgc $version" stock Terrier stress 'what it says'
cat "$temp/table"
finish
