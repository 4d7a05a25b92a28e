/* SPDX-License-Identifier: MIT */
/*
 * The loop's template, compiled for a plan that moves: what an exact reference leads to is copied
 * and the slot updated, what an ambiguous word leads to stays. Compared with a graph that is walked
 * by hand.
 *
 * Objects of the tests lie in `from`, a page of addresses that is the plan's first range. Their
 * sizes and states stand in a table. A second space is known to the map alone, and traces through
 * its own functions.
 */
#include "trace/trace.h"

#include "arena.h"

#define WORD sizeof(uintptr_t)
#define SPACE_BYTES TER_MIB(1)
#define MAX_OBJECTS 4096u

struct record {
    uintptr_t start;
    size_t bytes;
    unsigned kind;
    uintptr_t now; /* where it is after it was reached; 0 before */
};

/* ---- The policy ---- */

struct copying {
    char *from;
    char *to;
    size_t used;
    size_t copied;
    struct record objects[MAX_OBJECTS];
    unsigned count;
    uint16_t *index; /* of each granule of `from`: the object, and 1; 0: none */
};

static struct copying copying;
static unsigned policy_begins;

struct copying_state {
    struct copying *space;
};

TER_INLINE void copying_begin(struct copying_state *state, const struct ter_tracer *tracer)
{
    state->space = tracer->context;
    policy_begins++;
}

static struct record *covering(const struct copying *space, uintptr_t word)
{
    unsigned index = space->index[(word - (uintptr_t)space->from) / TER_BYTES_IN_GRANULE];

    return index == 0 ? NULL : (struct record *)&space->objects[index - 1];
}

static uintptr_t copy(struct copying *space, const struct record *object)
{
    char *to = space->to + space->copied;

    memcpy(to, (const void *)object->start, object->bytes);
    space->copied += object->bytes;
    return (uintptr_t)to;
}

TER_INLINE uintptr_t copying_trace(struct ter_scanning *scanning, const struct copying_state *state,
                                   uintptr_t word, enum ter_word_form form,
                                   enum ter_marking marking)
{
    struct record *object = covering(state->space, word);

    (void)marking;
    if (object == NULL || !ter_scanning_refers(scanning, word - object->start, form))
        return word;
    if (object->now == 0) {
        object->now = form == TER_WORD_EXACT ? copy(state->space, object) : object->start;
        ter_scanning_enqueue(scanning, object->now, object->bytes, object->kind);
    }
    return object->now;
}

TER_INLINE bool nothing_else(struct ter_scanning *scanning, const struct copying_state *state,
                             const struct ter_sft *sft, const uintptr_t *word,
                             enum ter_word_form form, enum ter_marking marking)
{
    (void)scanning, (void)state, (void)sft, (void)word, (void)form, (void)marking;
    return false;
}

#define TER_LOOP_PLAN copying
#define TER_LOOP_STATE struct copying_state
#define TER_LOOP_BEGIN copying_begin
#define TER_LOOP_TRACE_FIRST copying_trace
#define TER_LOOP_TRACE nothing_else
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS memcpy
extern const struct ter_loop ter_copying_loop;
#include "trace/loop.h"

/* ---- Kinds ---- */

enum { NO_SLOTS, AMBIGUOUS, LISTED, MAPPED, ARRAY, RECORDS, SLOT_VISITOR, WORD_VISITOR, KINDS };

static void visit_slots(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    struct ter_tracer *tracer = ter_tracer_of(trace);

    (void)context;
    for (uintptr_t at = object; at < object + bytes; at += 2 * WORD)
        tracer->loop->slot(tracer, ter_slot_at(at));
}

static void visit_words(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (uintptr_t at = object; at < object + bytes; at += 2 * WORD)
        ter_tracer_word(ter_tracer_of(trace), *(const uintptr_t *)at);
}

