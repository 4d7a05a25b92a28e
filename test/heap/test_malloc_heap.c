/* SPDX-License-Identifier: MIT */
/*
 * A heap whose objects come from malloc: kinds, sizes, freeing, finalizers, figures, reports,
 * limits, chunks of others, forks, threads.
 */
#include "small_heap.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

SMALL_HEAP_FIXTURE(small, "objects=malloc,vm_space=1")

static enum ter_space_kind owner_kind(const void *word)
{
    return ter_heap_owner(small.heap, (uintptr_t)word)->kind;
}

static uintptr_t find(const void *word)
{
    return ter_heap_find(small.heap, (uintptr_t)word).bits;
}

/* A list in a root, of which no other word is left. */
static TER_NOINLINE void keep_list(unsigned root, unsigned kind, size_t length, size_t bytes)
{
    small.roots[root] = small_heap_list(&small, kind, length, bytes);
}

static TER_NOINLINE void check_kept(unsigned root, size_t length)
{
    small_heap_check_list(&small, small.roots[root], length);
}

/* ---- Objects ---- */

static void every_kind_and_size(void **state)
{
    (void)state;
    for (unsigned kind = TER_KIND_ATOMIC; kind <= TER_KIND_ATOMIC_UNCOLLECTABLE; kind++)
        for (size_t bytes = 0; bytes <= TER_MIB(9); bytes += 1 + bytes / 3) {
            unsigned char *object = ter_allocate(small.mutator, kind, bytes);
            size_t real = ter_object_bytes(small.heap, ter_object_at((uintptr_t)object));

            assert_int_equal((uintptr_t)object % 16, 0);
            assert_true(real >= bytes && real % 16 == 0 && real <= bytes + bytes / 4 + 32);
            assert_int_equal(owner_kind(object), TER_SPACE_MALLOC);
            assert_int_equal(owner_kind(object + real - 1), TER_SPACE_MALLOC);
            assert_int_equal(find(object + real - 1), (uintptr_t)object);
            assert_int_equal(find(object + real / 2), (uintptr_t)object);
            assert_true(find(object + real) != (uintptr_t)object);
            for (size_t i = 0; i < real && kind % 3 != 0; i++)
                assert_int_equal(object[i], 0);
            memset(object, 0xff, real);
            ter_free(small.mutator, object);
            assert_int_equal(find(object), 0);
        }
    assert_int_equal(small_heap_statistics(&small).used_bytes, 0);
}

static TER_NOINLINE void keep_lists(void)
{
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 3000, 40);
    small.roots[1] = small_heap_list(&small, TER_KIND_NORMAL, 20, 300000);
    small.roots[2] = ter_allocate(small.mutator, TER_KIND_ATOMIC, 100000);
    /* The middle of an object keeps it; what an atomic one holds keeps nothing. */
    ((void **)small.roots[2])[5] = small_heap_list(&small, TER_KIND_NORMAL, 100, 40);
    small.roots[2] = (char *)small.roots[2] + 77777;
}

static void what_is_reached_stays_and_the_rest_goes(void **state)
{
    struct ter_statistics statistics;

    (void)state;
    keep_lists();
    for (unsigned i = 0; i < 3; i++) {
        small_heap_collect(&small);
        small_heap_check_list(&small, small.roots[0], 3000);
        small_heap_check_list(&small, small.roots[1], 20);
        assert_int_equal(find(small.roots[2]) != 0, true);
        statistics = small_heap_statistics(&small);
        assert_in_range(statistics.live_objects, 3021, 3021 + SMALL_SLACK);
        assert_int_equal(statistics.outside_bytes, statistics.used_bytes);
        assert_int_equal(statistics.used_bytes, statistics.live_bytes);
        assert_int_equal(statistics.mapped_bytes, 0);
    }
    memset(small.roots, 0, 3 * sizeof *small.roots);
    small_heap_collect(&small);
    statistics = small_heap_statistics(&small);
    assert_true(statistics.live_objects <= 2 * SMALL_SLACK);
    assert_true(statistics.used_bytes <= TER_MIB(1));
}

static TER_NOINLINE void make_uncollectable(void)
{
    void **object = ter_allocate(small.mutator, TER_KIND_UNCOLLECTABLE, 64);

    object[3] = small_heap_list(&small, TER_KIND_NORMAL, 500, 32);
    small.roots[9] = test_show((uintptr_t)object);
}

