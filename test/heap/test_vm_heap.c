/* SPDX-License-Identifier: MIT */
/* Memory of the program's own, declared to a heap: roots, traced objects, who is in the way. */
#include "small_heap.h"

#include <sys/mman.h>

#define CHUNK TER_SFT_BYTES_IN_CHUNK
#define CHUNKS 6u

static struct small_heap small;
static char *memory, *chunks; /* a mapping, and whole chunks in it that are ours alone */
static char message[200];

static int make_heap_with(const char *options)
{
    small_heap_init(&small, options);
    memory = mmap(NULL, (CHUNKS + 1) * CHUNK, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    chunks = (char *)ter_align_up((uintptr_t)memory, CHUNK);
    return 0;
}

static int make_heap(void **state)
{
    (void)state;
    return make_heap_with("vm_space=1");
}

static int make_malloc_heap(void **state)
{
    (void)state;
    return make_heap_with("vm_space=1,objects=malloc");
}

static int make_shared_heap(void **state)
{
    (void)state;
    return make_heap_with("vm_space=1,sft_map=sparse");
}

static int free_heap(void **state)
{
    (void)state;
    small_heap_fini(&small);
    munmap(memory, (CHUNKS + 1) * CHUNK);
    return 0;
}

static ter_status add(void *start, size_t bytes, enum ter_vm_use use)
{
    message[0] = '\0';
    return ter_vm_space_add(small.heap, start, bytes, use, message, sizeof message);
}

static const struct ter_sft *owner(const void *word)
{
    return ter_heap_owner(small.heap, (uintptr_t)word);
}

static bool is_reached(const void *object)
{
    const struct ter_sft *space = owner(object);

    return space->is_reachable(space, ter_object_at((uintptr_t)object));
}

static uint64_t live(void)
{
    return small_heap_statistics(&small).live_objects;
}

/* ---- Roots ---- */

static TER_NOINLINE void *list(size_t length)
{
    return small_heap_list(&small, TER_KIND_NORMAL, length, 48);
}

/* The range [ROOTS_START, ROOTS_START + ROOTS_BYTES) in `chunks`, over the edge of two. */
#define ROOTS_START (2 * CHUNK - 103)
#define ROOTS_BYTES 4003

/* Words that lie wholly in the range count: not one that begins before it, nor one behind it. */
static TER_NOINLINE void fill_root_range(void)
{
    *(void **)(chunks + ROOTS_START - 1) = list(400);
    *(void **)(chunks + ROOTS_START + 7) = list(100);
    *(void **)(chunks + ROOTS_START + 3991) = list(200);
    *(void **)(chunks + ROOTS_START + 4007) = list(800);
}

static TER_NOINLINE void check_root_range(void)
{
    char *start = chunks + ROOTS_START;
    const struct ter_sft *space = owner(start);

    assert_in_range(live(), 300, 300 + 2 * SMALL_SLACK);
    small_heap_check_list(&small, *(void **)(start + 7), 100);
    small_heap_check_list(&small, *(void **)(start + 3991), 200);
    assert_int_equal(space->kind, TER_SPACE_VM);
    assert_true(space->is_in_space(space, (uintptr_t)start));
    assert_false(space->is_in_space(space, (uintptr_t)start - 1));
    assert_true(space->is_in_space(space, (uintptr_t)start + ROOTS_BYTES - 1));
    assert_false(space->is_in_space(space, (uintptr_t)start + ROOTS_BYTES));
    assert_int_equal(ter_heap_find(small.heap, (uintptr_t)start + 7).bits, 0);
    assert_int_equal(ter_vm_object(small.heap, start + 7, 16, TER_KIND_NORMAL),
                     TER_ERROR_OUT_OF_RANGE);
}

static void words_of_a_root_range_keep_objects(void **state)
{
    uint64_t roots = small_heap_statistics(&small).root_bytes;

    (void)state;
    assert_int_equal(add(chunks + ROOTS_START, ROOTS_BYTES, TER_VM_ROOTS), TER_OK);
    assert_int_equal(small_heap_statistics(&small).root_bytes, roots + ROOTS_BYTES);
    fill_root_range();
    for (unsigned i = 0; i < 2; i++) {
        small_heap_collect(&small);
        check_root_range();
    }
    assert_int_equal(ter_vm_space_remove(small.heap, chunks + ROOTS_START, ROOTS_BYTES), TER_OK);
    assert_int_equal(owner(chunks + ROOTS_START)->kind, TER_SPACE_EMPTY);
    small_heap_collect(&small);
    assert_true(live() <= 2 * SMALL_SLACK);
}

/* ---- Traced objects ---- */

#define OBJECTS 64u
#define OBJECT_BYTES 48u

static void **object_at(unsigned i)
{
    return (void **)(chunks + CHUNK - OBJECTS * 32 + (size_t)i * OBJECT_BYTES);
}

/* Objects of the program over the edge of two chunks; each holds the next one and a list. */
static TER_NOINLINE void make_objects(void)
{
    assert_int_equal(add(chunks + 5, 2 * CHUNK - 10, TER_VM_TRACED), TER_OK);
    for (unsigned i = 0; i < OBJECTS; i++) {
        void **object = object_at(i);

        assert_int_equal(ter_vm_object(small.heap, object, OBJECT_BYTES - 8, TER_KIND_NORMAL), 0);
        object[0] = i + 1 < OBJECTS ? (char *)object_at(i + 1) + 9 : NULL;
        object[4] = list(10);
        assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object + 47).bits, (uintptr_t)object);
    }
}