static const uint32_t listed_offsets[] = {0, 3 * WORD, 6 * WORD, 7 * WORD};
static const struct ter_object_layout listed = {.header_bytes = 8 * WORD,
                                                .header = {listed_offsets, 4, 0}},
                                      mapped = {.header_bytes = 6 * WORD,
                                                .header = {.bitmap = 0x2a}},
                                      array = {.element_bytes = WORD, .element = {.bitmap = 1}},
                                      records = {.header_bytes = WORD,
                                                 .header = {.bitmap = 1},
                                                 .element_bytes = 3 * WORD,
                                                 .element = {.bitmap = 5}};

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [NO_SLOTS] = {.scan = TER_SCAN_NONE},
    [AMBIGUOUS] = {.scan = TER_SCAN_AMBIGUOUS},
    [LISTED] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &listed},
    [MAPPED] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &mapped},
    [ARRAY] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &array},
    [RECORDS] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &records},
    [SLOT_VISITOR] = {.scan = TER_SCAN_VISITOR, .visitor = visit_slots},
    [WORD_VISITOR] = {.scan = TER_SCAN_VISITOR, .visitor = visit_words},
};

enum reference { NOT, EXACT, MAYBE };

/* What the word at that number is, by the layouts above but not by their records. */
static enum reference word_is(unsigned kind, size_t word, size_t words)
{
    switch (kind) {
    case AMBIGUOUS: return MAYBE;
    case LISTED: return word == 0 || word == 3 || word == 6 || word == 7 ? EXACT : NOT;
    case MAPPED: return word == 1 || word == 3 || word == 5 ? EXACT : NOT;
    case ARRAY: return EXACT;
    case RECORDS:
        if (word == 0)
            return EXACT;
        /* The last element may not be whole. */
        return (word - 1) % 3 != 1 && (word - 1) / 3 < (words - 1) / 3 ? EXACT : NOT;
    case SLOT_VISITOR: return word % 2 == 0 ? EXACT : NOT;
    case WORD_VISITOR: return word % 2 == 0 ? MAYBE : NOT;
    default: return NOT;
    }
}

/* ---- Set-up ---- */

static struct ter_arena arena;
static struct ter_range first_range, other_range;
static struct ter_tracer tracer;

static void *pages(size_t bytes)
{
    void *memory;

    assert_int_equal(ter_os_allocate(bytes, &memory), TER_OK);
    return memory;
}

static int begin(void **state)
{
    (void)state;
    test_arena_init(&arena);
    copying = (struct copying){.from = pages(SPACE_BYTES), .to = pages(SPACE_BYTES)};
    copying.index = pages(SPACE_BYTES / TER_BYTES_IN_GRANULE * sizeof copying.index[0]);
    first_range = (struct ter_range){.start = (uintptr_t)copying.from};
    atomic_store(&first_range.mapped_bytes, SPACE_BYTES);
    assert_int_equal(ter_tracer_init(&tracer, &arena, kinds, &ter_copying_loop), TER_OK);
    ter_tracer_add_range(&tracer, &first_range);
    tracer.context = &copying;
    return 0;
}

static int end(void **state)
{
    (void)state;
    ter_tracer_fini(&tracer);
    ter_os_release((uintptr_t)copying.from, SPACE_BYTES);
    ter_os_release((uintptr_t)copying.to, SPACE_BYTES);
    ter_os_release((uintptr_t)copying.index,
                   SPACE_BYTES / TER_BYTES_IN_GRANULE * sizeof copying.index[0]);
    ter_arena_fini(&arena);
    return 0;
}

static uintptr_t *make(unsigned kind, size_t bytes)
{
    struct record *object = &copying.objects[copying.count++];
    uint16_t *index = copying.index + copying.used / TER_BYTES_IN_GRANULE;

    assert_true(copying.count < MAX_OBJECTS && copying.used + bytes <= SPACE_BYTES);
    *object = (struct record){(uintptr_t)copying.from + copying.used, bytes, kind, 0};
    for (size_t i = 0; i < bytes / TER_BYTES_IN_GRANULE; i++)
        index[i] = (uint16_t)copying.count;
    copying.used += bytes;
    return (uintptr_t *)object->start;
}

