/* SPDX-License-Identifier: MIT */
/*
 * Garbage as a conservative scan meets it: 10^8 words (10^9 in the thorough run), each asked of a
 * map of each form. Every answer is that of a plain list of ranges; nothing faults.
 */
#include "maps.h"

#include <sys/mman.h>

#define BATCH 1024u
#define SPACES 20u
#define FORMS 3u

/* A map and who owns what in it: range i belongs to space i + 1. */
struct form {
    struct ter_sft_map map;
    size_t ranges;
    uintptr_t first[SPACES], last[SPACES];
    uint64_t owned; /* words that some space owned */
};

static struct form forms[FORMS];
static struct ter_layout layout;

static void give(struct form *form, uintptr_t start, uintptr_t bytes)
{
    unsigned number = (unsigned)form->ranges + 1;
    const struct ter_sft *space = map_add_space(&form->map, number);
    uintptr_t region = (uintptr_t)1 << form->map.log_region_bytes;

    assert_int_equal(ter_sft_map_claim(&form->map, space, start, bytes, NULL), TER_OK);
    start -= (start - form->map.start) % region;
    form->first[form->ranges] = start;
    form->last[form->ranges] = start + ((bytes + region - 1) / region * region - 1);
    form->ranges++;
}

/* The default layout: each of its slots has a space, of a few chunks where chunks count. */
static void make_forms(void)
{
    size_t bytes;

    assert_true(ter_layout_find_preset(MAP_ADDRESS_BITS == 64 ? "default" : "32bit", &layout));
    if (layout.heap_start == 0)
        layout.heap_start = 16 * MAP_CHUNK;
    bytes = ter_layout_heap_bytes(&layout);
    for (unsigned i = 0; i < FORMS; i++) {
        const struct ter_sft_map_options options = {
            .kind = (enum ter_sft_map_kind)i,
            .start = i == TER_SFT_DENSE_MAP ? 0 : layout.heap_start,
            .bytes = i == TER_SFT_DENSE_MAP ? 0 : bytes,
            .log_slot_bytes = layout.log_space_extent,
        };

        forms[i].ranges = 0;
        assert_int_equal(ter_sft_map_create(&forms[i].map, &options), TER_OK);
        for (unsigned slot = 0; slot < layout.slot_count; slot++)
            give(&forms[i], ter_layout_slot_start(&layout, slot),
                 i == TER_SFT_SPACE_MAP ? ter_layout_space_extent(&layout)
                                        : (slot + 1) * MAP_CHUNK);
    }
}

static void free_forms(void)
{
    for (unsigned i = 0; i < FORMS; i++)
        ter_sft_map_destroy(&forms[i].map);
}

/* ---- Words ---- */

static uintptr_t near_heap(uint64_t random)
{
    const struct form *form = &forms[random % FORMS];
    size_t range = (size_t)(random >> 8) % form->ranges;
    uintptr_t distance = (uintptr_t)(random >> 40) & 0xffffff;

    switch (random >> 16 & 3) {
    case 0: return form->first[range] + distance;
    case 1: return form->first[range] - distance;
    case 2: return form->last[range] + (distance & 7) - 3;
    default: return layout.heap_start + (uintptr_t)(random >> 3) % ter_layout_heap_bytes(&layout);
    }
}

/* A word of the kind that the lowest bits choose. */
static uintptr_t garbage(struct ter_random *source)
{
    uint64_t random = ter_random_next(source), other = ter_random_next(source);
    uintptr_t word = (uintptr_t)other;
    uintptr_t top = (uintptr_t)1 << (MAP_ADDRESS_BITS - 1);

    switch (random & 7) {
    case 0: return word;
    case 1:
    case 2: return near_heap(other);
    case 3: /* non-canonical: an address with one of the upper 18 bits turned over */
        return near_heap(other) ^ (top >> ((random >> 8) % 18));
    case 4: /* tagged in the upper byte or in the upper two */
        return near_heap(other) | (uintptr_t)(random << 40);
    case 5: /* tagged below */ return near_heap(other) | (uintptr_t)(random >> 8 & 7);
    case 6: /* the kernel's half; 57 bits */
        return (random & 8) != 0 ? word | top : word >> (MAP_ADDRESS_BITS == 64 ? 7 : 1);
    default: /* small integers of both signs */
        return (random & 8) != 0 ? word & 0xffff : 0 - (word & 0xffff);
    }
}

/* ---- Answers ---- */

static unsigned owner_of(const struct form *form, uintptr_t word)
{
    unsigned owner = 0;

    for (size_t i = 0; i < form->ranges; i++)
        if (form->first[i] <= word && word <= form->last[i])
            owner = (unsigned)i + 1;
    return owner;
}

static void explain(const struct form *form, uintptr_t word)
{
    print_error("%s map: %#zx is of %u, not of %u\n", ter_sft_map_kind_name(form->map.kind),
                (size_t)word, owner_of(form, word),
                map_space_number(&form->map, ter_sft_map_get(&form->map, word)));
}

/* Words of the batch that the form answers wrongly. */
static unsigned wrong_answers(struct form *form, const uintptr_t words[BATCH])
{
    const struct ter_sft_map map = form->map;
    unsigned wrong = 0;

    for (size_t i = 0; i < BATCH; i++) {
        uintptr_t answer = (uintptr_t)ter_sft_map_get(&map, words[i]) - map.empty;
        unsigned owner = owner_of(form, words[i]);
        bool differs = answer != (uintptr_t)owner << map.log_record_bytes;

        if (differs && wrong < 5)
            explain(form, words[i]);
        wrong += differs;
        form->owned += owner != 0;
    }
    return wrong;
}

static void garbage_belongs_to_whom_it_should(void **state)
{
    const uint64_t count = test_count(100000000, 1000000000);
    struct ter_random random = test_random();
    static uintptr_t words[BATCH];

    (void)state;
    make_forms();
    for (uint64_t done = 0; done < count; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++)
            words[i] = garbage(&random);
        for (unsigned i = 0; i < FORMS; i++)
            assert_int_equal(wrong_answers(&forms[i], words), 0);
    }
    for (unsigned i = 0; i < FORMS; i++)
        assert_true(forms[i].owned > count / 1000 && forms[i].owned < count);
    free_forms();
}

/* Memory of malloc and of the program that a dense map knows; what lies beside it is nobody's. */
static void foreign_memory_is_known_by_its_chunk(void **state)
{
    struct ter_random random = test_random();
    const size_t bytes = 3 * MAP_CHUNK;
    void *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct form *form = &forms[TER_SFT_DENSE_MAP];
    uintptr_t inside;

    (void)state;
    assert_ptr_not_equal(memory, MAP_FAILED);
    inside = (uintptr_t)memory + MAP_CHUNK + MAP_CHUNK / 2;
    make_forms();
    give(&forms[TER_SFT_DENSE_MAP], inside, 1);
    for (unsigned i = 0; i < 100000; i++) {
        uintptr_t word =
            inside - inside % MAP_CHUNK - MAP_CHUNK + test_below(&random, 3 * MAP_CHUNK);

        assert_int_equal(map_ask(&form->map, word), owner_of(form, word));
        assert_int_equal(map_ask(&forms[TER_SFT_SPACE_MAP].map, (uintptr_t)memory), 0);
    }
    assert_int_equal(map_ask(&form->map, inside), form->ranges);
    free_forms();
    munmap(memory, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_belongs_to_whom_it_should),
        cmocka_unit_test(foreign_memory_is_known_by_its_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
