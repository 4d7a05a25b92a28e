/* SPDX-License-Identifier: MIT */
/*
 * Random operations on maps of every form over every layout, against a plain list of who owns what:
 * each status, each answer, each run, each line of text and each change reported.
 */
#include "maps.h"

/* A claim of more regions is cut, so that the work is in the number of operations. */
#define MOST_REGIONS 6000u
#define MOST_RANGES 60u

struct model {
    const struct map_case *one;
    struct ter_sft_map map;
    struct ter_sft_map as_created;
    struct owners owners;
    struct ter_random random;
    const struct ter_sft *space[TER_SFT_MAX_SPACES + 1];
    unsigned spaces;
    bool traced;
    unsigned reported;
    struct ter_sft_change change; /* the last that was reported */
    struct owned runs[OWNERS_MOST];
    size_t run_count;
};

static size_t below(struct model *model, size_t bound)
{
    return test_below(&model->random, bound);
}

static uintptr_t random_word(struct model *model)
{
    return (uintptr_t)ter_random_next(&model->random);
}

/* -3 to 3. */
static uintptr_t nudge(struct model *model)
{
    return (uintptr_t)below(model, 7) - 3;
}

static uintptr_t regions(const struct model *model)
{
    return model->owners.last / model->owners.region_bytes -
           model->owners.first / model->owners.region_bytes;
}

/* One of few regions, so that operations meet: at both ends, and where a group of 4096 ends. */
static uintptr_t popular_region(struct model *model)
{
    uintptr_t last = (model->owners.last - model->owners.first) / model->owners.region_bytes;
    uintptr_t region = below(model, 40);

    switch (below(model, 4)) {
    case 0: region += 4096 - 20; break;
    case 1: region = last - region; break;
    case 2: region += 4096 * 64 - 20; break;
    }
    return model->owners.first +
           (region <= last ? region : region % (last + 1)) * model->owners.region_bytes;
}

static uintptr_t owned_edge(struct model *model)
{
    const struct owned *range;

    if (model->owners.count == 0)
        return model->owners.first;
    range = &model->owners.list[below(model, model->owners.count)];
    return below(model, 2) == 0 ? range->first : range->last;
}

static uintptr_t any_word(struct model *model)
{
    uintptr_t bit = (uintptr_t)1 << below(model, MAP_ADDRESS_BITS);

    switch (below(model, 8)) {
    case 0: return random_word(model);
    case 1: return random_word(model) >> below(model, MAP_ADDRESS_BITS);
    case 2: return bit + ((uintptr_t)1 << below(model, MAP_ADDRESS_BITS)) + nudge(model);
    case 3: return owned_edge(model) + nudge(model);
    case 4: return popular_region(model) + nudge(model);
    case 5: return popular_region(model) + random_word(model) % model->owners.region_bytes;
    case 6: return (owned_edge(model) + nudge(model)) ^ bit;
    default:
        return (below(model, 2) == 0 ? model->owners.first : model->owners.last) + nudge(model);
    }
}

/* ---- Questions ---- */

static void check_word(struct model *model, uintptr_t word)
{
    unsigned wanted = owners_find(&model->owners, word);
    unsigned got = map_ask(&model->map, word);
    bool covered = owners_cover(&model->owners, word);

    if (got != wanted || ter_sft_map_has_entry(&model->map, word) != covered) {
        map_case_print(model->one);
        print_error("%#zx is of %u, the map says %u\n", (size_t)word, wanted, got);
    }
    assert_int_equal(got, wanted);
    assert_int_equal(ter_sft_map_has_entry(&model->map, word), covered);
}

static void keep_run(void *context, const struct ter_sft *space, uintptr_t start, uintptr_t last)
{
    struct model *model = context;

    assert_true(model->run_count < OWNERS_MOST);
    assert_ptr_equal(ter_sft_map_get(&model->map, start), space);
    assert_ptr_equal(ter_sft_map_get(&model->map, last), space);
    model->runs[model->run_count++] =
        (struct owned){start, last, map_space_number(&model->map, space)};
}

