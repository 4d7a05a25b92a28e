#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Profiles of allocation: of programs of which it is known who allocates what, and read by gzip and
# protoc: with libgc through `terrier run --profile`, and with libterrier under every plan.

. "$(dirname "$0")/lib/terrier.sh"

for command in python3 protoc gzip; do
    if ! command -v $command >/dev/null; then
        echo "SKIP: $command is not here, and nothing else reads the file"
        exit 77
    fi
done
file=$temp/a.pb.gz

# looks FILE CONDITION: in Python, on the profile p.
looks() {
    python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
import profile as reader
p = reader.Profile(sys.argv[2])
near = lambda value, wanted: abs(value - wanted) <= 0.15 * wanted
if not eval("(" + sys.argv[3] + ")"):
    for s in p.samples:
        print(s.values, s.kind, s.functions)
    sys.exit(1)' "$source_dir/test/e2e/lib" "$1" "$2" >"$temp/out" 2>"$temp/err"
}

# ---- Programs on libgc --------------------------------------------------------------------------

cat >"$temp/program.c" <<'END_OF_C'
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void GC_init(void);
void GC_gcollect(void);
void GC_free(void *object);
void *GC_malloc(size_t bytes);
void *GC_malloc_atomic(size_t bytes);
void GC_allow_register_threads(void);
int GC_register_my_thread(const void *base);
int GC_unregister_my_thread(void);
int GC_get_stack_base(void *base);

void **kept;

/* 60 bytes and the one behind: 64 each. */
__attribute__((noinline)) void keep(int count)
{
    for (int i = 0; i < count; i++) {
        void **cell = GC_malloc(60);
        *cell = kept;
        kept = cell;
    }
}

__attribute__((noinline)) void waste(int count)
{
    for (int i = 0; i < count; i++) {
        *(volatile char *)GC_malloc(60) = 1;
        if (i % 100 == 0)
            *(volatile char *)GC_malloc_atomic(20000) = 1;
    }
}

__attribute__((noinline)) static void give_back(int count)
{
    for (int i = 0; i < count; i++)
        GC_free(GC_malloc(500));
}

__attribute__((noinline)) void *work(void *data)
{
    void *base[2];

    GC_get_stack_base(base);
    GC_register_my_thread(base);
    waste(100000);
    GC_unregister_my_thread();
    return data;
}

static void with_threads(void)
{
    pthread_t threads[4];

    GC_allow_register_threads();
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    GC_init();
    keep(100000);
    waste(100000);
    give_back(20000);
    if (strcmp(what, "threads") == 0)
        with_threads();
    GC_gcollect();
    if (strcmp(what, "fork") == 0) {
        if (fork() == 0) {
            waste(100);
            return 0;
        }
        wait(NULL);
    }
    if (strcmp(what, "leave") == 0)
        _exit(3);
    if (strcmp(what, "kill") == 0)
        raise(SIGKILL);
    if (strcmp(what, "crash") == 0)
        abort();
    return 0;
}
END_OF_C

# build NAME FLAGS...
build() {
    built=$1
    shift
    if ! ${CC:-cc} "$@" -Wl,--build-id=sha1 -o "$temp/$built" "$temp/program.c" \
        "$build_dir/lib/libgc.so.1" -pthread; then
        echo "not ok: the program cannot be built"
        exit 1
    fi
}

build program -O1 -fomit-frame-pointer
build framed -O1 -fno-omit-frame-pointer

