/* SPDX-License-Identifier: MIT */
/* What another thread has of its own is found: variables, and values of pthread_setspecific. */
#define _GNU_SOURCE
#include "support.h"

#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>

enum { KEYS = 400 };

static pthread_key_t keys[KEYS];
static _Thread_local volatile uintptr_t variable;

struct thread {
    struct ter_os_thread *record;
    uintptr_t first; /* of the numbers that it keeps */
    bool seen[KEYS];
    bool variable_seen;
    sem_t filled, looked_at;
};

static TER_NO_SANITIZE void look(void *context, uintptr_t start, uintptr_t end)
{
    struct thread *thread = context;

    assert_true(start < end && start % sizeof(uintptr_t) == 0 && end % sizeof(uintptr_t) == 0);
    for (const uintptr_t *word = (const uintptr_t *)start; (uintptr_t)word < end; word++) {
        if (*word - thread->first < KEYS)
            thread->seen[*word - thread->first] = true;
        thread->variable_seen |= *word == thread->first + KEYS;
    }
}

static void fill(struct thread *thread)
{
    assert_int_equal(ter_os_thread_begin(&thread->record), TER_OK);
    variable = thread->first + KEYS;
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(pthread_setspecific(keys[i], (void *)(thread->first + i)), 0);
}

static void *fill_and_wait(void *context)
{
    struct thread *thread = context;

    fill(thread);
    sem_post(&thread->filled);
    sem_wait(&thread->looked_at);
    return NULL;
}

static void check(struct thread *thread)
{
    ter_os_visit_thread_data(thread->record, NULL, 0, look, thread);
    assert_true(thread->variable_seen);
    for (size_t i = 0; i < KEYS; i++)
        assert_true(thread->seen[i]);
}

static void data_of_threads(void **state)
{
    struct thread own = {.first = 0x51000000}, other = {.first = 0x52000000};
    pthread_t thread;

    (void)state;
    ter_os_learn_thread_data();
    ter_os_check_thread_data();
    if (!ter_os_knows_thread_data())
        skip();
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(pthread_key_create(&keys[i], NULL), 0);
    sem_init(&other.filled, 0, 0);
    sem_init(&other.looked_at, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, fill_and_wait, &other), 0);
    fill(&own);
    sem_wait(&other.filled);
    check(&own);
    check(&other);
    sem_post(&other.looked_at);
    pthread_join(thread, NULL);
    for (size_t i = 0; i < KEYS; i++)
        pthread_key_delete(keys[i]);
}

/* Its tables are in the library itself since glibc 2.34; whoever has them is known. */
static void tables_are_understood(void **state)
{
    (void)state;
    ter_os_learn_thread_data();
    ter_os_check_thread_data();
    if (dlsym(RTLD_DEFAULT, "_thread_db_sizeof_pthread") == NULL)
        skip();
    assert_true(ter_os_knows_thread_data());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_of_threads),
        cmocka_unit_test(tables_are_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