static void uncollectable_objects_are_roots(void **state)
{
    void **object;

    (void)state;
    make_uncollectable();
    small_heap_collect(&small);
    small_heap_collect(&small);
    object = (void **)test_hide(small.roots[9]);
    assert_int_equal(find(object), (uintptr_t)object);
    small_heap_check_list(&small, object[3], 500);
    object[3] = NULL;
    ter_free(small.mutator, object);
    object = NULL;
    small_heap_collect(&small);
    assert_true(small_heap_statistics(&small).live_objects <= SMALL_SLACK);
}

static size_t visits, visited_bytes;

static void count_object(void *context, ter_object object, size_t bytes)
{
    assert_ptr_equal(context, &visits);
    assert_int_equal(ter_heap_find(small.heap, object.bits + bytes - 1).bits, object.bits);
    visits++;
    visited_bytes += bytes;
}

static void every_object_is_visited(void **state)
{
    struct ter_statistics statistics;

    (void)state;
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 1000, 200);
    small.roots[1] = small_heap_list(&small, TER_KIND_ATOMIC_UNCOLLECTABLE, 10, 100000);
    statistics = small_heap_statistics(&small);
    visits = visited_bytes = 0;
    assert_int_equal(ter_heap_for_each_object(small.heap, count_object, &visits), TER_OK);
    assert_int_equal(visits, 1010);
    assert_int_equal(visited_bytes, statistics.used_bytes);
}

static unsigned finalized;

static void note_finalized(void *object, void *data)
{
    assert_int_equal(find(object), (uintptr_t)object);
    assert_ptr_equal(data, &finalized);
    finalized++;
}

static TER_NOINLINE void make_finalized(void)
{
    for (unsigned i = 0; i < 50; i++) {
        void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 16 + 1000 * i);

        assert_int_equal(ter_finalizer_set(small.heap, object, note_finalized, &finalized), 0);
        if (i % 2 == 0)
            small.roots[i] = object;
    }
}

static void finalizers_run(void **state)
{
    (void)state;
    finalized = 0;
    make_finalized();
    small_heap_collect(&small);
    ter_finalizers_run(small.heap);
    assert_in_range(finalized, 25 - SMALL_SLACK, 25);
    memset(small.roots, 0, 50 * sizeof *small.roots);
    small_heap_collect(&small);
    ter_finalizers_run(small.heap);
    assert_in_range(finalized, 50 - SMALL_SLACK, 50);
}

static void free_the_middle(void *context)
{
    ter_free(small.mutator, (char *)context + 16);
}

static void free_foreign(void *context)
{
    (void)context;
    ter_free(small.mutator, malloc(100));
}

static void misuse_stops(void **state)
{
    void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 100);

    (void)state;
    test_dies(free_the_middle, object, "is no object (owner: malloc)");
    test_dies(free_foreign, NULL, "ter_free: ");
    assert_int_equal(find(object), (uintptr_t)object);
}

/* ---- Other people's chunks ---- */

enum { MANY = 4000 };

static TER_NOINLINE unsigned count_in(enum ter_space_kind kind)
{
    unsigned count = 0;

    for (void **object = small.roots[0]; object != NULL; object = object[0])
        count += owner_kind(object) == kind;
    return count;
}

/* malloc cuts small objects out of the piece whose chunk is the program's. */
static void what_malloc_puts_elsewhere_comes_from_the_heap(void **state)
{
    char *piece = calloc(1, TER_KIB(100));
    unsigned from_heap;
    char message[200];

    (void)state;
    assert_non_null(piece);
    assert_int_equal(
        ter_vm_space_add(small.heap, piece, 100, TER_VM_ROOTS, message, sizeof message), TER_OK);
    keep_list(0, TER_KIND_NORMAL, MANY, 600);
    keep_list(1, TER_KIND_NORMAL, 10, 60000);
    from_heap = count_in(TER_SPACE_MARK_SWEEP);
    assert_int_equal(count_in(TER_SPACE_MALLOC) + from_heap, MANY);
    assert_true(from_heap > 0 || TER_HAS_SANITIZER);
    small_heap_collect(&small);
    check_kept(0, MANY);
    check_kept(1, 10);
    small.roots[0] = small.roots[1] = NULL;
    small_heap_collect(&small);
    assert_true(small_heap_statistics(&small).live_objects <= 2 * SMALL_SLACK);
    assert_int_equal(ter_vm_space_remove(small.heap, piece, 100), TER_OK);
    free(piece);
}

static void memory_beside_objects_is_no_object(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char *object = ter_allocate(small.mutator, TER_KIND_ATOMIC, 200);
        char *other = malloc(200);

        assert_int_equal(find(other + i % 200), 0);
        assert_int_equal(find(object + i % 200), (uintptr_t)object);
        free(other);
    }
}