keeps='near(p.total("allocated", "keep"), 100000) and near(p.total("live", "keep"), 100000) and
near(p.total("live_bytes", "keep"), 6400000)'
wastes='near(p.total("allocated", "waste", "normal"), %d) and
near(p.total("allocated_bytes", "waste", "atomic"), %d * 20000) and
p.total("live", "waste") < 2000'
for program in program framed; do
    status_is "$program" 0 run --profile "$file" --profile-interval 8K "$temp/$program"
    check "says nothing" is_silent
    check "who keeps objects" looks "$file" "$keeps"
    # shellcheck disable=SC2059
    check "who wastes them" looks "$file" "$(printf "$wastes" 100000 1000)"
    check "who frees them has none" looks "$file" \
        'near(p.total("allocated", "give_back"), 20000) and p.total("live", "give_back") < 2000'
    check "each stack goes down to main" looks "$file" \
        'all("main" in s.functions for s in p.samples) and
        all(s.functions[0] in ("keep", "waste", "give_back", "main") for s in p.samples)'
    check "files are known by their build" looks "$file" \
        '[len(p.texts[m.one("build_id")]) for m in p.mappings.values()
            if p.texts[m.one("file")] == "'"$temp/$program"'"] == [40]'
    check "the interval is said" looks "$file" 'p.period == 8192'
done
status_is "the usual interval" 0 run --profile "$file" "$temp/program"
check "is half a MiB" looks "$file" 'p.period == 512 * 1024 and p.samples'
status_is "threads" 0 run --profile "$file" --profile-interval 8K "$temp/program" threads
# shellcheck disable=SC2059
check "are all in it" looks "$file" "$(printf "$wastes" 500000 5000)"
check "with their functions" looks "$file" 'near(p.total("allocated", "work", "normal"), 400000)'
for interval in 1 1T; do
    status_is "an interval of $interval" 0 run --profile "$file" --profile-interval $interval \
        "$temp/program"
    check "is a profile" looks "$file" 'True'
done
rm -f "$file"
status_is "a program that leaves by _exit" 3 run --profile "$file" "$temp/program" leave
check "leaves none" not test -e "$file"
run run --profile "$file" "$temp/program" kill
check "nor does one that is killed" not test -e "$file"
run run --profile "$file" "$temp/program" crash
check "or crashes" not test -e "$file"
status_is "a program that forks" 0 run --profile "$file" --profile-interval 8K "$temp/program" fork
check "speaks for itself" looks "$file" "$keeps"
status_is "with %p" 0 run --profile "$temp/each.%p" "$temp/program" fork
check "each has one" [ "$(ls "$temp"/each.* | wc -l)" -eq 2 ]
for each in "$temp"/each.*; do
    check "that is read" looks "$each" 'p.samples'
done
odd="$temp/a\"b<c>&d.pb.gz"
status_is "a name with quotes and markup" 0 run --profile "$odd" "$temp/program"
check "is a file as any" looks "$odd" 'p.samples'
rm -f "$temp"/a*
(
    ulimit -f 1
    exec "$terrier" run --profile "$file" --profile-interval 100 "$temp/program"
) >"$temp/out" 2>"$temp/err"
status=$?
check "no room for it (status $status)" [ $status -eq 0 ]
check "is said" err_has "cannot write the profile to '$file': File too large"
check "and no half of one is left" [ "$(ls "$temp"/a.* 2>/dev/null | wc -l)" -eq 0 ]
if [ -w /dev/full ]; then
    status_is "a full disk" 0 run --profile /dev/full "$temp/program"
    check "is said" err_has "cannot write the profile to '/dev/full': No space left on device"
fi
status_is "where none can be written" 125 run --profile "$temp/no/file" touch "$temp/ran"
check "is said" err_has "cannot write the profile to '$temp/no/file': No such file or directory"
check "before the program runs" not test -e "$temp/ran"
status_is "help run" 0 help run
for option in profile profile-interval; do
    check "names --$option" grep -q -e "--$option" "$temp/out"
done
for wrong in --profile= --profile=a,b --profile-interval=0 --profile-interval=x; do
    status_is "refused: $wrong" 2 run "$wrong" true
done

# ---- Every plan, and a runtime's own functions --------------------------------------------------

cat >"$temp/plans.c" <<'END_OF_C'
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <terrier/terrier.h>

static const char *running;

