/* SPDX-License-Identifier: MIT */
/*
 * Objects in memory that functions of the program's give: sizes, kinds, alignment, refusals, other
 * sizes, collections, other functions in the middle, the end.
 */
#include "small_heap.h"

#include <errno.h>
#include <pthread.h>

#define BLOCKS 20000u

/* ---- Functions that know their blocks ---- */

struct block {
    char *address; /* NULL: the place is free */
    size_t bytes;
    unsigned kind;
};

struct giver {
    struct block blocks[BLOCKS];
    size_t count, bytes;
    size_t calls, resizes, frees;
    size_t left;  /* calls that are served before all are refused */
    size_t shift; /* blocks up to `shifted` bytes lie so far behind a multiple of 16 */
    size_t shifted;
    struct giver *before; /* whose blocks it takes over */
};

static struct giver givers[2];
static struct ter_memory_functions functions[2];
static struct small_heap small;
static unsigned visited_kind, flat_kind, layout_kind;
static size_t visited_bytes;

static struct block *place_of(struct giver *giver, const void *address)
{
    size_t i = (uintptr_t)address / 8 % BLOCKS;

    while (giver->blocks[i].address != NULL && giver->blocks[i].address != address)
        i = (i + 1) % BLOCKS;
    return &giver->blocks[i];
}

/* Linear probing: what stood behind moves up. */
static void empty_place(struct giver *giver, struct block *place)
{
    size_t i = (size_t)(place - giver->blocks);

    place->address = NULL;
    for (i = (i + 1) % BLOCKS; giver->blocks[i].address != NULL; i = (i + 1) % BLOCKS) {
        struct block block = giver->blocks[i];

        giver->blocks[i].address = NULL;
        *place_of(giver, block.address) = block;
    }
}

static size_t shift_of(const struct giver *giver, size_t bytes)
{
    return bytes <= giver->shifted ? giver->shift : 0;
}

static void note(struct giver *giver, char *address, size_t bytes, unsigned kind)
{
    assert_null(place_of(giver, address)->address);
    assert_true(giver->count < BLOCKS / 2);
    *place_of(giver, address) = (struct block){address, bytes, kind};
    giver->count++;
    giver->bytes += bytes;
}

static void forget(struct giver *giver, const void *address, size_t bytes, unsigned kind)
{
    struct block *place = place_of(giver, address);

    if (place->address == NULL && giver->before != NULL) {
        forget(giver->before, address, bytes, kind);
        return;
    }
    assert_ptr_equal(place->address, address);
    assert_int_equal(place->bytes, bytes);
    assert_int_equal(place->kind, kind);
    giver->count--;
    giver->bytes -= bytes;
    empty_place(giver, place);
}

static void *give(void *context, size_t bytes, unsigned kind)
{
    struct giver *giver = context;
    char *memory;

    errno = ENOENT;
    giver->calls++;
    if (giver->left == 0)
        return NULL;
    giver->left--;
    memory = malloc(bytes + giver->shift);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 16, 0);
    memory += shift_of(giver, bytes);
    memset(memory, 0x5A, bytes);
    note(giver, memory, bytes, kind);
    return memory;
}

static void *resize(void *context, void *block, size_t old_bytes, size_t bytes, unsigned kind)
{
    struct giver *giver = context;
    char *memory;

    giver->resizes++;
    assert_int_equal(giver->shift, 0);
    if (bytes > old_bytes && giver->left == 0)
        return NULL;
    giver->left -= bytes > old_bytes;
    forget(giver, block, old_bytes, kind);
    memory = realloc(block, bytes);
    assert_non_null(memory);
    note(giver, memory, bytes, kind);
    return memory;
}

static void take_back(void *context, void *block, size_t bytes, unsigned kind)
{
    struct giver *giver = context;

    errno = EBADF;
    giver->frees++;
    forget(giver, block, bytes, kind);
    free((char *)block - shift_of(giver, bytes));
}

/* ---- The heap ---- */

/* Two references, and bytes. */
static void visit(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    ter_trace_slot(trace, ter_slot_at(object));
    ter_trace_slot(trace, ter_slot_at(object + sizeof(void *)));
    visited_bytes += bytes;
}

