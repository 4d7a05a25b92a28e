/* SPDX-License-Identifier: MIT */
/*
 * The option heap_max holds for the memory that a heap's objects take of the system's, at every
 * moment, copies included: the process's resident memory at its highest tells, under every plan.
 *
 * Beside heap_max a heap has tables, which have so many bytes for each of its addresses (docs:
 * choosing.md, "Which size"), and a few things that do not grow with it: see `allowed`.
 */
#include "heap/heap.h"

#include <terrier/fast.h>

#include <fcntl.h>
#include <unistd.h>

#include "small_heap.h"

#define HEAP_MAX TER_MIB(16)
#define CELLS 32768u
#define MOST_REFUSED 40u /* of a churn: each may take a collection */
/* Queues, the log of stores, stacks of threads, and what the kernel's counters lag behind. */
#define BESIDE TER_MIB(2)

static struct small_heap small;
static uintptr_t *cells; /* an exact slot: a table of nodes */
static unsigned table, node, leaf;
static struct ter_random random_numbers;

/* ---- What the process has ---- */

/* A line of /proc/self/status, without memory of malloc's. */
static size_t status_bytes(const char *name)
{
    static char text[8192];
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t length;
    const char *line;

    assert_true(file >= 0);
    length = read(file, text, sizeof text - 1);
    close(file);
    assert_true(length > 0);
    text[length] = '\0';
    line = strstr(text, name);
    assert_non_null(line);
    return (size_t)strtoull(line + strlen(name), NULL, 10) << 10;
}

/* Addresses that have tables: those of what the heap may have; all it had, where none serves twice.
 */
static size_t addresses(void)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < small.heap->collector.space_count; i++)
        bytes += atomic_load(&small.heap->collector.spaces[i].space->range.mapped_bytes);
    return small_heap_has_own_pages(&small) ? bytes : HEAP_MAX;
}

/* Of tables, for each byte of addresses: what the plan's spaces have, in 2^16ths. */
static size_t table_share(void)
{
    const struct ter_collector *collector = &small.heap->collector;
    ter_side_set set = TER_SIDE_GLOBAL_SET | collector->arena.side_of_all;
    size_t share = 0;

    for (unsigned i = 0; i < collector->space_count; i++)
        set |= collector->spaces[i].space->policy->side;
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++)
        if ((set & 1u << id) != 0)
            share += ((size_t)65536 << ter_side_specs[id].log_bits) >>
                     (3 + ter_side_specs[id].log_region);
    return share;
}

/* ---- A program ---- */

static unsigned define(const struct ter_kind_description *description)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(small.heap, description, &kind), TER_OK);
    return kind;
}

static void open_heap(const char *options)
{
    static const struct ter_object_layout all_slots = {.element_bytes = sizeof(uintptr_t),
                                                       .element = {.bitmap = 1}};
    static const struct ter_object_layout first_slot = {.header_bytes = 2 * sizeof(uintptr_t),
                                                        .header = {.bitmap = 1}};

    small_heap_init(&small, options);
    cells = NULL;
    assert_int_equal(ter_roots_add_slots(small.heap, &cells, 1, TER_ROOT_EXACT), TER_OK);
    table = define(&(struct ter_kind_description){.name = "table", .layout = &all_slots});
    node = define(&(struct ter_kind_description){.name = "node", .layout = &first_slot});
    leaf = define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});
    cells = ter_allocate(small.mutator, table, CELLS * sizeof *cells);
    assert_non_null(cells);
}

static void close_heap(void)
{
    ter_roots_remove_slots(small.heap, &cells, 1);
    small_heap_fini(&small);
}

static void store_cell(size_t cell, void *value)
{
    ter_write(small.mutator, cells, &cells[cell], value);
    cells[cell] = (uintptr_t)value;
}

static size_t choose_bytes(void)
{
    size_t chance = test_below(&random_numbers, 1000);

    if (chance < 5)
        return TER_KIB(10) + test_below(&random_numbers, TER_KIB(50));
    return 32 + test_below(&random_numbers, chance < 100 ? 2000 : 400);
}