static TER_NOINLINE void check_marks(unsigned first)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        const struct ter_sft *space = owner(object_at(i));
        ter_object object = ter_object_at((uintptr_t)object_at(i));

        assert_int_equal(is_reached(object_at(i)), i >= first);
        assert_true(space->is_live(space, object));
        if (i >= first)
            small_heap_check_list(&small, object_at(i)[4], 10);
    }
}

/* Inlined, so that the stack is cleared below the test itself, where refer_to left words. */
TER_INLINE void check_reached_from(unsigned first)
{
    small_heap_collect(&small);
    check_marks(first);
    assert_in_range(live(), 10 * (OBJECTS - first), 10 * (OBJECTS - first) + 4 * SMALL_SLACK);
}

static TER_NOINLINE void refer_to(unsigned i, bool through_object)
{
    small.roots[3] = object_at(i);
    if (through_object) {
        void **object = ter_allocate(small.mutator, TER_KIND_NORMAL, 16);

        *object = (char *)small.roots[3] + 40;
        small.roots[3] = object;
    }
}

static TER_NOINLINE void take_objects_away(void)
{
    assert_int_equal(ter_vm_space_remove(small.heap, chunks + 5, 2 * CHUNK - 10), TER_OK);
    assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object_at(3)).bits, 0);
}

static void reached_objects_are_traced(void **state)
{
    (void)state;
    make_objects();
    check_marks(0);
    /* Reached from a root, from an object of the heap, and not at all. */
    refer_to(0, false);
    check_reached_from(0);
    refer_to(20, true);
    check_reached_from(20);
    small.roots[3] = NULL;
    check_reached_from(OBJECTS);
    take_objects_away();
    small_heap_collect(&small);
}

static void trace_second_word(void *context, struct ter_trace *trace, uintptr_t object,
                              size_t bytes)
{
    assert_int_equal(bytes, 4096);
    ++*(unsigned *)context;
    ter_trace_word(trace, ((uintptr_t *)object)[1]);
}

/* Where the objects of three kinds lie in `chunks`. */
enum { BY_TRACER = 4096, ATOMIC = 8192, UNCOLLECTABLE = 12288 };

static TER_NOINLINE void make_three(unsigned kind)
{
    char *place = chunks;

    assert_int_equal(ter_vm_object(small.heap, place + BY_TRACER, 4096, kind), TER_OK);
    assert_int_equal(ter_vm_object(small.heap, place + ATOMIC, 4096, TER_KIND_ATOMIC), TER_OK);
    assert_int_equal(ter_vm_object(small.heap, place + UNCOLLECTABLE, 16, TER_KIND_UNCOLLECTABLE),
                     TER_OK);
    assert_int_equal(ter_object_bytes(small.heap, ter_object_at((uintptr_t)place + ATOMIC)), 4096);
    ((void **)(place + BY_TRACER))[0] = list(100);
    ((void **)(place + BY_TRACER))[1] = list(20);
    ((void **)(place + ATOMIC))[0] = list(200);
    ((void **)(place + UNCOLLECTABLE))[1] = list(3);
    small.roots[0] = place + BY_TRACER;
    small.roots[1] = place + ATOMIC;
}

