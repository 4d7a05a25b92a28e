/* SPDX-License-Identifier: MIT */
/*
 * Disappearing links: words that are set to 0 when the object that they name is not reached.
 *
 * Short links are cleared before finalizable objects are kept for their finalizers, long links
 * after. A link that lies in an object which dies is forgotten.
 */
#pragma once

#include "weak/bound.h"
#include "weak/passes.h"
#include "weak/reach.h"

struct ter_link {
    uintptr_t link; /* address of the word; the key */
    uintptr_t object;
};

struct ter_links {
    struct ter_weak_table table;
    struct ter_weak_bound bound;
};

void ter_links_init(struct ter_links *links);
void ter_links_fini(struct ter_links *links);

/* *existed tells whether the link was registered before; it then names the new object. */
ter_status ter_links_register(struct ter_links *links, uintptr_t link, uintptr_t object,
                              bool *existed);
bool ter_links_unregister(struct ter_links *links, uintptr_t link);
/* TER_ERROR_UNKNOWN_NAME: `link` is not registered. TER_ERROR_OWNED: `new_link` is already. */
ter_status ter_links_move(struct ter_links *links, uintptr_t link, uintptr_t new_link);

/* Sets the words whose objects were not reached to 0. */
void ter_links_clear_unreached(struct ter_links *links, const struct ter_reach *reach);
/* Forgets links that lie in objects which were not reached. `base_of`: object of an address or 0.
 */
void ter_links_forget_dead(struct ter_links *links, const struct ter_reach *reach,
                           uintptr_t (*base_of)(void *context, uintptr_t address));
/* After those two: finds objects and words of links where they moved. */
void ter_links_follow(struct ter_links *links, const struct ter_reach *reach);

/*
 * The same where objects move later: before they do, while words name what they named, and after.
 * Between the two nobody asks for a link.
 */
void ter_links_note(struct ter_links *links);
void ter_links_follow_noted(struct ter_links *links, const struct ter_reach *reach);
