/* SPDX-License-Identifier: MIT */
/* What the loops of all plans call, and need not have inline. */
#include "trace/trace.h"

#define FEWEST_TO_GIVE 8 /* entries; with fewer, others get nothing */
#define SHORTEST_INTERVAL                                                                          \
    512u /* entries scanned after a packet: waking others takes as long as many */
#define LONGEST_INTERVAL 65536u
#define PACKET_ENTRIES 512u         /* at most */
#define LEAST_TO_SHARE TER_KIB(128) /* of a large object */

/* The stack alone, without what is in the queue. */
static void save_stack(const struct ter_scanning *scanning)
{
    struct ter_mark_stack *stack = &scanning->tracer->stack;

    stack->bottom = (size_t)(scanning->bottom - stack->entries);
    stack->count = (size_t)(scanning->top - stack->entries);
}

/* The oldest last, so that it is scanned first. */
void ter_scanning_save(struct ter_scanning *scanning)
{
    while (scanning->newest != scanning->oldest)
        ter_scanning_push(scanning, scanning->queue[--scanning->newest % TER_SCAN_QUEUE_LENGTH]);
    save_stack(scanning);
}

void ter_scanning_push_slow(struct ter_scanning *scanning, struct ter_mark_entry entry)
{
    save_stack(scanning);
    ter_mark_stack_push(&scanning->tracer->stack, entry.start, entry.bytes_and_kind, 0);
    ter_scanning_read_stack(scanning);
}

/* An exact reference is asked about as it is: what the space makes of it is the space's to say. */
uintptr_t ter_scanning_elsewhere(struct ter_scanning *scanning, const struct ter_sft *sft,
                                 uintptr_t word, enum ter_word_form form)
{
    ter_object object = form == TER_WORD_EXACT ? sft->find_object(sft, word)
                                               : sft->find_object_from_interior(sft, word);

    if (ter_object_is_none(object) || !ter_scanning_refers(scanning, word - object.bits, form))
        return word;
    ter_scanning_save(scanning);
    object = sft->trace_object(sft, &scanning->tracer->trace, object);
    ter_scanning_read_stack(scanning);
    return object.bits;
}

void ter_scanning_visit(struct ter_scanning *scanning, const struct ter_kind *kind,
                        uintptr_t object, size_t bytes)
{
    bytes = ter_foreign_own_bytes(&scanning->arena->foreign, object, bytes);
    ter_scanning_save(scanning);
    kind->visitor(kind->context, &scanning->tracer->trace, object, bytes);
    ter_scanning_read_stack(scanning);
}

void ter_scanning_find_kind(struct ter_scanning *scanning, uintptr_t object, size_t bytes)
{
    unsigned kind = ter_object_kinds_load(&scanning->arena->kinds, object);

    if (scanning->tracer->kinds[kind].scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, bytes, kind);
}

/*
 * Half of the stack, the oldest entries, for who has nothing to do. Behind them may be half of all
 * there is, or next to nothing, as in a long list. A packet that was used up before this tracer had
 * done its interval is followed by one of twice the length.
 */
static void give_half(struct ter_scanning *scanning, bool in_time)
{
    struct ter_tracer *tracer = scanning->tracer;
    size_t count = ter_min((size_t)(scanning->top - scanning->bottom) / 2, PACKET_ENTRIES);

    if (ter_packets_give(tracer->packets, scanning->bottom, count))
        scanning->bottom += count;
    tracer->packet_interval =
        in_time ? SHORTEST_INTERVAL
                : (unsigned)ter_min(tracer->packet_interval * 2, LONGEST_INTERVAL);
    tracer->until_packet = tracer->packet_interval;
}

void ter_scanning_give_packet(struct ter_scanning *scanning)
{
    if (scanning->top - scanning->bottom >= FEWEST_TO_GIVE)
        give_half(scanning, scanning->tracer->until_packet == 0);
}

/* ---- Large objects ---- */

static struct ter_mark_entry part_of(uintptr_t start, uintptr_t end, unsigned kind,
                                     size_t element_bytes)
{
    uintptr_t granule = ter_align_down(start, TER_BYTES_IN_GRANULE);
    uintptr_t flag = element_bytes == 0 ? 0 : TER_ENTRY_ELEMENTS;

    return ter_mark_entry_of(start | flag, ter_align_up(end, TER_BYTES_IN_GRANULE) - granule, kind);
}

/* About half way, and so that no whole element lies in the granule that both parts have some of. */
static uintptr_t middle_of(uintptr_t start, uintptr_t end, size_t unit)
{
    uintptr_t middle = start + (end - start) / 2 / unit * unit;

    while (ter_align_up(middle, TER_BYTES_IN_GRANULE) - middle >= unit)
        middle += unit;
    return middle;
}

/* The end of what is left, when half was given. */
static uintptr_t share(struct ter_packets *packets, uintptr_t start, uintptr_t end, unsigned kind,
                       size_t element_bytes)
{
    uintptr_t middle =
        middle_of(start, end, element_bytes == 0 ? TER_BYTES_IN_GRANULE : element_bytes);
    struct ter_mark_entry half = part_of(middle, end, kind, element_bytes);

    return ter_packets_give(packets, &half, 1) ? middle : end;
}

void ter_scanning_leave(struct ter_scanning *scanning, uintptr_t start, uintptr_t end,
                        unsigned kind, size_t element_bytes)
{
    struct ter_packets *packets = scanning->tracer->packets;
    struct ter_mark_entry rest;

    if (packets != NULL && end - start >= LEAST_TO_SHARE && ter_packets_are_wanted(packets))
        end = share(packets, start, end, kind, element_bytes);
    rest = part_of(start, end, kind, element_bytes);
    ter_scanning_enqueue(scanning, rest.start, ter_mark_entry_bytes(rest), kind);
}