static void define_kinds(void)
{
    static const uint32_t first[] = {0};
    const struct ter_slots slots = {.offsets = first, .count = 1};
    static struct ter_object_layout layout;
    const struct ter_kind_description visited = {.name = "visited", .visitor = visit};
    const struct ter_kind_description flat = {.name = "flat", .flags = TER_KIND_NO_SLOTS};
    struct ter_kind_description laid_out = {.name = "laid out", .layout = &layout};

    layout = (struct ter_object_layout){.header = slots, .header_bytes = 24};
    assert_int_equal(ter_kind_define(small.heap, &visited, &visited_kind), TER_OK);
    assert_int_equal(ter_kind_define(small.heap, &flat, &flat_kind), TER_OK);
    assert_int_equal(ter_kind_define(small.heap, &laid_out, &layout_kind), TER_OK);
}

static void begin(void)
{
    memset(givers, 0, sizeof givers);
    for (unsigned i = 0; i < 2; i++) {
        givers[i].left = givers[i].shifted = SIZE_MAX;
        functions[i] = (struct ter_memory_functions){give, resize, take_back, &givers[i]};
    }
    define_kinds();
    assert_int_equal(ter_heap_set_memory(small.heap, &functions[0]), TER_OK);
}

static void check_all_back(void)
{
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(givers[i].count, 0);
        assert_int_equal(givers[i].bytes, 0);
    }
}

static int make_heap(void **state)
{
    (void)state;
    small_heap_init(&small, "objects=malloc");
    begin();
    return 0;
}

static int free_heap(void **state)
{
    (void)state;
    small_heap_fini(&small);
    check_all_back();
    return 0;
}

static void *allocate(unsigned kind, size_t bytes)
{
    int before = errno;
    void *object = ter_allocate(small.mutator, kind, bytes);

    assert_int_equal(errno, before);
    return object;
}

static size_t bytes_of(const void *object)
{
    return ter_object_bytes(small.heap, ter_object_at((uintptr_t)object));
}

static bool all_are(const unsigned char *bytes, size_t from, size_t to, unsigned char value)
{
    for (size_t i = from; i < to; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* ---- Sizes ---- */

static void sizes_are_those_that_are_asked_for(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes <= TER_MIB(5); bytes += 1 + bytes / 7) {
        const size_t exact = bytes == 0 ? 1 : bytes, rounded = ter_align_up(exact, 16);
        const unsigned kinds[] = {TER_KIND_ATOMIC, flat_kind, visited_kind, TER_KIND_NORMAL,
                                  layout_kind};

        for (unsigned i = bytes < 24 ? 3 : 0; i < 5; i++) {
            size_t wanted = i < 3 ? exact : rounded;
            char *object;

            if (kinds[i] == layout_kind && bytes < 24)
                continue;
            object = allocate(kinds[i], bytes);
            assert_int_equal(givers[0].bytes, wanted);
            assert_int_equal(place_of(&givers[0], object)->bytes, wanted);
            assert_int_equal(place_of(&givers[0], object)->kind, kinds[i]);
            assert_int_equal(bytes_of(object), wanted);
            assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object + wanted - 1).bits,
                             (uintptr_t)object);
            assert_true(ter_heap_find(small.heap, (uintptr_t)object + wanted).bits !=
                        (uintptr_t)object);
            memset(object, 0, wanted);
            ter_free(small.mutator, object);
            assert_int_equal(givers[0].bytes, 0);
        }
    }
}

static void new_memory_reads_zero_where_the_kind_wants_that(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 20000; bytes += 1 + bytes / 3) {
        const unsigned char *object = allocate(TER_KIND_NORMAL, bytes);

        assert_true(all_are(object, 0, bytes_of(object), 0));
        object = allocate(TER_KIND_ATOMIC, bytes);
        assert_true(all_are(object, 0, bytes, 0x5A));
    }
}

/* ---- Alignment ---- */

static TER_NOINLINE void check_alignment(size_t bytes, bool has_lead)
{
    char *object = allocate(flat_kind, bytes);

    assert_int_equal((uintptr_t)object % 16, 0);
    assert_int_equal(bytes_of(object), bytes);
    assert_int_equal(givers[0].bytes, has_lead ? bytes + 16 : bytes);
    memset(object, 1, bytes);
    ter_free(small.mutator, object);
    assert_int_equal(givers[0].bytes, 0);
}

static void blocks_that_are_not_aligned_have_a_lead(void **state)
{
    (void)state;
    for (unsigned shift = 4; shift <= 12; shift += 4) {
        givers[0].calls = 0;
        givers[0].shift = shift;
        assert_int_equal(ter_heap_set_memory(small.heap, &functions[0]), TER_OK);
        for (size_t bytes = 1; bytes < 100; bytes++)
            check_alignment(bytes, true);
        /* One try in vain for each size up to 16, and one that tells of all. */
        assert_int_equal(givers[0].calls, 99 + 17);
    }
}

