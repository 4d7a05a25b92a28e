/* SPDX-License-Identifier: MIT */
/*
 * Memory of heaps that ended, parked for the next one: mapped, and clear.
 *
 * Making a heap and ending it is mostly faults and calls of the system, for the same sizes each
 * time, and by need at the same addresses. While other heaps live, what one had is kept therefore,
 * up to PARKED_BYTES of addresses; nothing is when none lives.
 *
 * Invariant: what is parked is mapped for reading and writing, reads zero, and nobody knows of it.
 * It gives way: a mapping that does not come where it was asked for, or not at all, is tried again
 * without it.
 *
 * A place holds a word for each range, so that one instruction takes it: nobody waits for a thread
 * that was stopped here, or that a fork left behind. Only who needs a range gone waits for who is
 * giving it back, which no signal stops.
 */
#define _GNU_SOURCE
#include "os/linux_pages.h"
#include "os/linux_parked.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PARKED_MOST 40u
#define PARKED_BYTES TER_MIB(4)
#define LARGEST_PARKED TER_KIB(512)
#define SMALLEST_PAGE TER_KIB(4)
#define LARGEST_CLEARED TER_MIB(2) /* at once, of ranges side by side */

/* A word of a range: its start, its smallest pages, and these. 0: there is none. */
#define PARKED_PLACED ((uintptr_t)1 << 8)  /* for who wants it there */
#define PARKED_LEAVING ((uintptr_t)1 << 9) /* it is being given back */

static _Atomic uintptr_t parked[PARKED_MOST];
static _Atomic size_t parked_bytes;
static _Atomic bool parking;

static uintptr_t parked_word(uintptr_t start, size_t bytes, bool placed)
{
    return start | bytes / SMALLEST_PAGE | (placed ? PARKED_PLACED : 0);
}

static uintptr_t parked_start_of(uintptr_t word)
{
    return ter_align_down(word, SMALLEST_PAGE);
}

static size_t parked_bytes_of(uintptr_t word)
{
    return (word & (PARKED_PLACED - 1)) * SMALLEST_PAGE;
}

/* ---- Clearing ---- */

/* As the system has them, whatever a test says. */
static size_t true_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

enum page_state {
    PAGE_NEW, /* it reads zero */
    PAGE_PRESENT,
    PAGE_ABSENT /* it may have been taken out to where the system swaps */
};