/* ---- Limits, reports, ends ---- */

static void a_request_that_cannot_be_met_changes_no_limit(void **state)
{
    struct ter_statistics before = small_heap_statistics(&small), after;

    (void)state;
    test_fail_calls(TEST_CALL(MALLOC), 0, TEST_FOR_EVER);
    assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, TER_MIB(500)));
    assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 50));
    test_stop_failing(NULL);
    after = small_heap_statistics(&small);
    assert_int_equal(after.used_bytes, before.used_bytes);
    assert_int_equal(after.outside_bytes, before.outside_bytes);
    assert_true(after.heap_limit_bytes <= before.heap_limit_bytes + TER_MIB(1));
    assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, SIZE_MAX));
    assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, SIZE_MAX / 2 - 100));
    assert_non_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 50));
}

static void write_report(enum ter_report_format format, char *text, size_t size)
{
    FILE *file = tmpfile();
    size_t length;

    assert_non_null(file);
    assert_int_equal(ter_heap_report(small.heap, fileno(file), format), TER_OK);
    rewind(file);
    length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
}

static void reports_show_malloc_and_the_program(void **state)
{
    static char text[65536];
    void *memory =
        mmap(NULL, 8 * TER_SFT_BYTES_IN_CHUNK, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t chunk =
        ter_align_up((uintptr_t)memory, TER_SFT_BYTES_IN_CHUNK) + TER_SFT_BYTES_IN_CHUNK;

    (void)state;
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 3, TER_MIB(9));
    assert_int_equal(ter_vm_space_add(small.heap, (void *)(chunk + 77), TER_MIB(5), TER_VM_TRACED,
                                      text, sizeof text),
                     TER_OK);
    write_report(TER_REPORT_TEXT, text, sizeof text);
    assert_non_null(strstr(text, "malloc ..."));
    assert_non_null(strstr(text, "vm ..."));
    assert_non_null(strstr(text, "  vm, 2 chunks"));
    assert_non_null(strstr(text, "27.0 MiB in use"));
    write_report(TER_REPORT_JSON, text, sizeof text);
    assert_non_null(strstr(text, "{\"name\":\"malloc\""));
    assert_non_null(strstr(text, "{\"name\":\"vm\""));
    assert_non_null(strstr(text, "\"chunk_used_bytes\":[4194227,1048653]"));
    assert_non_null(strstr(text, "\"outside_bytes\":28311552"));
    assert_int_equal(ter_vm_space_remove(small.heap, (void *)(chunk + 77), TER_MIB(5)), TER_OK);
    munmap(memory, 8 * TER_SFT_BYTES_IN_CHUNK);
}

static void a_space_map_cannot_serve(void **state)
{
    struct ter_options options;
    struct ter_heap *heap;

    (void)state;
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, "objects=malloc,sft_map=space,log=0", NULL, 0), 0);
    assert_int_equal(ter_heap_new(&options, &heap), TER_ERROR_INVALID);
    assert_int_equal(ter_options_parse(&options, "objects=native,vm_space=1", NULL, 0), 0);
    assert_int_equal(ter_heap_new(&options, &heap), TER_ERROR_INVALID);
}

static void two_heaps_share_malloc(void **state)
{
    struct small_heap other;

    (void)state;
    small_heap_init(&other, "objects=malloc,sft_map=sparse");
    for (unsigned i = 0; i < 20; i++) {
        small.roots[i] = small_heap_list(&small, TER_KIND_NORMAL, 50, 100);
        other.roots[i] = small_heap_list(&other, TER_KIND_NORMAL, 50, 100);
    }
    small_heap_collect(&small);
    small_heap_collect(&other);
    for (unsigned i = 0; i < 20; i++) {
        small_heap_check_list(&small, small.roots[i], 50);
        small_heap_check_list(&other, other.roots[i], 50);
        assert_int_equal(ter_heap_find(other.heap, (uintptr_t)small.roots[i]).bits, 0);
    }
    small_heap_fini(&other);
    for (unsigned i = 0; i < 20; i++)
        small_heap_check_list(&small, small.roots[i], 50);
}

/* ---- Forks ---- */

/* Not inlined, so that no address stays where the caller has its own. */
static TER_NOINLINE void keep_lists_in_child(void)
{
    check_kept(0, 2000);
    keep_list(1, TER_KIND_NORMAL, 2000, 50);
    small_heap_collect(&small);
    check_kept(0, 2000);
    check_kept(1, 2000);
    memset(small.roots, 0, SMALL_ROOTS * sizeof *small.roots);
}

