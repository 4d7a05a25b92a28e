/* SPDX-License-Identifier: MIT */
/*
 * What every policy answers to every question: about an object, a freed one, a word inside one and
 * one without memory, at rest, while a collection marks, and after it. In maps of every form.
 */
#include "space/space.h"

#include "spaces.h"

#include <signal.h>

enum policy { EMPTY, BARE, MARK_SWEEP, IMMORTAL, LARGE, POLICIES };
enum word { OBJECT, FREED, INTERIOR, OUTSIDE, WORDS };
enum phase { REST, PREPARED, REACHED, SWEPT, PHASES };

#define AT(phase) (1u << (phase))
#define ALWAYS (AT(REST) | AT(PREPARED) | AT(REACHED) | AT(SWEPT))

static const char *const policy_names[] = {"EMPTY", "bare", "mark-sweep", "immortal", "large"};
static const char *const word_names[] = {"object", "freed object", "interior word", "outside"};
static const char *const phase_names[] = {"at rest", "prepared", "reached", "swept"};

/*
 * The functions in the order of struct ter_sft, a letter each:
 *   o the object   - none   y true   n false   ! stops the process
 *   init:  . nothing seen   + it is an object now   ? not asked, as it would be a lie
 *   print: m marked object   u object that is not marked   - no object
 */
static const struct row {
    enum policy policy;
    enum word word;
    unsigned phases;
    char answers[15];
} rows[] = {
    {EMPTY, OBJECT, ALWAYS, "-!n--nnn!!nn!-"},
    {EMPTY, FREED, ALWAYS, "-!n--nnn!!nn!-"},
    {EMPTY, INTERIOR, ALWAYS, "-!n--nnn!!nn!-"},
    {EMPTY, OUTSIDE, ALWAYS, "-!n--nnn!!nn!-"},

    {BARE, OBJECT, ALWAYS, "-!n--ynnnnyn.-"},
    {BARE, FREED, ALWAYS, "-!n--ynnnnyn.-"},
    {BARE, INTERIOR, ALWAYS, "-!n--ynnnnyn.-"},
    {BARE, OUTSIDE, ALWAYS, "-!n--ynnnnyn.-"},

    {MARK_SWEEP, OBJECT, AT(REST) | AT(REACHED), "ooy-oyynnnyy.m"},
    {MARK_SWEEP, OBJECT, AT(PREPARED), "oon-oynnnnyn.u"},
    {MARK_SWEEP, OBJECT, AT(SWEPT), "-!n--ynnnnyn?-"},
    {MARK_SWEEP, FREED, ALWAYS & ~AT(SWEPT), "-!n--ynnnnyn+-"},
    {MARK_SWEEP, FREED, AT(SWEPT), "-!n--ynnnnyn?-"},
    {MARK_SWEEP, INTERIOR, ALWAYS & ~AT(SWEPT), "o!n--ynnnnyn?-"},
    {MARK_SWEEP, INTERIOR, AT(SWEPT), "-!n--ynnnnyn?-"},
    {MARK_SWEEP, OUTSIDE, ALWAYS, "-!n--nnnnnyn?-"},

    /* What nobody reached is kept all the same: live, but not reachable. It is never swept. */
    {IMMORTAL, OBJECT, AT(REST) | AT(REACHED), "ooy-oyynnnyy.m"},
    {IMMORTAL, OBJECT, AT(PREPARED) | AT(SWEPT), "ooy-oynnnnyy.u"},
    {IMMORTAL, FREED, ALWAYS, "-!n--ynnnnyn+-"},
    {IMMORTAL, INTERIOR, ALWAYS, "o!n--ynnnnyn?-"},
    {IMMORTAL, OUTSIDE, ALWAYS, "-!n--nnnnnyn?-"},

    {LARGE, OBJECT, AT(REST) | AT(REACHED), "ooy-oyynnnyy.m"},
    {LARGE, OBJECT, AT(PREPARED), "oon-oynnnnyn.u"},
    {LARGE, OBJECT, AT(SWEPT), "-!n--ynnnnyn?-"},
    {LARGE, FREED, ALWAYS, "-!n--ynnnnyn?-"},
    {LARGE, INTERIOR, ALWAYS & ~AT(SWEPT), "o!n--ynnnnyn?-"},
    {LARGE, INTERIOR, AT(SWEPT), "-!n--ynnnnyn?-"},
    {LARGE, OUTSIDE, ALWAYS, "-!n--nnnnnyn?-"},
};