/* As some allocators do: what is small is aligned to 8. */
static void a_small_block_tells_nothing_of_larger_ones(void **state)
{
    (void)state;
    givers[0].shift = 8;
    givers[0].shifted = 8;
    check_alignment(40, false);
    assert_int_equal(givers[0].calls, 1);
    check_alignment(8, true);
    assert_int_equal(givers[0].calls, 3);
    check_alignment(5, true);
    check_alignment(9, false);
    check_alignment(40, false);
    assert_int_equal(givers[0].calls, 6);
}

static void blocks_at_odd_places_are_refused(void **state)
{
    (void)state;
    givers[0].shift = 2;
    assert_null(allocate(flat_kind, 100));
    assert_int_equal(givers[0].count, 0);
    givers[0].shift = 0;
    assert_non_null(allocate(flat_kind, 100));
}

/* ---- Collections ---- */

/* A list of objects with odd sizes, whose second references lead to flat ones. */
static TER_NOINLINE void keep_list(unsigned root, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        void *flat = allocate(flat_kind, 1 + i % 50);
        void **object = allocate(visited_kind, 2 * sizeof(void *) + i % 40);

        memset(flat, 1, 1 + i % 50);
        object[0] = small.roots[root];
        object[1] = flat;
        small.roots[root] = object;
    }
}

static TER_NOINLINE size_t list_bytes(unsigned root)
{
    size_t bytes = 0;

    for (void **object = small.roots[root]; object != NULL; object = object[0])
        bytes += bytes_of(object) + bytes_of(object[1]);
    return bytes;
}

static void what_is_dead_goes_back(void **state)
{
    size_t bytes;

    (void)state;
    keep_list(0, 1500);
    keep_list(1, 1500);
    bytes = list_bytes(0);
    assert_int_equal(givers[0].bytes, bytes + list_bytes(1));
    small.roots[1] = NULL;
    visited_bytes = 0;
    small_heap_collect(&small);
    assert_in_range(givers[0].bytes, bytes, bytes + SMALL_SLACK * 100);
    assert_in_range(givers[0].count, 3000, 3000 + 2 * SMALL_SLACK);
    /* A visitor hears the object's own size. */
    bytes = 0;
    for (size_t i = 0; i < 1500; i++)
        bytes += 2 * sizeof(void *) + i % 40;
    assert_in_range(visited_bytes, bytes, bytes + SMALL_SLACK * 100);
    small.roots[0] = NULL;
    small_heap_collect(&small);
    assert_true(givers[0].count <= 2 * SMALL_SLACK);
}

static size_t walked, walked_bytes;

static void walk(void *context, ter_object object, size_t bytes)
{
    (void)context;
    assert_int_equal(place_of(&givers[0], (void *)object.bits)->bytes, bytes);
    walked++;
    walked_bytes += bytes;
}

static void all_objects_are_shown_with_their_sizes(void **state)
{
    (void)state;
    keep_list(0, 1000);
    walked = walked_bytes = 0;
    assert_int_equal(ter_heap_for_each_object(small.heap, walk, NULL), TER_OK);
    assert_int_equal(walked, givers[0].count);
    assert_int_equal(walked_bytes, givers[0].bytes);
}

static TER_NOINLINE void fill(void)
{
    for (unsigned i = 0; i < 3000; i++)
        assert_non_null(allocate(flat_kind, 100 + i % 7));
}

/* Refused, the heap collects and asks again. */
static void a_refusal_brings_a_collection(void **state)
{
    uint64_t before;

    (void)state;
    keep_list(0, 100);
    fill();
    before = small_heap_statistics(&small).collections;
    givers[0].left = 0;
    assert_null(allocate(flat_kind, 50));
    assert_int_equal(small_heap_statistics(&small).collections, before + 1);
    assert_true(givers[0].frees >= 2900);
    givers[0].left = 1;
    assert_non_null(allocate(flat_kind, 50));
    assert_null(allocate(flat_kind, 50));
    givers[0].left = SIZE_MAX;
    assert_non_null(allocate(flat_kind, 50));
    assert_true(list_bytes(0) > 0);
}

