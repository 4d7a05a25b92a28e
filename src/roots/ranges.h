/* SPDX-License-Identifier: MIT */
/*
 * Static roots: writable data of the program and of every shared library, and ranges that the
 * embedder adds. All are scanned conservatively.
 *
 * Invariant: `segments` is what was loaded when `segments_version` was read; it is read again
 * before a collection when the loader's version differs. Excluded ranges are cut out of segments,
 * not out of added ranges. What cannot be read when it is visited is left out, and said once. All
 * under the heap lock.
 */
#pragma once

#include "layout/layout.h"
#include "os/os.h"
#include "roots/exact.h"

/* [start, end) holds words that may refer to objects. */
typedef void ter_root_visitor(void *context, uintptr_t start, uintptr_t end);

struct ter_root_range {
    uintptr_t start;
    uintptr_t end;
};

/* A growing array of ranges in memory of its own. */
struct ter_root_list {
    struct ter_root_range *ranges;
    size_t count;
    size_t capacity;
};

/* Libraries with thread-local data of their own; grows like the list above. */
struct ter_module_list {
    struct ter_os_module *modules;
    size_t count;
    size_t capacity;
};

/* Should this data of the program ("") or of a library be scanned? Under the loader's lock. */
typedef int ter_root_filter(const char *library, void *start, size_t bytes);

/* More ranges that cannot be read are left out without a word. */
#define TER_MOST_SAID 16u

struct ter_roots {
    struct ter_root_list added;
    struct ter_root_list excluded;
    struct ter_root_list segments;
    struct ter_module_list modules; /* as current as segments */
    uint64_t segments_version;
    bool segments_known;
    bool scan_program;                         /* the program's own data */
    bool scan_libraries;                       /* that of shared libraries */
    ter_root_filter *filter;                   /* NULL: all of it */
    struct ter_root_range said[TER_MOST_SAID]; /* ranges that cannot be read, as the log has them */
    unsigned said_count;
    struct ter_root_range
        readable; /* whole pages that this visit found to be so; of many small ranges */
    struct ter_exact_roots exact;
};

void ter_roots_init(struct ter_roots *roots, bool scan_program, bool scan_libraries);
void ter_roots_fini(struct ter_roots *roots);

/* Adds a range; one that is there already is no error. */
ter_status ter_roots_add(struct ter_roots *roots, uintptr_t start, uintptr_t end);
/* Takes [start, end) out of what was added, also out of the middle of larger ranges. */
ter_status ter_roots_remove(struct ter_roots *roots, uintptr_t start, uintptr_t end);
/* Forgets added ranges and the data of the program; libraries go when their flag is cleared. */
void ter_roots_clear(struct ter_roots *roots);
/* Never scans [start, end) as data of the program or of a library. */
ter_status ter_roots_exclude(struct ter_roots *roots, uintptr_t start, uintptr_t end);
/* Scans again what was excluded. */
void ter_roots_clear_excluded(struct ter_roots *roots);
/* Asks this of every segment from the next refresh on. */
void ter_roots_set_filter(struct ter_roots *roots, ter_root_filter *filter);

/* Looks at what is loaded now. Before a collection, while other threads still run. */
ter_status ter_roots_refresh(struct ter_roots *roots);
/* Visits everything, with the world stopped. */
void ter_roots_visit(struct ter_roots *roots, ter_root_visitor *visitor, void *context);
/* Visits what of [start, end) can be read. */
void ter_roots_visit_range(struct ter_roots *roots, uintptr_t start, uintptr_t end,
                           ter_root_visitor *visitor, void *context);
/* Sum of the sizes of all ranges. */
size_t ter_roots_bytes(const struct ter_roots *roots);