static void check_runs(struct model *model)
{
    owners_sort(&model->owners);
    model->run_count = 0;
    ter_sft_map_for_each_run(&model->map, keep_run, model);
    assert_int_equal(model->run_count, model->owners.count);
    for (size_t i = 0; i < model->run_count; i++) {
        assert_int_equal(model->runs[i].first, model->owners.list[i].first);
        assert_int_equal(model->runs[i].last, model->owners.list[i].last);
        assert_int_equal(model->runs[i].owner, model->owners.list[i].owner);
    }
}

static size_t wanted_text(const struct model *model, char *text, size_t size)
{
    const struct owners *owners = &model->owners;
    int used = snprintf(text, size, "%s map of %#zx to %#zx, %zu bytes an entry\n",
                        ter_sft_map_kind_name(model->one->options.kind), (size_t)owners->first,
                        (size_t)owners->last, (size_t)owners->region_bytes);

    for (size_t i = 0; i < owners->count; i++)
        used += snprintf(text + used, size - (size_t)used, "%#zx to %#zx: %s\n",
                         (size_t)owners->list[i].first, (size_t)owners->list[i].last,
                         map_space_name(owners->list[i].owner));
    return (size_t)used;
}

static void check_text(struct model *model)
{
    static char wanted[OWNERS_MOST * 64], text[OWNERS_MOST * 64];
    size_t size = below(model, 4) == 0 ? sizeof text : below(model, 2000), length;

    owners_sort(&model->owners);
    length = wanted_text(model, wanted, sizeof wanted);
    memset(text, 'x', sizeof text);
    assert_int_equal(ter_sft_map_print(&model->map, text, size), length);
    if (size == 0) {
        assert_int_equal(text[0], 'x');
        return;
    }
    if (size <= length) {
        wanted[size - 1] = '\0';
        assert_int_equal(text[size], 'x');
    }
    assert_string_equal(text, wanted);
}

/* ---- Changes ---- */

static void keep_change(void *context, const struct ter_sft_change *change)
{
    struct model *model = context;

    model->reported++;
    model->change = *change;
}

static void check_change(struct model *model, enum ter_sft_event event, unsigned space,
                         unsigned owner, uintptr_t start, uintptr_t bytes)
{
    assert_int_equal(model->reported, model->traced);
    model->reported = 0;
    if (!model->traced)
        return;
    assert_int_equal(model->change.event, event);
    assert_ptr_equal(model->change.space, model->space[space]);
    assert_ptr_equal(model->change.owner, owner == 0 ? NULL : model->space[owner]);
    assert_int_equal(model->change.start, start);
    assert_int_equal(model->change.bytes, bytes);
}

static void add_space(struct model *model)
{
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "too many"};
    struct ter_sft *none = NULL;

    if (model->spaces == TER_SFT_MAX_SPACES) {
        assert_int_equal(ter_sft_map_add_space(&model->map, &functions, &none), TER_ERROR_FULL);
        assert_null(none);
        assert_int_equal(model->reported, 0);
        return;
    }
    model->spaces++;
    model->space[model->spaces] = map_add_space(&model->map, model->spaces);
    check_change(model, TER_SFT_ADDED, model->spaces, 0, 0, 0);
}

static uintptr_t any_bytes(struct model *model, uintptr_t start)
{
    uintptr_t region = model->owners.region_bytes;

    switch (below(model, 10)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return below(model, 40) * region + nudge(model);
    case 3: return below(model, MOST_REGIONS) * region;
    case 4: return random_word(model) % region + 1;
    case 5: return random_word(model);
    case 6: return model->owners.last - start + 1 + nudge(model);
    case 7: return 0 - start + nudge(model);
    default: return region * (1 + below(model, 3));
    }
}

/* A range that is right is made shorter when it touches very many regions. */
static uintptr_t cut_bytes(const struct model *model, uintptr_t start, uintptr_t bytes)
{
    uintptr_t first, last;

    if (!owners_round_out(&model->owners, start, bytes, &first, &last) ||
        (last - first) / model->owners.region_bytes < MOST_REGIONS)
        return bytes;
    return MOST_REGIONS * model->owners.region_bytes;
}