/* Calls in turn are refused; nothing is left on its way. */
static void every_call_may_be_refused(void **state)
{
    (void)state;
    ter_collections_hold(small.heap);
    for (size_t left = 0; left < 50; left++) {
        struct ter_statistics before = small_heap_statistics(&small), after;
        size_t count = givers[0].count;
        unsigned made = 0;

        givers[0].left = left;
        for (unsigned i = 0; i < 60; i++)
            made += allocate(i % 2 == 0 ? flat_kind : TER_KIND_NORMAL, 20 + i) != NULL;
        assert_int_equal(made, left);
        assert_int_equal(givers[0].count, count + left);
        after = small_heap_statistics(&small);
        assert_true(after.heap_limit_bytes <= before.heap_limit_bytes + TER_KIB(64));
    }
    givers[0].left = SIZE_MAX;
    ter_collections_allow(small.heap);
}

/* ---- Other sizes ---- */

static TER_NOINLINE void check_resized(unsigned kind, size_t from, size_t to)
{
    size_t old_bytes = kind == flat_kind ? from : ter_align_up(from, 16);
    size_t bytes = kind == flat_kind ? to : ter_align_up(to, 16);
    size_t kept = ter_min(from, to), resizes = givers[0].resizes;
    unsigned char *object = allocate(kind, from), *moved;

    memset(object, 7, old_bytes);
    moved = ter_reallocate(small.mutator, object, to);
    assert_non_null(moved);
    assert_int_equal(ter_object_kind(small.heap, moved), kind);
    assert_int_equal(bytes_of(moved), bytes);
    assert_int_equal(givers[0].count, 1);
    assert_int_equal(givers[0].resizes != resizes, to > 16 && bytes != old_bytes);
    assert_true(all_are(moved, 0, kept, 7));
    assert_true(kind == flat_kind || all_are(moved, ter_align_up(kept, 16), bytes, 0));
    ter_free(small.mutator, moved);
    assert_int_equal(givers[0].count, 0);
}

static void the_programs_function_resizes(void **state)
{
    static const size_t sizes[] = {1, 15, 17, 40, 100, 5000, 9000, 300000, 5000000};

    (void)state;
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(sizes); i++)
        for (unsigned k = 0; k < TER_ARRAY_LENGTH(sizes); k++) {
            /* Less than half is a copy where there is no function for so little. */
            if (i == k || (sizes[k] <= 16 && sizes[k] * 2 >= sizes[i]))
                continue;
            check_resized(flat_kind, sizes[i], sizes[k]);
            if (sizes[k] > 16 && sizes[i] > 16)
                check_resized(TER_KIND_NORMAL, sizes[i], sizes[k]);
        }
    assert_int_equal(small_heap_statistics(&small).used_bytes, 0);
}

static void a_refused_size_changes_nothing(void **state)
{
    unsigned char *object = allocate(flat_kind, 1000);

    (void)state;
    small.roots[0] = object;
    memset(object, 9, 1000);
    givers[0].left = 0;
    assert_null(ter_reallocate(small.mutator, object, 100000));
    assert_int_equal(bytes_of(object), 1000);
    assert_int_equal(object[999], 9);
    assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object + 500).bits, (uintptr_t)object);
    /* Smaller it is not refused. */
    object = ter_reallocate(small.mutator, object, 100);
    assert_int_equal(bytes_of(object), 100);
    assert_int_equal(givers[0].bytes, 100);
    givers[0].left = SIZE_MAX;
}

static void without_a_function_sizes_are_changed_by_copies(void **state)
{
    unsigned char *object;

    (void)state;
    functions[0].resize = NULL;
    assert_int_equal(ter_heap_set_memory(small.heap, &functions[0]), TER_OK);
    object = allocate(flat_kind, 100);
    memset(object, 3, 100);
    object = ter_reallocate(small.mutator, object, 1001);
    assert_int_equal(bytes_of(object), 1001);
    assert_int_equal(object[99], 3);
    assert_int_equal(givers[0].resizes, 0);
    assert_int_equal(givers[0].count, 1);
}

/* ---- Whose functions ---- */

static void other_functions_get_what_is_there(void **state)
{
    (void)state;
    keep_list(0, 500);
    givers[1].before = &givers[0];
    assert_int_equal(ter_heap_set_memory(small.heap, &functions[1]), TER_OK);
    keep_list(1, 500);
    assert_int_equal(givers[0].count, 1000);
    assert_int_equal(givers[1].count, 1000);
    small.roots[0] = NULL;
    small_heap_collect(&small);
    assert_true(givers[0].count <= 2 * SMALL_SLACK);
    assert_true(givers[1].frees >= 1000 - 2 * SMALL_SLACK);
    assert_int_equal(givers[0].frees, 0);
    assert_true(list_bytes(1) == givers[1].bytes);
}

