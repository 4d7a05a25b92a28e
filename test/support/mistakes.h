/* SPDX-License-Identifier: MIT */
/*
 * Planted mistakes of an embedder. Each is a program in two forms, with the mistake and without,
 * which run under the same options in a child: the one is stopped with a line, the other is not.
 */
#pragma once

#include <terrier/terrier.h>

#include "small_heap.h"
#include "support.h"

struct pair {
    struct pair *first;
    struct pair *second;
    uintptr_t number;
};

/* What a program has. Its stacks are exact unless the options say otherwise. */
struct embedder {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned pair_kind;  /* a layout: `first` and `second` */
    struct pair *global; /* to be a root, or not */
    bool wrong;          /* with the mistake */
};

extern struct embedder embedder;

enum mistake_needs {
    MISTAKE_ANY,      /* is found under every plan */
    MISTAKE_COLLECTS, /* wants a plan that frees */
    MISTAKE_MOVES     /* wants one that moves objects */
};

struct mistake {
    const char *name;
    void (*program)(void);
    const char *options;  /* the modes under which it is found; "": in every heap */
    const char *parts[3]; /* of the line, NULL for no more */
    enum mistake_needs needs;
};

/* Under every plan that serves: the program with the mistake, and without it. */
void test_mistakes(const struct mistake *mistakes, size_t count);

/* A pair that nothing names yet. */
struct pair *make_pair(uintptr_t number);
unsigned define_kind(const struct ter_kind_description *description);
