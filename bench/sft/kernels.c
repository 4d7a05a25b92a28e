/* SPDX-License-Identifier: MIT */
/*
 * The loops that are timed.
 *
 * A result is given to an empty statement instead of being summed: a sum takes a slot of the
 * processor that is not the lookup's.
 */
#include "bench.h"

#define TAKE(value) __asm__ volatile("" : : "r"(value))

/*
 * SETUP declares `map` from `given`; EACH is done for every word; LOOKUP(map, word) gives a record.
 */
#define KERNELS(name, SETUP, EACH, LOOKUP)                                                         \
    static uintptr_t name##_latency(const void *given, const uintptr_t *words, size_t count,       \
                                    uintptr_t zero)                                                \
    {                                                                                              \
        uintptr_t found = 0;                                                                       \
        SETUP;                                                                                     \
        for (size_t i = 0; i < count; i++) {                                                       \
            EACH;                                                                                  \
            found = (uintptr_t)LOOKUP(map, words[i] ^ (found & zero));                             \
        }                                                                                          \
        return found;                                                                              \
    }                                                                                              \
    static void name##_throughput(const void *given, const uintptr_t *words, size_t count)         \
    {                                                                                              \
        SETUP;                                                                                     \
        for (size_t i = 0; i < count; i++) {                                                       \
            EACH;                                                                                  \
            TAKE(LOOKUP(map, words[i]));                                                           \
        }                                                                                          \
    }                                                                                              \
    static size_t name##_call(const void *given, const uintptr_t *words, size_t count)             \
    {                                                                                              \
        size_t owned = 0;                                                                          \
        SETUP;                                                                                     \
        for (size_t i = 0; i < count; i++) {                                                       \
            const struct ter_sft *space;                                                           \
            EACH;                                                                                  \
            space = LOOKUP(map, words[i]);                                                         \
            owned += space->is_in_space(space, words[i]);                                          \
        }                                                                                          \
        return owned;                                                                              \
    }                                                                                              \
    const struct kernels name##_kernels = {name##_latency, name##_throughput, name##_call}

#define COPY                                                                                       \
    struct ter_sft_map copy = *(const struct ter_sft_map *)given;                                  \
    const struct ter_sft_map *map = &copy
#define POINTER_ONLY const struct ter_sft_map *map = given
#define NOTHING (void)0
/* The compiler must not know that the form stays: it would make a loop for each. */
#define HIDE_KIND __asm__("" : "+r"(copy.kind))

#define BARE_COPY                                                                                  \
    struct bare_map copy = *(const struct bare_map *)given;                                        \
    const struct bare_map *map = &copy

static inline const struct ter_sft *bare_get(const struct bare_map *map, uintptr_t word)
{
    return __atomic_load_n(map->table + ((word >> TER_SFT_LOG_BYTES_IN_CHUNK) & map->mask),
                           __ATOMIC_ACQUIRE);
}

KERNELS(bare, BARE_COPY, NOTHING, bare_get);
KERNELS(space, COPY, NOTHING, ter_sft_space_map_get);
KERNELS(dense, COPY, NOTHING, ter_sft_dense_map_get);
KERNELS(sparse, COPY, NOTHING, ter_sft_sparse_map_get);
KERNELS(selected, COPY, HIDE_KIND, ter_sft_map_get);
KERNELS(space_pointer, POINTER_ONLY, NOTHING, ter_sft_space_map_get);
KERNELS(dense_pointer, POINTER_ONLY, NOTHING, ter_sft_dense_map_get);
KERNELS(sparse_pointer, POINTER_ONLY, NOTHING, ter_sft_sparse_map_get);
KERNELS(selected_pointer, POINTER_ONLY, NOTHING, ter_sft_map_get);

uintptr_t chain_latency(const uintptr_t *words, size_t count, uintptr_t zero)
{
    uintptr_t found = 0;

    for (size_t i = 0; i < count; i++) {
        found = words[i] ^ (found & zero);
        __asm__ volatile("" : "+r"(found));
    }
    return found;
}

/* ---- The design before: an answer is two words, and the map has a table of functions ---- */

static uintptr_t before_latency(const void *given, const uintptr_t *words, size_t count,
                                uintptr_t zero)
{
    const struct before_map *map = given;
    uintptr_t found = 0;

    for (size_t i = 0; i < count; i++)
        found = (uintptr_t)map->operations->get_checked(map, words[i] ^ (found & zero)).functions;
    return found;
}

static void before_throughput(const void *given, const uintptr_t *words, size_t count)
{
    const struct before_map *map = given;

    for (size_t i = 0; i < count; i++) {
        struct before_answer answer = map->operations->get_checked(map, words[i]);

        TAKE(answer.space);
        TAKE(answer.functions);
    }
}

static size_t before_call(const void *given, const uintptr_t *words, size_t count)
{
    const struct before_map *map = given;
    size_t owned = 0;

    for (size_t i = 0; i < count; i++) {
        struct before_answer answer = map->operations->get_checked(map, words[i]);

        owned += answer.functions->is_in_space(answer.space, words[i]);
    }
    return owned;
}

const struct kernels before_kernels = {before_latency, before_throughput, before_call};
