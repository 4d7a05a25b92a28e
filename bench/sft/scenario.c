/* SPDX-License-Identifier: MIT */
/* Maps of all kinds with the same owners, and the words that are looked up in them. */
#include "bench.h"

#include <stdlib.h>

struct bench_space {
    struct ter_sft functions;
    uintptr_t start;
    uintptr_t last; /* less start */
};

/* Numbers that are the same in every run. */
static uintptr_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uintptr_t)(*state >> 16);
}

/* ---- Spaces: each has functions of its own, as real spaces have, so that calls differ ---- */

#define IN_SPACE(number)                                                                           \
    static bool in_space_##number(const struct ter_sft *space, uintptr_t word)                     \
    {                                                                                              \
        const struct bench_space *own = (const struct bench_space *)space;                         \
                                                                                                   \
        /* Keeps the linker from making one of all. */                                             \
        __asm__ volatile("" : : "i"(number));                                                      \
        return word - own->start <= own->last;                                                     \
    }

IN_SPACE(0)
IN_SPACE(1)
IN_SPACE(2)
IN_SPACE(3)
IN_SPACE(4)
IN_SPACE(5)
IN_SPACE(6)
IN_SPACE(7)
IN_SPACE(8)
IN_SPACE(9)
IN_SPACE(10)
IN_SPACE(11)
IN_SPACE(12)
IN_SPACE(13)
IN_SPACE(14)

static bool (*const in_space[MAX_SPACES])(const struct ter_sft *, uintptr_t) = {
    in_space_0,  in_space_1,  in_space_2,  in_space_3,  in_space_4,
    in_space_5,  in_space_6,  in_space_7,  in_space_8,  in_space_9,
    in_space_10, in_space_11, in_space_12, in_space_13, in_space_14};

/* ---- Maps ---- */

/* Slots: 1, 4 or 16, of which the last space has what is over. */
static unsigned slots_of(unsigned spaces)
{
    unsigned slots = 1;

    while (slots < spaces)
        slots *= 2;
    return slots;
}

static void choose_owners(struct scenario *scenario)
{
    uintptr_t chunks = scenario->bytes >> TER_SFT_LOG_BYTES_IN_CHUNK;
    unsigned slots = slots_of(scenario->spaces);
    uint64_t state = 88172645463325252u;

    scenario->owner_of = calloc(chunks, 1);
    if (scenario->owner_of == NULL)
        stop("no memory for the owners");
    for (uintptr_t i = 0; i < chunks; i++) {
        uintptr_t owner = scenario->random ? next_random(&state) : i * slots / chunks;

        if (scenario->random)
            owner %= scenario->spaces;
        scenario->owner_of[i] = (uint8_t)(owner < scenario->spaces ? owner : scenario->spaces - 1);
    }
    scenario->log_slot_bytes = TER_SFT_LOG_BYTES_IN_CHUNK;
    while (((uintptr_t)slots << scenario->log_slot_bytes) < scenario->bytes)
        scenario->log_slot_bytes++;
}

static void create_map(struct scenario *scenario, enum ter_sft_map_kind kind)
{
    struct ter_sft_map_options options = {.kind = kind,
                                          .log_slot_bytes = scenario->log_slot_bytes,
                                          .record_bytes = sizeof(struct bench_space)};
    uintptr_t chunks = scenario->bytes >> TER_SFT_LOG_BYTES_IN_CHUNK;
    struct ter_sft **records = scenario->record[kind];

    options.start = kind == TER_SFT_DENSE_MAP ? 0 : SCENARIO_START;
    options.bytes = kind == TER_SFT_DENSE_MAP ? (uintptr_t)1 << 47
                    : kind == TER_SFT_SPACE_MAP
                        ? scenario->bytes + ((uintptr_t)1 << scenario->log_slot_bytes)
                        : scenario->bytes + TER_SFT_BYTES_IN_CHUNK;
    if (ter_sft_map_create(&scenario->map[kind], &options) != TER_OK)
        stop("cannot create a map");
    for (unsigned i = 0; i < scenario->spaces; i++) {
        struct ter_sft functions = {
            .kind = TER_SPACE_OTHER, .name = "bench", .is_in_space = in_space[i]};
        struct bench_space *space;

        if (ter_sft_map_add_space(&scenario->map[kind], &functions, &records[i]) != TER_OK)
            stop("cannot add a space");
        space = (struct bench_space *)records[i];
        space->start = SCENARIO_START;
        space->last = scenario->bytes - 1;
    }
    if (kind == TER_SFT_SPACE_MAP && scenario->random)
        return;
    for (uintptr_t i = 0; i < chunks; i++)
        if (ter_sft_map_claim(&scenario->map[kind], records[scenario->owner_of[i]],
                              SCENARIO_START + (i << TER_SFT_LOG_BYTES_IN_CHUNK),
                              TER_SFT_BYTES_IN_CHUNK, NULL) != TER_OK)
            stop("cannot claim a chunk");
}