static size_t tell(void *context, struct ter_mutator *mutator, struct ter_profile_frame *frames,
                   size_t room)
{
    (void)context, (void)mutator, (void)room;
    if (running == NULL)
        return 0;
    frames[0] = (struct ter_profile_frame){running, "script \"one\".x", 12};
    frames[1] = (struct ter_profile_frame){"(main)", "script \"one\".x", 3};
    return 2;
}

struct cell {
    struct cell *next;
    char text[40];
};

static const struct ter_object_layout layout = {.header_bytes = sizeof(struct cell),
                                                .header = {.bitmap = 1}};
static const struct ter_kind_description described = {.name = "cell <&>", .layout = &layout};
static struct cell *list;

__attribute__((noinline)) void keep(struct ter_mutator *mutator, unsigned kind, int count)
{
    for (int i = 0; i < count; i++) {
        struct cell *cell = TER_NEW(mutator, kind, struct cell);

        cell->next = list;
        list = cell;
    }
}

__attribute__((noinline)) void waste(struct ter_mutator *mutator, int count)
{
    struct ter_window *window = ter_window(mutator, TER_KIND_ATOMIC, 48);

    for (int i = 0; i < count; i++)
        *(volatile char *)ter_allocate_fast(mutator, window) = 1;
}

int main(int argc, char **argv)
{
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned kind;
    int file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);

    (void)argc;
    if (ter_heap_new_with(argv[1], &heap) != TER_OK ||
        ter_mutator_bind(heap, &mutator) != TER_OK ||
        ter_kind_define(heap, &described, &kind) != TER_OK ||
        ter_roots_add_slots(heap, &list, 1, TER_ROOT_EXACT) != TER_OK)
        return 2;
    ter_heap_on_sample(heap, tell, NULL);
    for (int i = 0; i < 10; i++) {
        keep(mutator, kind, 2000);
        waste(mutator, 5000);
        running = "scripted";
        waste(mutator, 5000);
        running = NULL;
        ter_collect_young(mutator);
    }
    ter_collect(mutator);
    if (ter_heap_profile(heap, file) != TER_OK)
        return 1;
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}
END_OF_C
# A program that the library is part of, and one that loads it.
if ! ${CC:-cc} -std=gnu11 -O2 -rdynamic -I"$source_dir/include" -o "$temp/plans" "$temp/plans.c" \
    "$build_dir/lib/libterrier.a" -pthread ||
    ! ${CC:-cc} -std=gnu11 -O2 -rdynamic -I"$source_dir/include" -o "$temp/loads" "$temp/plans.c" \
        "$build_dir/lib/libterrier.so" -Wl,-rpath,"$build_dir/lib"; then
    echo "not ok: the program cannot be built"
    exit 1
fi

# plan PROGRAM PLAN ROOTS
plan() {
    "$temp/$1" "plan=$2,stacks=$3,profile_interval=2K" "$file" >"$temp/out" 2>"$temp/err" &&
        looks "$file" 'near(p.total("allocated", "keep", "cell <&>"), 20000) and
            near(p.total("live_bytes", "keep"), 20000 * 48) and
            near(p.total("allocated", "waste", "atomic"), 50000) and
            near(p.total("allocated", "scripted"), 50000) and
            ("'"$2"'" == "no-gc" or p.total("live", kind="atomic") < 3000) and
            all(s.functions == ["scripted", "(main)"] and
                [f[1:] for f in s.frames] == [("script \"one\".x", 12), ("script \"one\".x", 3)]
                for s in p.samples if "scripted" in s.functions) and
            all("main" in s.functions for s in p.samples if "scripted" not in s.functions)'
}

plans=$(sed -n 's/.*X([a-z_]*, "\([a-z-]*\)".*/\1/p' "$source_dir/include/terrier/plans.h")
check "there are plans" [ -n "$plans" ]
for each in $plans; do
    for roots in exact ambiguous; do
        check "$each, $roots" plan plans "$each" $roots
    done
    check "$each, as a library" plan loads "$each" exact
done
finish