static void malloc_gives_again_when_there_are_none(void **state)
{
    void *object;

    (void)state;
    assert_int_equal(ter_heap_set_memory(small.heap, NULL), TER_OK);
    object = allocate(TER_KIND_NORMAL, 20);
    assert_int_equal(bytes_of(object), 32);
    assert_int_equal(givers[0].calls, 0);
    ter_free(small.mutator, object);
    assert_int_equal(ter_heap_set_memory(small.heap, &functions[0]), TER_OK);
}

static void what_is_incomplete_is_refused(void **state)
{
    struct ter_memory_functions none = {.context = &givers[1]};
    struct small_heap native;

    (void)state;
    assert_int_equal(ter_heap_set_memory(small.heap, &none), TER_ERROR_INVALID);
    none.allocate = give;
    assert_int_equal(ter_heap_set_memory(small.heap, &none), TER_ERROR_INVALID);
    assert_non_null(allocate(flat_kind, 5));
    assert_int_equal(givers[0].count, 1);
    small_heap_init(&native, "");
    assert_int_equal(ter_heap_set_memory(native.heap, &functions[1]), TER_ERROR_INVALID);
    small_heap_fini(&native);
}

/* ---- Plans, checks, threads ---- */

static void run_everything(void)
{
    begin();
    for (unsigned round = 0; round < 3; round++) {
        keep_list(0, 150);
        keep_list(1, 150);
        small.roots[1] = NULL;
        small_heap_collect(&small);
        assert_true(list_bytes(0) <= givers[0].bytes);
    }
    small.roots[2] = ter_reallocate(small.mutator, allocate(flat_kind, 77), 777);
    memset(small.roots[2], 1, 777);
    small.roots[0] = NULL;
    small_heap_collect(&small);
    assert_int_equal(bytes_of(small.roots[2]), 777);
}

static void under_every_plan(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",objects=malloc", run_everything, check_all_back);
}

static void with_checks(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",objects=malloc,check_heap=1,poison=1,origins=1", run_everything,
                          check_all_back);
    small_heap_with_plans(&small, ",objects=malloc,stress=31,poison=1", run_everything,
                          check_all_back);
}

static TER_NOINLINE void work(struct ter_mutator *mutator)
{
    void **volatile list = NULL;

    for (unsigned i = 0; i < 1500; i++) {
        void **object = ter_allocate(mutator, visited_kind, 2 * sizeof(void *) + i % 40);

        object[0] = list;
        object[1] = NULL;
        list = object;
        if (i % 10 == 0) {
            char *flat = ter_allocate(mutator, flat_kind, 10 + i % 90);

            flat = ter_reallocate(mutator, flat, 100 + i);
            memset(flat, 5, 100 + i);
            ter_free(mutator, flat);
        }
        if (i % 500 == 499)
            ter_collect(mutator);
    }
}

static void *work_in_thread(void *unused)
{
    struct ter_mutator *mutator;

    assert_int_equal(ter_mutator_bind(small.heap, &mutator), TER_OK);
    work(mutator);
    ter_mutator_unbind(mutator);
    return unused;
}

/* The heap's lock is all that the functions have. */
static void threads_share_the_functions(void **state)
{
    pthread_t threads[3];

    (void)state;
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, NULL), 0);
    work(small.mutator);
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    small_heap_collect(&small);
}

#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, make_heap, free_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(sizes_are_those_that_are_asked_for),
        MEMORY_TEST(new_memory_reads_zero_where_the_kind_wants_that),
        MEMORY_TEST(blocks_that_are_not_aligned_have_a_lead),
        MEMORY_TEST(a_small_block_tells_nothing_of_larger_ones),
        MEMORY_TEST(blocks_at_odd_places_are_refused),
        MEMORY_TEST(what_is_dead_goes_back),
        MEMORY_TEST(all_objects_are_shown_with_their_sizes),
        MEMORY_TEST(a_refusal_brings_a_collection),
        MEMORY_TEST(every_call_may_be_refused),
        MEMORY_TEST(the_programs_function_resizes),
        MEMORY_TEST(a_refused_size_changes_nothing),
        MEMORY_TEST(without_a_function_sizes_are_changed_by_copies),
        MEMORY_TEST(other_functions_get_what_is_there),
        MEMORY_TEST(malloc_gives_again_when_there_are_none),
        MEMORY_TEST(what_is_incomplete_is_refused),
        cmocka_unit_test(under_every_plan),
        cmocka_unit_test(with_checks),
        MEMORY_TEST(threads_share_the_functions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
