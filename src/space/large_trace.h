/* SPDX-License-Identifier: MIT */
/* Tracing in large object spaces, for loops: a word leads to its page run and the record. */
#pragma once

#include "space/large.h"
#include "trace/trace.h"

/* A word that lies in the space's range. */
TER_INLINE uintptr_t ter_large_trace(struct ter_scanning *scanning, uintptr_t word,
                                     enum ter_word_form form, enum ter_marking marking)
{
    uintptr_t object = ter_page_runs_find(scanning->arena, word);
    const struct ter_large_record *record;

    if (object == 0)
        return word;
    record = ter_large_record_of(scanning->arena, object);
    if (word - object >= record->bytes || !ter_scanning_refers(scanning, word - object, form))
        return word;
    if (record->first_page_only && word - object >= TER_BYTES_IN_PAGE)
        return word;
    if (ter_scanning_mark(scanning, object, marking) && record->scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, record->bytes, record->kind);
    return word;
}
