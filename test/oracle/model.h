/* SPDX-License-Identifier: MIT */
/*
 * The naive model: objects as nodes of a graph, what refers to them, and what a collection must do
 * to them. It knows nothing of a heap but what is written down here.
 *
 * Invariant: `members` are the nodes that may still be in the heap, `usable` those that the program
 * can reach from its roots; both are current after model_reach. A node that is gone stays in memory
 * until the model ends, so that whoever names it is told so.
 */
#pragma once

#include "run.h"

enum {
    FIELDS = 8, /* words of an object that hold something else than its pattern */
    ROOTS = 64,
    CELLS = 24, /* words outside the heap for links */
    LINKS = 64,
    ACTORS = 4,
    LOCALS = 4, /* words on the stack of each */
    MOST_MEMBERS = 1500
};

struct node;

/* A root or an edge: the address of a byte of the target. */
struct reference {
    struct node *target; /* NULL: none */
    size_t displacement;
};

enum field_use { FIELD_FREE, FIELD_EDGE, FIELD_VALUE, FIELD_LINK };

struct field {
    enum field_use use;
    size_t word; /* of the object */
    struct reference edge;
    uintptr_t value; /* of FIELD_VALUE: keeps nothing, whatever it may look like */
};

enum finalizer_state { FINALIZER_NONE, FINALIZER_WAITING, FINALIZER_READY, FINALIZER_RAN };

/* Marks of a node, each from another pass over the graph. */
enum { MARK_USABLE = 1, MARK_REACHED = 2, MARK_LATER = 4, MARK_KEPT = 8 };

struct node {
    uint32_t number;
    unsigned kind;    /* index in the table of kinds */
    unsigned version; /* of its pattern */
    size_t bytes;     /* as asked for */
    bool is_root;     /* uncollectable: there until it is freed */
    bool is_gone;
    unsigned marks;
    struct field fields[FIELDS];
    enum finalizer_state finalizer;
    _Atomic unsigned finalizer_runs;
    bool was_lost; /* in a collection since the finalizer was set: it may be due */
    void *owner;   /* the world that it belongs to */
    /* The heap's side of it, as last seen. */
    uintptr_t address;
    uint64_t seen; /* when, in walks */
    bool movable;
    bool pinned; /* by the program */
};

struct link {
    uint32_t number; /* 0: there is none */
    bool is_long;
    struct node *holder; /* NULL: the word is a cell outside the heap */
    size_t word;
    struct node *target;
    bool must_be_zero; /* after a collection, until the world has looked */
    bool may_be_zero;  /* its target was lost in a collection since the world looked */
};

struct model {
    struct node **by_number; /* all that there ever were */
    uint32_t most;
    struct node *members[MOST_MEMBERS];
    unsigned member_count;
    struct node *usable[MOST_MEMBERS];
    unsigned usable_count;
    size_t bytes; /* of members */
    struct reference roots[ROOTS];
    struct reference locals[ACTORS][LOCALS];
    struct link links[LINKS];
    /* What the last collection took away. */
    struct node *gone[MOST_MEMBERS];
    unsigned gone_count;
    struct node *stack[MOST_MEMBERS + 1]; /* of a pass over the graph */
};

void model_init(struct model *model, uint32_t most_numbers);
void model_fini(struct model *model);

/* NULL when there are too many. */
struct node *model_add(struct model *model, uint32_t number, unsigned kind, size_t bytes);
/* Whoever refers to it was told before. */
void model_remove(struct model *model, struct node *node);
/* The node of that number; NULL when there is none or it is gone. */
struct node *model_find(const struct model *model, uint32_t number);
/* The same when the program can reach it. */
struct node *model_find_usable(const struct model *model, uint32_t number);

/*
 * Does the field lead on, when what has one of `marks` is reached? A key does not, and a value does
 * when its key is reached or there is none.
 */
bool node_leads_on(const struct node *node, const struct field *field, unsigned marks);
/* The key is gone: neither it nor its value are edges any more. */
void node_clear_element(struct node *node, struct field *key);
/* The value beside a key; NULL: there is none that is an edge. */
struct field *node_value(struct node *node, const struct field *key);

/* Finds what the program can reach. */
void model_reach(struct model *model);
/* Is there an edge to it from something that the program cannot reach? */
bool model_is_held_by_lost(const struct model *model, const struct node *node);

/* What a collection must do when the roots are exact; `gone` is what it takes away. */
void model_collect(struct model *model);
/*
 * What may be forgotten when a collection may have kept anything: what neither roots nor finalizers
 * nor links that are left lead to.
 */
void model_forget(struct model *model);

struct link *model_find_link(struct model *model, uint32_t number);
/* A field for that word: the one that has it, else a free one; NULL when there is no more. */
struct field *node_field(struct node *node, size_t word);
/* The field of that word; NULL: the word holds the pattern. */
const struct field *node_find_field(const struct node *node, size_t word);
