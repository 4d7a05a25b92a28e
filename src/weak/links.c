/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

void ter_links_init(struct ter_links *links)
{
    ter_weak_table_init(&links->table, sizeof(struct ter_link));
    ter_weak_bound_init(&links->bound);
}

void ter_links_fini(struct ter_links *links)
{
    ter_weak_table_fini(&links->table);
}

ter_status ter_links_register(struct ter_links *links, uintptr_t link, uintptr_t object,
                              bool *existed)
{
    size_t before = links->table.count;
    struct ter_link *record = ter_weak_table_insert(&links->table, link);

    if (record == NULL)
        return TER_ERROR_NO_MEMORY;
    record->object = object;
    *existed = links->table.count == before;
    return TER_OK;
}

bool ter_links_unregister(struct ter_links *links, uintptr_t link)
{
    return ter_weak_table_remove(&links->table, link);
}

ter_status ter_links_move(struct ter_links *links, uintptr_t link, uintptr_t new_link)
{
    const struct ter_link *record = ter_weak_table_find(&links->table, link);
    uintptr_t object;
    bool existed;

    if (record == NULL)
        return TER_ERROR_UNKNOWN_NAME;
    if (link == new_link)
        return TER_OK;
    if (ter_weak_table_find(&links->table, new_link) != NULL)
        return TER_ERROR_OWNED;
    object = record->object;
    /* Out with the old first: then the insertion needs no memory and cannot fail. */
    ter_weak_table_remove(&links->table, link);
    return ter_links_register(links, new_link, object, &existed);
}

/* The word of a link, wherever the object is now that it lies in. */
static uintptr_t *word_of(const struct ter_link *link, const struct ter_reach *reach)
{
    return (uintptr_t *)reach->now_at(reach->context, link->link);
}

static bool clear_if_unreached(void *record, void *context)
{
    const struct ter_reach *reach = context;
    const struct ter_link *link = record;

    if (reach->is_reached(reach->context, link->object))
        return false;
    *word_of(link, reach) = 0;
    return true;
}

void ter_links_clear_unreached(struct ter_links *links, const struct ter_reach *reach)
{
    ter_weak_table_sift(&links->table, reach->recent, clear_if_unreached, (void *)reach);
}

struct forget {
    const struct ter_reach *reach;
    uintptr_t (*base_of)(void *context, uintptr_t address);
};

static bool lies_in_dead_object(void *record, void *context)
{
    const struct forget *forget = context;
    const struct ter_link *link = record;
    uintptr_t base = forget->base_of(forget->reach->context, link->link);

    return base != 0 && !forget->reach->is_reached(forget->reach->context, base);
}

void ter_links_forget_dead(struct ter_links *links, const struct ter_reach *reach,
                           uintptr_t (*base_of)(void *context, uintptr_t address))
{
    struct forget forget = {reach, base_of};

    ter_weak_table_sift(&links->table, reach->recent, lies_in_dead_object, &forget);
}

/* The word names the object, or hides it by its complement; anything else is the program's. */
static void follow_object(void *record, void *context)
{
    const struct ter_reach *reach = context;
    struct ter_link *link = record;
    uintptr_t before = link->object, *word = word_of(link, reach);

    link->object = reach->now_at(reach->context, before);
    if (link->object == before)
        return;
    if (*word == before)
        *word = link->object;
    else if (*word == ~before)
        *word = ~link->object;
}

static void know_by_new_places(struct ter_links *links, const struct ter_reach *reach)
{
    ter_weak_table_rekey(&links->table, reach->recent, reach->now_at, reach->context);
}

void ter_links_follow(struct ter_links *links, const struct ter_reach *reach)
{
    if (!reach->moves)
        return;
    ter_weak_table_walk(&links->table, reach->recent, follow_object, (void *)reach);
    know_by_new_places(links, reach);
}

/* ---- Where objects move later ---- */

/* What the word says, in bits of the key that its home does not depend on. */
enum { NOTED_NAMES = 1, NOTED_HIDES = 2, NOTES = 3 };

static unsigned what_it_says(const struct ter_link *link)
{
    uintptr_t word = *(const uintptr_t *)link->link;

    if (word == link->object)
        return NOTED_NAMES;
    return word == ~link->object ? NOTED_HIDES : 0;
}

static void note_link(void *record, void *context)
{
    struct ter_link *link = record;

    (void)context;
    link->link |= what_it_says(link);
}

void ter_links_note(struct ter_links *links)
{
    ter_weak_table_walk(&links->table, false, note_link, NULL);
}

static void follow_noted(void *record, void *context)
{
    const struct ter_reach *reach = context;
    struct ter_link *link = record;
    unsigned says = link->link & NOTES;

    link->link -= says;
    link->object = reach->now_at(reach->context, link->object);
    if (says == NOTED_NAMES)
        *word_of(link, reach) = link->object;
    else if (says == NOTED_HIDES)
        *word_of(link, reach) = ~link->object;
}

void ter_links_follow_noted(struct ter_links *links, const struct ter_reach *reach)
{
    ter_weak_table_walk(&links->table, false, follow_noted, (void *)reach);
    know_by_new_places(links, reach);
}