static const struct record *record_of(const uintptr_t *object)
{
    return covering(&copying, (uintptr_t)object);
}

static bool is_reached(const uintptr_t *object)
{
    return record_of(object)->now != 0;
}

static bool is_moved(const uintptr_t *object)
{
    return is_reached(object) && record_of(object)->now != (uintptr_t)object;
}

/* Where the object is now. */
static uintptr_t *now(const uintptr_t *object)
{
    assert_true(is_reached(object));
    return (uintptr_t *)record_of(object)->now;
}

static void trace_from(uintptr_t *root)
{
    tracer.loop->begin(&tracer);
    tracer.loop->slot(&tracer, ter_slot_at((uintptr_t)root));
    tracer.loop->drain(&tracer);
}

/* ---- One kind at a time ---- */

/* What lies behind the object refers to `beyond`. */
static void only_slots_are_followed(unsigned kind, size_t words)
{
    uintptr_t *object = make(kind, words * WORD), *targets[64], root = (uintptr_t)object;
    uintptr_t *beyond = make(NO_SLOTS, 16);

    for (size_t i = 0; i < words; i++) {
        targets[i] = make(NO_SLOTS, 16);
        targets[i][0] = targets[i][1] = (uintptr_t)beyond;
        object[i] = (uintptr_t)targets[i];
    }
    trace_from(&root);
    assert_false(is_reached(beyond));
    assert_int_not_equal(root, (uintptr_t)object);
    assert_int_equal(root, (uintptr_t)now(object));
    object = now(object);
    for (size_t i = 0; i < words; i++) {
        enum reference is = word_is(kind, i, words);

        assert_int_equal(is_reached(targets[i]), is != NOT);
        assert_int_equal(is_moved(targets[i]), is == EXACT);
        assert_int_equal(object[i], is == NOT ? (uintptr_t)targets[i] : (uintptr_t)now(targets[i]));
    }
}

static void every_kind_is_scanned_its_way(void **state)
{
    const size_t step = TER_BYTES_IN_GRANULE / WORD;

    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (size_t words = step; words <= 32; words += step)
            only_slots_are_followed(kind, words);
}

/* Tails of more than a piece, and elements that no piece ends with. */
static void large_arrays_are_scanned_whole(void **state)
{
    (void)state;
    for (unsigned kind = ARRAY; kind <= RECORDS; kind++) {
        const size_t words = TER_KIB(200) / WORD;
        uintptr_t *object = make(kind, words * WORD), root = (uintptr_t)object;
        uintptr_t *targets[64];

        for (size_t i = 0; i < 64; i++) {
            targets[i] = make(NO_SLOTS, 16);
            object[i * (words - 1) / 63] = (uintptr_t)targets[i];
        }
        trace_from(&root);
        object = now(object);
        for (size_t i = 0; i < 64; i++) {
            size_t word = i * (words - 1) / 63;

            assert_int_equal(is_reached(targets[i]), word_is(kind, word, words) == EXACT);
            if (is_reached(targets[i]))
                assert_int_equal(object[word], (uintptr_t)now(targets[i]));
        }
    }
}

/* What is asked for at once leaves nothing of a layout for later. */
static void contents_are_read_at_once(void **state)
{
    const size_t words = TER_KIB(200) / WORD;
    uintptr_t *object = make(ARRAY, words * WORD), *target = make(NO_SLOTS, 16);

    (void)state;
    object[words - 1] = (uintptr_t)target;
    tracer.loop->begin(&tracer);
    tracer.loop->contents(&tracer, (uintptr_t)object, words * WORD, ARRAY);
    assert_true(is_moved(target));
    assert_int_equal(object[words - 1], (uintptr_t)now(target));
    tracer.loop->drain(&tracer);
}