static TER_NOINLINE void check_three(bool reached, unsigned lists)
{
    assert_in_range(live(), lists, lists + 2 * SMALL_SLACK);
    assert_int_equal(is_reached(chunks + BY_TRACER), reached);
    assert_int_equal(is_reached(chunks + ATOMIC), reached);
    assert_true(is_reached(chunks + UNCOLLECTABLE));
    small_heap_check_list(&small, ((void **)(chunks + UNCOLLECTABLE))[1], 3);
}

static void objects_are_scanned_by_their_kind(void **state)
{
    unsigned calls = 0, kind;

    (void)state;
    assert_int_equal(ter_kind_add(small.heap, trace_second_word, &calls, &kind), TER_OK);
    assert_int_equal(add(chunks, CHUNK, TER_VM_TRACED), TER_OK);
    make_three(kind);
    small_heap_collect(&small);
    check_three(true, 23);
    assert_int_equal(calls, 1);
    /* The uncollectable one is a root by itself. */
    small.roots[0] = small.roots[1] = NULL;
    small_heap_collect(&small);
    check_three(false, 3);
    assert_int_equal(calls, 1);
}

static unsigned finalized;

static void note_finalized(void *object, void *data)
{
    (void)data;
    assert_ptr_equal(object, chunks + 4096);
    finalized++;
}

static TER_NOINLINE void make_finalized(void)
{
    char *object = chunks + 4096;

    assert_int_equal(ter_vm_object(small.heap, object, 64, TER_KIND_NORMAL), TER_OK);
    assert_int_equal(ter_finalizer_set(small.heap, object, note_finalized, NULL), TER_OK);
    small.roots[0] = object;
}

static void finalizers_of_the_program_s_objects(void **state)
{
    (void)state;
    assert_int_equal(add(chunks, CHUNK, TER_VM_TRACED), TER_OK);
    finalized = 0;
    make_finalized();
    small_heap_collect(&small);
    assert_int_equal(ter_finalizers_run(small.heap), 0);
    small.roots[0] = NULL;
    small_heap_collect(&small);
    assert_int_equal(ter_finalizers_run(small.heap), 1);
    assert_int_equal(finalized, 1);
    /* What goes with its range is not finalized. */
    assert_int_equal(ter_finalizer_set(small.heap, chunks + 4096, note_finalized, NULL), TER_OK);
    assert_int_equal(ter_vm_space_remove(small.heap, chunks, CHUNK), TER_OK);
    small_heap_collect(&small);
    assert_int_equal(ter_finalizers_run(small.heap), 0);
    assert_int_equal(small_heap_statistics(&small).finalizers_waiting, 0);
}

/* More objects than the mark stack holds at first, while it cannot grow. */
static void a_full_mark_stack_loses_nothing(void **state)
{
    const size_t count = CHUNK / 64;
    void ***object = (void ***)chunks;

    (void)state;
    assert_int_equal(add(chunks, 2 * CHUNK, TER_VM_TRACED), TER_OK);
    assert_int_equal(ter_vm_object(small.heap, chunks, CHUNK / 4, TER_KIND_NORMAL), TER_OK);
    for (size_t i = 0; i < count; i++) {
        char *other = chunks + CHUNK + i * 64;

        assert_int_equal(ter_vm_object(small.heap, other, 32, TER_KIND_NORMAL), TER_OK);
        if (i < CHUNK / 32)
            ((void **)object)[i % (CHUNK / 4 / sizeof(void *))] = other;
    }
    small.roots[0] = chunks;
    test_fail_calls(TEST_CALL(REALLOCATE), 0, TEST_FOR_EVER);
    small_heap_collect(&small);
    test_stop_failing(NULL);
    for (size_t i = 0; i < CHUNK / 4 / sizeof(void *) && i < count; i++)
        assert_true(is_reached(((void **)object)[i]));
}

/* ---- Refusals ---- */

static void free_it(void *context)
{
    ter_free(small.mutator, context);
}

static void reallocate_it(void *context)
{
    ter_reallocate(small.mutator, context, 1000);
}

static void the_program_s_objects_cannot_be_freed(void **state)
{
    (void)state;
    assert_int_equal(add(chunks, CHUNK, TER_VM_TRACED), TER_OK);
    assert_int_equal(ter_vm_object(small.heap, chunks + 16, 64, TER_KIND_NORMAL), TER_OK);
    test_dies(free_it, chunks + 16, "is the program's own (owner: vm)");
    test_dies(reallocate_it, chunks + 16, "ter_reallocate");
    test_dies(free_it, chunks + 32, "is no object (owner: vm)");
}

