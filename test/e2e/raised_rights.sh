#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A set-user-ID program, run by another user whose environment names files and wrong options:
# nothing of that is believed, whether the program uses libgc.so.1, libterrier.so or libterrier.a.
# The same program by itself does what the environment says, so that the test could fail.

. "$(dirname "$0")/lib/terrier.sh"

skip() {
    echo "SKIP: $*"
    exit 77
}

[ "$(id -u)" = 0 ] || skip "only root can make a set-user-ID program of another user"
command -v setpriv >/dev/null || skip "setpriv is not here, to become another user"
cc=${CC:-cc}
nobody=$(id -u nobody) || skip "there is no user nobody"

work=$temp/work
mkdir -p "$work/lib" "$work/secret"
chmod 755 "$temp" "$work" "$work/lib"
chmod 700 "$work/secret"
cp "$build_dir"/lib/lib*.so* "$work/lib/"

cat >"$work/main.c" <<'C'
#include <stdio.h>
#include <unistd.h>
int use_heap(void);
int main(void)
{
    int status = use_heap();

    puts(getuid() != geteuid() || getgid() != getegid() ? "with rights" : "without rights");
    return status;
}
C
cat >"$work/collector.c" <<'C'
void GC_init(void);
void *GC_malloc(unsigned long bytes);
void GC_gcollect(void);
void GC_init_gcj_malloc(int index, void *procedure);
int use_heap(void)
{
    GC_init();
    GC_init_gcj_malloc(0, 0);
    for (int i = 0; i < 100000; i++)
        GC_malloc(64);
    GC_gcollect();
    return 0;
}
C
cat >"$work/embedder.c" <<'C'
#include <terrier/terrier.h>
int use_heap(void)
{
    struct ter_heap *heap;

    if (ter_heap_new(NULL, &heap) != TER_OK)
        return 9;
    ter_heap_free(heap);
    return 0;
}
C

# build NAME SOURCE LINKING...: the loader ignores LD_LIBRARY_PATH for programs with raised rights,
# but not a path in the program.
build() {
    target=$work/$1
    source=$work/$2
    shift 2
    $cc -I"$source_dir/include" -o "$target" "$work/main.c" "$source" "$@" -pthread \
        -Wl,--disable-new-dtags,-rpath,"$work/lib" || exit 1
}
build collector collector.c "$work/lib/libgc.so.1"
build shared embedder.c -L"$work/lib" -lterrier
build static embedder.c "$build_dir/lib/libterrier.a" -lm

# as_other PROGRAM VARIABLE=VALUE...: by the user nobody.
as_other() {
    path=$work/$1
    shift
    (cd "$work/secret" && env "$@" setpriv --reuid "$nobody" --regid "$nobody" --clear-groups \
        "$path") >"$temp/out" 2>"$temp/err" </dev/null
    status=$?
}

# by_itself PROGRAM VARIABLE=VALUE...
by_itself() {
    path=$work/$1
    shift
    (cd "$work/secret" && env "$@" "$path") >"$temp/out" 2>"$temp/err" </dev/null
    status=$?
}

says_with_rights() {
    [ "$status" -eq 0 ] && out_is "with rights" && [ ! -s "$temp/err" ]
}

secret_is() {
    [ "$(cat "$work/secret/old" 2>/dev/null)" = "$1" ] && [ ! -e "$work/secret/new" ]
}

for program in collector shared static; do
    chmod 755 "$work/$program"
    by_itself $program TERRIER_OPTIONS=report=text,report_file=new
    check "$program by itself writes its report" [ -s "$work/secret/new" ]
    rm -f "$work/secret/new"
    by_itself $program TERRIER_OPTIONS=no_such_option=1
    check "$program by itself refuses a wrong option (status $status)" [ "$status" -ne 0 ]
    echo 'as it was' >"$work/secret/old"
    for mode in 4755 2755; do
        chgrp 0 "$work/$program"
        chmod $mode "$work/$program"
        as_other $program A=1
        [ "$(cat "$temp/out")" = "with rights" ] || skip "set-user-ID has no effect here"
        for file in old new; do
            for form in text json; do
                as_other $program \
                    "TERRIER_OPTIONS=report=$form,report_file=$work/secret/$file,log=3,sft_trace=1"
                check "$program ($mode) believes no TERRIER_OPTIONS ($form, $file)" says_with_rights
            done
        done
        as_other $program TERRIER_OPTIONS=no_such_option=1
        check "$program ($mode) is not stopped by a wrong option" says_with_rights
        as_other $program TERRIER_OPTIONS=report=text
        check "$program ($mode) writes nothing to standard error" says_with_rights
    done
    check "$program wrote no file of the owner's" secret_is 'as it was'
done

# All variables of the collector at once, and each that writes something.
for mode in 4755 2755; do
    chmod $mode "$work/collector"
    for file in old new; do
        as_other collector GC_PRINT_STATS=1 GC_PRINT_VERBOSE_STATS=1 \
            GC_LOG_FILE="$work/secret/$file"
        check "the collector ($mode) writes no log ($file)" says_with_rights
    done
    # Each of these alone changes what the program does.
    for setting in GC_DUMP_REGULARLY=1 GC_PRINT_STATS=1 GC_FIND_LEAK=1 GC_MAXIMUM_HEAP_SIZE=1 \
        GC_INITIAL_HEAP_SIZE=junk GC_IGNORE_GCJ_INFO=1 GC_MARKERS=junk; do
        as_other collector "$setting"
        check "the collector ($mode) does not believe $setting" says_with_rights
    done
done
check "and the owner's files are as they were" secret_is 'as it was'

finish
