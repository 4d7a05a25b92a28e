/* SPDX-License-Identifier: MIT */
/*
 * The content check: in builds that check everything, a table may have a shadow, which keeps every
 * value that was stored, one word each, and is compared with every value that is loaded.
 *
 * Invariant: while nobody holds the shadow's lock, it agrees with the table on every value that was
 * ever looked at through values.h or bulk.h. A difference stops the process and names the table,
 * the data address and both values: somebody wrote past these functions, or they are wrong.
 *
 * An operation on such a table is done under the shadow's lock, so races between them are hidden; a
 * table whose words are also written directly (bits.h, records) has none. The lock is taken last
 * and for a moment; a thread must not be stopped by a signal in it, so tables that a collector uses
 * while it has stopped threads so get no shadow. Any thread.
 */
#pragma once

#include "metadata/table.h"

/* Begins to check `table`, whose values are all 0. Does nothing in builds without this check. */
ter_status ter_side_shadow_attach(struct ter_side_table *table);
/* Stops it, if it was begun. */
void ter_side_shadow_detach(struct ter_side_table *table);

/* Compares every value that was stored with the table. */
void ter_side_shadow_verify(const struct ter_side_table *table);

/* Out of line halves of what is below. */
void ter_side_shadow_lock(struct ter_side_shadow *shadow);
void ter_side_shadow_note(const struct ter_side_table *table, uintptr_t address, uint64_t now);
void ter_side_shadow_compare(const struct ter_side_table *table, uintptr_t address, uint64_t seen);
void ter_side_shadow_note_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                uint64_t now);
void ter_side_shadow_unlock(struct ter_side_shadow *shadow);

TER_INLINE bool ter_side_is_shadowed(const struct ter_side_table *table)
{
    return TER_CHECKED_SIDE && table->shadow != NULL;
}

TER_INLINE void ter_side_shadow_begin(const struct ter_side_table *table)
{
    if (ter_side_is_shadowed(table))
        ter_side_shadow_lock(table->shadow);
}

/* The value was `seen` and is `now`. */
TER_INLINE void ter_side_shadow_end(const struct ter_side_table *table, uintptr_t address,
                                    uint64_t seen, uint64_t now)
{
    if (!ter_side_is_shadowed(table))
        return;
    ter_side_shadow_compare(table, address, seen);
    ter_side_shadow_note(table, address, now);
    ter_side_shadow_unlock(table->shadow);
}

/* The value is `now`; nobody asked what it was. */
TER_INLINE void ter_side_shadow_stored(const struct ter_side_table *table, uintptr_t address,
                                       uint64_t now)
{
    if (!ter_side_is_shadowed(table))
        return;
    ter_side_shadow_note(table, address, now);
    ter_side_shadow_unlock(table->shadow);
}

/* All values of [start, end) are `now`. */
TER_INLINE void ter_side_shadow_filled(const struct ter_side_table *table, uintptr_t start,
                                       uintptr_t end, uint64_t now)
{
    if (!ter_side_is_shadowed(table))
        return;
    ter_side_shadow_note_range(table, start, end, now);
    ter_side_shadow_unlock(table->shadow);
}