/* ---- Roots ---- */

static void ambiguous_words_pin(void **state)
{
    uintptr_t *pinned = make(ARRAY, 16), *moved = make(NO_SLOTS, 16), *inside = make(NO_SLOTS, 32);
    uintptr_t words[3] = {(uintptr_t)pinned, 77, (uintptr_t)inside + 20}, root = (uintptr_t)pinned;

    (void)state;
    pinned[0] = (uintptr_t)moved;
    tracer.loop->begin(&tracer);
    ter_tracer_stack(&tracer, (uintptr_t)words, (uintptr_t)(words + 3));
    tracer.loop->slot(&tracer, ter_slot_at((uintptr_t)&root));
    tracer.loop->drain(&tracer);
    assert_true(is_reached(pinned) && !is_moved(pinned));
    assert_true(is_reached(inside) && !is_moved(inside));
    assert_int_equal(root, (uintptr_t)pinned);
    assert_int_equal(words[0], (uintptr_t)pinned);
    assert_int_equal(words[2], (uintptr_t)inside + 20);
    assert_true(is_moved(moved));
    assert_int_equal(pinned[0], (uintptr_t)now(moved));
}

static void what_counts_of_ambiguous_words(void **state)
{
    static uint8_t displacements[TER_MAX_DISPLACEMENT];
    uintptr_t *first = make(NO_SLOTS, 64), *second = make(NO_SLOTS, 64);
    uintptr_t words[2] = {(uintptr_t)first + 8, (uintptr_t)second + 24};

    (void)state;
    tracer.any_byte = false;
    tracer.loop->begin(&tracer);
    ter_tracer_data(&tracer, (uintptr_t)words, (uintptr_t)(words + 2));
    assert_false(is_reached(first) || is_reached(second));
    displacements[0] = displacements[24] = 1;
    tracer.displacements = displacements;
    ter_tracer_data(&tracer, (uintptr_t)words, (uintptr_t)(words + 2));
    assert_false(is_reached(first));
    assert_true(is_reached(second));
    ter_tracer_word(&tracer, words[0]);
    assert_true(is_reached(first));
    tracer.loop->drain(&tracer);
}

static void words_that_are_no_references(void **state)
{
    uintptr_t words[4] = {0, UINTPTR_MAX, (uintptr_t)copying.from + copying.used, 1};
    uintptr_t root = 0, inside = (uintptr_t)make(NO_SLOTS, 32) + 16;

    (void)state;
    tracer.loop->begin(&tracer);
    ter_tracer_stack(&tracer, (uintptr_t)words, (uintptr_t)words);
    ter_tracer_stack(&tracer, (uintptr_t)words, (uintptr_t)(words + 2));
    ter_tracer_stack(&tracer, (uintptr_t)words + 1, (uintptr_t)words + 7);
    tracer.loop->slot(&tracer, ter_slot_at((uintptr_t)&root));
    /* An exact reference leads to a first byte. */
    tracer.loop->slot(&tracer, ter_slot_at((uintptr_t)&inside));
    tracer.loop->drain(&tracer);
    assert_int_equal(copying.copied, 0);
    assert_int_equal(root, 0);
    assert_int_equal(inside, (uintptr_t)copying.objects[0].start + 16);
}

static void single_objects(void **state)
{
    uintptr_t *object = make(ARRAY, 32), *target = make(NO_SLOTS, 16);
    ter_object after;

    (void)state;
    object[3] = (uintptr_t)target;
    tracer.loop->begin(&tracer);
    after = tracer.trace.trace_object(&tracer.trace, ter_object_at((uintptr_t)object));
    assert_int_equal(after.bits, (uintptr_t)now(object));
    tracer.loop->drain(&tracer);
    assert_true(is_moved(target));
}