static void use_in_child(void *context)
{
    (void)context;
    keep_lists_in_child();
    small_heap_collect_now(&small);
    if (small_heap_statistics(&small).live_objects > 2 * SMALL_SLACK)
        _exit(1);
}

static void a_child_goes_on(void **state)
{
    static struct test_end end; /* on the stack it would hold old words in the child */

    (void)state;
    keep_list(0, TER_KIND_NORMAL, 2000, 50);
    test_clear_stack();
    test_in_child(use_in_child, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    small_heap_collect(&small);
    check_kept(0, 2000);
}

/* ---- Threads ---- */

#define THREADS 3u
#define LENGTH 300u

static TER_NOINLINE void *make_list(struct ter_mutator *mutator, struct ter_random *random)
{
    void *volatile head = NULL;

    for (size_t i = LENGTH; i-- > 0;) {
        size_t bytes = 16 + test_below(random, test_below(random, 50) == 0 ? 100000 : 300);
        void **object = ter_allocate(mutator, TER_KIND_NORMAL, bytes);

        assert_non_null(object);
        object[0] = head;
        object[1] = (void *)i;
        head = object;
        /* Other people use malloc as well: a collection may come while its lock is held. */
        free(malloc(bytes));
    }
    return head;
}

static TER_NOINLINE void free_list(struct ter_mutator *mutator, void **object)
{
    while (object != NULL) {
        void **next = object[0];

        ter_free(mutator, object);
        object = next;
    }
}

static TER_NOINLINE void work(struct ter_mutator *mutator, struct ter_random *random)
{
    void *volatile kept = NULL;

    for (unsigned round = 0; round < test_iterations(TER_HAS_SANITIZER ? 6 : 30); round++) {
        void *volatile fresh = make_list(mutator, random);

        if (kept != NULL)
            small_heap_check_list(&small, kept, LENGTH);
        if (round % 3 == 0)
            free_list(mutator, kept);
        kept = fresh;
        if (round % 5 == 4)
            ter_collect(mutator);
    }
}

static void *work_in_thread(void *context)
{
    struct ter_random random = {(uint64_t)(uintptr_t)context};
    struct ter_mutator *mutator;

    assert_int_equal(ter_mutator_bind(small.heap, &mutator), TER_OK);
    work(mutator, &random);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void *wait_for_threads(void *context)
{
    pthread_t *threads = context;

    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return NULL;
}

static void several_mutators(void **state)
{
    /* Not on the stack: it may be the address of memory that malloc has got since. */
    static pthread_t threads[THREADS];

    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_thread, (void *)(i + 1)), 0);
    ter_mutator_outside(small.mutator, wait_for_threads, threads);
    small_heap_collect(&small);
    assert_true(small_heap_statistics(&small).live_objects <= 2 * SMALL_SLACK);
    assert_true(small_heap_statistics(&small).collections > 0);
}

/* Dead objects are in a list until the pause is over, and poison is written before. */
static void poison_leaves_the_list_of_dead_objects(void **state)
{
    struct small_heap poisoned;

    (void)state;
    small_heap_init(&poisoned, "objects=malloc,poison=1");
    for (unsigned round = 0; round < 3; round++) {
        small_heap_list_at(&poisoned, 0, 1000, 48);
        small_heap_list_at(&poisoned, 1, 1000, 16);
        poisoned.roots[round % 2] = NULL;
        small_heap_collect_now(&poisoned);
        small_heap_check_list(&poisoned, poisoned.roots[1 - round % 2], 1000);
    }
    small_heap_fini(&poisoned);
}

#define MALLOC_TEST(test) cmocka_unit_test_setup_teardown(test, make_heap, free_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MALLOC_TEST(every_kind_and_size),
        MALLOC_TEST(what_is_reached_stays_and_the_rest_goes),
        MALLOC_TEST(uncollectable_objects_are_roots),
        MALLOC_TEST(every_object_is_visited),
        MALLOC_TEST(finalizers_run),
        MALLOC_TEST(misuse_stops),
        MALLOC_TEST(what_malloc_puts_elsewhere_comes_from_the_heap),
        MALLOC_TEST(memory_beside_objects_is_no_object),
        MALLOC_TEST(a_request_that_cannot_be_met_changes_no_limit),
        MALLOC_TEST(reports_show_malloc_and_the_program),
        cmocka_unit_test(a_space_map_cannot_serve),
        MALLOC_TEST(two_heaps_share_malloc),
        MALLOC_TEST(a_child_goes_on),
        MALLOC_TEST(several_mutators),
        cmocka_unit_test(poison_leaves_the_list_of_dead_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