static const struct ter_kind kinds[TER_MAX_KINDS] = {[0] = {.scan = TER_SCAN_AMBIGUOUS}};

struct zoo {
    struct ter_arena arena;
    struct ter_block_space *blocks[POLICIES];
    struct ter_large_space *large;
    const struct ter_sft *space[POLICIES];
    uintptr_t words[POLICIES][WORDS];
};

/* ---- A space of every policy, with one object and one that was freed ---- */

static void make_blocks(struct zoo *zoo, enum policy policy)
{
    struct ter_block_space *space = zoo->blocks[policy];
    struct ter_cell_run run = {0};
    uintptr_t block, cell;
    bool passed;

    assert_int_equal(ter_block_space_take_fresh(space, 0, 5, &block), TER_OK);
    cell = ter_size_class_bytes[5];
    assert_true(cell >= 32);
    assert_true(ter_block_space_next_run(space, block, SIZE_MAX, true, &run));
    run.cursor += 2 * cell;
    ter_block_space_return_run(space, block, &run);
    assert_true(ter_block_space_free(space, block + cell, false, &passed));
    zoo->space[policy] = &space->space.sft;
    zoo->words[policy][OBJECT] = block;
    zoo->words[policy][FREED] = block + cell;
    zoo->words[policy][INTERIOR] = block + 16;
    zoo->words[policy][OUTSIDE] = block + TER_BYTES_IN_CHUNK;
}

static void make_large_objects(struct zoo *zoo)
{
    uintptr_t object, freed;
    bool zeroed;

    assert_int_equal(test_allocate_large(zoo->large, 9008, 0, &object, &zeroed), TER_OK);
    assert_int_equal(test_allocate_large(zoo->large, 9008, 0, &freed, &zeroed), TER_OK);
    ter_policy_large.free(&zoo->large->space, freed);
    zoo->space[LARGE] = &zoo->large->space.sft;
    zoo->words[LARGE][OBJECT] = object;
    zoo->words[LARGE][FREED] = freed;
    zoo->words[LARGE][INTERIOR] = object + 2 * TER_BYTES_IN_PAGE + 16;
    zoo->words[LARGE][OUTSIDE] = object + TER_BYTES_IN_CHUNK;
}

/* A space that only has a name, and memory that is nobody's. */
static void make_others(struct zoo *zoo)
{
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "bare"};
    uintptr_t start = ter_layout_slot_start(&zoo->arena.layout, 3);
    struct ter_sft *space;

    assert_int_equal(ter_sft_map_add_space(&zoo->arena.map, &functions, &space), TER_OK);
    assert_int_equal(ter_sft_map_claim(&zoo->arena.map, space, start, TER_BYTES_IN_CHUNK, NULL),
                     TER_OK);
    zoo->space[BARE] = space;
    zoo->space[EMPTY] = ter_sft_map_empty(&zoo->arena.map);
    for (unsigned word = 0; word < WORDS; word++) {
        zoo->words[BARE][word] = start + word * TER_BYTES_IN_PAGE;
        zoo->words[EMPTY][word] = word == OUTSIDE ? 16 : start + TEST_EXTENT + word * 8;
    }
}

static struct zoo *make_zoo(enum ter_sft_map_kind wanted)
{
    /* The shadow of AddressSanitizer is where a space map reaches. */
    enum ter_sft_map_kind kind =
        wanted == TER_SFT_SPACE_MAP && TER_HAS_ASAN ? TER_SFT_DENSE_MAP : wanted;
    const struct ter_arena_settings settings = {
        .layout = {"test", test_start(), TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0},
        .choose_map = true,
        .map = kind,
        .record_bytes = TER_KIB(1),
    };
    struct zoo *zoo = calloc(1, sizeof *zoo);

    assert_non_null(zoo);
    assert_int_equal(ter_arena_init(&zoo->arena, &settings), TER_OK);
    assert_int_equal(zoo->arena.map.kind, kind);
    zoo->blocks[MARK_SWEEP] = test_space_new(&zoo->arena, &ter_policy_mark_sweep, 0, kinds);
    zoo->blocks[IMMORTAL] = test_space_new(&zoo->arena, &ter_policy_immortal, 1, kinds);
    zoo->large = test_space_new(&zoo->arena, &ter_policy_large, 2, kinds);
    make_blocks(zoo, MARK_SWEEP);
    make_blocks(zoo, IMMORTAL);
    make_large_objects(zoo);
    make_others(zoo);
    return zoo;
}

