/* SPDX-License-Identifier: MIT */
/*
 * Cell runs: where a mutator allocates objects of one kind and size class.
 *
 * Invariant: [cursor, limit) are free cells of one block, zeroed if the kind wants it. Their
 * valid-object bits are set already, so that handing out a cell moves the cursor and nothing else;
 * a cell that still lies in a run is no object. The program's code sees a run as a struct
 * ter_window.
 */
#pragma once

#include "layout/layout.h"

struct ter_cell_run {
    uintptr_t cursor;
    uintptr_t limit;
    uintptr_t bytes; /* of a cell; 0 until the program asks for the window */
};

/*
 * Other threads may ask about cells at any time. Who reads a limit and then a cursor gets a cursor
 * that is at least as new: the run is emptied, moved, and only then opened. A cursor that is newer
 * lies behind the cells of the old run, or in another block.
 */
TER_INLINE void ter_cell_run_publish(struct ter_cell_run *run, uintptr_t cursor, uintptr_t limit)
{
    __atomic_store_n(&run->limit, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&run->cursor, cursor, __ATOMIC_RELEASE);
    __atomic_store_n(&run->limit, limit, __ATOMIC_RELEASE);
}

/* So many whole cells as `most` and `room` hold, but one at least; 0: there is no room for one. */
TER_INLINE size_t ter_cell_run_fit(size_t cell_bytes, size_t most, size_t room)
{
    if (room < cell_bytes)
        return 0;
    return ter_max(ter_min(most, room) / cell_bytes, 1) * cell_bytes;
}

/* Is the cell still to be handed out? */
TER_INLINE bool ter_cell_run_holds(const struct ter_cell_run *run, uintptr_t cell)
{
    uintptr_t limit = __atomic_load_n(&run->limit, __ATOMIC_ACQUIRE);
    uintptr_t cursor = __atomic_load_n(&run->cursor, __ATOMIC_RELAXED);

    return cell >= cursor && cell < limit &&
           ter_align_down(cursor, TER_BYTES_IN_BLOCK) == ter_align_down(cell, TER_BYTES_IN_BLOCK);
}
