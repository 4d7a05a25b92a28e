#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs under Valgrind: they end soon, with their output and no complaint about the collector;
# what a program does wrong with objects is seen where memcheck can be told at little cost.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v valgrind >/dev/null; then
    echo "SKIP: valgrind is not here"
    exit 77
fi

compiler=${CC:-cc}

# program NAME <BODY: builds it with gc.h; skips all when that is not here.
program() {
    { printf '#define GC_THREADS\n#define GC_NO_THREAD_REDIRECTS\n' &&
        printf '#include <gc.h>\n#include <stdio.h>\n#include <string.h>\n#include <pthread.h>\n' &&
        cat; } >"$temp/$1.c"
    "$compiler" -O1 -g -pthread -o "$temp/$1" "$temp/$1.c" -lgc 2>"$temp/err" && return
    echo "SKIP: no program can be built with libgc: $(head -n 1 "$temp/err")"
    exit 77
}

# The options of one tool are unknown to others.
under_plain() {
    LD_LIBRARY_PATH=$build_dir/lib timeout -k 2 60 valgrind -q --tool="$1" \
        --log-file="$temp/err" "$temp/$2" >"$temp/out" 2>&1 </dev/null
    status=$?
}

memcheck() {
    LD_LIBRARY_PATH=$build_dir/lib timeout -k 2 60 valgrind -q --error-exitcode=9 \
        --log-file="$temp/err" "$temp/$1" >"$temp/out" 2>&1 </dev/null
    status=$?
}

is_quiet() {
    [ "$status" -eq 0 ] && [ ! -s "$temp/err" ]
}

is_seen() {
    [ "$status" -eq 9 ] && err_has "$1"
}

program list <<'END'
int main(void)
{
    void **list = NULL;
    char garbage[1000]; /* not initialised: a stack is read whatever lies there */
    int length = 0;

    GC_INIT();
    __asm__ volatile("" : : "r"(garbage) : "memory");
    for (int i = 0; i < 20000; i++) {
        void **cell = GC_MALLOC(32);

        cell[0] = list;
        list = cell;
        if (i % 100 == 0)
            memset(GC_MALLOC_ATOMIC(30000), 1, 30000);
    }
    GC_gcollect();
    for (void **cell = list; cell != NULL; cell = cell[0])
        length++;
    printf("a list of %d\n", length);
    return length != 20000;
}
END
memcheck list
if grep -q 'unhandled dwarf2' "$temp/err" "$temp/out"; then
    echo "SKIP: this Valgrind cannot read what $compiler writes for debuggers"
    exit 77
fi
check "memcheck has nothing to say about a list" is_quiet
check "its output is right" out_is "a list of 20000"
for tool in none callgrind massif; do
    case $tool in
    callgrind) set -- --callgrind-out-file="$temp/profile" ;;
    massif) set -- --massif-out-file="$temp/profile" ;;
    *) set -- ;;
    esac
    LD_LIBRARY_PATH=$build_dir/lib timeout -k 2 60 valgrind -q --tool=$tool "$@" "$temp/list" \
        >"$temp/out" 2>"$temp/err" </dev/null
    check "$tool runs it" out_is "a list of 20000"
done

program threads <<'END'
static void *work(void *argument)
{
    struct GC_stack_base base;
    void **list = NULL;

    GC_get_stack_base(&base);
    GC_register_my_thread(&base);
    for (int i = 0; i < 5000; i++) {
        void **cell = GC_MALLOC(64);

        cell[1] = argument;
        cell[0] = i % 50 == 0 ? NULL : list;
        list = cell;
    }
    GC_unregister_my_thread();
    return NULL;
}

int main(void)
{
    pthread_t threads[3];

    GC_INIT();
    GC_allow_register_threads();
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, work, threads);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    GC_gcollect();
    puts("three threads");
    return 0;
}
END
memcheck threads
check "memcheck has nothing to say about threads" is_quiet
check "they end" out_is "three threads"
for tool in helgrind drd; do
    under_plain $tool threads
    check "$tool runs them" out_is "three threads"
done

program uninitialised <<'END'
int main(void)
{
    GC_INIT();
    for (int i = 0; i < 100; i++)
        memset(GC_MALLOC_ATOMIC(100), 1, 100);
    puts(((char *)GC_MALLOC_ATOMIC(100))[50] == 1 ? "one" : "another");
    return 0;
}
END
memcheck uninitialised
check "memory without contents is told from memory with some" is_seen "uninitialised value"

program large_uninitialised <<'END'
int main(void)
{
    GC_INIT();
    puts(((char *)GC_MALLOC_ATOMIC(100000))[50000] == 1 ? "one" : "another");
    return 0;
}
END
memcheck large_uninitialised
check "also of a large object" is_seen "uninitialised value"

program used_after_free <<'END'
int main(void)
{
    char *large;

    GC_INIT();
    large = GC_MALLOC(100000);
    large[5000] = 1;
    GC_FREE(large);
    printf("%d\n", large[5000]);
    return 0;
}
END
memcheck used_after_free
check "a large object that was freed is not to be read" is_seen "Invalid read"

program freed_and_new <<'END'
int main(void)
{
    int sum = 0;

    GC_INIT();
    for (int i = 0; i < 300; i++) {
        char *large = GC_MALLOC(50000 + 100 * i), *small = GC_MALLOC(50 + i);

        for (int at = 0; at < 50000; at++)
            sum += large[at] != 0;
        for (int at = 0; at < 50; at++)
            sum += small[at] != 0;
        memset(large, 1, 50000);
        memset(small, 1, 50);
        if (i % 2 == 0) {
            GC_FREE(large);
            GC_FREE(small);
        }
        if (i % 50 == 0)
            GC_gcollect();
        large = GC_REALLOC(GC_MALLOC(20000), 60000);
        sum += large[59999];
    }
    printf("%d\n", sum);
    return 0;
}
END
memcheck freed_and_new
check "memory that is used again is as new" is_quiet
check "and zero" out_is 0

finish