static void free_zoo(struct zoo *zoo)
{
    ter_space_fini(&zoo->blocks[MARK_SWEEP]->space);
    ter_space_fini(&zoo->blocks[IMMORTAL]->space);
    ter_arena_fini(&zoo->arena);
    free(zoo);
}

/* From one phase to the next. */
static void enter_phase(struct zoo *zoo, enum phase phase)
{
    const enum policy ours[] = {MARK_SWEEP, IMMORTAL, LARGE};
    struct ter_live live = {0};

    if (phase == PREPARED || phase == SWEPT) {
        ter_block_space_prepare(&zoo->blocks[MARK_SWEEP]->space);
        ter_block_space_prepare(&zoo->blocks[IMMORTAL]->space);
        ter_policy_large.prepare(&zoo->large->space);
    }
    for (size_t i = 0; phase == REACHED && i < TER_ARRAY_LENGTH(ours); i++)
        ter_bits_set(&zoo->arena.side.tables[TER_SIDE_MARK], zoo->words[ours[i]][OBJECT]);
    if (phase == SWEPT) {
        ter_block_space_sweep(&zoo->blocks[MARK_SWEEP]->space, &live);
        ter_policy_large.release(&zoo->large->space, &live);
        assert_int_equal(live.objects, 0);
    }
}

/* ---- Questions ---- */

struct question {
    const struct zoo *zoo;
    const struct ter_sft *space;
    uintptr_t word;
    const struct row *row;
};

static ter_object note_reached(struct ter_trace *trace, ter_object object)
{
    (void)trace;
    return object;
}

static ter_object trace_word(const struct question *question)
{
    struct ter_trace trace = {.trace_object = note_reached};

    return question->space->trace_object(question->space, &trace, ter_object_at(question->word));
}

static void do_trace(void *context)
{
    trace_word(context);
}

static void do_pin(void *context)
{
    const struct question *question = context;

    question->space->pin(question->space, ter_object_at(question->word));
}

static void do_unpin(void *context)
{
    const struct question *question = context;

    question->space->unpin(question->space, ter_object_at(question->word));
}

static void do_init(void *context)
{
    const struct question *question = context;

    question->space->init_object_metadata(question->space, ter_object_at(question->word), 32);
}

/* Stops the process with one line that names the call, the word and the owner. */
static char stops(const struct question *question, test_body *body, const char *call)
{
    char word[32];
    struct test_end end;

    snprintf(word, sizeof word, "%#zx", (size_t)question->word);
    test_in_child(body, (void *)(uintptr_t)question, &end);
    if (end.signal != SIGABRT)
        return '?';
    assert_int_equal(strcspn(end.text, "\n") + 1, strlen(end.text));
    assert_non_null(strstr(end.text, call));
    assert_non_null(strstr(end.text, word));
    assert_non_null(strstr(end.text, question->space->name));
    return '!';
}

static char found(const struct question *question, ter_object object)
{
    if (ter_object_is_none(object))
        return '-';
    return object.bits == question->zoo->words[question->row->policy][OBJECT] ? 'o' : '?';
}

static char truth(bool answer)
{
    return answer ? 'y' : 'n';
}

static char ask_init(struct question *question, char wanted)
{
    const struct ter_sft *space = question->space;
    bool passed, before = !ter_object_is_none(space->find_object(space, question->word));

    if (wanted == '?')
        return '?';
    if (wanted == '!')
        return stops(question, do_init, "init_object_metadata");
    do_init(question);
    if (ter_object_is_none(space->find_object(space, question->word)) == !before)
        return '.';
    ter_block_space_free(question->zoo->blocks[question->row->policy], question->word, false,
                         &passed);
    return '+';
}

static char ask_print(const struct question *question)
{
    char text[120], word[32];

    question->space->print_object(question->space, ter_object_at(question->word), text,
                                  sizeof text);
    snprintf(word, sizeof word, "%#zx: ", (size_t)question->word);
    assert_ptr_equal(strstr(text, word), text);
    assert_non_null(strstr(text, question->space->name));
    if (strstr(text, "no object") != NULL)
        return '-';
    assert_non_null(strstr(text, "object"));
    return strstr(text, "not marked") != NULL ? 'u' : strstr(text, "marked") != NULL ? 'm' : '?';
}

