/* SPDX-License-Identifier: MIT */
/*
 * The loop of a trace, as a template: a plan's file includes it once, after it has defined what the
 * loop is made of, and gets `const struct ter_loop ter_<plan>_loop`. It may be included again for
 * another plan, so it has no guard.
 *
 *   TER_LOOP_PLAN          a name for the functions, such as mark_sweep
 *   TER_LOOP_STATE         a type: what the plan's policies want at hand for each word
 *   TER_LOOP_BEGIN         void (TER_LOOP_STATE *state, const struct ter_tracer *tracer): fills it
 *   TER_LOOP_TRACE_FIRST   uintptr_t (struct ter_scanning *scanning, const TER_LOOP_STATE *state,
 *                          uintptr_t word, enum ter_word_form form, enum ter_marking marking):
 *                          a word in the tracer's first range
 *   TER_LOOP_TRACE         bool (struct ter_scanning *scanning, const TER_LOOP_STATE *state,
 *                          const struct ter_sft *sft, uintptr_t *word, enum ter_word_form form,
 *                          enum ter_marking marking): a word of that space, which may be the first
 *                          one's too where spaces share chunks; false when the space is none of the
 *                          plan's, and the loop asks the space's own functions
 *   TER_LOOP_MOVES         1: a reference that was traced may lead elsewhere now, and is stored
 *   TER_LOOP_CALLS         names, with blanks between them: what the policies' part of the loop
 *                          calls and is not inline; for the check of the compiled loop alone
 *
 * The policies' functions are inline. `form` and `marking` are constants where it matters, so what
 * does not concern them is not compiled: a policy whose objects stay has no check for moved ones in
 * its loop, and with one worker there is no atomic operation. A policy that traces returns the
 * object's reference, or the word when it is none or ambiguous: what an ambiguous word leads to
 * must not move. What was reached for the first time it hands to ter_scanning_enqueue.
 *
 * For each word: one compare with the first range, one with the hull of the heap; then the SFT map;
 * then what the policy does.
 *
 * test/checks/once/loop_code.sh looks at what becomes of it.
 */

/* One name for each plan, so that two of them can be compiled as one file. */
#define LOOP_JOIN(plan, name) plan##_loop_##name
#define LOOP_NAME(plan, name) LOOP_JOIN(plan, name)
#define LOOP(name) LOOP_NAME(TER_LOOP_PLAN, name)
#define LOOP_RECORD_JOIN(plan) ter_##plan##_loop
#define LOOP_RECORD(plan) LOOP_RECORD_JOIN(plan)

#define PIECE_BYTES TER_KIB(64) /* of a large object scanned at once */
#define ROOT_WORDS 128u         /* of a range copied at once */
#define SLOTS_AHEAD 16u         /* a power of two */
/* Two tables of marks do not tell who moves an object: no phase of such a plan asks for them. */
#define OF_TWO (TER_LOOP_MOVES ? TER_MARKING_OF_MANY : TER_MARKING_OF_TWO)

/*
 * Of a plan that moves objects: slots that were seen and not traced, in the order of time. What
 * they refer to is prefetched meanwhile; where it will be copied to is in the cache anyway.
 */
struct LOOP(ahead) {
    unsigned oldest, newest; /* one past it; modulo their number */
    ter_slot slots[SLOTS_AHEAD];
};

struct LOOP(local) {
    struct ter_scanning scanning;
    TER_LOOP_STATE state;
    struct LOOP(ahead) ahead;
};

TER_INLINE void LOOP(enter)(struct LOOP(local) * local, struct ter_tracer *tracer)
{
    ter_scanning_begin(&local->scanning, tracer);
    TER_LOOP_BEGIN(&local->state, tracer);
    local->ahead.oldest = local->ahead.newest = 0;
}

/* ---- Words and slots ---- */

/* A word inside the hull. */
TER_INLINE uintptr_t LOOP(trace_by_map)(struct LOOP(local) * local, uintptr_t word,
                                        enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_sft *sft = ter_sft_map_get(&local->scanning.map, word);

    if (TER_LOOP_TRACE(&local->scanning, &local->state, sft, &word, form, marking) ||
        sft->kind == TER_SPACE_EMPTY)
        return word;
    return ter_scanning_elsewhere(&local->scanning, sft, word, form);
}

/* Any word; returns what to store in its place, if it is exact. */
TER_INLINE uintptr_t LOOP(trace)(struct LOOP(local) * local, uintptr_t word,
                                 enum ter_word_form form, enum ter_marking marking)
{
    if (word - local->scanning.first < local->scanning.first_span)
        return TER_LOOP_TRACE_FIRST(&local->scanning, &local->state, word, form, marking);
    if (word - local->scanning.low < local->scanning.span)
        return LOOP(trace_by_map)(local, word, form, marking);
    return word;
}

