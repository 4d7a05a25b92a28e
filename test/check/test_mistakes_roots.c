/* SPDX-License-Identifier: MIT */
/* Planted mistakes with roots: what is missing, stale, there twice, or left behind. */
#include "mistakes.h"

#define WALK "check_heap=1,poison=1,origins=1"

/* ---- Roots that are missing ---- */

/* The pair in a local variable is stored after a safepoint. */
static void missed_frame(void)
{
    struct pair *kept;

    TER_FRAME(embedder.mutator, frame, 2);
    frame.slots[0] = make_pair(1);
    kept = make_pair(2);
    if (!embedder.wrong)
        frame.slots[1] = kept;
    ter_collect(embedder.mutator);
    if (!embedder.wrong)
        kept = frame.slots[1];
    ((struct pair *)frame.slots[0])->first = kept;
    ter_collect(embedder.mutator);
    TER_FRAME_END(embedder.mutator, frame);
}

static void missed_global(void)
{
    TER_FRAME(embedder.mutator, frame, 1);
    if (!embedder.wrong)
        ter_roots_add_slots(embedder.heap, &embedder.global, 1, TER_ROOT_EXACT);
    embedder.global = make_pair(1);
    ter_collect(embedder.mutator);
    frame.slots[0] = embedder.global;
    ter_collect(embedder.mutator);
    TER_FRAME_END(embedder.mutator, frame);
}

/* What is read from an object that is gone is no object. */
/* Out of the sight of AddressSanitizer, which would be first. */
static TER_NO_SANITIZE TER_NOINLINE void *second_of(const struct pair *pair)
{
    return pair->second;
}

static void read_from_gone(void)
{
    struct pair *owner;

    TER_FRAME(embedder.mutator, frame, 2);
    owner = make_pair(1);
    owner->second = owner;
    if (!embedder.wrong)
        frame.slots[0] = owner;
    ter_collect(embedder.mutator);
    if (!embedder.wrong)
        owner = frame.slots[0];
    frame.slots[1] = second_of(owner);
    ter_collect(embedder.mutator);
    TER_FRAME_END(embedder.mutator, frame);
}

/* With a collection at each safepoint, nobody need ask for one. */
static void missed_at_a_poll(void)
{
    struct pair *kept;

    TER_FRAME(embedder.mutator, frame, 1);
    kept = make_pair(2);
    if (!embedder.wrong)
        frame.slots[0] = kept;
    ter_poll(embedder.mutator);
    if (embedder.wrong)
        frame.slots[0] = kept;
    ter_poll(embedder.mutator);
    TER_FRAME_END(embedder.mutator, frame);
}

/* At every third allocation. Later ones are no pairs, so none takes the place of what is gone. */
static void missed_at_an_allocation(void)
{
    struct pair *kept;

    TER_FRAME(embedder.mutator, frame, 3);
    frame.slots[2] = make_pair(1);
    kept = make_pair(2);
    if (!embedder.wrong)
        frame.slots[0] = kept;
    frame.slots[1] = ter_allocate(embedder.mutator, TER_KIND_ATOMIC, 100);
    if (embedder.wrong)
        frame.slots[0] = kept;
    for (unsigned i = 0; i < 3; i++)
        ter_allocate(embedder.mutator, TER_KIND_ATOMIC, 200);
    TER_FRAME_END(embedder.mutator, frame);
}

/* ---- Stale ones ---- */

/* The object lives, and is elsewhere: what lies below it dies, where objects only move together. */
static void stale_local(void)
{
    struct pair *local;

    (void)make_pair(0);
    TER_FRAME(embedder.mutator, frame, 2);
    frame.slots[0] = local = make_pair(1);
    ter_collect(embedder.mutator);
    frame.slots[1] = embedder.wrong ? local : frame.slots[0];
    ter_collect(embedder.mutator);
    TER_FRAME_END(embedder.mutator, frame);
}

/* ---- Roots that are there twice ---- */

static void report_global(void *context, struct ter_root_visit *visit)
{
    (void)context;
    ter_visit_slot(visit, ter_slot_at((uintptr_t)&embedder.global));
}

static void root_twice(void)
{
    embedder.global = make_pair(1);
    ter_roots_add_visitor(embedder.heap, report_global, NULL);
    if (embedder.wrong)
        ter_roots_add_slots(embedder.heap, &embedder.global, 1, TER_ROOT_EXACT);
    ter_collect(embedder.mutator);
}

static void removed_twice(void)
{
    ter_roots_add_slots(embedder.heap, &embedder.global, 1, TER_ROOT_EXACT);
    ter_roots_remove_slots(embedder.heap, &embedder.global, 1);
    if (embedder.wrong)
        ter_roots_remove_slots(embedder.heap, &embedder.global, 1);
}

static void added_twice(void)
{
    ter_roots_add_slots(embedder.heap, &embedder.global, 1, TER_ROOT_EXACT);
    if (embedder.wrong)
        ter_roots_add_slots(embedder.heap, &embedder.global, 1, TER_ROOT_EXACT);
}

