/* SPDX-License-Identifier: MIT */
/*
 * What nodes of a dump are called: by kind, by size where the kind has no name, and by the place
 * that allocated them where that is known: of all objects with the option `origins`, of those that
 * were sampled with `profile`. Objects alike share a name.
 *
 * Invariant: a name is a number from 0 on, and its text is put together when it is written.
 */
#pragma once

#include "check/check.h"
#include "see/code_names.h"
#include "see/samples.h"

/* Who knows where objects came from; NULL: nobody. */
struct ter_dump_origins {
    const struct ter_ledger *ledger;
    const struct ter_samples *samples;
};

struct ter_dump_names {
    const struct ter_collector *collector;
    struct ter_dump_origins origins;
    struct ter_weak_table by_key;
    struct ter_weak_list keys; /* uintptr_t, by the name's number */
    struct ter_weak_table by_site;
    struct ter_weak_list sites; /* uintptr_t */
    bool failed;                /* no memory */
};

void ter_dump_names_init(struct ter_dump_names *names, const struct ter_collector *collector,
                         struct ter_dump_origins origins);
void ter_dump_names_fini(struct ter_dump_names *names);

/*
 * Objects of one kind and one such size have a name in common, but for the place: the size is 0
 * where the kind has a name, or else granules. In the second `kind` is a row of the base kind.
 */
size_t ter_dump_kind_size(const struct ter_collector *collector, unsigned kind, size_t bytes);
void ter_dump_kind_text(struct ter_text *text, const struct ter_collector *collector, unsigned kind,
                        size_t size);

/* The name of the object. Under the heap lock. */
size_t ter_dump_names_of(struct ter_dump_names *names, uintptr_t object, unsigned kind,
                         size_t bytes);
/* Not escaped. Asks the loader: neither under the heap lock nor while threads stand. */
void ter_dump_names_text(const struct ter_dump_names *names, const struct ter_code_names *code,
                         size_t name, char *text, size_t size);
