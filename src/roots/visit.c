/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

static bool takes_exact(const struct ter_root_visit *visit)
{
    return visit->pass != TER_PASS_PINNING;
}

static bool takes_pinning(const struct ter_root_visit *visit)
{
    return visit->pass != TER_PASS_EXACT;
}

void ter_visit_slot(struct ter_root_visit *visit, ter_slot slot)
{
    if (takes_exact(visit))
        visit->tracer->loop->slot(visit->tracer, slot);
}

void *ter_visit_object(struct ter_root_visit *visit, void *object)
{
    ter_object before = ter_object_at((uintptr_t)object);

    if (!takes_exact(visit))
        return object;
    return (void *)visit->tracer->loop->object(visit->tracer, before).bits;
}

void ter_visit_word(struct ter_root_visit *visit, uintptr_t word)
{
    if (takes_pinning(visit))
        ter_tracer_word(visit->tracer, word);
}

static void note_word(const struct ter_root_visit *visit, const void *word)
{
    if (visit->place != NULL)
        visit->place->word = word;
}

static void visit_tagged(struct ter_root_visit *visit, uintptr_t *word)
{
    uintptr_t tag = *word & visit->tags.mask;
    uintptr_t before = *word - tag, after;

    if (((visit->tags.references >> tag) & 1u) == 0 || before == 0)
        return;
    note_word(visit, word);
    after = (uintptr_t)ter_visit_object(visit, (void *)before);
    if (after != before)
        *word = after + tag;
}

void ter_visit_slots(struct ter_root_visit *visit, void *first, size_t count,
                     enum ter_root_form form)
{
    uintptr_t *words = first;

    if (form == TER_ROOT_PINNING ? !takes_pinning(visit) : !takes_exact(visit))
        return;
    for (size_t i = 0; i < count; i++)
        switch (form) {
        case TER_ROOT_EXACT: ter_visit_slot(visit, ter_slot_at((uintptr_t)&words[i])); break;
        case TER_ROOT_PINNING:
            note_word(visit, &words[i]);
            ter_visit_word(visit, words[i]);
            break;
        case TER_ROOT_TAGGED: visit_tagged(visit, &words[i]); break;
        }
    note_word(visit, NULL);
}

void ter_root_visit_frames(struct ter_root_visit *visit, struct ter_frame *frame)
{
    for (; frame != NULL; frame = frame->outer)
        ter_visit_slots(visit, frame + 1, frame->shape / 4, (enum ter_root_form)(frame->shape % 4));
}
