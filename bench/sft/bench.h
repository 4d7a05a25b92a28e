/* SPDX-License-Identifier: MIT */
/*
 * What the files of this program share. One thread measures; the readers and the writer of shared.c
 * are the exception, and share nothing but the map.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <terrier/sft.h>

enum { WORDS = 32768, MAX_SPACES = 15, MAX_REPETITIONS = 1001 };

/* ---- Lookups ---- */

/* The reference: a load from a table of pointers, one a chunk, with nothing checked. */
struct bare_map {
    const struct ter_sft *const *table;
    uintptr_t mask;
};

/*
 * The loops that are timed. In `latency` each word depends on the last answer, by way of `zero`,
 * which is 0; in `throughput` none does; `call` asks is_in_space through the record.
 */
struct kernels {
    uintptr_t (*latency)(const void *map, const uintptr_t *words, size_t count, uintptr_t zero);
    void (*throughput)(const void *map, const uintptr_t *words, size_t count);
    size_t (*call)(const void *map, const uintptr_t *words, size_t count);
};

extern const struct kernels bare_kernels, space_kernels, dense_kernels, sparse_kernels;
extern const struct kernels selected_kernels, before_kernels;
extern const struct kernels space_pointer_kernels, dense_pointer_kernels, sparse_pointer_kernels;
extern const struct kernels selected_pointer_kernels;

/* What `latency` costs without a lookup. */
uintptr_t chain_latency(const uintptr_t *words, size_t count, uintptr_t zero);

/* ---- The design before ---- */

struct before_functions {
    bool (*is_in_space)(const struct ter_sft *space, uintptr_t word);
};

struct before_answer {
    const struct ter_sft *space;
    const struct before_functions *functions;
};

struct before_map;

struct before_operations {
    struct before_answer (*get_checked)(const struct before_map *map, uintptr_t word);
};

struct before_map {
    const struct before_operations *operations;
    struct before_table *table;
};

/* Makes a map of the form in which `owner_of`, one number a chunk, picks from `records`. */
bool before_create(struct before_map *map, enum ter_sft_map_kind kind, uintptr_t start,
                   uintptr_t bytes, unsigned log_slot_bytes, struct ter_sft *const *records,
                   const uint8_t *owner_of);
void before_destroy(struct before_map *map);

/* ---- What is looked up, and in what ---- */

/* One set of maps with the same owners, and words to look up in them. */
struct scenario {
    unsigned spaces;
    uintptr_t bytes;
    bool random; /* owners chunk by chunk; then there is no space map */
    unsigned log_slot_bytes;
    uint8_t *owner_of; /* of each chunk, a number of a space */
    const struct ter_sft **bare_table;
    struct bare_map bare;
    struct ter_sft_map map[3]; /* by form */
    struct ter_sft *record[3][MAX_SPACES];
    struct before_map before[3];
    uintptr_t clean[WORDS];   /* all owned */
    uintptr_t garbage[WORDS]; /* every second one is not */
};

/* First address of every scenario; a region behind the last one is covered and nobody's. */
#define SCENARIO_START ((uintptr_t)1 << 34)

/* Ends the program if something cannot be had. */
struct scenario *scenario_create(unsigned spaces, uintptr_t bytes, bool random);
void scenario_destroy(struct scenario *scenario);
/* Ends the program if one of our maps gives a wrong answer for a word of the scenario. */
void scenario_check(const struct scenario *scenario);

/* ---- Results ---- */

/* Median, first and third quartile. */
struct spread {
    double median, low, high;
};

enum { SUBJECTS_MAX = 16 };

enum metric {
    LATENCY,
    THROUGHPUT,
    GARBAGE,         /* throughput when half of the words are garbage */
    CALL,            /* throughput with a call */
    LATENCY_GARBAGE, /* latency when half of the words are garbage */
    CALL_GARBAGE,
    METRICS
};

struct figures {
    const char *map;
    bool measured;
    struct spread ns[METRICS];
};

struct result {
    unsigned spaces;
    uintptr_t bytes;
    bool random;
    struct spread chain;
    struct figures figures[SUBJECTS_MAX];
};

/* Subjects by number, the same in every result; [0] is bare. */
enum { BARE = 0, CONCRETE = 1, SELECTED = 4, POINTER = 7, SELECTED_POINTER = 10, BEFORE = 13 };

/* Two readers and a writer. */
struct shared_result {
    struct spread ns[SUBJECTS_MAX]; /* throughput of a reader; only bare to selected */
    double updates_per_second;
};

/* Creation and memory of each form. */
struct start_result {
    struct spread create_us[3];
    double resident_kib[3]; /* after claiming 1 GiB */
};

void measure_shared(const struct scenario *scenario, unsigned repetitions,
                    struct shared_result *result);
void measure_start(struct start_result *result);

/* The scenario that the goals are read from: 4 spaces, 1 GiB, contiguous. */
const struct result *find_main(const struct result *results, size_t count);

double times_bare(const struct result *result, unsigned subject, enum metric metric);
double times_clean(const struct result *result, unsigned subject);

struct report {
    const struct result *results;
    size_t count;
    const struct shared_result *shared;
    const struct start_result *start;
    unsigned repetitions;
};

void print_figures(FILE *out, const struct report *report);
void print_goals(FILE *out, const struct report *report);
void print_json(FILE *out, const struct report *report);
void print_plot(FILE *out, const struct report *report);

/* ---- Small things ---- */

double now_ns(void);
_Noreturn void stop(const char *what);
struct spread spread_of(double *samples, size_t count);
