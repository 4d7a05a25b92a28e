/* SPDX-License-Identifier: MIT */
/*
 * One lock grows a space: three threads allocate two cells each, a chunk holds three cells, and no
 * cell is handed out in a chunk whose entry is not set.
 *
 * With HAND_OUT_OUTSIDE_LOCK a thread takes the addresses of a chunk under the lock but maps and
 * claims it after that, while others already take cells in it.
 */

#define CHUNKS 2
#define CELLS 3

bool locked;
byte reserved; /* chunks whose addresses are taken */
byte cells;    /* left in the last one */
bit entry[CHUNKS], mapped[CHUNKS];

inline map_and_claim(chunk)
{
    mapped[chunk] = 1;
    entry[chunk] = 1
}

proctype Mutator()
{
    byte turn, chunk;
    bool grows;

    do
    :: turn == 2 -> break
    :: turn < 2 ->
        atomic { !locked -> locked = true };
        grows = cells == 0;
        if
        :: grows ->
            reserved++;
            cells = CELLS
        :: else
        fi;
        chunk = reserved - 1;
#ifndef HAND_OUT_OUTSIDE_LOCK
        if
        :: grows -> map_and_claim(chunk)
        :: else
        fi;
#endif
        cells--;
        locked = false;
#ifdef HAND_OUT_OUTSIDE_LOCK
        if
        :: grows -> map_and_claim(chunk)
        :: else
        fi;
#endif
        assert(mapped[chunk]);
        assert(entry[chunk]);
        turn++
    od
}

init
{
    atomic {
        run Mutator();
        run Mutator();
        run Mutator()
    }
}