TER_INLINE void LOOP(trace_words)(struct LOOP(local) * local, const uintptr_t *word,
                                  const uintptr_t *end, enum ter_word_form form,
                                  enum ter_marking marking)
{
    for (; word < end; word++)
        LOOP(trace)(local, *word, form, marking);
}

TER_INLINE void LOOP(trace_slot)(struct LOOP(local) * local, ter_slot slot,
                                 enum ter_marking marking)
{
    ter_object before = ter_slot_load(slot);
    uintptr_t after = LOOP(trace)(local, before.bits, TER_WORD_EXACT, marking);

    if (TER_LOOP_MOVES && after != before.bits)
        ter_slot_store(slot, ter_object_at(after));
}

/* ---- Objects ---- */

/* A slot of an object whose kind is `how`; its form is a constant. */
TER_INLINE void LOOP(trace_slot_of)(struct LOOP(local) * local, const struct ter_kind *how,
                                    enum ter_slot_form slots, uintptr_t address,
                                    enum ter_marking marking)
{
    uintptr_t before = ter_slot_read(&how->slots, slots, address), after;

    if (slots != TER_SLOTS_PLAIN && before == 0)
        return;
    after = LOOP(trace)(local, before, TER_WORD_EXACT, marking);
    if (TER_LOOP_MOVES && after != before)
        ter_slot_move(&how->slots, slots, address, after);
}

TER_INLINE void LOOP(trace_oldest)(struct LOOP(local) * local, enum ter_marking marking)
{
    LOOP(trace_slot)(local, local->ahead.slots[local->ahead.oldest++ % SLOTS_AHEAD], marking);
}

/* The same; in a drain of what moves, `whole` false, plain slots are traced a little later. */
TER_INLINE void LOOP(see_slot)(struct LOOP(local) * local, const struct ter_kind *how,
                               enum ter_slot_form slots, uintptr_t address, bool whole,
                               enum ter_marking marking)
{
    uintptr_t word;

    if (!TER_LOOP_MOVES || whole || slots != TER_SLOTS_PLAIN) {
        LOOP(trace_slot_of)(local, how, slots, address, marking);
        return;
    }
    word = ter_slot_load(ter_slot_at(address)).bits;
    if (word - local->scanning.low >= local->scanning.span)
        return;
    TER_PREFETCH_READ(word);
    if (TER_LIKELY(local->ahead.newest - local->ahead.oldest == SLOTS_AHEAD))
        LOOP(trace_oldest)(local, marking);
    local->ahead.slots[local->ahead.newest++ % SLOTS_AHEAD] = ter_slot_at(address);
}

/* The slots of one part of an object, as far as they lie before `end`. */
TER_INLINE void LOOP(scan_part)(struct LOOP(local) * local, const struct ter_kind *how,
                                enum ter_slot_form slots, uintptr_t start, uintptr_t end,
                                const struct ter_slots *part, bool whole, enum ter_marking marking)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(part);
    size_t unit = ter_slot_form_bytes(slots), offset;

    while (ter_slot_cursor_next(&cursor, unit, &offset) && offset < end - start)
        LOOP(see_slot)(local, how, slots, start + offset, whole, marking);
}

/* Elements from `start` on; unless `whole`, what is left after a piece goes back to the queue. */
TER_INLINE void LOOP(scan_elements)(struct LOOP(local) * local, enum ter_slot_form slots,
                                    uintptr_t start, uintptr_t end, unsigned kind, bool whole,
                                    enum ter_marking marking)
{
    const struct ter_kind *how = &local->scanning.tracer->kinds[kind];
    const struct ter_object_layout *layout = how->layout;
    size_t bytes = layout->element_bytes, piece = 0;

    for (; bytes <= end - start; start += bytes, piece += bytes) {
        if (TER_UNLIKELY(piece >= PIECE_BYTES) && !whole) {
            ter_scanning_leave(&local->scanning, start, end, kind, bytes);
            return;
        }
        LOOP(scan_part)(local, how, slots, start, end, &layout->element, whole, marking);
    }
}

/* The address of an entry, which may be one of elements, and its end. */
TER_INLINE void LOOP(scan_layout_as)(struct LOOP(local) * local, enum ter_slot_form slots,
                                     uintptr_t address, size_t entry_bytes, unsigned kind,
                                     bool whole, enum ter_marking marking)
{
    const struct ter_kind *how = &local->scanning.tracer->kinds[kind];
    const struct ter_object_layout *layout = how->layout;
    uintptr_t start = address & ~TER_ENTRY_ELEMENTS;
    uintptr_t end = ter_align_down(start, TER_BYTES_IN_GRANULE) + entry_bytes;

    if ((address & TER_ENTRY_ELEMENTS) == 0) {
        LOOP(scan_part)(local, how, slots, start, end, &layout->header, whole, marking);
        if (layout->header_bytes >= end - start)
            return;
        start += layout->header_bytes;
    }
    if (layout->element_bytes != 0)
        LOOP(scan_elements)(local, slots, start, end, kind, whole, marking);
}

