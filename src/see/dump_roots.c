/* SPDX-License-Identifier: MIT */
#include "see/dump_roots.h"

#include <stdio.h>
#include <string.h>

void ter_dump_roots_init(struct ter_dump_roots *roots)
{
    *roots = (struct ter_dump_roots){.words = 0};
    ter_weak_list_init(&roots->roots, sizeof(struct ter_dump_root));
    ter_weak_list_init(&roots->groups, sizeof(struct ter_dump_group));
}

void ter_dump_roots_fini(struct ter_dump_roots *roots)
{
    ter_weak_list_fini(&roots->groups);
    ter_weak_list_fini(&roots->roots);
}

struct ter_dump_group *ter_dump_roots_group(const struct ter_dump_roots *roots, size_t index)
{
    return ter_weak_list_at(&roots->groups, index);
}

const struct ter_dump_root *ter_dump_roots_at(const struct ter_dump_roots *roots, size_t index)
{
    return ter_weak_list_at(&roots->roots, index);
}

/* ---- Groups ---- */

static struct ter_dump_group *add_group(struct ter_dump_roots *roots,
                                        enum ter_reference_place place)
{
    struct ter_dump_group *group = ter_weak_list_add(&roots->groups);

    if (group == NULL)
        roots->failed = true;
    else
        *group = (struct ter_dump_group){.place = place};
    return group;
}

static void add_library(void *context, const struct ter_os_segment *segment)
{
    struct ter_dump_group *group = add_group(context, TER_IN_STATIC);
    const char *slash = strrchr(segment->library, '/');
    const char *name = slash == NULL ? segment->library : slash + 1;

    if (group == NULL)
        return;
    group->start = segment->start;
    group->end = segment->end;
    snprintf(group->name, sizeof group->name, "%s",
             segment->is_program ? ter_os_program_name() : name);
}

static void add_stack_of(struct ter_dump_roots *roots, const struct ter_mutator *mutator,
                         enum ter_reference_place place)
{
    struct ter_dump_group *group = add_group(roots, place);

    if (group == NULL)
        return;
    /* The main thread's grows downwards from what the system said of it. */
    group->start = mutator->own_stack.grows ? mutator->own_stack.end - TER_MIB(1024)
                                            : mutator->own_stack.start;
    group->end = mutator->own_stack.end;
    group->thread = (unsigned)mutator->thread->number;
    ter_os_thread_name(mutator->thread, group->name, sizeof group->name);
}

static void add_thread(struct ter_dump_roots *roots, const struct ter_mutator *mutator)
{
    static const enum ter_reference_place places[] = {TER_IN_STACK, TER_IN_OWN_STACK, TER_IN_FRAME};

    if (mutator->thread == NULL || mutator->own_stack.end == 0)
        return;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(places); i++)
        add_stack_of(roots, mutator, places[i]);
}

/* The last group of a form takes what none before it does. */
static void add_others(struct ter_dump_roots *roots)
{
    for (unsigned place = 0; place < TER_REFERENCE_PLACE_COUNT; place++)
        (void)add_group(roots, (enum ter_reference_place)place);
}

void ter_dump_roots_find_groups(struct ter_dump_roots *roots, const struct ter_collector *collector)
{
    ter_os_for_each_data_segment(add_library, roots);
    for (const struct ter_mutator *m = collector->allocator.mutators; m != NULL; m = m->next)
        add_thread(roots, m);
    add_others(roots);
}

/* ---- Roots ---- */

static bool takes_word(const struct ter_dump_group *group, const struct ter_edge *edge)
{
    if (group->place != edge->place)
        return false;
    return group->end == 0 || (uintptr_t)edge->word - group->start < group->end - group->start;
}

void ter_dump_roots_add(struct ter_dump_roots *roots, const struct ter_edge *edge)
{
    struct ter_dump_root *root;
    size_t index = 0;

    if (roots->failed)
        return;
    while (!takes_word(ter_dump_roots_group(roots, index), edge))
        index++;
    root = ter_weak_list_add(&roots->roots);
    if (root == NULL) {
        roots->failed = true;
        return;
    }
    *root =
        (struct ter_dump_root){edge->word, edge->object, (uint32_t)index, edge->exact, edge->weak};
    ter_dump_roots_group(roots, index)->count++;
    roots->words += edge->word != NULL;
}

void ter_dump_roots_drop_empty(struct ter_dump_roots *roots)
{
    uint32_t kept = 0;

    for (size_t i = 0; i < roots->groups.count; i++)
        if (ter_dump_roots_group(roots, i)->count != 0)
            ter_dump_roots_group(roots, i)->number = kept++;
    for (size_t i = 0; i < roots->roots.count; i++) {
        struct ter_dump_root *root = ter_weak_list_at(&roots->roots, i);

        root->group = ter_dump_roots_group(roots, root->group)->number;
    }
    for (size_t i = 0; i < roots->groups.count; i++) {
        const struct ter_dump_group *group = ter_dump_roots_group(roots, i);

        if (group->count != 0)
            *ter_dump_roots_group(roots, group->number) = *group;
    }
    roots->groups.count = kept;
}

/* ---- Names ---- */

void ter_dump_group_name(const struct ter_dump_group *group, char *text, size_t size)
{
    const char *place = ter_reference_place_name(group->place);

    if (group->thread != 0)
        snprintf(text, size, "%s, thread %u (%s)", place, group->thread, group->name);
    else if (group->name[0] != '\0')
        snprintf(text, size, "%s of %s", place, group->name);
    else
        snprintf(text, size, "%s", place);
}

static bool is_of_variable(enum ter_reference_place place)
{
    return place == TER_IN_STATIC || place == TER_IN_RANGE || place == TER_IN_SLOTS;
}

void ter_dump_root_name(const struct ter_dump_roots *roots, const struct ter_dump_root *root,
                        struct ter_code_names *names, char *text, size_t size)
{
    const char *ambiguous = root->exact ? "" : "ambiguous ";
    uintptr_t word = (uintptr_t)root->word;
    char name[TER_CODE_NAME];

    if (is_of_variable(ter_dump_roots_group(roots, root->group)->place))
        ter_code_names_find_variable(names, word, name, sizeof name);
    else
        snprintf(name, sizeof name, "%#zx", (size_t)word);
    snprintf(text, size, "%s%s", ambiguous, name);
}
