/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#include <string.h>

struct guarded {
    uintptr_t object;
    uintptr_t stands_for_it; /* may be the object */
};

static struct guarded *guarded_at(const struct ter_guardian *guardian, size_t index)
{
    return ter_weak_list_at(&guardian->waiting, index);
}

static uintptr_t *ready_at(const struct ter_guardian *guardian, size_t index)
{
    return ter_weak_list_at(&guardian->ready, index);
}

/* ---- Life ---- */

ter_status ter_guardian_make(struct ter_guardians *guardians, struct ter_guardian **guardian)
{
    void *memory;
    ter_status status = ter_os_allocate(ter_os_page_size(), &memory);

    if (status != TER_OK)
        return status;
    *guardian = memory;
    (*guardian)->next = guardians->first;
    ter_weak_list_init(&(*guardian)->waiting, sizeof(struct guarded));
    ter_weak_bound_init(&(*guardian)->bound);
    ter_weak_list_init(&(*guardian)->ready, sizeof(uintptr_t));
    guardians->first = *guardian;
    return TER_OK;
}

void ter_guardian_end(struct ter_guardians *guardians, struct ter_guardian *guardian)
{
    struct ter_guardian **link = &guardians->first;

    while (*link != guardian)
        link = &(*link)->next;
    *link = guardian->next;
    ter_weak_list_fini(&guardian->waiting);
    ter_weak_list_fini(&guardian->ready);
    ter_os_release((uintptr_t)guardian, ter_os_page_size());
}

void ter_guardians_fini(struct ter_guardians *guardians)
{
    while (guardians->first != NULL)
        ter_guardian_end(guardians, guardians->first);
}

/* ---- By the program ---- */

/* The queue begins at its first place again, if that is less work than it was to take so many. */
static void close_up(struct ter_guardian *guardian)
{
    size_t count = guardian->ready.count - guardian->first;

    if (guardian->first == 0 || guardian->first < count)
        return;
    memmove(guardian->ready.items, ready_at(guardian, guardian->first), count * sizeof(uintptr_t));
    guardian->ready.count = count;
    guardian->first = 0;
}

ter_status ter_guardian_register(struct ter_guardian *guardian, uintptr_t object,
                                 uintptr_t stands_for_it)
{
    size_t coming = guardian->waiting.count + 1;
    struct guarded *place;

    if (coming > guardian->ready.capacity - guardian->ready.count)
        close_up(guardian);
    if (!ter_weak_list_reserve(&guardian->ready, coming))
        return TER_ERROR_NO_MEMORY;
    place = ter_weak_list_add(&guardian->waiting);
    if (place == NULL)
        return TER_ERROR_NO_MEMORY;
    *place = (struct guarded){object, stands_for_it};
    return TER_OK;
}

uintptr_t ter_guardian_take(struct ter_guardian *guardian)
{
    return guardian->first == guardian->ready.count ? 0 : *ready_at(guardian, guardian->first++);
}

void ter_guardians_renew_bounds(struct ter_guardians *guardians)
{
    for (struct ter_guardian *each = guardians->first; each != NULL; each = each->next)
        ter_weak_bound_renew(&each->bound, each->waiting.count);
}

/* ---- In a collection ---- */

static void reach_word(uintptr_t *word, const struct ter_reach *reach)
{
    *word = reach->reach(reach->context, *word);
}

/* Of those that wait: none below it need be looked at. */
static size_t first_waiting(const struct ter_guardian *guardian, const struct ter_reach *reach)
{
    return reach->recent ? guardian->old : 0;
}

static void reach_what_stands_for(const struct ter_guardian *guardian,
                                  const struct ter_reach *reach)
{
    for (size_t i = first_waiting(guardian, reach); i < guardian->waiting.count; i++) {
        struct guarded *guarded = guarded_at(guardian, i);

        if (guarded->stands_for_it != guarded->object)
            reach_word(&guarded->stands_for_it, reach);
    }
}