/* One copy for each form of slot: what is asked, is asked once for an object. */
TER_INLINE void LOOP(scan_layout)(struct LOOP(local) * local, uintptr_t address, size_t bytes,
                                  unsigned kind, bool whole, enum ter_marking marking)
{
    unsigned form = local->scanning.tracer->kinds[kind].slots.form;

    if (TER_LIKELY(form == TER_SLOTS_PLAIN))
        LOOP(scan_layout_as)(local, TER_SLOTS_PLAIN, address, bytes, kind, whole, marking);
    else if (form == TER_SLOTS_TAGGED)
        LOOP(scan_layout_as)(local, TER_SLOTS_TAGGED, address, bytes, kind, whole, marking);
    else
        LOOP(scan_layout_as)(local, TER_SLOTS_OFFSET32, address, bytes, kind, whole, marking);
}

TER_INLINE void LOOP(scan_words)(struct LOOP(local) * local, uintptr_t start, size_t bytes,
                                 unsigned kind, enum ter_word_form form, enum ter_marking marking)
{
    if (TER_UNLIKELY(bytes > PIECE_BYTES)) {
        ter_scanning_leave(&local->scanning, start + PIECE_BYTES, start + bytes, kind, 0);
        bytes = PIECE_BYTES;
    }
    LOOP(trace_words)
    (local, (const uintptr_t *)start, (const uintptr_t *)(start + bytes), form, marking);
}

/* `whole`: all slots of a layout at once. */
TER_INLINE void LOOP(scan)(struct LOOP(local) * local, struct ter_mark_entry entry, bool whole,
                           enum ter_word_form form, enum ter_marking marking)
{
    unsigned kind = ter_mark_entry_kind(entry);
    size_t bytes = ter_mark_entry_bytes(entry);
    const struct ter_kind *how = &local->scanning.tracer->kinds[kind];

    if (TER_LIKELY(how->scan == TER_SCAN_AMBIGUOUS))
        LOOP(scan_words)(local, entry.start, bytes, kind, form, marking);
    else if (how->scan == TER_SCAN_LAYOUT)
        LOOP(scan_layout)(local, entry.start, bytes, kind, whole, marking);
    else if (how->scan == TER_SCAN_VISITOR)
        ter_scanning_visit(&local->scanning, how, entry.start, bytes);
    else
        ter_scanning_find_kind(&local->scanning, entry.start, bytes);
}

/* ---- The drain: a copy of the loop for each form and each way to set marks ---- */

TER_INLINE void LOOP(drain_as)(struct ter_tracer *tracer, enum ter_word_form form,
                               enum ter_marking marking)
{
    struct ter_mark_entry entry;
    struct LOOP(local) local;

    LOOP(enter)(&local, tracer);
    for (;;) {
        while (ter_scanning_take(&local.scanning, &entry)) {
            if (marking != TER_MARKING_ALONE)
                ter_scanning_poll_packet(&local.scanning);
            LOOP(scan)(&local, entry, false, form, marking);
        }
        if (!TER_LOOP_MOVES || local.ahead.oldest == local.ahead.newest)
            break;
        LOOP(trace_oldest)(&local, marking);
    }
    ter_scanning_save(&local.scanning);
}

#define LOOP_DRAIN(name, form, marking)                                                            \
    static TER_NOINLINE void LOOP(name)(struct ter_tracer * tracer)                                \
    {                                                                                              \
        LOOP(drain_as)(tracer, form, marking);                                                     \
    }
LOOP_DRAIN(drain_alone, TER_WORD_ANY_BYTE, TER_MARKING_ALONE)
LOOP_DRAIN(drain_of_two, TER_WORD_ANY_BYTE, OF_TWO)
LOOP_DRAIN(drain_of_many, TER_WORD_ANY_BYTE, TER_MARKING_OF_MANY)
LOOP_DRAIN(drain_displaced_alone, TER_WORD_DISPLACED, TER_MARKING_ALONE)
LOOP_DRAIN(drain_displaced_of_two, TER_WORD_DISPLACED, OF_TWO)
LOOP_DRAIN(drain_displaced_of_many, TER_WORD_DISPLACED, TER_MARKING_OF_MANY)
#undef LOOP_DRAIN