/* By the list `file`; without it the system says less. */
static bool look_at_pages(int file, uintptr_t start, size_t count, unsigned char *states)
{
    uint64_t pages[LARGEST_CLEARED / SMALLEST_PAGE];

    if (file < 0 || !ter_pages_read(file, start, pages, count)) {
        if (mincore((void *)start, count * true_page_bytes(), states) != 0)
            return false;
        for (size_t i = 0; i < count; i++)
            states[i] = (states[i] & 1) != 0 ? PAGE_PRESENT : PAGE_ABSENT;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        states[i] = !ter_page_was_touched(pages[i]) ? PAGE_NEW
                    : ter_page_is_present(pages[i]) ? PAGE_PRESENT
                                                    : PAGE_ABSENT;
    return true;
}

static bool clear_run(uintptr_t start, uintptr_t end, enum page_state state)
{
    if (state == PAGE_ABSENT)
        return madvise((void *)start, end - start, MADV_DONTNEED) == 0;
    if (state == PAGE_PRESENT)
        memset((void *)start, 0, end - start);
    return true;
}

/* Only pages that have memory are written to. */
static bool clear_parked(int file, uintptr_t start, size_t bytes)
{
    unsigned char states[LARGEST_CLEARED / SMALLEST_PAGE];
    size_t page = true_page_bytes(), pages = bytes / page, first = 0, next;

    if (!look_at_pages(file, start, pages, states))
        return false;
    for (; first < pages; first = next) {
        next = first + 1;
        while (next < pages && states[next] == states[first])
            next++;
        if (!clear_run(start + first * page, start + next * page, (enum page_state)states[first]))
            return false;
    }
    return true;
}

/* ---- Parking ---- */

static bool replace_parked(_Atomic uintptr_t *place, uintptr_t word, uintptr_t by)
{
    return atomic_compare_exchange_strong_explicit(place, &word, by, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static bool put_parked_word(uintptr_t word)
{
    for (unsigned i = 0; i < PARKED_MOST; i++)
        if (atomic_load_explicit(&parked[i], memory_order_relaxed) == 0 &&
            replace_parked(&parked[i], 0, word))
            return true;
    return false;
}

static bool put_parked(uintptr_t word)
{
    size_t bytes = parked_bytes_of(word);

    if (atomic_fetch_add_explicit(&parked_bytes, bytes, memory_order_relaxed) + bytes <=
            PARKED_BYTES &&
        put_parked_word(word))
        return true;
    atomic_fetch_sub_explicit(&parked_bytes, bytes, memory_order_relaxed);
    return false;
}

/* `start`: 0, of one without a place. */
static bool is_parked_word(uintptr_t word, uintptr_t start, size_t bytes)
{
    uintptr_t wanted = parked_word(start, bytes, start != 0);

    return word != 0 && (start != 0 ? word == wanted : word - parked_start_of(word) == wanted);
}

static bool is_worth_parking(size_t bytes)
{
    return atomic_load_explicit(&parking, memory_order_relaxed) && bytes <= LARGEST_PARKED &&
           true_page_bytes() >= SMALLEST_PAGE && !TER_HAS_SANITIZER && !ter_on_valgrind();
}

/* ---- Gathering ---- */

/*
 * Tables of a heap that ends, which lie anywhere, and mostly side by side: one question and one
 * walk clear several. Those that have a place are not among them, since the next who wants one
 * there may come before all is done; for them too the list of pages is open. `gatherer`: the thread
 * whose all this is; 0: nobody's.
 */
static _Atomic uintptr_t gatherer;
static int gatherer_pages = -1; /* the list of pages; negative: there is none */
static unsigned gathered_count;
static struct gathered {
    uintptr_t start;
    size_t bytes;
} gathered[PARKED_MOST];

bool ter_os_gather_retired(void)
{
    TER_KEEP_ERRNO;
    uintptr_t nobody = 0;

    if (!is_worth_parking(0) ||
        !atomic_compare_exchange_strong_explicit(&gatherer, &nobody, ter_os_thread_identity(),
                                                 memory_order_acquire, memory_order_relaxed))
        return false;
    gatherer_pages = ter_pages_open();
    return true;
}

static bool is_gatherer(void)
{
    return atomic_load_explicit(&gatherer, memory_order_relaxed) == ter_os_thread_identity();
}

/* Before the file is closed it is nobody's: a child that is forked meanwhile closes no other. */
static void close_pages(void)
{
    int file = gatherer_pages;

    gatherer_pages = -1;
    atomic_signal_fence(memory_order_seq_cst);
    if (file >= 0)
        ter_pages_close_file(file);
}

/* In the order of addresses. */
static bool gather(uintptr_t start, size_t bytes)
{
    unsigned place = gathered_count;

    if (!is_gatherer() || place == PARKED_MOST)
        return false;
    for (; place > 0 && gathered[place - 1].start > start; place--)
        gathered[place] = gathered[place - 1];
    gathered[place] = (struct gathered){start, bytes};
    gathered_count++;
    return true;
}

/* The end of the longest run from `first` that lies side by side, and its bytes. */
static unsigned run_of_gathered(unsigned first, size_t *bytes)
{
    unsigned next = first + 1;

    *bytes = gathered[first].bytes;
    while (next < gathered_count && gathered[next].start == gathered[first].start + *bytes &&
           *bytes + gathered[next].bytes <= LARGEST_CLEARED)
        *bytes += gathered[next++].bytes;
    return next;
}

void ter_os_park_what_was_gathered(void (*release)(uintptr_t start, size_t bytes))
{
    TER_KEEP_ERRNO;
    size_t bytes;

    for (unsigned first = 0, next; first < gathered_count; first = next) {
        bool clear;

        next = run_of_gathered(first, &bytes);
        clear = clear_parked(gatherer_pages, gathered[first].start, bytes);
        for (unsigned i = first; i < next; i++)
            if (!clear || !put_parked(parked_word(gathered[i].start, gathered[i].bytes, false)))
                release(gathered[i].start, gathered[i].bytes);
    }
    gathered_count = 0;
    close_pages();
    atomic_store_explicit(&gatherer, 0, memory_order_release);
    /* The last heap may have ended meanwhile. */
    if (!atomic_load_explicit(&parking, memory_order_relaxed))
        ter_os_drop_parked();
}

bool ter_os_park(uintptr_t start, size_t bytes, bool placed)
{
    TER_KEEP_ERRNO;

    if (!is_worth_parking(bytes))
        return false;
    if (!placed && gather(start, bytes))
        return true;
    return clear_parked(is_gatherer() ? gatherer_pages : -1, start, bytes) &&
           put_parked(parked_word(start, bytes, placed));
}

bool ter_os_unpark(uintptr_t start, size_t bytes, uintptr_t *got)
{
    if (!atomic_load_explicit(&parking, memory_order_relaxed) || bytes > LARGEST_PARKED)
        return false;
    for (unsigned i = 0; i < PARKED_MOST; i++) {
        uintptr_t word = atomic_load_explicit(&parked[i], memory_order_relaxed);

        if (!is_parked_word(word, start, bytes) || !replace_parked(&parked[i], word, 0))
            continue;
        atomic_fetch_sub_explicit(&parked_bytes, bytes, memory_order_relaxed);
        *got = parked_start_of(word);
        return true;
    }
    return false;
}

bool ter_os_is_parked(uintptr_t start, size_t bytes)
{
    for (unsigned i = 0; i < PARKED_MOST && bytes <= LARGEST_PARKED; i++)
        if (is_parked_word(atomic_load_explicit(&parked[i], memory_order_relaxed), start, bytes))
            return true;
    return false;
}

/* ---- Giving back ---- */

static void drop_place(_Atomic uintptr_t *place)
{
    uintptr_t word;

    while (((word = atomic_load_explicit(place, memory_order_acquire)) & PARKED_LEAVING) != 0)
        sched_yield();
    if (word == 0 || !replace_parked(place, word, word | PARKED_LEAVING))
        return; /* somebody took it, or put one there since */
    munmap((void *)parked_start_of(word), parked_bytes_of(word));
    atomic_store_explicit(place, 0, memory_order_release);
    atomic_fetch_sub_explicit(&parked_bytes, parked_bytes_of(word), memory_order_relaxed);
}

void ter_os_drop_parked(void)
{
    TER_KEEP_ERRNO;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < PARKED_MOST; i++)
        drop_place(&parked[i]);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Addresses that another thread was giving back are lost to the child, or free already. */
void ter_os_reset_parked_after_fork(void)
{
    if (!is_gatherer()) {
        gathered_count = 0;
        close_pages();
        atomic_store_explicit(&gatherer, 0, memory_order_relaxed);
    }
    for (unsigned i = 0; i < PARKED_MOST; i++) {
        uintptr_t word = atomic_load_explicit(&parked[i], memory_order_relaxed);

        if ((word & PARKED_LEAVING) == 0)
            continue;
        atomic_fetch_sub_explicit(&parked_bytes, parked_bytes_of(word), memory_order_relaxed);
        atomic_store_explicit(&parked[i], 0, memory_order_relaxed);
    }
}

void ter_os_set_parking(bool wanted)
{
    atomic_store_explicit(&parking, wanted, memory_order_relaxed);
    if (!wanted)
        ter_os_drop_parked();
}
