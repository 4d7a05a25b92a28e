#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `terrier leaks`: in a program that leaks at one place and keeps or wastes much at others, that
# place is named first, with the calls that lead to it; in one that does not leak, none is.

. "$(dirname "$0")/lib/terrier.sh"

if ! ${CC:-cc} -O1 -fno-inline -o "$temp/leaky" "$source_dir/test/e2e/lib/leaky.c" \
    "$build_dir/lib/libgc.so.1"; then
    echo "SKIP: the program cannot be built: libgc's headers may be missing"
    exit 77
fi

# first NUMBER FUNCTION: does that frame of the first stack have that name?
first() {
    awk -v number="$1" -v name="$2" '/^\+/ { stacks++; frame = 0; next }
        stacks == 1 && /^    / { frame++; if (frame == number) found = $1 == name }
        END { exit !found }' "$temp/err"
}

status_is "a program that leaks" 0 leaks "$temp/leaky" 200000
check "prints nothing itself" [ ! -s "$temp/out" ]
check "says from when to when" \
    err_has '^What grew from whole collection [0-9]* to [0-9]*, by a sample each 16.0 KiB'
check "and how much" err_has '^+[0-9.]* MiB, in \([0-9]*\) of \1 steps, to [0-9.]* MiB in [0-9]* '
check "of which kind" err_has '^+.* objects (\(normal\|atomic\)), allocated by'
if first 1 parse; then
    check "by whom: parse" first 2 answer
else
    check "by whom: the text" first 1 GC_strdup
    check "of parse" first 2 parse
fi
check "down to main" grep -q '^    main (leaky+0x[0-9a-f]*)$' "$temp/err"
check "not who has as much all the time" not grep -q '^    find_session ' "$temp/err"
check "nor who wastes it" [ "$(grep -c '^    answer ' "$temp/err")" -eq \
    "$(grep -c '^    parse ' "$temp/err")" ]
check "with what lived over time" err_has '^    live .* [KM]iB, .* [KM]iB'

status_is "to a file" 0 leaks --output "$temp/growth" -- "$temp/leaky" 200000
check "not to standard error" [ ! -s "$temp/err" ]
check "is there" grep -q '^What grew' "$temp/growth"
status_is "with a profile" 0 leaks --profile "$temp/a.pb.gz" "$temp/leaky" 1000
check "too" [ -s "$temp/a.pb.gz" ]

status_is "a program that ends at once" 0 leaks "$temp/leaky" 1
check "has nothing that grew" err_has '^What grew is not known: there were [01] whole collections'
cat >"$temp/even.c" <<'END_OF_C'
void GC_init(void);
void *GC_malloc(unsigned long bytes);

static void *ring[1000];

int main(void)
{
    GC_init();
    for (int i = 0; i < 1000000; i++)
        ring[i % 1000] = GC_malloc(100);
    return 0;
}
END_OF_C
if ! ${CC:-cc} -O1 -o "$temp/even" "$temp/even.c" "$build_dir/lib/libgc.so.1"; then
    echo "not ok: the program cannot be built"
    exit 1
fi
status_is "a program that does not leak" 0 leaks "$temp/even"
check "has nothing that grew" err_has '^Nothing grew'
status_is "the exit status is the program's" 3 leaks sh -c 'exit 3'
check "who is not on the heap is told" err_has 'the program did not use libgc.so.1'
run leaks sh -c 'kill -9 $$'
check "so is who is killed (status $status)" [ "$status" -eq 137 ]
check "in words" err_has 'ended by a signal'
status_is "where nothing can be written" 125 leaks --output "$temp/no/file" touch "$temp/ran"
check "before the program runs" not test -e "$temp/ran"
status_is "help leaks" 0 help leaks
check "names its options" grep -q -e '--output' "$temp/out"

# ---- libgc's own way: what nobody refers to and nobody freed ------------------------------------

cat >"$temp/lost.c" <<'END_OF_C'
#include <stddef.h>

void GC_init(void);
void *GC_malloc(size_t bytes);
void GC_free(void *object);
void GC_gcollect(void);

__attribute__((noinline)) void lose(int count)
{
    for (int i = 0; i < count; i++)
        *(volatile char *)GC_malloc(100) = 1;
}

__attribute__((noinline)) void tidy(int count)
{
    for (int i = 0; i < count; i++)
        GC_free(GC_malloc(100));
}

__attribute__((noinline)) static void clear_stack(void)
{
    volatile char room[4096];

    for (unsigned i = 0; i < sizeof room; i++)
        room[i] = 0;
}

int main(void)
{
    GC_init();
    lose(50);
    tidy(50);
    clear_stack();
    GC_gcollect();
    return 0;
}
END_OF_C
if ! ${CC:-cc} -O1 -o "$temp/lost" "$temp/lost.c" "$build_dir/lib/libgc.so.1"; then
    echo "not ok: the program cannot be built"
    exit 1
fi
export GC_FIND_LEAK=1
status_is "finding leaks" 0 run --profile-interval 1 "$temp/lost"
unset GC_FIND_LEAK
count=$(grep -c '^Leaked atomic\|^Leaked composite' "$temp/err")
check "names each ($count)" [ "$count" -ge 46 ]
check "and who allocated them" awk '/^Leaked: [45][0-9] objects, [0-9]* bytes, allocated by$/ {
    getline; good = good || $1 == "lose" } END { exit !good }' "$temp/err"
check "none of the others" not grep -q '^    tidy ' "$temp/err"

# By the option alone, in programs that embed Terrier, with a runtime's own frames.
cat >"$temp/own.c" <<'END_OF_C'
#include <terrier/terrier.h>

static size_t tell(void *context, struct ter_mutator *mutator, struct ter_profile_frame *frames,
                   size_t room)
{
    (void)context, (void)mutator, (void)room;
    frames[0] = (struct ter_profile_frame){"scripted", "one.x", 12};
    return 1;
}

static void *list;

int main(void)
{
    struct ter_heap *heap;
    struct ter_mutator *mutator;

    if (ter_heap_new(NULL, &heap) != TER_OK || ter_mutator_bind(heap, &mutator) != TER_OK)
        return 2;
    ter_heap_on_sample(heap, tell, NULL);
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 2000; k++) {
            void **cell = ter_allocate(mutator, TER_KIND_NORMAL, 100);
            *cell = list;
            list = cell;
        }
        ter_collect(mutator);
    }
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}
END_OF_C
if ! ${CC:-cc} -std=gnu11 -O1 -I"$source_dir/include" -o "$temp/own" "$temp/own.c" \
    "$build_dir/lib/libterrier.a" -pthread; then
    echo "not ok: the program cannot be built"
    exit 1
fi
TERRIER_OPTIONS=growth=$temp/growth,profile_interval=4K "$temp/own" >"$temp/out" 2>"$temp/err"
check "the option alone" grep -q '^    scripted (one.x:12)$' "$temp/growth"
check "twenty collections or more" \
    grep -q '^What grew from whole collection [0-9]* to [2-9][0-9]*,' "$temp/growth"
finish
