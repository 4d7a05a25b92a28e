/* SPDX-License-Identifier: MIT */
/* The faster way to mark is taken, whatever was faster before; neither is forgotten. */
#include "trace/trace.h"
#include "support.h"

#define LIVE TER_MIB(10)

struct machine {
    uint64_t alone_ns; /* that a collection takes */
    uint64_t together_ns;
    unsigned count_alone;
    unsigned count_together;
};

static void collect(struct ter_pace *pace, struct machine *machine, unsigned collections)
{
    machine->count_alone = machine->count_together = 0;
    while (collections-- > 0) {
        bool together = ter_pace_choose(pace);

        *(together ? &machine->count_together : &machine->count_alone) += 1;
        ter_pace_learn(pace, together ? machine->together_ns : machine->alone_ns, LIVE);
    }
}

static void both_ways_are_tried(void **state)
{
    struct ter_pace pace = {0};
    struct machine machine = {.alone_ns = 5000000, .together_ns = 5000000};

    (void)state;
    collect(&pace, &machine, 2);
    assert_int_equal(machine.count_alone, 1);
    assert_int_equal(machine.count_together, 1);
    /* What saves nothing costs the others' time. */
    collect(&pace, &machine, 1000);
    assert_in_range(machine.count_together, 1, 30);
}

static void the_faster_way_is_taken(void **state)
{
    struct ter_pace pace = {0};
    struct machine idle = {.alone_ns = 5000000, .together_ns = 3000000};
    struct machine busy = {.alone_ns = 5000000, .together_ns = 9000000};

    (void)state;
    collect(&pace, &idle, 1000);
    assert_in_range(idle.count_alone, 1, 30);
    collect(&pace, &busy, 1000);
    assert_in_range(busy.count_together, 1, 60);
    collect(&pace, &idle, 1000);
    assert_in_range(idle.count_alone, 1, 300);
}

static void little_memory_says_nothing(void **state)
{
    struct ter_pace pace = {0};

    (void)state;
    assert_false(ter_pace_choose(&pace));
    ter_pace_learn(&pace, 1000000, 100);
    assert_int_equal(pace.alone, 0);
    ter_pace_learn(&pace, 0, LIVE);
    assert_int_not_equal(pace.alone, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_are_tried),
        cmocka_unit_test(the_faster_way_is_taken),
        cmocka_unit_test(little_memory_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
