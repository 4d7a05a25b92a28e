/* SPDX-License-Identifier: MIT */
/*
 * The options of a heap. One table; the struct, the parser, TERRIER_OPTIONS and the documentation
 * derive from it.
 */
#ifndef TERRIER_OPTIONS_H
#define TERRIER_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <terrier/api.h>
#include <terrier/plans.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest value of an option that is a text, with its closing zero. */
#define TER_OPTION_TEXT_BYTES 256

/*
 * NUMBER(name, default, lowest, highest, help): a whole number; K, M, G, T multiply by 2^10...
 * TEXT(name, default, allowed values separated by |, or NULL for any, help)
 */
#define TER_OPTIONS(NUMBER, TEXT)                                                                  \
    TEXT(plan, "auto", TER_PLAN_VALUES, TER_PLAN_HELP)                                             \
    TEXT(layout, "auto", NULL,                                                                     \
         "where the heap lives: auto, a preset or custom; then, if wanted, :start=, :extent=, "    \
         ":slots=, :limit=, :shared=, :by_need= and :first=")                                      \
    TEXT(stacks, "ambiguous", "ambiguous|exact",                                                   \
         "whether stacks and registers of threads are scanned, or frames alone are roots (exact)") \
    TEXT(stop, "auto", "auto|signals|safepoints",                                                  \
         "how threads are stopped; auto: by signals, with stacks=exact at safepoints")             \
    TEXT(sft_map, "auto", "auto|space|dense|sparse",                                               \
         "the form of the map from addresses to spaces; auto: what the layout asks for")           \
    NUMBER(sft_trace, 0, 0, 1, "every change of that map is logged")                               \
    NUMBER(sft_trace_map, 0, 0, 1, "the same, and after each change the whole map, run by run")    \
    TEXT(objects, "native", "native|malloc",                                                       \
         "where objects come from; malloc: the C library, or functions of the program's")          \
    NUMBER(vm_space, 0, 0, 1, "the program may declare memory of its own to the heap")             \
    TEXT(sizing, "ratio", "ratio|fixed|adaptive",                                                  \
         "how far the heap grows; ratio: by what lives, as in Boehm's collector; fixed: heap_max " \
         "from the beginning; adaptive: by the root of what lives and how fast it allocates")      \
    TEXT(soft_limit, "", NULL,                                                                     \
         "bytes that all heaps of the process should have together; auto: what its control group " \
         "allows; none; empty: as another heap said, or auto")                                     \
    NUMBER(heap_initial, 65536, 0, UINT64_MAX, "bytes the heap may use before it first grows")     \
    NUMBER(heap_max, 0, 0, UINT64_MAX, "bytes the heap may use at most; 0: no maximum")            \
    NUMBER(free_space_divisor, 3, 1, 1000000,                                                      \
           "larger: more collections and less memory (as in Boehm's collector)")                   \
    NUMBER(huge_pages, 0, 0, 1, "huge pages are asked for, where the system has them")             \
    NUMBER(populate, 1, 0, 1, "memory is asked for some pages ahead, where the system can")        \
    NUMBER(markers, 0, 0, 16,                                                                      \
           "threads that mark; 0: up to as many as processors, as is faster; with stacks=exact 1") \
    NUMBER(markers_measured, 0, 0, 1,                                                              \
           "1: markers is the most that mark, where that was measured to be faster")               \
    NUMBER(give_back, 1, 0, 1, "free memory that is not needed goes back to the system")           \
    NUMBER(stress, 0, 0, UINT64_MAX, "a collection at every so many allocations; 0: none")         \
    NUMBER(stress_polls, 0, 0, UINT64_MAX, "a collection at every so many safepoints; 0: none")    \
    NUMBER(poison, 0, 0, 1, "memory that objects left is overwritten, and so is new that may be")  \
    NUMBER(check_heap, 0, 0, 2,                                                                    \
           "1: the process stops at a slot that holds no object (slow); 2: or is not reported")    \
    NUMBER(origins, 0, 0, 1, "messages say where an object was allocated (slow)")                  \
    NUMBER(barriers, 2, 0, 2,                                                                      \
           "1: ter_write or its like comes before each store into an object, as plans with young " \
           "objects want; 2: with stacks=exact")                                                   \
    NUMBER(young_bytes, 0, 0, UINT64_MAX,                                                          \
           "bytes allocated between collections of young objects; 0: adapts, from 4M")             \
    NUMBER(young_pause, 2000, 0, 1000000,                                                          \
           "microseconds that these should take at most, if young_bytes adapts; 0: no matter")     \
    NUMBER(check_barriers, 0, 0, 1,                                                                \
           "the process stops at a store into an object that came without ter_write (slow)")       \
    NUMBER(scan_program, 2, 0, 2, "the program's static data are roots; 2: if stacks are scanned") \
    NUMBER(scan_libraries, 2, 0, 2,                                                                \
           "the static data of shared libraries are roots; 2: if stacks are scanned")              \
    NUMBER(log, 1, 0, 3, "messages on standard error: 0 none, 1 warnings, 2 decisions, 3 all")     \
    TEXT(report, "none", "none|text|json", "what is written when the heap ends")                   \
    TEXT(report_file, "", NULL,                                                                    \
         "where the report goes; %p is the process id; empty: standard error")                     \
    TEXT(map, "none", "none|text|svg", "what map of its blocks is written when the heap ends")     \
    TEXT(map_file, "", NULL, "where the map goes; as report_file")                                 \
    NUMBER(map_at, 0, 0, UINT64_MAX, "the collection after which it is written; 0: at the end")    \
    NUMBER(map_width, 64, 16, 128, "blocks on a line of the map")                                  \
    NUMBER(live, 0, 0, 1,                                                                          \
           "a thread answers `terrier top`, `signal` and `why` of this user at any time")          \
    TEXT(timeline, "", NULL,                                                                       \
         "file that collections and their parts are added to, as trace events (JSON); %p is the "  \
         "process id; empty: none")                                                                \
    TEXT(recording, "", NULL,                                                                      \
         "files, up to 64 with numbers added to this name, of what happens in the heap; "          \
         "`terrier run --page` makes a page of them; as timeline")                                 \
    TEXT(dump, "", NULL,                                                                           \
         "file that all objects and references are written to when the heap ends, as a heap "      \
         "snapshot of V8's form; as timeline")                                                     \
    NUMBER(                                                                                        \
        dump_signal, 0, 0, 64,                                                                     \
        "number of a signal after which that is done too, when the program next allocates; the "   \
        "name gets a number; 0: none")                                                             \
    TEXT(profile, "", NULL,                                                                        \
         "file that a profile of allocation is written to when the heap ends, as pprof's "         \
         "profile.proto; as timeline")                                                             \
    NUMBER(                                                                                        \
        profile_interval, 0, 0, UINT64_C(1) << 40,                                                 \
        "bytes allocated between two samples, on average; 0: 512K if one of the others here is "   \
        "wanted, else none")                                                                       \
    TEXT(growth, "", NULL,                                                                         \
         "file that is written when the heap ends: of which stacks more and more objects lived; "  \
         "as timeline")

