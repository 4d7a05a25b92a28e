/* SPDX-License-Identifier: MIT */
/*
 * What objects hold: a pattern that depends on object, version and word, and is no address of
 * anything, but for the words that the model has as fields.
 *
 * Invariant: in large objects only some words are written and compared, the same ones whatever the
 * size of the object.
 */
#pragma once

#include "world.h"

/* Writes the pattern to all words that are no edges and no links; what was a value is none now. */
void contents_fill(struct node *node);
/* Stops the run when a word is not what it must be. */
void contents_check(struct world *world, const struct node *node);
/* Is it all there still, but for what the model has as fields? */
bool contents_match(const struct node *node);
/* Is there any word of which that is known? Else what matches may be any other object. */
bool contents_tell(const struct node *node);
/* Stops the run when there is anything but zeros in [from, to). */
void contents_check_clear(struct world *world, const struct node *node, size_t from, size_t to);
