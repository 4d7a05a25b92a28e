/* SPDX-License-Identifier: MIT */
/*
 * Seen means readable: whoever finds a space by an address may read the space's record, and the
 * address' metadata and memory. One space, one region, one thread that changes the map and two that
 * look up; claim and release happen twice.
 *
 * Weak ordering. A plain or relaxed store waits in `..._waits` until Memory lets it be seen, and
 * stores to different places are seen in any order; a release store waits until all stores before
 * it are seen. A reader without acquire may have loaded the record before it loads the entry, as C
 * allows for the index of a dense map as much as for a pointer. Calls that map and unmap memory
 * take effect at once.
 *
 * Each name that tools/model defines takes one ordering away; spin must then find an error.
 */

bit record, memory, metadata, entry;
bit record_waits, entry_waits, entry_next;
byte readers; /* readers that may still use what they looked up */
bit done;

proctype Memory()
{
    do
    :: atomic { record_waits -> record = 1; record_waits = 0 }
    :: atomic { entry_waits -> entry = entry_next; entry_waits = 0 }
    :: done && !record_waits && !entry_waits -> break
    od
}

inline fill_record()
{
    record_waits = 1
}

inline store_entry(value)
{
    atomic {
#ifdef ENTRY_STORED_RELAXED
        !entry_waits;
#else
        !entry_waits && !record_waits;
#endif
        entry_next = value;
        entry_waits = 1
    }
}

inline map_all()
{
    memory = 1;
    metadata = 1
}

inline unmap_all()
{
    metadata = 0;
    memory = 0
}

/* To stop the others also makes all stores seen. */
inline wait_for_readers()
{
    readers == 0 && !entry_waits && !record_waits
}

inline claim()
{
#ifdef CLAIM_BEFORE_METADATA
    store_entry(1);
    map_all()
#else
    map_all();
    store_entry(1)
#endif
}

inline release()
{
#ifdef UNMAP_BEFORE_EMPTY
    wait_for_readers();
    unmap_all();
    store_entry(0)
#else
#ifdef WAIT_BEFORE_EMPTY
    wait_for_readers();
    store_entry(0);
    !entry_waits
#else
    store_entry(0);
#ifdef UNMAP_UNDER_READERS
    !entry_waits
#else
    wait_for_readers()
#endif
#endif
    ;
    unmap_all()
#endif
}

proctype Changer()
{
#ifdef CLAIM_BEFORE_RECORD
    claim();
    fill_record();
#else
    fill_record();
    claim();
#endif
    release();
    claim();
    release();
    done = 1
}

proctype Reader()
{
    bit found, filled, early;

    do
    :: done -> break
    :: readers++;
       early = 0;
#ifdef ENTRY_LOADED_RELAXED
       if
       :: early = 1; filled = record
       :: skip
       fi;
#endif
       found = entry;
       if
       :: found ->
            if
            :: early
            :: !early -> filled = record
            fi;
            assert(filled);
            assert(metadata);
            assert(memory)
       :: !found
       fi;
       readers--
    od
}

init
{
    atomic {
        run Memory();
        run Changer();
        run Reader();
        run Reader()
    }
}
