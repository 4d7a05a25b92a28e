/* SPDX-License-Identifier: MIT */
/*
 * A dump: all objects of a heap and all references, in the form of V8's heap snapshots
 * (.heapsnapshot), which the memory panel of Chrome's DevTools and other programs read.
 *
 * Invariant: what is written agrees with itself (numbers of nodes and edges, each node's number of
 * edges), also where memory that nobody may write changes meanwhile. It needs no memory for an
 * object's references, and some 2 bytes for each 64 that objects lie in. The world stands while
 * objects are written; names of variables are asked for when it goes on again.
 */
#pragma once

#include "check/check.h"
#include "see/dump_names.h"
#include "see/dump_roots.h"
#include "see/object_set.h"
#include "see/stream.h"

struct ter_dump;

/*
 * Writes to `file`, from where it stands, all but names. Under the heap lock; a safepoint. *dump is
 * to be finished whatever the status is; NULL: there is none. TER_ERROR_SYSTEM, with errno: not
 * written, or threads cannot be stopped.
 */
ter_status ter_dump_begin(struct ter_dump **dump, struct ter_collector *collector,
                          struct ter_dump_origins origins, int file);
/* Writes names, and gives memory back. Not under the heap lock. As above. */
ter_status ter_dump_finish(struct ter_dump *dump);
