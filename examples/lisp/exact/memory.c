/* SPDX-License-Identifier: MIT */
/*
 * Memory from a Terrier heap that scans no stack, knows every reference, and may move objects. The
 * elements of a weak vector are weak references.
 */
#include "lisp.h"

/* Where the values of each type lie. */

#define SLOT(type, field) (UINT64_C(1) << (offsetof(type, field) / sizeof(value)))
#define ELEMENTS .element_bytes = sizeof(value), .element = {.bitmap = 1}

static const struct ter_object_layout layouts[TYPES] = {
    [TYPE_PAIR] = {.header_bytes = sizeof(struct pair),
                   .header = {.bitmap = SLOT(struct pair, car) | SLOT(struct pair, cdr)}},
    [TYPE_SYMBOL] = {.header_bytes = sizeof(struct symbol),
                     .header = {.bitmap = SLOT(struct symbol, name) | SLOT(struct symbol, global)}},
    [TYPE_VECTOR] = {.header_bytes = sizeof(struct vector), ELEMENTS},
    [TYPE_WEAK_VECTOR] = {.header_bytes = sizeof(struct vector), ELEMENTS},
    [TYPE_TABLE] = {.header_bytes = sizeof(struct table),
                    .header = {.bitmap = SLOT(struct table, keys) | SLOT(struct table, values)}},
    [TYPE_CLOSURE] = {.header_bytes = sizeof(struct closure),
                      .header = {.bitmap = SLOT(struct closure, parameters) |
                                           SLOT(struct closure, body) |
                                           SLOT(struct closure, environment)}},
    [TYPE_ENVIRONMENT] = {.header_bytes = sizeof(struct environment),
                          .header = {.bitmap = SLOT(struct environment, names) |
                                               SLOT(struct environment, parent)},
                          ELEMENTS},
};

static const char *const type_names[TYPES] = {
    [TYPE_PAIR] = "pair",       [TYPE_SYMBOL] = "symbol",
    [TYPE_STRING] = "string",   [TYPE_VECTOR] = "vector",
    [TYPE_TABLE] = "table",     [TYPE_WEAK_VECTOR] = "weak vector",
    [TYPE_CLOSURE] = "closure", [TYPE_ENVIRONMENT] = "environment",
    [TYPE_BUILTIN] = "builtin",
};

/* The low two bits of a value are a tag, and those with tag 0 are references. */
static const struct ter_slot_type values = {
    .form = TER_SLOTS_TAGGED, .mask = 3, .references = 1 << 0};

static bool has_references(enum type type)
{
    return type != TYPE_STRING && type != TYPE_BUILTIN;
}

static ter_status define_kind(struct memory *memory, enum type type)
{
    struct ter_kind_description kind = {.name = type_names[type]};

    if (has_references(type)) {
        kind.layout = &layouts[type];
        kind.slots = values;
    } else {
        kind.flags = TER_KIND_NO_SLOTS;
    }
    if (type == TYPE_WEAK_VECTOR)
        kind.flags |= TER_KIND_EPHEMERONS;
    return ter_kind_define(memory->heap, &kind, &memory->kinds[type]);
}

static ter_status heap_start(struct lisp *lisp)
{
    struct memory *memory = &lisp->memory;
    size_t globals = sizeof lisp->globals / sizeof(value);
    ter_status status = ter_heap_new_with("plan=semispace,stacks=exact", &memory->heap);

    if (status == TER_OK)
        status = ter_roots_set_tags(memory->heap, &values);
    if (status == TER_OK)
        status = ter_roots_add_slots(memory->heap, &lisp->globals, globals, TER_ROOT_TAGGED);
    for (int type = 0; status == TER_OK && type < TYPES; type++)
        status = define_kind(memory, (enum type)type);
    if (status == TER_OK)
        status = ter_mutator_bind(memory->heap, &memory->mutator);
    return status;
}

bool memory_start(struct lisp *lisp)
{
    ter_status status = heap_start(lisp);

    if (status != TER_OK)
        fprintf(stderr, "lisp: %s\n", ter_status_message(status));
    return status == TER_OK;
}

void memory_end(struct lisp *lisp)
{
    ter_mutator_unbind(lisp->memory.mutator);
    ter_heap_free(lisp->memory.heap);
}

void *memory_new(struct lisp *lisp, enum type type, size_t bytes)
{
    unsigned kind = lisp->memory.kinds[type];
    struct object *object = ter_allocate_inline(lisp->memory.mutator, kind, bytes);

    if (object == NULL)
        lisp_error(lisp, "out of memory", NONE);
    object->type = type;
    return object;
}

/* The plan may be one that never collects. */
bool memory_collect(struct lisp *lisp)
{
    struct ter_statistics figures;

    ter_collect(lisp->memory.mutator);
    ter_heap_statistics(lisp->memory.heap, &figures, sizeof figures);
    return figures.collections > 0;
}

void weak_store(struct lisp *lisp, struct vector *vector, size_t index, value key)
{
    store(lisp, vector, &vector->values[index], key);
}

/* Not the address: that may change. */
uintptr_t identity_hash(struct lisp *lisp, value v)
{
    return ter_identity_hash(lisp->memory.heap, object_of(v));
}