static void create_bare(struct scenario *scenario)
{
    uintptr_t chunks = scenario->bytes >> TER_SFT_LOG_BYTES_IN_CHUNK;

    scenario->bare_table = calloc(chunks, sizeof *scenario->bare_table);
    if (scenario->bare_table == NULL)
        stop("no memory for the bare table");
    for (uintptr_t i = 0; i < chunks; i++)
        scenario->bare_table[i] = scenario->record[TER_SFT_SPARSE_MAP][scenario->owner_of[i]];
    scenario->bare = (struct bare_map){scenario->bare_table, chunks - 1};
}

/* ---- Words ---- */

/* What a conservative scan meets besides references. */
static uintptr_t garbage_word(uint64_t *state, uintptr_t owned)
{
    uintptr_t number = next_random(state);

    switch (number >> 32 & 7) {
    case 0: return 0;
    case 1: return number & 0xffff;
    case 2: return (uintptr_t)0x555555554000 + (number & 0x1fffff);       /* code */
    case 3: return (uintptr_t)0x7f5a12000000 + (number & 0xffffff);       /* code of a library */
    case 4: return (uintptr_t)0x7ffd4c200000 + (number & 0x1fffff);       /* stack */
    case 5: return (uintptr_t)0xffff888000000000 + (number & 0xffffffff); /* kernel half */
    case 6: return owned | (uintptr_t)0x2a << 56;                         /* tagged */
    default: return owned ^ (uintptr_t)1 << (48 + (number >> 40 & 7));    /* not canonical */
    }
}

static void fill_words(struct scenario *scenario)
{
    uint64_t state = 2463534242u;

    for (size_t i = 0; i < WORDS; i++) {
        uintptr_t owned = SCENARIO_START + next_random(&state) % scenario->bytes;

        scenario->clean[i] = owned;
        scenario->garbage[i] = (next_random(&state) & 1) != 0 ? garbage_word(&state, owned) : owned;
    }
}

struct scenario *scenario_create(unsigned spaces, uintptr_t bytes, bool random)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);

    if (scenario == NULL)
        stop("no memory for a scenario");
    scenario->spaces = spaces;
    scenario->bytes = bytes;
    scenario->random = random;
    choose_owners(scenario);
    for (enum ter_sft_map_kind kind = 0; kind <= TER_SFT_SPARSE_MAP; kind++) {
        create_map(scenario, kind);
        if (!before_create(&scenario->before[kind], kind, SCENARIO_START, bytes,
                           scenario->log_slot_bytes, scenario->record[kind], scenario->owner_of))
            stop("cannot create a map of the design before");
    }
    create_bare(scenario);
    fill_words(scenario);
    scenario_check(scenario);
    return scenario;
}

void scenario_destroy(struct scenario *scenario)
{
    for (enum ter_sft_map_kind kind = 0; kind <= TER_SFT_SPARSE_MAP; kind++) {
        ter_sft_map_destroy(&scenario->map[kind]);
        before_destroy(&scenario->before[kind]);
    }
    free(scenario->bare_table);
    free(scenario->owner_of);
    free(scenario);
}

static const struct ter_sft *get_concrete(const struct ter_sft_map *map, uintptr_t word)
{
    switch (map->kind) {
    case TER_SFT_SPACE_MAP: return ter_sft_space_map_get(map, word);
    case TER_SFT_DENSE_MAP: return ter_sft_dense_map_get(map, word);
    default: return ter_sft_sparse_map_get(map, word);
    }
}

static void check_word(const struct scenario *scenario, enum ter_sft_map_kind kind, uintptr_t word)
{
    const struct ter_sft_map *map = &scenario->map[kind];
    uintptr_t offset = word - SCENARIO_START;
    const struct ter_sft *expected = ter_sft_map_empty(map);

    if (offset < scenario->bytes)
        expected = scenario->record[kind][scenario->owner_of[offset >> TER_SFT_LOG_BYTES_IN_CHUNK]];
    if (get_concrete(map, word) != expected || ter_sft_map_get(map, word) != expected)
        stop("a map gives a wrong answer");
}

void scenario_check(const struct scenario *scenario)
{
    for (enum ter_sft_map_kind kind = 0; kind <= TER_SFT_SPARSE_MAP; kind++) {
        if (kind == TER_SFT_SPACE_MAP && scenario->random)
            continue;
        for (size_t i = 0; i < WORDS; i++) {
            check_word(scenario, kind, scenario->clean[i]);
            check_word(scenario, kind, scenario->garbage[i]);
        }
    }
}
