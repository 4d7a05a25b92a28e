/* SPDX-License-Identifier: MIT */
/* A mutator that roams: whoever calls with it is its thread, one at a time. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "small_heap.h"

#define THREADS 8u
#define ROUNDS 200u

struct roaming {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned kind;
    void *list[1]; /* a slot */
    size_t length;
    pthread_mutex_t turn;
};

struct link {
    struct link *next;
    uintptr_t number;
};

static void begin(struct roaming *roaming, const char *plan)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct link),
                                                    .header = {.bitmap = 1}};
    static const struct ter_kind_description links = {.name = "link", .layout = &layout};
    char wishes[80];

    *roaming = (struct roaming){.turn = PTHREAD_MUTEX_INITIALIZER};
    snprintf(wishes, sizeof wishes, "plan=%s,stacks=exact,heap_initial=64K", plan);
    assert_int_equal(ter_heap_new_with(wishes, &roaming->heap), TER_OK);
    assert_int_equal(ter_mutator_bind(roaming->heap, &roaming->mutator), TER_OK);
    assert_int_equal(ter_kind_define(roaming->heap, &links, &roaming->kind), TER_OK);
    assert_int_equal(ter_roots_add_slots(roaming->heap, roaming->list, 1, TER_ROOT_EXACT), TER_OK);
}

static void end(struct roaming *roaming)
{
    ter_mutator_unbind(roaming->mutator);
    ter_heap_free(roaming->heap);
}

/* The list has what all threads put there. */
static void check_list(const struct roaming *roaming)
{
    const struct link *link = roaming->list[0];

    for (size_t i = roaming->length; i-- > 0; link = link->next)
        assert_int_equal(link->number, i);
    assert_null(link);
}

/* Allocates, stores, frees, polls and collects, as the thread whose turn it is. */
static void use(struct roaming *roaming)
{
    struct ter_mutator *mutator = roaming->mutator;
    struct link *link = TER_NEW(mutator, roaming->kind, struct link);

    assert_non_null(link);
    link->number = roaming->length++;
    TER_STORE(mutator, link, link->next, roaming->list[0]);
    roaming->list[0] = link;
    for (unsigned i = 0; i < 100; i++)
        assert_non_null(ter_allocate(mutator, TER_KIND_ATOMIC, 16 * i + 8));
    ter_free(mutator, ter_allocate(mutator, TER_KIND_ATOMIC, 200));
    ter_poll(mutator);
    if (roaming->length % 50 == 0)
        ter_collect(mutator);
    else if (roaming->length % 10 == 0)
        ter_collect_young(mutator);
}

static void *take_turns(void *argument)
{
    struct roaming *roaming = argument;

    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&roaming->turn);
        use(roaming);
        pthread_mutex_unlock(&roaming->turn);
    }
    return NULL;
}

static void run_threads(struct roaming *roaming)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, roaming), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- Tests ---- */

static void any_thread_may_call(void **state)
{
    static const char *const plans[] = {"mark-sweep", "sticky-mark-sweep", "young-immix",
                                        "semispace"};

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct roaming roaming;

        begin(&roaming, plans[i]);
        use(&roaming);
        assert_int_equal(ter_mutator_roam(roaming.mutator), TER_OK);
        assert_int_equal(ter_mutator_roam(roaming.mutator), TER_ERROR_INVALID);
        run_threads(&roaming);
        assert_int_equal(roaming.length, THREADS * ROUNDS + 1);
        check_list(&roaming);
        end(&roaming);
    }
}

static void *make(void *argument)
{
    struct roaming *roaming = argument;

    begin(roaming, "mark-sweep");
    assert_int_equal(ter_mutator_roam(roaming->mutator), TER_OK);
    use(roaming);
    return NULL;
}

static void the_end_of_a_thread_ends_nothing(void **state)
{
    struct roaming roaming;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, make, &roaming), 0);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < ROUNDS; i++)
        use(&roaming);
    check_list(&roaming);
    end(&roaming);
}

static void *fork_and_use(void *argument)
{
    struct roaming *roaming = argument;
    pid_t child = fork();
    int status;

    if (child == 0) {
        for (unsigned i = 0; i < ROUNDS; i++)
            use(roaming);
        check_list(roaming);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return NULL;
}

static void a_forked_child_keeps_it(void **state)
{
    struct roaming roaming;
    pthread_t thread;

    (void)state;
    begin(&roaming, "mark-sweep");
    assert_int_equal(ter_mutator_roam(roaming.mutator), TER_OK);
    use(&roaming);
    assert_int_equal(pthread_create(&thread, NULL, fork_and_use, &roaming), 0);
    pthread_join(thread, NULL);
    use(&roaming);
    check_list(&roaming);
    end(&roaming);
}

static void it_is_the_only_one(void **state)
{
    struct roaming roaming;
    struct ter_mutator *other;
    struct ter_heap *heap;

    (void)state;
    begin(&roaming, "mark-sweep");
    assert_int_equal(ter_mutator_roam(roaming.mutator), TER_OK);
    assert_int_equal(ter_mutator_bind(roaming.heap, &other), TER_ERROR_INVALID);
    end(&roaming);
    assert_int_equal(ter_heap_new_with("stacks=ambiguous", &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &other), TER_OK);
    assert_int_equal(ter_mutator_roam(other), TER_ERROR_INVALID);
    ter_mutator_unbind(other);
    ter_heap_free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_thread_may_call),
        cmocka_unit_test(the_end_of_a_thread_ends_nothing),
        cmocka_unit_test(a_forked_child_keeps_it),
        cmocka_unit_test(it_is_the_only_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
