/* SPDX-License-Identifier: MIT */
/*
 * For the plain programs here: expectations that print what failed, numbers that are the same in
 * every run, and help against a conservative collector, which keeps what lies about on the stack.
 *
 * The environment: CHECK_DIVISOR makes the work smaller, for slow ways of running;
 * TERRIER_DROP_IN is set when the library is ours, for the few things that only it promises.
 */
#pragma once

#include <gc.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))
#define NOINLINE __attribute__((noinline))

static unsigned check_failures;

/* EXPECT(condition, format, values...) */
#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_failed(__FILE__, __LINE__, #condition, __VA_ARGS__);                             \
    } while (0)

static UNUSED __attribute__((format(printf, 4, 5))) void check_failed(const char *file, int line,
                                                                      const char *condition,
                                                                      const char *format, ...)
{
    const char *slash = strrchr(file, '/');
    va_list values;

    fprintf(stderr, "%s:%d: not so: %s (", slash == NULL ? file : slash + 1, line, condition);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputs(")\n", stderr);
    if (++check_failures == 20) {
        fputs("too many failures, stopping\n", stderr);
        exit(1);
    }
}

/* What main returns. */
static UNUSED int check_end(void)
{
    return check_failures == 0 ? 0 : 1;
}

/* `full`, or less of it when running is slow; at least 1. */
static UNUSED size_t check_scale(size_t full)
{
    const char *text = getenv("CHECK_DIVISOR");
    size_t divisor = text == NULL ? 1 : (size_t)strtoul(text, NULL, 10);

    return divisor <= 1 ? full : full / divisor + 1;
}

static UNUSED bool is_drop_in(void)
{
    return getenv("TERRIER_DROP_IN") != NULL;
}

static UNUSED uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A number below `limit`. */
static UNUSED size_t random_below(uint64_t *state, size_t limit)
{
    return (size_t)((next_random(state) >> 11) % limit);
}

/* The seed of a random test: the program's first argument, TEST_SEED, or a fixed one. */
static UNUSED uint64_t check_seed(int count, char **arguments)
{
    const char *text = count > 1 ? arguments[1] : getenv("TEST_SEED");
    uint64_t seed = text == NULL ? UINT64_C(0x9e3779b97f4a7c15) : strtoull(text, NULL, 0);

    printf("seed %#llx\n", (unsigned long long)seed);
    return seed == 0 ? 1 : seed;
}

/* Overwrites the stack below the caller's frame, where finished calls left pointers. */
static UNUSED NOINLINE void clear_stack(void)
{
    char room[16384];

    memset(room, 0, sizeof room);
    __asm__ volatile("" : : "r"(room) : "memory");
}

static UNUSED void collect(void)
{
    clear_stack();
    GC_gcollect();
}

/* A pointer as a word that no collector takes for one. */
static UNUSED uintptr_t hide(const void *pointer)
{
    return ~(uintptr_t)pointer;
}

static UNUSED void *reveal(uintptr_t hidden)
{
    return (void *)~hidden;
}

static UNUSED bool is_filled(const void *memory, int byte, size_t bytes)
{
    const unsigned char *start = memory;

    for (size_t i = 0; i < bytes; i++)
        if (start[i] != (unsigned char)byte)
            return false;
    return true;
}
