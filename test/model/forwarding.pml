/* SPDX-License-Identifier: MIT */
/*
 * Objects that move, traced by two workers: each object is copied once at most, all references to
 * it end at the same place, and nobody uses a copy that is not there (space/copy_trace.h).
 *
 * Three objects: one that may move, one that an ambiguous root pins, and one whose own first word
 * could be taken for a new place. Each worker traces two exact references, to whichever of them,
 * and has room for a copy or has none, as it happens. Pins come before anything moves.
 *
 * Weak ordering. A plain store waits in `..._waits` until Memory lets it be seen; a release store
 * or operation waits until those before it are seen. What is loaded without acquire may have been
 * loaded before what the program loads first.
 *
 * Each name that tools/model defines takes something away; spin must then find an error.
 */

#define OBJECTS 3
#define PINNED 1
#define ODD 2

/* A first word: what the object has there, or a new place; also where a reference leads to. */
#define CONTENTS 1
#define LIKE_A_PLACE 2
#define HALF 3
#define HERE 4
#define COPY_OF 10 /* and the worker's number */

#define is_place(word) (word == LIKE_A_PLACE || word == HALF || word >= COPY_OF)
/* As this worker sees it, which sees its own stores. */
#define stays(object) (stay[object] || (stay_waits[object] && stay_by[object] == self))

byte first[OBJECTS];
bit valid[OBJECTS], stay[OBJECTS], mark[OBJECTS], is_copied[OBJECTS], is_pinned[OBJECTS];
bit stay_waits[OBJECTS], copy_waits[OBJECTS];
byte stay_by[OBJECTS]; /* the worker that stored it */
byte copies[OBJECTS], scans[OBJECTS];
byte place[OBJECTS]; /* where references were found to lead; 0: none was traced */
bit pins_are_set;
byte over; /* workers that have ended */

proctype Memory()
{
    byte i;

    do
    :: over == 2 -> break
    :: i = (i + 1) % OBJECTS
    :: atomic { copy_waits[i] -> is_copied[i] = 1; copy_waits[i] = 0 }
    :: atomic { stay_waits[i] -> stay[i] = 1; stay_waits[i] = 0 }
    od
}

/* A reference to the object was traced: it leads there. */
inline end_at(object, where)
{
    atomic {
        assert(where == HERE || where >= COPY_OF);
        assert(place[object] == 0 || place[object] == where);
        place[object] = where
    }
}

inline mark_in_place(object)
{
#ifdef MARK_NOT_ATOMIC
    is_new = !mark[object];
    mark[object] = 1;
#else
    atomic { is_new = !mark[object]; mark[object] = 1 };
#endif
    if
    :: is_new -> scans[object]++
    :: else
    fi
}

/* The first word, and with it what lies at a place that it may name. */
inline load_first(object)
{
#ifdef PLACE_LOADED_RELAXED
    had_copy = is_copied[object];
    word = first[object]
#else
    word = first[object];
    had_copy = is_copied[object]
#endif
}

inline use_place(object)
{
    assert(word != LIKE_A_PLACE && word != HALF);
    assert(had_copy || word == COPY_OF + self);
    where = word
}

/* Another worker claimed it. */
inline await(object)
{
    do
    :: load_first(object);
       if
       :: is_place(word) -> use_place(object); break
       :: else ->
            if
            :: valid[object] -> where = HERE; break
            :: else
            fi
       fi
    od
}

inline copy_object(object)
{
    atomic {
        copies[object]++;
        assert(copies[object] == 1);
        assert(!is_pinned[object])
    };
    scans[object]++;
#ifdef PLACE_BEFORE_COPY
    first[object] = COPY_OF + self;
    copy_waits[object] = 1;
#else
    copy_waits[object] = 1;
#ifndef PLACE_STORED_RELAXED
    !copy_waits[object];
#endif
#ifdef PLACE_STORED_IN_HALVES
    first[object] = HALF;
#endif
    first[object] = COPY_OF + self;
#endif
    where = COPY_OF + self
}