static void wrong_objects_are_refused(void **state)
{
    (void)state;
    assert_int_equal(add(chunks + 8, 1000, TER_VM_TRACED), TER_OK);
    assert_int_equal(add(chunks + 2000, 1000, TER_VM_ROOTS), TER_OK);
    assert_int_equal(ter_vm_object(small.heap, chunks + 24, 16, TER_KIND_NORMAL),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_vm_object(small.heap, chunks + 16, 0, TER_KIND_NORMAL), TER_ERROR_INVALID);
    assert_int_equal(ter_vm_object(small.heap, chunks + 16, 16, 15), TER_ERROR_INVALID);
    assert_int_equal(ter_vm_object(small.heap, chunks + 16, SIZE_MAX, 1), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_object(small.heap, chunks, 32, 1), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_object(small.heap, chunks + 992, 20, 1), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_object(small.heap, chunks + 2000, 16, 1), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_object(small.heap, chunks + 992, 16, 1), TER_OK);
    assert_int_equal(ter_vm_object(small.heap, chunks + 992, 16, 1), TER_ERROR_OWNED);
    assert_int_equal(ter_vm_object(small.heap, chunks + 16, 985, 1), TER_ERROR_OWNED);
    assert_int_equal(ter_vm_object(small.heap, chunks + 16, 970, 1), TER_OK);
}

static void owners_in_the_way_are_named(void **state)
{
    void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 100000);
    bool from_malloc = owner(object)->kind == TER_SPACE_MALLOC;

    (void)state;
    small.roots[0] = object;
    assert_int_equal(add(object, 16, TER_VM_ROOTS), TER_ERROR_OWNED);
    assert_non_null(strstr(message, from_malloc ? "malloc" : "large"));
    assert_non_null(strstr(message, "vm"));
    assert_int_equal(add(chunks, 0, TER_VM_ROOTS), TER_ERROR_OUT_OF_RANGE);
    assert_true(message[0] != '\0');
    assert_int_equal(add(chunks + 10, CHUNK, TER_VM_ROOTS), TER_OK);
    assert_int_equal(add(chunks + 10 + CHUNK - 1, 1, TER_VM_TRACED), TER_ERROR_OWNED);
    assert_non_null(strstr(message, "added to space vm before"));
    assert_int_equal(add(chunks + 10 + CHUNK, 1, TER_VM_TRACED), TER_OK);
    assert_int_equal(ter_vm_space_add(small.heap, chunks + 20, 1, TER_VM_TRACED, NULL, 0),
                     TER_ERROR_OWNED);
    assert_int_equal(ter_vm_space_remove(small.heap, chunks + 10, 100), TER_ERROR_INVALID);
    assert_int_equal(ter_vm_space_remove(small.heap, chunks + 10, CHUNK), TER_OK);
    assert_int_equal(owner(chunks + CHUNK)->kind, TER_SPACE_VM);
    assert_int_equal(owner(chunks)->kind, TER_SPACE_EMPTY);
}

static void a_heap_without_the_option_refuses(void **state)
{
    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(add(&small, 8, TER_VM_ROOTS), TER_ERROR_INVALID);
    assert_non_null(strstr(message, "vm_space"));
    assert_int_equal(ter_vm_space_remove(small.heap, &small, 8), TER_ERROR_INVALID);
    assert_int_equal(ter_vm_object(small.heap, &small, 8, 0), TER_ERROR_INVALID);
    small_heap_fini(&small);
}

#define VM_TESTS(make)                                                                             \
    cmocka_unit_test_setup_teardown(words_of_a_root_range_keep_objects, make, free_heap),          \
        cmocka_unit_test_setup_teardown(reached_objects_are_traced, make, free_heap),              \
        cmocka_unit_test_setup_teardown(objects_are_scanned_by_their_kind, make, free_heap),       \
        cmocka_unit_test_setup_teardown(finalizers_of_the_program_s_objects, make, free_heap),     \
        cmocka_unit_test_setup_teardown(a_full_mark_stack_loses_nothing, make, free_heap),         \
        cmocka_unit_test_setup_teardown(the_program_s_objects_cannot_be_freed, make, free_heap),   \
        cmocka_unit_test_setup_teardown(wrong_objects_are_refused, make, free_heap),               \
        cmocka_unit_test_setup_teardown(owners_in_the_way_are_named, make, free_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VM_TESTS(make_heap),
        VM_TESTS(make_malloc_heap),
        VM_TESTS(make_shared_heap),
        cmocka_unit_test(a_heap_without_the_option_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
