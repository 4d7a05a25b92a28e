/* SPDX-License-Identifier: MIT */
#include "heap/touches.h"

#include "heap/heap.h"

/* Room for a sentence, with its zero; the handler may stand on a small stack. */
#define TOUCH_TEXT 300u

/* ---- What is told ---- */

static void add_kind_of(struct ter_text *text, const struct ter_space *space, unsigned kind)
{
    const struct ter_kind_details *details = space->kinds[kind].details;

    if (details != NULL && details->name[0] != '\0')
        ter_text_print(text, "kind \"%s\"", details->name);
    else
        ter_text_print(text, "kind %u", details != NULL ? details->base : kind);
}

/* "+8 of object 0x..", or where it lies to one that does not cover it. */
static void add_touched_place(struct ter_text *text, const struct ter_lost *lost, uintptr_t address)
{
    size_t offset = address - lost->object;

    if (address < lost->object)
        ter_text_print(text, "%zu bytes before", (size_t)(lost->object - address));
    else if (offset < lost->bytes)
        ter_text_print(text, "at +%zu of", offset);
    else
        ter_text_print(text, "%zu bytes behind the end of", offset - lost->bytes);
}

static void add_loss(struct ter_text *text, const struct ter_lost *lost)
{
    switch (lost->loss) {
    case TER_LOSS_COLLECTED:
        ter_text_print(text,
                       "that collection %u freed, since nothing led to it: a root is missing, or "
                       "a slot that its kind does not tell of",
                       lost->collection);
        break;
    case TER_LOSS_FREED:
        ter_text_print(text, "that was freed by ter_free, after collection %u", lost->collection);
        break;
    case TER_LOSS_MOVED:
        ter_text_print(text,
                       "that collection %u moved to %#zx: the reference was not read again after "
                       "that, or is in no slot that the heap was told of",
                       lost->collection, (size_t)lost->now_at);
        break;
    default:
        ter_text_print(text, "that is alive, after collection %u: its %zu bytes end there",
                       lost->collection, lost->bytes);
    }
}

static void tell_lost(const struct ter_space *space, const struct ter_lost *lost, uintptr_t address)
{
    char buffer[TOUCH_TEXT + 200];
    struct ter_text text;

    ter_text_init(&text, buffer, sizeof buffer);
    add_touched_place(&text, lost, address);
    ter_text_print(&text, " object %#zx (", (size_t)lost->object);
    add_kind_of(&text, space, lost->kind);
    ter_text_print(&text, ", %zu bytes, object %u of space %s) ", lost->bytes, lost->number,
                   space->sft.name);
    add_loss(&text, lost);
    /* At every level: the process is likely to end. */
    ter_log(TER_LOG_SILENT, "%#zx was touched, %s", (size_t)address, buffer);
}

/*
 * The ledger may just be changed by another thread, or the loader be at work: so this comes last. A
 * fault here goes the way of any other.
 */
static void tell_origin(const struct ter_heap *heap, const struct ter_lost *lost)
{
    const struct ter_checking *checking = heap->collector.allocator.checking;
    char buffer[TOUCH_TEXT];

    if (checking == NULL || ter_ledger_find(&checking->ledger, lost->object) == NULL) {
        ter_log(TER_LOG_SILENT, "where object %#zx was allocated, the option origins=1 would say",
                (size_t)lost->object);
        return;
    }
    ter_check_describe(checking, lost->object, buffer, sizeof buffer);
    ter_log(TER_LOG_SILENT, "that was %s", buffer);
}

static void tell_touch_of(const struct ter_heap *heap, uintptr_t address)
{
    const struct ter_space *space = ter_collector_space(&heap->collector, address);
    struct ter_lost lost;

    if (space->policy->lost == NULL)
        return;
    if (!space->policy->lost(space, address, &lost)) {
        ter_log(TER_LOG_SILENT,
                "%#zx was touched, in space %s: no object is known to have been there",
                (size_t)address, space->sft.name);
        return;
    }
    tell_lost(space, &lost, address);
    tell_origin(heap, &lost);
}

static void touched(uintptr_t address)
{
    const struct ter_heap *heap = ter_heap_of_word(address);

    if (heap != NULL)
        tell_touch_of(heap, address);
}

/* ---- The handler ---- */

static bool wants_watch(const struct ter_heap *heap)
{
    for (unsigned i = 0; i < heap->collector.space_count; i++)
        if (heap->collector.spaces[i].space->policy->lost != NULL)
            return true;
    return false;
}

void ter_heap_watch_touches(struct ter_heap *heap)
{
    heap->watches = wants_watch(heap) && ter_os_watch_touches(touched) == TER_OK;
    if (wants_watch(heap) && !heap->watches)
        ter_log(TER_LOG_WARNING, "the system lets nobody handle SIGSEGV: faults are not explained");
}

void ter_heap_unwatch_touches(struct ter_heap *heap)
{
    if (heap->watches)
        ter_os_unwatch_touches();
    heap->watches = false;
}