/* ---- A space that the plan does not know ---- */

#define OTHER_BYTES 64u

static struct {
    uintptr_t start;
    unsigned traced;
} other;

static ter_object find_other(const struct ter_sft *sft, uintptr_t word)
{
    (void)sft;
    return word - other.start < OTHER_BYTES ? ter_object_at(other.start) : ter_object_none();
}

static ter_object find_other_exactly(const struct ter_sft *sft, uintptr_t word)
{
    (void)sft;
    return word == other.start ? ter_object_at(word) : ter_object_none();
}

static ter_object trace_other(const struct ter_sft *sft, struct ter_trace *trace, ter_object object)
{
    (void)sft;
    if (other.traced++ == 0)
        ter_tracer_enqueue(ter_tracer_of(trace), object.bits, OTHER_BYTES, ARRAY);
    return object;
}

static void add_other_space(void)
{
    struct ter_sft functions = {.kind = TER_SPACE_OTHER,
                                .name = "terrier:other",
                                .find_object = find_other_exactly,
                                .find_object_from_interior = find_other,
                                .trace_object = trace_other};
    struct ter_sft_conflict conflict;
    struct ter_sft *space;

    other.traced = 0;
    other.start = arena.layout.heap_start;
    assert_int_equal(ter_sft_map_add_space(&arena.map, &functions, &space), TER_OK);
    assert_int_equal(ter_sft_map_claim(&arena.map, space, other.start, TEST_EXTENT, &conflict),
                     TER_OK);
    assert_int_equal(ter_os_commit(other.start, TER_BYTES_IN_PAGE), TER_OK);
    other_range = (struct ter_range){.start = other.start};
    atomic_store(&other_range.mapped_bytes, TER_BYTES_IN_PAGE);
    ter_tracer_add_range(&tracer, &other_range);
}

static void other_spaces_trace_themselves(void **state)
{
    uintptr_t *object = make(ARRAY, 32), *target = make(NO_SLOTS, 16), root = (uintptr_t)object;
    uintptr_t *theirs;

    (void)state;
    add_other_space();
    theirs = (uintptr_t *)other.start;
    object[0] = other.start;
    object[1] = other.start + WORD;                     /* exact, but no first byte */
    object[2] = other.start + OTHER_BYTES;              /* theirs, but no object */
    object[3] = other.start + TEST_EXTENT + TER_KIB(4); /* nobody's */
    theirs[5] = (uintptr_t)target;
    trace_from(&root);
    assert_int_equal(other.traced, 1);
    assert_true(is_moved(target));
    assert_int_equal(theirs[5], (uintptr_t)now(target));
    /* Ambiguous words count by their form there too. */
    ter_tracer_word(&tracer, other.start + WORD);
    assert_int_equal(other.traced, 2);
    tracer.any_byte = false;
    object[0] = other.start + WORD;
    ter_tracer_data(&tracer, (uintptr_t)object, (uintptr_t)(object + 1));
    assert_int_equal(other.traced, 2);
}

/* ---- Many objects ---- */

/* Objects of all kinds whose references are random; at most one leads to each word. */
static void make_graph(struct ter_random *random, uintptr_t **objects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        objects[i] = make((unsigned)test_below(random, KINDS), 16 * (1 + test_below(random, 8)));
    for (size_t i = 0; i < count; i++)
        for (size_t word = 0; word < record_of(objects[i])->bytes / WORD; word++)
            objects[i][word] =
                test_below(random, 4) == 0 ? 0 : (uintptr_t)objects[test_below(random, count)];
}

