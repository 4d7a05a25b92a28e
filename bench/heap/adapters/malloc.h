/* SPDX-License-Identifier: MIT */
/* malloc and free: the program says what is dead. mimalloc is preloaded before this one. */
#ifndef BENCH_HEAP_MALLOC_H
#define BENCH_HEAP_MALLOC_H

#include <stdlib.h>

#include "../bench.h"

_Noreturn void bench_out_of_memory(void);

struct adapter_state {
    char unused;
};

typedef struct adapter_state bench_mutator;

struct adapter_thread {
    bench_mutator mutator;
};

#define BENCH_FREES 1
#define BENCH_EPHEMERONS 0

static inline void adapter_open(const struct bench_settings *settings,
                                const struct bench_kind *kinds, unsigned count)
{
    (void)settings;
    (void)kinds;
    (void)count;
}

static inline void adapter_close(void)
{
}

static inline bench_mutator *adapter_bind(struct adapter_thread *thread)
{
    return &thread->mutator;
}

static inline void adapter_unbind(struct adapter_thread *thread, bench_mutator *m)
{
    (void)thread;
    (void)m;
}

static inline void adapter_figures(struct bench_figures *figures)
{
    (void)figures;
}

static inline void adapter_collect(bench_mutator *m)
{
    (void)m;
}

static inline void *adapter_checked(void *object)
{
    if (__builtin_expect(object == NULL, 0))
        bench_out_of_memory();
    return object;
}

#define bench_new(m, kind, bytes) ((void)(m), adapter_checked(calloc(1, bytes)))
#define bench_new_plain(m, bytes) ((void)(m), adapter_checked(malloc(bytes)))
#define bench_free(m, object) ((void)(m), free(object))
#define bench_store(m, object, field, value) ((void)(m), (void)((field) = (value)))
#define bench_fill(object, field, value) ((void)((field) = (value)))
#define bench_poll(m) ((void)(m))

#define BENCH_ROOTS(m, name, ...)                                                                  \
    struct {                                                                                       \
        __VA_ARGS__                                                                                \
    } name = {0};                                                                                  \
    (void)(m)
#define BENCH_ROOTS_END(m, name) ((void)(m), (void)(name))

#endif
