/* SPDX-License-Identifier: MIT */
/*
 * An entry goes from EMPTY to a space and back, never from one space to another. Two spaces claim
 * two regions, all or nothing, and release what they got.
 *
 * TEST_OUTSIDE_LOCK: the test for other owners and the stores are not under one lock.
 */

#define EMPTY 0

byte owner[2];
bool locked;

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

inline store(region, space)
{
    atomic {
        assert(owner[region] == EMPTY || owner[region] == space || space == EMPTY);
        owner[region] = space
    }
}

proctype Space(byte self)
{
    byte turn;
    bool refused;

    do
    :: turn == 2 -> break
    :: turn < 2 ->
        lock();
        refused = (owner[0] != EMPTY && owner[0] != self);
        refused = refused || (owner[1] != EMPTY && owner[1] != self);
#ifdef TEST_OUTSIDE_LOCK
        unlock();
        lock();
#endif
        if
        :: !refused ->
            store(0, self);
            store(1, self);
            unlock();
            assert(owner[0] == self && owner[1] == self);
            lock();
            store(0, EMPTY);
            store(1, EMPTY)
        :: refused
        fi;
        unlock();
        turn++
    od
}

init
{
    atomic {
        run Space(1);
        run Space(2)
    }
}
