/* SPDX-License-Identifier: MIT */
/*
 * One large object behind which there is nothing: workers who wait get a part of it, and each of
 * its slots is traced once.
 *
 * The loop is compiled for a plan whose policy counts. Workers wait where others have to
 * come in, so all take part however busy the machine is.
 */
#include "trace/trace.h"

#include "arena.h"

#include <unistd.h>

#define WORD sizeof(uintptr_t)
#define OBJECT_BYTES TER_MIB(2)
#define WORDS (OBJECT_BYTES / WORD)
#define A_PIECE (TER_KIB(64) / WORD) /* words that are scanned at once */
#define LONGEST_WAIT 20000u          /* ms */

/* ---- The policy ---- */

struct counting {
    uintptr_t *object; /* each word holds its own address: so the word says which one it is */
    _Atomic uint8_t *traced;
    _Atomic size_t by[TER_MAX_HELPERS + 1];
};

static struct counting counting;

struct counting_state {
    struct counting *all;
};

TER_INLINE void counting_begin(struct counting_state *state, const struct ter_tracer *tracer)
{
    state->all = tracer->context;
}

static bool all_wait(struct ter_packets *packets)
{
    bool all;

    ter_mutex_acquire(&packets->lock);
    all = packets->waiting == packets->workers - 1;
    ter_mutex_release(&packets->lock);
    return all;
}

static bool all_have_traced(const struct counting *all, unsigned workers)
{
    for (unsigned i = 0; i < workers; i++)
        if (all->by[i] == 0)
            return false;
    return true;
}

/* The first worker at its first word; and each in its second piece, when it has given some. */
static void wait_for_others(const struct counting *all, struct ter_packets *packets, size_t number)
{
    for (unsigned i = 0; i < LONGEST_WAIT; i++) {
        if (number == 1 ? all_wait(packets) : all_have_traced(all, packets->workers))
            return;
        usleep(1000);
    }
}

static void count_word(struct counting *all, const struct ter_tracer *tracer, uintptr_t word)
{
    size_t number = atomic_fetch_add(&all->by[tracer->worker], 1) + 1;

    atomic_fetch_add(&all->traced[(word - (uintptr_t)all->object) / WORD], 1);
    if (tracer->packets != NULL && (number == A_PIECE + 1 || (number == 1 && tracer->worker == 0)))
        wait_for_others(all, tracer->packets, number);
}

TER_INLINE uintptr_t counting_trace(struct ter_scanning *scanning,
                                    const struct counting_state *state, uintptr_t word,
                                    enum ter_word_form form, enum ter_marking marking)
{
    (void)form, (void)marking;
    count_word(state->all, scanning->tracer, word);
    return word;
}

TER_INLINE bool counting_elsewhere(struct ter_scanning *scanning,
                                   const struct counting_state *state, const struct ter_sft *sft,
                                   const uintptr_t *word, enum ter_word_form form,
                                   enum ter_marking marking)
{
    (void)scanning, (void)state, (void)sft, (void)word, (void)form, (void)marking;
    return false;
}

#define TER_LOOP_PLAN counting
#define TER_LOOP_STATE struct counting_state
#define TER_LOOP_BEGIN counting_begin
#define TER_LOOP_TRACE_FIRST counting_trace
#define TER_LOOP_TRACE counting_elsewhere
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS count_word
extern const struct ter_loop ter_counting_loop;
#include "trace/loop.h"

/* ---- Kinds ---- */

enum { AMBIGUOUS, ARRAY, RECORDS, PAIRS, KINDS };

static const struct ter_object_layout array = {.element_bytes = WORD, .element = {.bitmap = 1}},
                                      records = {.header_bytes = WORD,
                                                 .header = {.bitmap = 1},
                                                 .element_bytes = 3 * WORD,
                                                 .element = {.bitmap = 5}},
                                      pairs = {.header_bytes = WORD,
                                               .element_bytes = 2 * WORD,
                                               .element = {.bitmap = 3}};

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [AMBIGUOUS] = {.scan = TER_SCAN_AMBIGUOUS},
    [ARRAY] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &array},
    [RECORDS] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &records},
    [PAIRS] = {.scan = TER_SCAN_LAYOUT, .zeroed = true, .layout = &pairs},
};

/* By the layouts above; the last element may not be whole. */
static bool is_slot(unsigned kind, size_t word)
{
    switch (kind) {
    case RECORDS: return word == 0 || ((word - 1) % 3 != 1 && (word - 1) / 3 < (WORDS - 1) / 3);
    case PAIRS: return word != 0 && (word - 1) / 2 < (WORDS - 1) / 2;
    default: return true;
    }
}

/* ---- Tests ---- */

static struct ter_arena arena;
static struct ter_range range;
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
    counting.object = pages(OBJECT_BYTES);
    counting.traced = pages(WORDS);
    for (size_t i = 0; i < WORDS; i++)
        counting.object[i] = (uintptr_t)&counting.object[i];
    range = (struct ter_range){.start = (uintptr_t)counting.object};
    atomic_store(&range.mapped_bytes, OBJECT_BYTES);
    assert_int_equal(ter_tracer_init(&tracer, &arena, kinds, &ter_counting_loop), TER_OK);
    ter_tracer_add_range(&tracer, &range);
    tracer.context = &counting;
    return 0;
}

static int end(void **state)
{
    (void)state;
    ter_tracer_fini(&tracer);
    ter_os_release((uintptr_t)counting.object, OBJECT_BYTES);
    ter_os_release((uintptr_t)counting.traced, WORDS);
    ter_arena_fini(&arena);
    return 0;
}

static void trace_by(struct ter_workers *workers, unsigned kind)
{
    memset((void *)counting.traced, 0, WORDS);
    memset((void *)counting.by, 0, sizeof counting.by);
    ter_workers_prepare(workers, &tracer, SIZE_MAX, true);
    tracer.loop->begin(&tracer);
    ter_tracer_enqueue(&tracer, (uintptr_t)counting.object, OBJECT_BYTES, kind);
    ter_workers_drain(workers, &tracer);
    for (size_t i = 0; i < WORDS; i++)
        assert_int_equal(counting.traced[i], is_slot(kind, i));
}

static void shared_by(unsigned count)
{
    struct ter_workers workers;

    assert_int_equal(ter_workers_init(&workers, &arena, count, false), TER_OK);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        trace_by(&workers, kind);
        assert_int_equal(workers.ready, count - 1);
        assert_true(all_have_traced(&counting, count));
    }
    ter_workers_fini(&workers);
}

/* One alone has nobody to wait for. */
static void workers_share_one_object(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 4; count++)
        shared_by(count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(workers_share_one_object, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
