/* SPDX-License-Identifier: MIT */
/*
 * Kinds of objects that programs define, with mark descriptors and mark procedures.
 *
 * A descriptor is a word whose low two bits are a tag: 0 a length in bytes, 1 a bitmap from the top
 * bit down, 2 a procedure with an argument, 3 where in the object the descriptor lies (gc_mark.h).
 */
#include "libgc/libgc.h"
#include "libgc/descriptor.h"

#include <string.h>

#define PROCEDURES (1u << DESCRIPTOR_LOG_PROCEDURES)
/* The first ones belong to well-known clients by number. */
#define RESERVED_PROCEDURES 8u

struct custom_kind {
    GC_word descriptor;
    bool add_size;
};

static struct custom_kind custom_kinds[TER_MAX_KINDS];
static GC_mark_proc procedures[PROCEDURES];
static unsigned procedure_count = RESERVED_PROCEDURES;

/*
 * What a mark procedure gets for a mark stack, and only hands through: whose marking it is part of.
 * Several may run at once, in the collector's threads.
 */
struct procedure_call {
    struct ter_trace *trace;
};

/* ---- Descriptors ---- */

static void trace_bitmap(struct ter_trace *trace, const GC_word *word, GC_word bits)
{
    GC_word top = (GC_word)1 << (sizeof(GC_word) * 8 - 1);

    for (bits &= ~(GC_word)DESCRIPTOR_TAG_MASK; bits != 0; bits <<= 1, word++)
        if ((bits & top) != 0)
            ter_tracer_word(ter_tracer_of(trace), *word);
}

static void trace_length(struct ter_trace *trace, uintptr_t object, GC_word length)
{
    ter_tracer_data(ter_tracer_of(trace), object, object + length);
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

static void trace_custom(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    const struct custom_kind *kind = context;

    ter_libgc_trace_descriptor(trace, object, kind->descriptor + (kind->add_size ? bytes : 0));
}

/* ---- Definitions ---- */

/*
 * Lists of free objects are not kept by kind; the program only hands the pointer on. There is one
 * for each kind that there may be; no memory is asked for, as the caller of the first has the lock.
 */
void **GC_new_free_list_inner(void)
{
    static void *lists[TER_MAX_KINDS];
    static _Atomic unsigned count;
    unsigned index = atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);

    return &lists[ter_min(index, TER_MAX_KINDS - 1)];
}

void **GC_new_free_list(void)
{
    return GC_new_free_list_inner();
}

unsigned GC_new_kind_inner(void **list, GC_word descriptor, int add_size, int clear)
{
    struct ter_kind kind = {
        .scan = TER_SCAN_VISITOR, .zeroed = clear != 0, .visitor = trace_custom};
    struct ter_allocator *allocator = ter_libgc_ready();
    unsigned index = allocator->kind_count;
    ter_status status;

    (void)list;
    TER_REQUIRE(index < TER_MAX_KINDS, "GC_new_kind: a heap has at most %u kinds", TER_MAX_KINDS);
    custom_kinds[index] = (struct custom_kind){descriptor, add_size != 0};
    kind.context = &custom_kinds[index];
    /* The two commonest descriptors need no function. */
    if (descriptor == 0)
        kind.scan = add_size != 0 ? TER_SCAN_AMBIGUOUS : TER_SCAN_NONE;
    status = ter_collector_add_kind(ter_libgc.collector, &kind, &index);
    TER_CHECK(status == TER_OK);
    return index;
}

unsigned GC_new_kind(void **list, GC_word descriptor, int add_size, int clear)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    unsigned index;

    index = GC_new_kind_inner(list, descriptor, add_size, clear);
    ter_allocator_unlock(allocator);
    return index;
}

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

unsigned GC_new_proc(GC_mark_proc procedure)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    unsigned index;

    index = GC_new_proc_inner(procedure);
    ter_allocator_unlock(allocator);
    return index;
}

struct GC_ms_entry *GC_mark_and_push(void *object, struct GC_ms_entry *stack,
                                     struct GC_ms_entry *limit, void **source)
{
    (void)limit, (void)source;
    TER_REQUIRE(stack != NULL, "GC_mark_and_push is for mark procedures");
    ter_trace_word(((struct procedure_call *)(void *)stack)->trace, (uintptr_t)object);
    return stack;
}