/* A node in the cell, and a leaf, or one of them, that no memory was for; all of it is written. */
static bool fill_cell(size_t cell)
{
    size_t bytes = choose_bytes();
    char *made = ter_allocate(small.mutator, node, bytes);
    uintptr_t *at;

    if (made == NULL)
        return false;
    memset(made + sizeof(uintptr_t), 0x5a, bytes - sizeof(uintptr_t));
    store_cell(cell, made);
    bytes = 16 + test_below(&random_numbers, 100);
    made = ter_allocate(small.mutator, leaf, bytes);
    if (made == NULL)
        return false;
    memset(made, 0x5a, bytes);
    at = (uintptr_t *)cells[cell];
    ter_write(small.mutator, at, at, made);
    *at = (uintptr_t)made;
    return true;
}

static size_t allocated(void)
{
    return (size_t)small_heap_statistics(&small).allocated_bytes;
}

static size_t used(void)
{
    return (size_t)small_heap_statistics(&small).used_bytes;
}

/* Any of these cells anew, until so much was allocated; returns how often memory was out. */
static size_t churn(size_t count, size_t bytes)
{
    size_t end = allocated() + bytes, refused = 0;

    for (size_t i = 1; i % 256 != 0 || allocated() < end; i++)
        if (!fill_cell(test_below(&random_numbers, count))) {
            store_cell(test_below(&random_numbers, count), NULL);
            if (++refused == MOST_REFUSED)
                break;
        }
    return refused;
}

/* Empty cells, until memory is out; how many there are then. */
static size_t fill(void)
{
    size_t count = 0;

    while (count < CELLS && (cells[count] != 0 || fill_cell(count)))
        count++;
    assert_true(count > 0 && count < CELLS);
    return count;
}

/* Every second one of them goes. */
static void thin_out(size_t full, size_t first)
{
    for (size_t cell = first; cell < full; cell += 2)
        store_cell(cell, NULL);
}

/* Some lives, then as much as there is room for; half of it goes, in holes, and all comes again. */
static void run_program(void)
{
    size_t full, refused = 0;

    for (size_t cell = 0; cell % 64 != 0 || used() < HEAP_MAX / 3; cell++)
        assert_true(fill_cell(cell));
    if (small_heap_never_collects(&small)) {
        fill();
        return;
    }
    full = fill();
    if (small_heap_has_own_pages(&small)) {
        thin_out(full, 0);
        fill();
        return;
    }
    for (unsigned round = 0; round < 3; round++) {
        thin_out(full, round % 2);
        churn(full, HEAP_MAX);
        if (round == 1)
            ter_collect(small.mutator);
        full = fill();
        refused += churn(full, HEAP_MAX / 4);
    }
    assert_true(refused > 0);
}

/* ---- The measure ---- */

/* In a child, whose highest begins with what it has. */
static void measure(void *options)
{
    size_t before, highest, allowed;

    /* What code the program needs is there before the measure begins. */
    open_heap(options);
    churn(100, TER_MIB(1));
    ter_collect(small.mutator);
    close_heap();
    before = status_bytes("VmRSS:");
    open_heap(options);
    run_program();
    highest = status_bytes("VmHWM:");
    allowed = HEAP_MAX + (addresses() >> 16) * table_share() + BESIDE;
    if (highest - before > allowed)
        dprintf(STDERR_FILENO, "%s: %zu KiB, of which %zu are allowed\n", (const char *)options,
                (highest - before) >> 10, allowed >> 10);
    assert_true(highest > before + HEAP_MAX / 2);
    _exit(highest - before > allowed ? 1 : 0);
}

static void within(const char *plan, const char *options)
{
    char text[200];
    struct test_end end;

    snprintf(text, sizeof text, "plan=%s,stacks=exact,log=0,heap_max=%zu%s", plan, (size_t)HEAP_MAX,
             options);
    test_in_child(measure, text, &end);
    if (end.text[0] != '\0')
        print_message("%s", end.text);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

static void a_full_heap_keeps_its_maximum(void **state)
{
    static const char *const options[] = {"", ",sizing=fixed", ",sizing=adaptive,markers=2"};

    (void)state;
    random_numbers = test_random();
    for (size_t i = 0; i < TER_PLAN_COUNT; i++)
        for (size_t k = 0; k < TER_ARRAY_LENGTH(options); k++)
            within(ter_plans[i].name, options[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_heap_keeps_its_maximum),
    };

    if (TER_HAS_SANITIZER || test_is_emulated()) {
        puts("SKIP: a sanitizer or an emulator has memory of its own beside the program's");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