static void LOOP(drain)(struct ter_tracer *tracer)
{
    bool any = tracer->any_byte;

    switch (tracer->marking) {
    case TER_MARKING_ALONE: (any ? LOOP(drain_alone) : LOOP(drain_displaced_alone))(tracer); break;
    case TER_MARKING_OF_TWO:
        (any ? LOOP(drain_of_two) : LOOP(drain_displaced_of_two))(tracer);
        break;
    case TER_MARKING_OF_MANY:
        (any ? LOOP(drain_of_many) : LOOP(drain_displaced_of_many))(tracer);
        break;
    }
}

/* ---- Roots, visitors and single objects: one copy, that asks how marks are set ---- */

static void LOOP(word)(struct ter_tracer *tracer, uintptr_t word)
{
    struct LOOP(local) local;

    if (word - tracer->low >= tracer->span)
        return;
    LOOP(enter)(&local, tracer);
    LOOP(trace)(&local, word, TER_WORD_ANY_BYTE, tracer->marking);
    ter_scanning_save(&local.scanning);
}

TER_INLINE void LOOP(words_as)(struct ter_tracer *tracer, uintptr_t start, uintptr_t end,
                               enum ter_word_form form)
{
    uintptr_t words[ROOT_WORDS];
    struct LOOP(local) local;

    LOOP(enter)(&local, tracer);
    while (start < end) {
        size_t count = ter_min((end - start) / sizeof(uintptr_t), ROOT_WORDS);

        ter_words_read((const uintptr_t *)start, words, count);
        LOOP(trace_words)(&local, words, words + count, form, tracer->marking);
        start += count * sizeof(uintptr_t);
    }
    ter_scanning_save(&local.scanning);
}

static void LOOP(words)(struct ter_tracer *tracer, uintptr_t start, uintptr_t end, bool any_byte)
{
    start = ter_align_up(start, sizeof(uintptr_t));
    end = ter_align_down(end, sizeof(uintptr_t));
    LOOP(words_as)(tracer, start, end, any_byte ? TER_WORD_ANY_BYTE : TER_WORD_DISPLACED);
}

static void LOOP(slot)(struct ter_tracer *tracer, ter_slot slot)
{
    struct LOOP(local) local;

    if (ter_slot_load(slot).bits - tracer->low >= tracer->span)
        return;
    LOOP(enter)(&local, tracer);
    LOOP(trace_slot)(&local, slot, tracer->marking);
    ter_scanning_save(&local.scanning);
}

static ter_object LOOP(object)(struct ter_tracer *tracer, ter_object object)
{
    LOOP(slot)(tracer, ter_slot_at((uintptr_t)&object.bits));
    return object;
}

static void LOOP(objects)(struct ter_tracer *tracer, ter_object *objects, size_t count)
{
    struct LOOP(local) local;

    LOOP(enter)(&local, tracer);
    for (size_t i = 0; i < count; i++)
        LOOP(trace_slot)(&local, ter_slot_at((uintptr_t)&objects[i].bits), tracer->marking);
    ter_scanning_save(&local.scanning);
}

static void LOOP(contents)(struct ter_tracer *tracer, uintptr_t object, size_t bytes, unsigned kind)
{
    size_t granules = ter_align_up(bytes, TER_BYTES_IN_GRANULE);
    struct ter_mark_entry entry = ter_mark_entry_of(object, granules, kind);
    struct LOOP(local) local;

    LOOP(enter)(&local, tracer);
    LOOP(scan)
    (&local, entry, true, tracer->any_byte ? TER_WORD_ANY_BYTE : TER_WORD_DISPLACED,
     tracer->marking);
    ter_scanning_save(&local.scanning);
}

const struct ter_loop LOOP_RECORD(TER_LOOP_PLAN) = {
    .moves = TER_LOOP_MOVES,
    .begin = ter_tracer_begin,
    .word = LOOP(word),
    .words = LOOP(words),
    .slot = LOOP(slot),
    .object = LOOP(object),
    .objects = LOOP(objects),
    .contents = LOOP(contents),
    .drain = LOOP(drain),
};

#undef LOOP_JOIN
#undef LOOP_NAME
#undef LOOP
#undef LOOP_RECORD_JOIN
#undef LOOP_RECORD
#undef PIECE_BYTES
#undef ROOT_WORDS
#undef SLOTS_AHEAD
#undef OF_TWO
#undef TER_LOOP_PLAN
#undef TER_LOOP_STATE
#undef TER_LOOP_BEGIN
#undef TER_LOOP_TRACE_FIRST
#undef TER_LOOP_TRACE
#undef TER_LOOP_MOVES
#undef TER_LOOP_CALLS
