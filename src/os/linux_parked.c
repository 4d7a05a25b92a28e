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
 * The lock is only tried: who does not get it does without, also for ever in a child of a fork that
 * another thread made meanwhile.
 */
#define _GNU_SOURCE
#include "os/linux_parked.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PARKED_MOST 40u
#define PARKED_BYTES TER_MIB(4)
#define LARGEST_PARKED TER_KIB(512)
#define SMALLEST_PAGE TER_KIB(4)

struct parked_range {
    uintptr_t start; /* 0: none */
    size_t bytes;
    bool placed; /* for who wants it there */
};

static struct parked_range parked[PARKED_MOST];
static size_t parked_bytes;
static _Atomic bool parking;
static _Atomic bool parked_is_locked;

static bool parked_lock(void)
{
    return !atomic_exchange_explicit(&parked_is_locked, true, memory_order_acquire);
}

static void parked_unlock(void)
{
    atomic_store_explicit(&parked_is_locked, false, memory_order_release);
}

/* ---- Clearing ---- */

/* As the system has them, whatever a test says. */
static size_t true_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* What the kernel says is not there may have been taken out to where it swaps. */
static bool clear_run(uintptr_t start, uintptr_t end, bool there)
{
    if (!there)
        return madvise((void *)start, end - start, MADV_DONTNEED) == 0;
    memset((void *)start, 0, end - start);
    return true;
}

/* Only pages that have memory are written to. */
static bool clear_parked(uintptr_t start, size_t bytes)
{
    unsigned char there[LARGEST_PARKED / SMALLEST_PAGE];
    size_t page = true_page_bytes(), pages = bytes / page, first = 0, next;

    if (mincore((void *)start, bytes, there) != 0)
        return false;
    for (; first < pages; first = next) {
        next = first + 1;
        while (next < pages && ((there[next] ^ there[first]) & 1) == 0)
            next++;
        if (!clear_run(start + first * page, start + next * page, there[first] & 1))
            return false;
    }
    return true;
}

/* ---- Parking ---- */

static struct parked_range *find_parked(uintptr_t start, size_t bytes)
{
    for (unsigned i = 0; i < PARKED_MOST; i++)
        if (parked[i].bytes == bytes && parked[i].placed == (start != 0) &&
            (start == 0 || parked[i].start == start))
            return &parked[i];
    return NULL;
}

static bool put_parked(uintptr_t start, size_t bytes, bool placed)
{
    struct parked_range *place = find_parked(0, 0);

    if (place == NULL || bytes > PARKED_BYTES - parked_bytes)
        return false;
    *place = (struct parked_range){start, bytes, placed};
    parked_bytes += bytes;
    return true;
}

static bool is_worth_parking(size_t bytes)
{
    return atomic_load_explicit(&parking, memory_order_relaxed) && bytes <= LARGEST_PARKED &&
           true_page_bytes() >= SMALLEST_PAGE && !TER_HAS_SANITIZER && !ter_on_valgrind();
}

bool ter_os_park(uintptr_t start, size_t bytes, bool placed)
{
    TER_KEEP_ERRNO;
    bool done;

    if (!is_worth_parking(bytes) || !clear_parked(start, bytes) || !parked_lock())
        return false;
    done = atomic_load_explicit(&parking, memory_order_relaxed) && put_parked(start, bytes, placed);
    parked_unlock();
    return done;
}

bool ter_os_unpark(uintptr_t start, size_t bytes, uintptr_t *got)
{
    struct parked_range *place;

    if (!atomic_load_explicit(&parking, memory_order_relaxed) || !parked_lock())
        return false;
    place = find_parked(start, bytes);
    if (place != NULL) {
        *got = place->start;
        parked_bytes -= bytes;
        *place = (struct parked_range){0, 0, false};
    }
    parked_unlock();
    return place != NULL;
}

bool ter_os_is_parked(uintptr_t start, size_t bytes)
{
    bool found;

    if (!atomic_load_explicit(&parking, memory_order_relaxed) || !parked_lock())
        return false;
    found = find_parked(start, bytes) != NULL;
    parked_unlock();
    return found;
}

bool ter_os_drop_parked(void)
{
    TER_KEEP_ERRNO;
    bool any;

    if (!parked_lock())
        return false;
    any = parked_bytes != 0;
    for (unsigned i = 0; i < PARKED_MOST && any; i++) {
        if (parked[i].bytes != 0)
            munmap((void *)parked[i].start, parked[i].bytes);
        parked[i] = (struct parked_range){0, 0, false};
    }
    parked_bytes = 0;
    parked_unlock();
    return any;
}

void ter_os_set_parking(bool wanted)
{
    atomic_store_explicit(&parking, wanted, memory_order_relaxed);
    if (!wanted)
        (void)ter_os_drop_parked();
}