/* Which are reached from the first one, by hand. */
static size_t walk(uintptr_t *const *objects, bool *seen)
{
    static unsigned stack[MAX_OBJECTS];
    size_t depth = 0, found = 0;

    (void)objects;
    seen[0] = true;
    stack[depth++] = 0;
    while (depth > 0) {
        const struct record *object = &copying.objects[stack[--depth]];
        size_t words = object->bytes / WORD;

        found++;
        for (size_t i = 0; i < words; i++) {
            uintptr_t word = ((const uintptr_t *)object->start)[i];
            const struct record *to;

            if (word == 0 || word_is(object->kind, i, words) == NOT)
                continue;
            to = covering(&copying, word);
            if (!seen[to - copying.objects]) {
                seen[to - copying.objects] = true;
                stack[depth++] = (unsigned)(to - copying.objects);
            }
        }
    }
    return found;
}

/* Every reference of a reached object leads to where its object is, unless it was ambiguous. */
static void check_references(const struct record *object)
{
    const uintptr_t *before = (const uintptr_t *)object->start;
    const uintptr_t *after = (const uintptr_t *)object->now;

    for (size_t i = 0; i < object->bytes / WORD; i++) {
        enum reference is = word_is(object->kind, i, object->bytes / WORD);

        if (after != before && (is != EXACT || before[i] == 0))
            assert_int_equal(after[i], before[i]);
        else if (after != before)
            assert_int_equal(after[i], covering(&copying, before[i])->now);
    }
}

static void random_graphs(void **state)
{
    struct ter_random random = test_random();
    static uintptr_t *objects[1000];
    static bool seen[1000];
    uintptr_t root;

    (void)state;
    for (unsigned i = 0; i < test_count(50, 2000); i++) {
        copying.used = copying.copied = copying.count = 0;
        memset(seen, 0, sizeof seen);
        make_graph(&random, objects, TER_ARRAY_LENGTH(objects));
        walk(objects, seen);
        root = (uintptr_t)objects[0];
        trace_from(&root);
        assert_int_equal(root, copying.objects[0].now);
        for (size_t k = 0; k < TER_ARRAY_LENGTH(objects); k++) {
            assert_int_equal(copying.objects[k].now != 0, seen[k]);
            if (seen[k])
                check_references(&copying.objects[k]);
        }
    }
}

/* Wide enough that the stack must grow, which it may not. */
static void a_full_stack_says_so(void **state)
{
    const size_t targets = MAX_OBJECTS - 10;
    uintptr_t *object, root, *target = NULL;
    size_t scanned = 0;

    (void)state;
    object = make(ARRAY, ter_align_up((targets + 3000) * WORD, 16));
    for (size_t i = 0; i < targets; i++) {
        target = make(ARRAY, 16);
        object[i] = (uintptr_t)target;
    }
    root = (uintptr_t)object;
    tracer.loop->begin(&tracer);
    /* As if much had been pushed before. */
    while (tracer.stack.capacity - tracer.stack.count > targets / 2)
        ter_mark_stack_push(&tracer.stack, (uintptr_t)target, 16, NO_SLOTS);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    tracer.loop->slot(&tracer, ter_slot_at((uintptr_t)&root));
    tracer.loop->drain(&tracer);
    test_stop_failing(NULL);
    assert_true(tracer.stack.overflowed);
    for (size_t i = 0; i < copying.count; i++)
        scanned += copying.objects[i].now != 0;
    assert_int_equal(scanned, targets + 1);
    assert_int_equal(tracer.stack.count, tracer.stack.bottom);
    /* The next trace begins anew. */
    tracer.loop->begin(&tracer);
    assert_false(tracer.stack.overflowed);
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(every_kind_is_scanned_its_way),
        LOOP_TEST(large_arrays_are_scanned_whole),
        LOOP_TEST(contents_are_read_at_once),
        LOOP_TEST(ambiguous_words_pin),
        LOOP_TEST(what_counts_of_ambiguous_words),
        LOOP_TEST(words_that_are_no_references),
        LOOP_TEST(single_objects),
        LOOP_TEST(other_spaces_trace_themselves),
        LOOP_TEST(random_graphs),
        LOOP_TEST(a_full_stack_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