#define TER_OPTION_NUMBER_FIELD(name, value, lowest, highest, help) uint64_t name;
#define TER_OPTION_TEXT_FIELD(name, value, allowed, help) char name[TER_OPTION_TEXT_BYTES];

/** Values of all options. Make one with ter_options_init. */
struct ter_options {
    TER_OPTIONS(TER_OPTION_NUMBER_FIELD, TER_OPTION_TEXT_FIELD)
};

#undef TER_OPTION_NUMBER_FIELD
#undef TER_OPTION_TEXT_FIELD

/** Sets every option to its default. */
TER_API void ter_options_init(struct ter_options *options);

/**
 * Sets one option from text. TER_ERROR_UNKNOWN_NAME or TER_ERROR_INVALID leave `options` as it was
 * and write a sentence of at most `message_bytes` bytes into `message` (may be NULL with 0).
 */
TER_API ter_status ter_options_set(struct ter_options *options, const char *name, const char *value,
                                   char *message, size_t message_bytes);

/**
 * Sets options from "name=value,name=value". Stops at the first that is wrong, with its status and
 * message; those before it are set.
 */
TER_API ter_status ter_options_parse(struct ter_options *options, const char *text, char *message,
                                     size_t message_bytes);

/**
 * Sets options from the environment variable TERRIER_OPTIONS, if there is one. In a program with
 * rights that whoever started it does not have (set-user-ID, set-group-ID, file capabilities) the
 * variable is not believed: nothing is set.
 */
TER_API ter_status ter_options_read_environment(struct ter_options *options, char *message,
                                                size_t message_bytes);

/** Calls `visit` for each option with its default and help, in the order of the table. */
TER_API void ter_options_for_each(void (*visit)(void *context, const char *name,
                                                const char *default_value, const char *help),
                                  void *context);

#ifdef __cplusplus
}
#endif
#endif
