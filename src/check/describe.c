/* SPDX-License-Identifier: MIT */
#include "check/check.h"

#include <string.h>

/* ---- Objects ---- */

static void add_kind(struct ter_text *text, const struct ter_checking *checking, unsigned kind)
{
    const struct ter_kind_details *details = &checking->collector->allocator.details[kind];

    if (details->name[0] != '\0')
        ter_text_print(text, "kind \"%s\"", details->name);
    else
        ter_text_print(text, "kind %u", details->base);
}

void ter_check_add_site(struct ter_text *text, uintptr_t site)
{
    struct ter_os_symbol symbol;

    ter_os_find_symbol(site, &symbol);
    if (symbol.name != NULL)
        ter_text_print(text, ", allocated by %s+%#zx", symbol.name, symbol.offset);
    else
        ter_text_print(text, ", allocated by %#zx", (size_t)site);
    if (symbol.file != NULL)
        ter_text_print(text, " (%s+%#zx)", symbol.file, symbol.offset_in_file);
}

static void add_origin(struct ter_text *text, const struct ter_checking *checking,
                       const struct ter_origin *origin)
{
    add_kind(text, checking, origin->kind);
    if (origin->number != 0)
        ter_text_print(text, ", allocation %zu", (size_t)origin->number);
    if (origin->site != 0)
        ter_check_add_site(text, origin->site);
}

void ter_check_describe(const struct ter_checking *checking, uintptr_t object, char *buffer,
                        size_t size)
{
    const struct ter_origin *origin = ter_ledger_find(&checking->ledger, object);
    struct ter_text text;

    ter_text_init(&text, buffer, size);
    ter_text_print(&text, "object %#zx (", (size_t)object);
    if (origin != NULL)
        add_origin(&text, checking, origin);
    else if (ter_collector_is_object(checking->collector, object))
        add_kind(&text, checking, ter_collector_object_kind(checking->collector, object));
    ter_text_print(&text, ")");
}

/* ---- Words that are no objects ---- */

static void add_gone(struct ter_text *text, const struct ter_checking *checking,
                     const struct ter_origin *origin)
{
    ter_text_print(text, "which was an object (");
    add_origin(text, checking, origin);
    switch (origin->fate) {
    case TER_FATE_FREED:
        ter_text_print(text, ") and was freed by ter_free: nothing may refer to it any more, so "
                             "clear the slot before that, and free it once");
        break;
    case TER_FATE_LEFT:
        ter_text_print(text,
                       ") and moved to %#zx in collection %u: a copy of the reference outlived a "
                       "safepoint; read it again from its TER_FRAME or other slot after each one",
                       (size_t)origin->now_at, origin->collection);
        break;
    default:
        ter_text_print(text,
                       ") that collection %u freed, since nothing led to it: a root is missing "
                       "(TER_FRAME, ter_roots_add_slots before the safepoint), or its slot is not "
                       "in the layout or not reported by the visitor (ter_trace_slot)",
                       origin->collection);
    }
}

static bool is_all(uintptr_t word, unsigned byte)
{
    return word == (uintptr_t)-1 / 0xff * byte;
}

static void add_interior(struct ter_text *text, const struct ter_checking *checking, uintptr_t word,
                         uintptr_t object)
{
    char what[TER_CHECK_TEXT];

    ter_check_describe(checking, object, what, sizeof what);
    ter_text_print(text,
                   "which lies at +%zu of %s: an exact slot holds the address of the first byte; "
                   "others are for ter_trace_word, ter_visit_word or kinds with TER_KIND_AMBIGUOUS",
                   (size_t)(word - object), what);
}

static void add_stranger(struct ter_text *text, const struct ter_checking *checking, uintptr_t word)
{
    const struct ter_collector *collector = checking->collector;

    if (is_all(word, TER_POISON_GONE))
        ter_text_print(text, "the poison of memory that an object left: it was read from an object "
                             "that is gone; a root is missing (TER_FRAME, ter_roots_add_slots)");
    else if (is_all(word, TER_POISON_NEW))
        ter_text_print(text, "what was in memory that was never filled: an object of a kind with "
                             "TER_KIND_FILLED is filled, whole, before the next safepoint; without "
                             "the flag it reads zero");
    else if (checking->is_foreign(collector, word))
        ter_text_print(text,
                       "which lies in another heap: slots of a heap refer to its own objects; "
                       "keep it there by ter_roots_add_slots of that heap");
    else
        ter_text_print(text,
                       "which is no object of this heap (owner: %s): if the word is no reference, "
                       "it is no slot either, or needs a tag (TER_SLOTS_TAGGED, "
                       "ter_roots_set_tags)",
                       ter_collector_owner(collector, word)->name);
}

void ter_check_explain(const struct ter_checking *checking, uintptr_t word, char *buffer,
                       size_t size)
{
    const struct ter_origin *origin = ter_ledger_find(&checking->ledger, word);
    ter_object base = ter_collector_find_interior(checking->collector, word);
    struct ter_text text;

    ter_text_init(&text, buffer, size);
    if (origin != NULL && origin->fate != TER_FATE_ALIVE)
        add_gone(&text, checking, origin);
    else if (!ter_object_is_none(base))
        add_interior(&text, checking, word, base.bits);
    else
        add_stranger(&text, checking, word);
}
