/* SPDX-License-Identifier: MIT */
/*
 * Every word that is close to a power of two, to a sum of two, or to an edge of a slot, a chunk or
 * a table, in maps of every form over every layout, against a plain list of who owns what.
 */
#include "maps.h"

#define OWNED_REGIONS 48u

struct lattice {
    const struct map_case *one;
    struct ter_sft_map map;
    struct owners owners;
    uint64_t words, owned;
};

static void check_lattice_word(struct lattice *lattice, uintptr_t word)
{
    unsigned wanted = owners_find(&lattice->owners, word);
    unsigned got = map_ask(&lattice->map, word);
    bool covered = owners_cover(&lattice->owners, word);

    if (got != wanted || ter_sft_map_has_entry(&lattice->map, word) != covered) {
        map_case_print(lattice->one);
        print_error("%#zx is of %u, the map says %u\n", (size_t)word, wanted, got);
    }
    assert_int_equal(got, wanted);
    assert_int_equal(ter_sft_map_has_entry(&lattice->map, word), covered);
    lattice->words++;
    lattice->owned += wanted != 0;
}

static void check_around(struct lattice *lattice, uintptr_t word)
{
    for (uintptr_t n = 0; n < 7; n++)
        check_lattice_word(lattice, word + n - 3);
}

/* All base + 2^i + 2^j, base + 2^i - 2^j, and those less base, each with its six neighbours. */
static void check_lattice(struct lattice *lattice, uintptr_t base)
{
    check_around(lattice, base);
    for (unsigned i = 0; i < MAP_ADDRESS_BITS; i++)
        for (unsigned j = 0; j < MAP_ADDRESS_BITS; j++) {
            uintptr_t left = (uintptr_t)1 << i, right = (uintptr_t)1 << j;

            check_around(lattice, base + left + right);
            check_around(lattice, base + left - right);
            check_around(lattice, base - left - right);
        }
}

static uintptr_t region_start(const struct lattice *lattice, uintptr_t region)
{
    return lattice->owners.first + region * lattice->owners.region_bytes;
}

static void claim_region(struct lattice *lattice, uintptr_t region, unsigned owner)
{
    uintptr_t start = region_start(lattice, region);
    const struct ter_sft *space =
        (const struct ter_sft *)(lattice->map.empty +
                                 ((uintptr_t)owner << lattice->map.log_record_bytes));
    struct owned other;
    ter_status wanted = owners_claim(&lattice->owners, owner, start, 1, &other);

    assert_int_equal(ter_sft_map_claim(&lattice->map, space, start, 1, NULL), wanted);
}

/* Both ends of the range, and what lies at powers of two in between, to owners in turn. */
static void claim_regions(struct lattice *lattice, uintptr_t last)
{
    for (unsigned i = 1; i <= 3; i++)
        map_add_space(&lattice->map, i);
    for (uintptr_t i = 0; i < OWNED_REGIONS / 3 && i <= last; i++) {
        claim_region(lattice, i, 1 + (unsigned)(i % 3));
        claim_region(lattice, last - i, 1 + (unsigned)(i % 3));
    }
    for (uintptr_t region = 1; region <= last / 2; region *= 2)
        claim_region(lattice, region, 3);
}

static void check_case(const struct map_case *one, uint64_t *words)
{
    static struct lattice lattice;
    uintptr_t last;

    memset(&lattice, 0, sizeof lattice);
    lattice.one = one;
    map_case_open(one, &lattice.map, &lattice.owners);
    last = (lattice.owners.last - lattice.owners.first) / lattice.owners.region_bytes;
    claim_regions(&lattice, last);
    check_lattice(&lattice, 0);
    check_lattice(&lattice, lattice.owners.first);
    check_lattice(&lattice, lattice.owners.last + 1);
    for (uintptr_t region = 0; region <= last && region < 5000; region++) {
        check_around(&lattice, region_start(&lattice, region));
        check_around(&lattice, region_start(&lattice, last - region));
    }
    /* Where the table ends, and where one for so many words as there are chunks would. */
    check_around(&lattice, region_start(&lattice, last + 1));
    check_around(&lattice, region_start(&lattice, last + 2));
    check_around(&lattice, region_start(&lattice, 2 * (last + 1)));
    assert_true(lattice.owned > 0);
    *words += lattice.words;
    ter_sft_map_destroy(&lattice.map);
}

static void every_edge_of_every_form_and_layout(void **state)
{
    struct map_case cases[MAPS_MOST];
    size_t count = map_cases(cases);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        uint64_t words = 0;

        check_case(&cases[i], &words);
        assert_true(words >= (MAP_ADDRESS_BITS == 64 ? 100000 : 50000));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_of_every_form_and_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
