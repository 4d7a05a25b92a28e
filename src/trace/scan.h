/* SPDX-License-Identifier: MIT */
/*
 * What a plan's loop has in hand while it scans, and what it does with an object that was reached:
 * the part of the loop that is the same for every plan, and that the policies' parts are written
 * with.
 *
 * Invariant: a marked object that may hold references has been scanned, is in the queue or on the
 * stack, or the stack has `overflowed`.
 *
 * A newly marked object is prefetched and enters the queue; the one that has been there longest
 * goes to the stack when there is no room; what is scanned next comes off the stack, or off the
 * queue when the stack is empty. So an object's memory mostly has had the time of a queue of other
 * marks to arrive, and the order stays close to depth first. After Cher, Hosking, Vitek: "Software
 * prefetching for mark-sweep garbage collection", ASPLOS 2004, with the queue before the stack and
 * not behind.
 */
#pragma once

#include "metadata/metadata.h"
#include "sft/sft.h"
#include "trace/tracer.h"

#define TER_SCAN_QUEUE_LENGTH 32u /* a power of two */

/*
 * What the loop reads for every word, in a local variable: the compiler keeps it in registers or in
 * the frame, where it would have to load it again from the tracer after every store of a mark.
 */
struct ter_scanning {
    struct ter_tracer *tracer;
    const struct ter_arena *arena;
    struct ter_sft_map map; /* a copy: it never changes */
    const uint8_t *displacements;
    uintptr_t low;
    uintptr_t span;
    uintptr_t first; /* of the first range; what lies there surely belongs to its space */
    uintptr_t first_span;
    uintptr_t marks; /* biases of the tables of mark bits: the tracer's, the other one's */
    uintptr_t others_marks;
    struct ter_mark_entry *bottom; /* of the mark stack: first entry, first free one, end */
    struct ter_mark_entry *top;
    struct ter_mark_entry *end;
    unsigned oldest; /* of the queue, and one past the newest; modulo its length */
    unsigned newest;
    struct ter_mark_entry queue[TER_SCAN_QUEUE_LENGTH];
};

/* ---- The tracer's stack ---- */

TER_INLINE void ter_scanning_read_stack(struct ter_scanning *scanning)
{
    const struct ter_mark_stack *stack = &scanning->tracer->stack;

    scanning->bottom = stack->entries + stack->bottom;
    scanning->top = stack->entries + stack->count;
    scanning->end = stack->entries + stack->capacity;
}

/*
 * Once for every object with a visitor, and for every word that it reports: field by field, as
 * filling and copying the whole takes longer than marking a few words.
 */
TER_INLINE void ter_scanning_begin(struct ter_scanning *scanning, struct ter_tracer *tracer)
{
    scanning->tracer = tracer;
    scanning->arena = tracer->arena;
    scanning->map = tracer->arena->map;
    scanning->displacements = tracer->displacements;
    scanning->low = tracer->low;
    scanning->span = tracer->span;
    scanning->first = tracer->first;
    scanning->first_span = tracer->first_span;
    scanning->marks = tracer->marks;
    scanning->others_marks = tracer->others_marks;
    ter_scanning_read_stack(scanning);
    scanning->oldest = scanning->newest = 0;
}

/* Moves the queue to the tracer's stack: around calls that push there, and at the end. */
void ter_scanning_save(struct ter_scanning *scanning);
/* Pushes an entry when the stack is full. */
void ter_scanning_push_slow(struct ter_scanning *scanning, struct ter_mark_entry entry);

TER_INLINE void ter_scanning_push(struct ter_scanning *scanning, struct ter_mark_entry entry)
{
    if (TER_UNLIKELY(scanning->top == scanning->end))
        ter_scanning_push_slow(scanning, entry);
    else
        *scanning->top++ = entry;
}

/* ---- For policies ---- */

TER_INLINE bool ter_scanning_counts(const struct ter_scanning *scanning, uintptr_t displacement)
{
    return displacement < TER_MAX_DISPLACEMENT && scanning->displacements[displacement] != 0;
}

/* Does a word that leads to that byte of an object refer to the object? */
TER_INLINE bool ter_scanning_refers(const struct ter_scanning *scanning, uintptr_t displacement,
                                    enum ter_word_form form)
{
    switch (form) {
    case TER_WORD_EXACT: return displacement == 0;
    case TER_WORD_DISPLACED: return ter_scanning_counts(scanning, displacement);
    default: return true;
    }
}