void ter_guardians_reach(struct ter_guardians *guardians, const struct ter_reach *reach)
{
    for (struct ter_guardian *guardian = guardians->first; guardian != NULL;
         guardian = guardian->next) {
        for (size_t i = guardian->first; !reach->recent && i < guardian->ready.count; i++)
            reach_word(ready_at(guardian, i), reach);
        reach_what_stands_for(guardian, reach);
    }
}

/* One pass; nothing is reached by it. */
static void move_unreached(struct ter_guardian *guardian, const struct ter_reach *reach)
{
    size_t left = first_waiting(guardian, reach);

    guardian->kept = guardian->ready.count;
    for (size_t i = left; i < guardian->waiting.count; i++) {
        struct guarded *guarded = guarded_at(guardian, i);

        if (reach->is_reached(reach->context, guarded->object))
            *guarded_at(guardian, left++) = *guarded;
        else
            *ready_at(guardian, guardian->ready.count++) = guarded->stands_for_it;
    }
    guardian->waiting.count = left;
}

/* What stands for itself is kept from now on; what stands for another is reached already. */
void ter_guardians_process(struct ter_guardians *guardians, const struct ter_reach *reach)
{
    bool any = false;

    for (struct ter_guardian *guardian = guardians->first; guardian != NULL;
         guardian = guardian->next)
        move_unreached(guardian, reach);
    for (struct ter_guardian *guardian = guardians->first; guardian != NULL;
         guardian = guardian->next)
        for (; guardian->kept < guardian->ready.count; guardian->kept++, any = true)
            reach_word(ready_at(guardian, guardian->kept), reach);
    if (any)
        reach->settle(reach->context);
}

/* An object that stands for itself still does. `kept`: what stands for another is followed too. */
static void follow(struct guarded *guarded, const struct ter_reach *reach, bool kept)
{
    if (guarded->stands_for_it == guarded->object || kept)
        guarded->stands_for_it = reach->now_at(reach->context, guarded->stands_for_it);
    guarded->object = reach->now_at(reach->context, guarded->object);
}

static void follow_waiting(const struct ter_guardian *guardian, const struct ter_reach *reach,
                           bool kept)
{
    for (size_t i = first_waiting(guardian, reach); i < guardian->waiting.count; i++)
        follow(guarded_at(guardian, i), reach, kept);
}

void ter_guardians_follow(struct ter_guardians *guardians, const struct ter_reach *reach)
{
    for (struct ter_guardian *guardian = guardians->first; guardian != NULL;
         guardian = guardian->next) {
        follow_waiting(guardian, reach, false);
        guardian->old = guardian->waiting.count;
    }
}

void ter_guardians_follow_all(struct ter_guardians *guardians, const struct ter_reach *reach)
{
    for (const struct ter_guardian *guardian = guardians->first; guardian != NULL;
         guardian = guardian->next) {
        for (size_t i = guardian->first; i < guardian->ready.count; i++)
            *ready_at(guardian, i) = reach->now_at(reach->context, *ready_at(guardian, i));
        follow_waiting(guardian, reach, true);
    }
}

/* ---- Looking ---- */

static void visit_guardian(const struct ter_guardian *guardian, struct ter_tracer *tracer)
{
    for (size_t i = guardian->first; i < guardian->ready.count; i++)
        (void)tracer->loop->object(tracer, ter_object_at(*ready_at(guardian, i)));
    for (size_t i = 0; i < guardian->waiting.count; i++) {
        const struct guarded *guarded = guarded_at(guardian, i);

        if (guarded->stands_for_it != guarded->object)
            (void)tracer->loop->object(tracer, ter_object_at(guarded->stands_for_it));
    }
}

void ter_guardians_visit(const struct ter_guardians *guardians, struct ter_tracer *tracer)
{
    for (const struct ter_guardian *guardian = guardians->first; guardian != NULL;
         guardian = guardian->next)
        visit_guardian(guardian, tracer);
}
