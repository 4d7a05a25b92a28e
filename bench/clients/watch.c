/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a program that uses a libgc, counts its collections in a file that `terrier
 * compare` made (tools/terrier/watched.h). It asks the library by GC_set_on_collection_event, which
 * the stock one and Terrier's both have and no known program uses. In programs without libgc it
 * does nothing.
 *
 * Collections of a process come one after the other, each with its events from one thread;
 * processes of a run may collect at once.
 */
#define _GNU_SOURCE
#include "watched.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* As gc.h has them, which need not be there. */
enum { EVENT_START = 0, EVENT_END = 5, EVENT_PRE_STOP = 6, EVENT_POST_START = 9 };

typedef void on_event(int event);

static struct watched *watched;
static _Atomic uint64_t began_ns; /* of the collection under way, or 0 */
static uint64_t stopped_ns;
static uintptr_t code_start, code_end; /* of the library */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void raise_to(_Atomic uint64_t *longest, uint64_t value)
{
    uint64_t old = atomic_load(longest);
    while (old < value && !atomic_compare_exchange_weak(longest, &old, value))
        ;
}

static void note_event(int event)
{
    if (event == EVENT_START) {
        began_ns = now_ns();
    } else if (event == EVENT_END && began_ns != 0) {
        uint64_t passed_ns = now_ns() - began_ns;
        atomic_fetch_add(&watched->collections, 1);
        atomic_fetch_add(&watched->total_ns, passed_ns);
        raise_to(&watched->longest_ns, passed_ns);
        began_ns = 0;
    } else if (event == EVENT_PRE_STOP) {
        stopped_ns = now_ns();
    } else if (event == EVENT_POST_START) {
        raise_to(&watched->longest_stopped_ns, now_ns() - stopped_ns);
    }
}

static bool map_counters(void)
{
    const char *path = getenv(WATCHED_FILE_VARIABLE);
    int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *memory;
    if (file < 0)
        return false;
    memory = mmap(NULL, sizeof *watched, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    watched = memory;
    return memory != MAP_FAILED;
}

/* ---- Sampling ---- */

static int find_code(struct dl_phdr_info *info, size_t size, void *symbol)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_LOAD &&
            (uintptr_t)symbol - start < info->dlpi_phdr[i].p_memsz) {
            code_start = start;
            code_end = start + info->dlpi_phdr[i].p_memsz;
            return 1;
        }
    }
    return 0;
}

static uintptr_t program_counter(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}

/* In a collection the library is also what waits for helpers, and what the system does for it. */
static void take_sample(int number, siginfo_t *information, void *context)
{
    (void)number;
    (void)information;
    atomic_fetch_add_explicit(&watched->samples, 1, memory_order_relaxed);
    if (began_ns != 0 || program_counter(context) - code_start < code_end - code_start)
        atomic_fetch_add_explicit(&watched->library_samples, 1, memory_order_relaxed);
}

static void start_samples(void *symbol)
{
    struct itimerval interval = {.it_interval.tv_usec = (suseconds_t)watched->sample_us,
                                 .it_value.tv_usec = (suseconds_t)watched->sample_us};
    struct sigaction action = {.sa_sigaction = take_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    dl_iterate_phdr(find_code, symbol);
    sigfillset(&action.sa_mask);
    sigaction(SIGPROF, &action, NULL);
    setitimer(ITIMER_PROF, &interval, NULL);
}

__attribute__((constructor)) static void watch(void)
{
    void (*set_on_event)(on_event *);
    void *symbol = dlsym(RTLD_DEFAULT, "GC_set_on_collection_event");
    if (symbol == NULL || !map_counters())
        return;
    memcpy(&set_on_event, &symbol, sizeof set_on_event);
    set_on_event(note_event);
    if (watched->sample_us != 0)
        start_samples(symbol);
}
