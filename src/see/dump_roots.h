/* SPDX-License-Identifier: MIT */
/*
 * The roots of a dump: each reference in a root, in groups with names for people.
 *
 * Invariant: a group is one form of root, of one library or one thread where that is known. What
 * can be asked of the loader alone (names of variables) is asked when the world goes on again.
 */
#pragma once

#include "cycle/cycle.h"
#include "see/code_names.h"

struct ter_dump_root {
    const void *word; /* that it lies in; NULL: in none */
    uintptr_t object;
    uint32_t group;
    bool exact;
    bool weak;
};

struct ter_dump_group {
    enum ter_reference_place place;
    uintptr_t start, end; /* whose words are meant; 0: of any */
    unsigned thread;      /* 0: of none */
    char name[64];        /* of the library or the thread; as it is, not escaped */
    size_t count;         /* of roots in it */
    uint32_t number;      /* when those without one are gone */
};

struct ter_dump_roots {
    struct ter_weak_list roots;
    struct ter_weak_list groups;
    size_t words; /* roots that lie in a word */
    bool failed;  /* no memory for one of them */
};

void ter_dump_roots_init(struct ter_dump_roots *roots);
void ter_dump_roots_fini(struct ter_dump_roots *roots);

/*
 * With the world stopped, under the loader's lock, before the first root: whose data and stacks lie
 * where.
 */
void ter_dump_roots_find_groups(struct ter_dump_roots *roots,
                                const struct ter_collector *collector);
void ter_dump_roots_add(struct ter_dump_roots *roots, const struct ter_edge *edge);

/* After the last root: groups without one go. */
void ter_dump_roots_drop_empty(struct ter_dump_roots *roots);

struct ter_dump_group *ter_dump_roots_group(const struct ter_dump_roots *roots, size_t index);
const struct ter_dump_root *ter_dump_roots_at(const struct ter_dump_roots *roots, size_t index);

/* "static data of libc.so.6", not escaped. */
void ter_dump_group_name(const struct ter_dump_group *group, char *text, size_t size);
/*
 * What the word is called that the root lies in: a variable, if the loader or the file knows one,
 * else its address. Asks the loader, so not while threads stand, nor under the heap lock.
 */
void ter_dump_root_name(const struct ter_dump_roots *roots, const struct ter_dump_root *root,
                        struct ter_code_names *names, char *text, size_t size);
