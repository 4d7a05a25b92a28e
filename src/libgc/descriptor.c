/* SPDX-License-Identifier: MIT */
#include "libgc/descriptor.h"

#define PROCEDURES (1u << DESCRIPTOR_LOG_PROCEDURES)
/* The first ones belong to well-known clients by number. */
#define RESERVED_PROCEDURES 8u

static GC_mark_proc procedures[PROCEDURES];
static unsigned procedure_count = RESERVED_PROCEDURES;

/*
 * What a mark procedure gets for a mark stack, and only hands through: whose marking it is part of.
 * Several may run at once, in the collector's threads.
 */
struct procedure_call {
    struct ter_trace *trace;
};

/* ---- Tracing ---- */

static void trace_bitmap(struct ter_trace *trace, const GC_word *word, GC_word bits)
{
    GC_word top = (GC_word)1 << (sizeof(GC_word) * 8 - 1);

    for (bits &= ~(GC_word)DESCRIPTOR_TAG_MASK; bits != 0; bits <<= 1, word++)
        if ((bits & top) != 0)
            ter_trace_reference(trace, *word);
}

static void trace_length(struct ter_trace *trace, uintptr_t object, GC_word length)
{
    ter_trace_words(trace, object, object + length);
}

static void call_procedure(struct ter_trace *trace, uintptr_t object, GC_word descriptor)
{
    GC_word argument = descriptor >> DESCRIPTOR_TAG_BITS;
    unsigned index = (unsigned)(argument & (PROCEDURES - 1));
    struct procedure_call call = {trace};

    TER_REQUIRE(procedures[index] != NULL, "libgc: there is no mark procedure %u", index);
    procedures[index]((GC_word *)object, (struct GC_ms_entry *)&call,
                      (struct GC_ms_entry *)(&call + 1), argument >> DESCRIPTOR_LOG_PROCEDURES);
}

/* The descriptor that the object itself holds, or that its type, its first word, holds. */
static GC_word descriptor_in_object(uintptr_t object, GC_word descriptor)
{
    GC_signed_word offset = (GC_signed_word)(descriptor & ~(GC_word)DESCRIPTOR_TAG_MASK);

    if (offset >= 0)
        return *(const GC_word *)(object + (GC_word)offset);
    /* A free or new object has no type yet. */
    if (*(const uintptr_t *)object == 0)
        return 0;
    return *(const GC_word *)(*(const uintptr_t *)object -
                              ((GC_word)offset + DESCRIPTOR_INDIRECT_BIAS));
}

void ter_libgc_trace_descriptor(struct ter_trace *trace, uintptr_t object, GC_word descriptor)
{
    if ((descriptor & DESCRIPTOR_TAG_MASK) == DESCRIPTOR_PER_OBJECT)
        descriptor = descriptor_in_object(object, descriptor);
    switch (descriptor & DESCRIPTOR_TAG_MASK) {
    case DESCRIPTOR_LENGTH: trace_length(trace, object, descriptor); break;
    case DESCRIPTOR_BITMAP: trace_bitmap(trace, (const GC_word *)object, descriptor); break;
    case DESCRIPTOR_PROCEDURE: call_procedure(trace, object, descriptor); break;
    default: break;
    }
}

struct GC_ms_entry *GC_mark_and_push(void *object, struct GC_ms_entry *stack,
                                     struct GC_ms_entry *limit, void **source)
{
    (void)limit, (void)source;
    TER_REQUIRE(stack != NULL, "GC_mark_and_push is for mark procedures");
    ter_trace_reference(((struct procedure_call *)(void *)stack)->trace, (uintptr_t)object);
    return stack;
}

/* ---- Procedures ---- */

unsigned GC_new_proc_inner(GC_mark_proc procedure)
{
    TER_REQUIRE(procedure_count < PROCEDURES, "GC_new_proc: there are at most %u mark procedures",
                PROCEDURES);
    procedures[procedure_count] = procedure;
    return procedure_count++;
}

void ter_libgc_set_procedure(unsigned index, GC_mark_proc procedure)
{
    TER_REQUIRE(index < PROCEDURES && procedures[index] == NULL,
                "libgc: mark procedure %u cannot be set", index);
    procedures[index] = procedure;
}