static void ask(struct question *question, char answers[15])
{
    const struct ter_sft *space = question->space;
    const char *wanted = question->row->answers;
    uintptr_t word = question->word;
    ter_object object = ter_object_at(word);

    answers[0] = found(question, space->find_object_from_interior(space, word));
    answers[1] = wanted[1] == '!' ? stops(question, do_trace, "trace_object")
                                  : found(question, trace_word(question));
    answers[2] = truth(space->is_live(space, object));
    answers[3] = found(question, space->forwarded_object(space, object));
    answers[4] = found(question, space->find_object(space, word));
    answers[5] = truth(space->is_in_space(space, word));
    answers[6] = truth(space->is_reachable(space, object));
    answers[7] = truth(space->is_movable(space, object));
    answers[8] =
        wanted[8] == '!' ? stops(question, do_pin, "pin") : truth(space->pin(space, object));
    answers[9] =
        wanted[9] == '!' ? stops(question, do_unpin, "unpin") : truth(space->unpin(space, object));
    answers[10] = truth(space->is_pinned(space, object));
    answers[11] = truth(space->is_sane(space, object));
    answers[12] = ask_init(question, wanted[12]);
    answers[13] = ask_print(question);
    answers[14] = '\0';
}

static void check_row(const struct zoo *zoo, const struct row *row, enum phase phase)
{
    struct question question = {zoo, zoo->space[row->policy], zoo->words[row->policy][row->word],
                                row};
    char answers[15];

    ask(&question, answers);
    if (strcmp(answers, row->answers) != 0)
        print_error("%s, %s, %s, %s map\n", policy_names[row->policy], word_names[row->word],
                    phase_names[phase], ter_sft_map_kind_name(zoo->arena.map.kind));
    assert_string_equal(answers, row->answers);
    assert_string_equal(question.space->name, policy_names[row->policy]);
}

/* The map sends each word to the space that is asked about it, but for one without memory. */
static void check_owners(const struct zoo *zoo)
{
    for (unsigned policy = 0; policy < POLICIES; policy++)
        for (unsigned word = 0; word < OUTSIDE; word++)
            assert_ptr_equal(ter_sft_map_get(&zoo->arena.map, zoo->words[policy][word]),
                             zoo->space[policy]);
    for (unsigned policy = MARK_SWEEP; policy < POLICIES; policy++)
        assert_int_equal(
            ter_sft_is_empty(ter_sft_map_get(&zoo->arena.map, zoo->words[policy][OUTSIDE])),
            zoo->arena.map.kind != TER_SFT_SPACE_MAP);
    assert_int_equal(zoo->space[EMPTY]->kind, TER_SPACE_EMPTY);
    assert_int_equal(zoo->space[BARE]->kind, TER_SPACE_OTHER);
    assert_int_equal(zoo->space[MARK_SWEEP]->kind, TER_SPACE_MARK_SWEEP);
    assert_int_equal(zoo->space[IMMORTAL]->kind, TER_SPACE_IMMORTAL);
    assert_int_equal(zoo->space[LARGE]->kind, TER_SPACE_LARGE);
}

static void ask_all(enum ter_sft_map_kind kind)
{
    struct zoo *zoo = make_zoo(kind);
    unsigned asked = 0;

    check_owners(zoo);
    for (unsigned phase = 0; phase < PHASES; phase++) {
        enter_phase(zoo, (enum phase)phase);
        for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++)
            if ((rows[i].phases & AT(phase)) != 0) {
                check_row(zoo, &rows[i], (enum phase)phase);
                asked++;
            }
    }
    /* A row for every policy, word and phase, and for none two. */
    assert_int_equal(asked, (unsigned)POLICIES * (unsigned)WORDS * PHASES);
    check_owners(zoo);
    free_zoo(zoo);
}

static void answers_in_a_space_map(void **state)
{
    (void)state;
    ask_all(TER_SFT_SPACE_MAP);
}

static void answers_in_a_dense_map(void **state)
{
    (void)state;
    ask_all(TER_SFT_DENSE_MAP);
}

static void answers_in_a_sparse_map(void **state)
{
    (void)state;
    ask_all(TER_SFT_SPARSE_MAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_in_a_space_map),
        cmocka_unit_test(answers_in_a_dense_map),
        cmocka_unit_test(answers_in_a_sparse_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
