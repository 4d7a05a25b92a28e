/* SPDX-License-Identifier: MIT */
/* Objects with pages of their own, in a collection: with the world stopped. */
#pragma once

#include "space/protect_objects.h"

/* After all was prepared: copies may take what the heap has not of so many bytes. */
void ter_protect_begin(struct ter_space *space, size_t most_used);

/* Where the object of a run went in this collection; 0: it did not move. */
uintptr_t ter_protect_new_place(const struct ter_space *space, uintptr_t run);

/* ---- Of the policies ---- */

void ter_protect_prepare(struct ter_space *space);
uintptr_t ter_protect_trace(struct ter_scanning *scanning, const struct ter_sft *sft,
                            uintptr_t word, enum ter_word_form form);
void ter_protect_release(struct ter_space *space, struct ter_live *live);
uintptr_t ter_protect_now_at(const struct ter_space *space, uintptr_t address);
uintptr_t ter_protect_hold(const struct ter_space *space, uintptr_t word);