inline store_stay(object)
{
    atomic { stay_waits[object] = 1; stay_by[object] = self }
}

/* It stays, which whoever claims it from now on finds. */
inline give_up(object)
{
#ifdef TAKEN_BACK_BEFORE_STAY
    valid[object] = 1;
    store_stay(object);
#else
    store_stay(object);
#ifndef TAKEN_BACK_RELAXED
    !stay_waits[object];
#endif
    valid[object] = 1;
#endif
    mark_in_place(object);
    where = HERE
}

inline claim(object)
{
#ifdef CLAIM_NOT_ATOMIC
    is_mine = valid[object];
    valid[object] = 0
#else
    atomic { is_mine = valid[object]; valid[object] = 0 }
#endif
}

inline claim_and_go_on(object)
{
#ifdef CLAIM_RELAXED
    is_given_up = stays(object);
    claim(object);
#else
    claim(object);
    is_given_up = stays(object);
#endif
#ifdef GIVEN_UP_NOT_LOOKED_FOR
    is_given_up = 0;
#endif
    if
    :: !is_mine -> await(object)
    :: is_mine && is_given_up ->
         valid[object] = 1;
         where = HERE;
         if
         :: !has_room -> mark_in_place(object)
         :: else
         fi
    :: is_mine && !is_given_up && has_room -> copy_object(object)
    :: is_mine && !is_given_up && !has_room -> give_up(object)
    fi
}

inline reach(object)
{
    if
    :: has_room = 1
    :: has_room = 0
    fi;
    if
#ifdef GIVEN_UP_WITHOUT_CLAIM
    :: !has_room -> store_stay(object); !stay_waits[object]; mark_in_place(object); where = HERE
#endif
    :: else -> claim_and_go_on(object)
    fi
}

/* Its first word looks like a place: it is, if it moved since it was found here; else it stays. */
inline trace_odd(object)
{
    if
#ifndef ODD_NOT_LOOKED_AT_AGAIN
    :: !valid[object] -> use_place(object)
#endif
    :: else -> mark_in_place(object); where = HERE
    fi
}

inline follow(object)
{
    if
    :: !valid[object] -> await(object)
    :: else ->
         if
         :: stays(object) -> mark_in_place(object); where = HERE
         :: else ->
              load_first(object);
              if
#ifndef ODD_NOT_LOOKED_FOR
              :: is_place(word) -> trace_odd(object)
#endif
              :: else -> reach(object)
              fi
         fi
    fi;
    end_at(object, where)
}

proctype Worker(byte self)
{
    byte object, word, where, turn;
    bit is_mine, is_new, is_given_up, has_room, had_copy;

#ifndef PIN_BESIDE_COPYING
    pins_are_set;
#endif
    do
    :: turn == 2 -> break
    :: turn < 2 ->
        if
        :: object = 0
        :: object = PINNED
        :: object = ODD
        fi;
        follow(object);
        turn++
    od;
    over++
}

/* The ambiguous root. It is there before there are workers, so its stores are seen. */
proctype Pins()
{
    bit is_new;

    is_pinned[PINNED] = 1;
    assert(copies[PINNED] == 0);
    stay[PINNED] = 1;
    mark_in_place(PINNED);
    end_at(PINNED, HERE);
    pins_are_set = 1
}

proctype End()
{
    byte i;

    over == 2 && pins_are_set;
    do
    :: i == OBJECTS -> break
    :: i < OBJECTS ->
        assert(scans[i] == (place[i] != 0));
        assert(valid[i] == (place[i] < COPY_OF));
        i++
    od
}

init
{
    atomic {
        first[0] = CONTENTS;
        first[PINNED] = CONTENTS;
        first[ODD] = LIKE_A_PLACE;
        valid[0] = 1;
        valid[PINNED] = 1;
        valid[ODD] = 1;
        run Memory();
        run Pins();
        run Worker(1);
        run Worker(2);
        run End()
    }
}