static void change_range(struct model *model, bool claim, unsigned space, uintptr_t start,
                         uintptr_t bytes)
{
    const struct ter_sft_conflict untouched = {NULL, NULL, 77};
    struct ter_sft_conflict conflict = untouched;
    bool wants = below(model, 2) == 0;
    struct owned other = {0, 0, 0};
    ter_status wanted, got;

    wanted = (claim ? owners_claim : owners_release)(&model->owners, space, start, bytes, &other);
    got = (claim ? ter_sft_map_claim : ter_sft_map_release)(&model->map, model->space[space], start,
                                                            bytes, wants ? &conflict : NULL);
    if (got != wanted) {
        map_case_print(model->one);
        print_error("%s of %#zx bytes at %#zx\n", claim ? "claim" : "release", (size_t)bytes,
                    (size_t)start);
    }
    assert_int_equal(got, wanted);
    if (got != TER_ERROR_OUT_OF_RANGE)
        check_change(model,
                     got == TER_ERROR_OWNED ? TER_SFT_REFUSED
                     : claim                ? TER_SFT_CLAIMED
                                            : TER_SFT_RELEASED,
                     space, other.owner, start, bytes);
    assert_int_equal(model->reported, 0);
    if (got == TER_ERROR_OWNED && wants) {
        assert_ptr_equal(conflict.claimant, model->space[space]);
        assert_ptr_equal(conflict.owner, model->space[other.owner]);
        assert_int_equal(conflict.start, other.first);
    } else {
        assert_memory_equal(&conflict, &untouched, sizeof conflict);
    }
    for (unsigned i = 0; i < 4; i++)
        check_word(model, (i % 2 == 0 ? start : start + (bytes - 1)) + nudge(model));
}

static void random_change(struct model *model)
{
    unsigned space = 1 + (unsigned)below(model, model->spaces);
    uintptr_t start = below(model, 4) == 0 ? any_word(model) : popular_region(model);
    uintptr_t bytes = cut_bytes(model, start, any_bytes(model, start));
    bool claim = below(model, 3) != 0;

    /* When there is much, or to have it released as often as claimed, an owner gives something up.
     */
    if (model->owners.count > MOST_RANGES ||
        (!claim && model->owners.count > 0 && start % 2 == 0)) {
        struct owned range = model->owners.list[below(model, model->owners.count)];

        bytes = cut_bytes(model, range.first, range.last - range.first + 1);
        change_range(model, false, range.owner, range.first, bytes);
        return;
    }
    change_range(model, claim, space, start, bytes);
}

static void change_tracing(struct model *model)
{
    model->traced = !model->traced;
    ter_sft_map_trace(&model->map, model->traced ? keep_change : NULL, model);
    assert_int_equal(model->reported, 0);
}

/* ---- All of it ---- */

static void step(struct model *model, bool many_regions)
{
    size_t what = below(model, 1u << 16);

    if (what < 8)
        check_text(model);
    else if (what < 16 && (!many_regions || what < 9))
        check_runs(model);
    else if (what < 48)
        change_tracing(model);
    else if (what < 300)
        add_space(model);
    else if (what < 1u << 14)
        random_change(model);
    else
        check_word(model, any_word(model));
}

static void run_case(const struct map_case *one, struct ter_random *random, uint64_t operations)
{
    static struct model model;
    /* Text and runs of such a map take long. */
    bool many_regions;

    memset(&model, 0, sizeof model);
    model.one = one;
    model.random.state = ter_random_next(random);
    map_case_open(one, &model.map, &model.owners);
    many_regions = regions(&model) > 1u << 26;
    model.as_created = model.map;
    model.space[0] = ter_sft_map_empty(&model.map);
    add_space(&model);
    for (uint64_t i = 0; i < operations; i++)
        step(&model, many_regions);
    check_runs(&model);
    check_text(&model);
    for (size_t i = 0; i < model.owners.count; i++)
        for (uintptr_t n = 0; n < 7; n++) {
            check_word(&model, model.owners.list[i].first + n - 3);
            check_word(&model, model.owners.list[i].last + n - 3);
        }
    assert_memory_equal(&model.map, &model.as_created, sizeof model.map);
    ter_sft_map_destroy(&model.map);
}

static void every_form_over_every_layout(void **state)
{
    struct ter_random random = test_random();
    struct map_case cases[MAPS_MOST];
    size_t count = map_cases(cases);

    (void)state;
    for (size_t i = 0; i < count; i++)
        run_case(&cases[i], &random, test_count(10000000, 50000000) / count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_over_every_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