/* ---- Frames ---- */

static TER_NOINLINE void leave_a_frame(void)
{
    TER_FRAME(embedder.mutator, frame, 2);
    frame.slots[0] = make_pair(1);
    if (!embedder.wrong)
        TER_FRAME_END(embedder.mutator, frame);
}

static void frame_left(void)
{
    struct ter_frame *before = ter_frames_save(embedder.mutator);

    leave_a_frame();
    ter_collect(embedder.mutator);
    ter_frames_restore(embedder.mutator, before);
}

/* The outer one first, then the inner one, which brings the outer one back. */
static void popped_out_of_order(void)
{
    TER_FRAME(embedder.mutator, outer, 1);
    TER_FRAME(embedder.mutator, inner, 1);
    if (embedder.wrong) {
        TER_FRAME_END(embedder.mutator, outer);
        TER_FRAME_END(embedder.mutator, inner);
    } else {
        TER_FRAME_END(embedder.mutator, inner);
        TER_FRAME_END(embedder.mutator, outer);
    }
    ter_frame_push(embedder.mutator, &outer.frame, TER_FRAME_SHAPE(1, TER_ROOT_EXACT));
    ter_collect(embedder.mutator);
    TER_FRAME_END(embedder.mutator, outer);
}

static void unbind_with_frames(void)
{
    TER_FRAME(embedder.mutator, frame, 1);
    if (!embedder.wrong)
        TER_FRAME_END(embedder.mutator, frame);
    ter_mutator_unbind(embedder.mutator);
    embedder.mutator = NULL;
}

/* ---- Pins ---- */

static void pin_at_the_end(void)
{
    struct pair *pair = make_pair(1);

    ter_pin(embedder.heap, pair);
    if (!embedder.wrong)
        ter_unpin(embedder.heap, pair);
}

static void unpin_too_often(void)
{
    struct pair *pair = make_pair(1);

    ter_pin(embedder.heap, pair);
    ter_unpin(embedder.heap, pair);
    if (embedder.wrong)
        ter_unpin(embedder.heap, pair);
}

static const struct mistake mistakes[] = {
    {"missed frame",
     missed_frame,
     WALK,
     {"check_heap: the slot at +0 of object", "kind \"pair\", allocation 2, allocated by",
      "a root is missing (TER_FRAME, ter_roots_add_slots"},
     MISTAKE_COLLECTS},
    {"missed global",
     missed_global,
     WALK,
     {"check_heap: slot 0 of the frame at", "was an object (kind \"pair\", allocation 1",
      "ter_roots_add_slots"},
     MISTAKE_COLLECTS},
    {"read from what is gone",
     read_from_gone,
     WALK,
     {"check_heap: slot 1 of the frame at", "the poison of memory that an object left"},
     MISTAKE_COLLECTS},
    {"missed at a poll",
     missed_at_a_poll,
     WALK ",stress_polls=1",
     {"check_heap: slot 0 of the frame at", "a root is missing"},
     MISTAKE_COLLECTS},
    {"missed at an allocation",
     missed_at_an_allocation,
     WALK ",stress=3",
     {"check_heap: slot 0 of the frame at", "a root is missing"},
     MISTAKE_COLLECTS},
    {"stale local",
     stale_local,
     WALK,
     {"check_heap: slot 1 of the frame at", "and moved to", "read it again from its TER_FRAME"},
     MISTAKE_MOVES},
    {"root twice",
     root_twice,
     WALK,
     {"was reported before in this collection", "(of a root visitor)", "ter_roots_add_slots"},
     MISTAKE_ANY},
    {"removed twice",
     removed_twice,
     WALK,
     {"ter_roots_remove_slots: not all of these words are roots", "added before by"},
     MISTAKE_ANY},
    {"added twice", added_twice, WALK, {"each is added once"}, MISTAKE_ANY},
    {"frame left",
     frame_left,
     WALK,
     {"the function that it belongs to has ended", "TER_FRAME_END"},
     MISTAKE_COLLECTS},
    {"popped out of order",
     popped_out_of_order,
     WALK,
     {"is pushed twice", "ter_frame_pop"},
     MISTAKE_ANY},
    {"unbind with frames",
     unbind_with_frames,
     "",
     {"still has frames", "ter_frame_pop"},
     MISTAKE_ANY},
    {"pin at the end",
     pin_at_the_end,
     WALK,
     {"the heap ends while 1 objects are pinned", "kind \"pair\"", "ter_unpin(heap, object)"},
     MISTAKE_ANY},
    {"unpin too often", unpin_too_often, "", {"is not pinned by ter_pin"}, MISTAKE_ANY},
};

static void each_is_found(void **state)
{
    (void)state;
    test_mistakes(mistakes, TER_ARRAY_LENGTH(mistakes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
