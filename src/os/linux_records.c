/* SPDX-License-Identifier: MIT */
/*
 * The records of threads, and the ends of threads.
 *
 * Invariants: a record's memory is never given back, and a record goes to another thread only from
 * the end of its own (by a key's destructor), after the function for ends was called there. One
 * that ends unnoticed leaves its record behind, and with it a number that the kernel knows no more.
 *
 * The destructor has itself called again in each round but the last ones, so that the destructors
 * of the program's keys find the thread as it was.
 */
#define _GNU_SOURCE
#include "os/linux_records.h"

#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than most programs have threads. */
#define FIRST_RECORDS 64u

/* One round is left for what makes a new record after the end. */
#define ROUNDS (_POSIX_THREAD_DESTRUCTOR_ITERATIONS - 1)

static _Thread_local struct ter_os_thread *own;
static _Thread_local int rounds;
static _Thread_local bool noticed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ter_os_thread first_records[FIRST_RECORDS];
static struct ter_os_thread *unused = first_records; /* under `lock`, like the two below */
static size_t unused_count = FIRST_RECORDS;
static struct ter_os_thread *freed;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;
static _Atomic(ter_os_thread_end *) end_function;

void ter_os_set_thread_end(ter_os_thread_end *function)
{
    atomic_store_explicit(&end_function, function, memory_order_relaxed);
}

/* ---- Memory ---- */

static bool have_unused_thread(void)
{
    void *memory;

    if (unused_count > 0)
        return true;
    if (ter_os_allocate_named(ter_os_page_size(), "terrier:threads", &memory) != TER_OK)
        return false;
    unused = memory;
    unused_count = ter_os_page_size() / sizeof *unused;
    return true;
}

static struct ter_os_thread *take_thread(void)
{
    struct ter_os_thread *record;

    pthread_mutex_lock(&lock);
    record = freed;
    if (record != NULL) {
        freed = record->next_free;
    } else if (have_unused_thread()) {
        record = unused++;
        unused_count--;
    }
    pthread_mutex_unlock(&lock);
    return record;
}

static void give_thread(struct ter_os_thread *record)
{
    pthread_mutex_lock(&lock);
    record->next_free = freed;
    freed = record;
    pthread_mutex_unlock(&lock);
}

/* ---- The end of a thread ---- */

static bool wants_another_round(void)
{
    return ++rounds < ROUNDS && pthread_setspecific(key, &rounds) == 0;
}

static void end_thread(void *unused_value)
{
    ter_os_thread_end *function = atomic_load_explicit(&end_function, memory_order_relaxed);
    struct ter_os_thread *record = own;

    (void)unused_value;
    if (wants_another_round())
        return;
    /* It may have been cancelled in the middle of a hold. */
    atomic_store_explicit(&record->holds_off, 0, memory_order_relaxed);
    if (function != NULL)
        function(record);
    own = NULL;
    atomic_signal_fence(memory_order_seq_cst);
    give_thread(record);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, end_thread) == 0;
}

static void notice_end(void)
{
    pthread_once(&key_once, make_key);
    noticed = has_key && pthread_setspecific(key, &rounds) == 0;
}

bool ter_os_thread_end_is_noticed(void)
{
    return noticed;
}

/* ---- The calling thread ---- */

static int kernel_number(void)
{
    return (int)syscall(SYS_gettid);
}

static void fill_thread(struct ter_os_thread *record)
{
    atomic_store_explicit(&record->stack_pointer, 0, memory_order_relaxed);
    atomic_store_explicit(&record->wanted, 0, memory_order_relaxed);
    atomic_store_explicit(&record->suspension, 0, memory_order_relaxed);
    atomic_store_explicit(&record->stands_for, 0, memory_order_relaxed);
    atomic_store_explicit(&record->holds_off, 0, memory_order_relaxed);
    atomic_store_explicit(&record->held_off, 0, memory_order_relaxed);
    record->identity = ter_os_thread_identity();
    record->number = kernel_number();
    record->user = NULL;
}

struct ter_os_thread *ter_os_thread_self(void)
{
    return own;
}

ter_status ter_records_begin(void)
{
    struct ter_os_thread *record = take_thread();

    if (record == NULL)
        return TER_ERROR_NO_MEMORY;
    fill_thread(record);
    atomic_signal_fence(memory_order_seq_cst);
    own = record;
    /* Last: it may allocate, and malloc may be the program's own, over our heap. */
    notice_end();
    return TER_OK;
}

void ter_records_reset_after_fork(void)
{
    pthread_mutex_init(&lock, NULL);
    if (own == NULL)
        return;
    own->number = kernel_number();
    /* Whoever would resume it is not there. */
    atomic_store_explicit(&own->suspension, 0, memory_order_relaxed);
}