/*
 * Sets the mark of the granule at `object`; false when it was set. With others about, most marks
 * that are asked for are set already, which a plain load tells.
 */
TER_INLINE bool ter_scanning_mark(const struct ter_scanning *scanning, uintptr_t object,
                                  enum ter_marking marking)
{
    uintptr_t offset = (object >> TER_LOG_BYTES_IN_BIT_WORD) << 3;
    uint64_t *word = (uint64_t *)(scanning->marks + offset);
    uint64_t mask = ter_bits_mask(object);
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED), seen = old;

    if (marking == TER_MARKING_OF_TWO)
        seen |= __atomic_load_n((uint64_t *)(scanning->others_marks + offset), __ATOMIC_RELAXED);
    if ((seen & mask) != 0)
        return false;
    if (marking == TER_MARKING_OF_MANY)
        return (__atomic_fetch_or(word, mask, __ATOMIC_RELAXED) & mask) == 0;
    __atomic_store_n(word, old | mask, __ATOMIC_RELAXED);
    return true;
}

/* The object was reached for the first time and is to be scanned. */
TER_INLINE void ter_scanning_enqueue(struct ter_scanning *scanning, uintptr_t object, size_t bytes,
                                     unsigned kind)
{
    struct ter_mark_entry *place = &scanning->queue[scanning->newest % TER_SCAN_QUEUE_LENGTH];

    TER_PREFETCH_READ(object);
    TER_PREFETCH_READ(object + bytes - 1); /* often in the next line of the cache */
    if (TER_LIKELY(scanning->newest - scanning->oldest == TER_SCAN_QUEUE_LENGTH)) {
        ter_scanning_push(scanning, *place);
        scanning->oldest++;
    }
    scanning->newest++;
    *place = ter_mark_entry_of(object, bytes, kind);
}

/* A word that leads to a space for which the loop has no code of its own; returns the new one. */
uintptr_t ter_scanning_elsewhere(struct ter_scanning *scanning, const struct ter_sft *sft,
                                 uintptr_t word, enum ter_word_form form);

/* ---- Scanning ---- */

/* What to scan next: the top of the stack, else what has waited longest in the queue. */
TER_INLINE bool ter_scanning_take(struct ter_scanning *scanning, struct ter_mark_entry *entry)
{
    if (TER_LIKELY(scanning->top != scanning->bottom)) {
        *entry = *--scanning->top;
        return true;
    }
    scanning->top = scanning->bottom = scanning->tracer->stack.entries;
    if (scanning->oldest == scanning->newest)
        return false;
    *entry = scanning->queue[scanning->oldest++ % TER_SCAN_QUEUE_LENGTH];
    return true;
}

/* Calls the visitor of the kind. */
void ter_scanning_visit(struct ter_scanning *scanning, const struct ter_kind *kind,
                        uintptr_t object, size_t bytes);

/*
 * An entry whose kind has no references: the object may lie in a block of several kinds, and which
 * one it has was not asked when it was reached (space/block_several.c). Enqueues it again, if there
 * is something to scan.
 */
TER_COLD void ter_scanning_find_kind(struct ter_scanning *scanning, uintptr_t object, size_t bytes);

/*
 * The rest of a large object, of which a piece is scanned: back to the queue. Where somebody waits
 * for work, half of it is for him, as there may be nothing else to give. It begins at an element of
 * `element_bytes` (TER_ENTRY_ELEMENTS), or, with 0, is ambiguous words from a granule on.
 */
void ter_scanning_leave(struct ter_scanning *scanning, uintptr_t start, uintptr_t end,
                        unsigned kind, size_t element_bytes);

/* Somebody waits for work: gives a packet, if there is enough. */
void ter_scanning_give_packet(struct ter_scanning *scanning);

/* One more entry is about to be scanned in a parallel phase. */
TER_INLINE void ter_scanning_poll_packet(struct ter_scanning *scanning)
{
    struct ter_tracer *tracer = scanning->tracer;

    if (tracer->until_packet > 1)
        tracer->until_packet--;
    else if (TER_LIKELY(!ter_packets_are_wanted(tracer->packets)))
        tracer->until_packet = 0;
    else
        ter_scanning_give_packet(scanning);
}

/*
 * An entry of the mark stack for what is left of an object with a layout: it begins at an element,
 * which need not be aligned to a granule, and the low bit of the address, which objects never have,
 * says so. The bytes count from the granule that the element begins in.
 */
#define TER_ENTRY_ELEMENTS ((uintptr_t)1)
