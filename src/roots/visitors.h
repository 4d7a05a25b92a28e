/* SPDX-License-Identifier: MIT */
/*
 * Functions of the program's that report roots in each collection, in the order in which they were
 * added. Under the heap lock.
 */
#pragma once

#include "roots/visit.h"

/* More than a program has of them: what is many lies in what one of them walks. */
#define TER_MOST_ROOT_VISITORS 16u

struct ter_roots_visitor {
    ter_roots_function *function; /* NULL: none */
    void *context;
};

struct ter_roots_visitors {
    struct ter_roots_visitor visitors[TER_MOST_ROOT_VISITORS];
    size_t count;
};

/* TER_ERROR_INVALID: it is there. TER_ERROR_FULL. */
ter_status ter_roots_visitors_add(struct ter_roots_visitors *list,
                                  struct ter_roots_visitor visitor);
/* TER_ERROR_INVALID: it is not there. */
ter_status ter_roots_visitors_remove(struct ter_roots_visitors *list,
                                     struct ter_roots_visitor visitor);
void ter_roots_visitors_call(const struct ter_roots_visitors *list, struct ter_root_visit *visit);
