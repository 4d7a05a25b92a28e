/* SPDX-License-Identifier: MIT */
/*
 * One oracle for all plans: random operations on a heap, held against a naive model. See
 * docs/design/oracle.md.
 *
 *   oracle [--plan NAME] [--roots exact|ambiguous] [--seed N] [--seeds N | --total N] [--steps N]
 *          [--options NAME=VALUE,...] [--free-running] [--fault NAME] [--keep FILE] [--no-shrink]
 *          [--if-thorough] [--scarce]
 *   oracle --faults [--seed N]        every planted fault is seen, in every plan that can show it
 *   oracle --replay FILE
 *
 * What is not named is tried in all ways: each plan, both sorts of roots, options by the seed.
 * --total: seeds in turn until so many operations were done, in each way; what a run prints says
 * how to go on behind it. --if-thorough: nothing unless TERRIER_THOROUGH=1. --scarce: a run of
 * usual length in which no request was refused has failed.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <terrier/options.h>

#include "faults.h"
#include "plan/plan.h"
#include "plans.h"
#include "replay.h"
#include "supervise.h"
#include "world.h"

enum {
    USUAL_STEPS = 10000,
    THOROUGH_STEPS = 100000,
    FAULT_STEPS = 6000,
    FAULT_SEEDS = 100,
    SHRINK_SECONDS = 20
};

struct wishes {
    const char *plan;    /* NULL: all */
    const char *roots;   /* NULL: both sorts */
    const char *options; /* NULL: by the seed */
    const char *replay;
    const char *keep; /* where the run is written, however it ends */
    uint64_t seed;
    unsigned seeds;
    uint64_t total; /* operations in each way; 0: by the number of seeds */
    uint32_t steps;
    unsigned fault;
    bool free_running;
    bool all_faults;
    bool no_shrink;
    bool if_thorough;
    bool scarce;
};

static struct run *run_memory; /* one is enough, as runs come one by one */

/* ---- Seeds and numbers of steps, as other tests have them ---- */

static uint64_t seed_of_now(void)
{
    const char *text = getenv("TERRIER_TEST_SEED");
    struct timespec now;

    if (text != NULL)
        return strtoull(text, NULL, 0);
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec << 20) ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 40;
}

static bool is_thorough(void)
{
    const char *text = getenv("TERRIER_THOROUGH");

    return text != NULL && strcmp(text, "1") == 0;
}

static uint32_t scaled(uint32_t steps)
{
    const char *text = getenv("CHECK_DIVISOR");
    uint32_t divisor = text == NULL ? 1 : (uint32_t)strtoul(text, NULL, 10);

    return divisor > 1 ? steps / divisor + 200 : steps;
}

/* A machine's addresses may not allow a layout. */
static bool is_possible(const char *text)
{
    struct ter_options options;

    ter_options_init(&options);
    return ter_options_parse(&options, text, NULL, 0) == TER_OK;
}

/* The same for one seed. Under stress, even if seldom, each collection has a parallel phase. */
static const char *options_of(uint64_t seed)
{
    static const char *const options[] = {
        "markers=2,stress=997",
        "markers=1",
        "markers=2",
        "markers=4",
        "markers=4,stress=61",
        "sft_map=dense",
        "sft_map=sparse",
        "objects=malloc",
        "give_back=0",
        "stress=97",
        "stress=11",
        "heap_initial=4M",
        "free_space_divisor=20",
        "layout=32bit",
        "vm_space=1",
        "objects=malloc,markers=2",
        "layout=small",
        "heap_initial=0",
        "young_bytes=32K",
        "young_bytes=96K",
        "young_bytes=1M,markers=2",
        "sizing=adaptive",
        "soft_limit=256K",
    };
    /* Beside them, in half of the runs: what is checked, and memory that is scarce. */
    static const char *const more[] = {
        "check_heap=1,poison=1",
        "check_barriers=1,stop=safepoints",
        "check_heap=1,check_barriers=1,poison=1,stop=safepoints",
        "heap_max=8M",
        "heap_max=3M",
        "heap_max=3M,check_heap=1,poison=1",
    };
    static char chosen[OPTION_BYTES];
    struct ter_random random = {~seed};

    do {
        uint64_t beside = ter_random_below(&random, 2 * TER_ARRAY_LENGTH(more));

        snprintf(chosen, sizeof chosen, "%s%s%s",
                 options[ter_random_below(&random, TER_ARRAY_LENGTH(options))],
                 beside < TER_ARRAY_LENGTH(more) ? "," : "",
                 beside < TER_ARRAY_LENGTH(more) ? more[beside] : "");
    } while (!is_possible(chosen));
    return chosen;
}

/* ---- One run ---- */

static void print_command(const struct settings *settings)
{
    printf("oracle --plan %s --roots %s --seed %" PRIu64 " --steps %" PRIu32
           " --options '%s'%s%s%s\n",
           settings->plan, settings->exact ? "exact" : "ambiguous", settings->seed, settings->steps,
           settings->options, settings->free_running ? " --free-running" : "",
           settings->fault == 0 ? "" : " --fault ",
           settings->fault == 0 ? "" : fault_name((enum fault)settings->fault));
}

static void print_figures(const struct run *run)
{
    uint32_t figures[] = {run->done,         run->collections,   run->objects_checked,
                          run->objects_gone, run->links_cleared, run->finalizers_run,
                          run->refused};

    printf("  %" PRIu32 " operations, %" PRIu32 " collections, %" PRIu32
           " objects compared, %" PRIu32 " gone, %" PRIu32 " links cleared, %" PRIu32
           " finalizers, %" PRIu32 " refused\n",
           figures[0], figures[1], figures[2], figures[3], figures[4], figures[5], figures[6]);
}

static void report_failure(struct run *run, const struct wishes *wishes)
{
    char path[80];

    printf("FAILED at operation %" PRIu32 ": %s\n", (uint32_t)run->done, run->message);
    if (run->settings.free_running)
        return;
    if (!wishes->no_shrink) {
        supervise_shrink(run, SHRINK_SECONDS);
        printf("the same in %" PRIu32 " operations: %s\n", run->count, run->message);
    }
    snprintf(path, sizeof path, "oracle-%s-%" PRIu64 ".run", run->settings.plan,
             run->settings.seed);
    if (replay_write(run, wishes->keep != NULL ? wishes->keep : path))
        printf("replay with: oracle --replay %s\n", wishes->keep != NULL ? wishes->keep : path);
}

static struct run *fresh_run(const struct wishes *wishes, const char *plan, bool exact,
                             uint64_t seed)
{
    struct run *run = run_memory;
    const char *options = wishes->options != NULL ? wishes->options : options_of(seed);

    memset(run, 0, sizeof *run);
    snprintf(run->settings.plan, sizeof run->settings.plan, "%s", plan);
    snprintf(run->settings.options, sizeof run->settings.options, "%s", options);
    run->settings.exact = exact;
    run->settings.free_running = wishes->free_running;
    run->settings.seed = seed;
    run->settings.steps = wishes->steps;
    run->settings.fault = wishes->fault;
    return run;
}

static bool do_run(struct run *run, const struct wishes *wishes)
{
    print_command(&run->settings);
    if (!supervise(run, false)) {
        report_failure(run, wishes);
        return false;
    }
    print_figures(run);
    if (wishes->scarce && run->refused == 0 && run->done >= USUAL_STEPS) {
        printf("FAILED: memory was never out\n");
        return false;
    }
    return wishes->keep == NULL || replay_write(run, wishes->keep);
}

/* ---- Many of them ---- */

typedef bool each_run(const struct wishes *wishes, const char *plan, bool exact);

static bool run_seeds(const struct wishes *wishes, const char *plan, bool exact)
{
    bool good = true;

    for (unsigned i = 0; i < wishes->seeds && good; i++)
        good = do_run(fresh_run(wishes, plan, exact, wishes->seed + i), wishes);
    return good;
}

static bool run_total(const struct wishes *wishes, const char *plan, bool exact)
{
    uint64_t seed = wishes->seed, left = wishes->total;
    bool good = true;

    while (left != 0 && good) {
        struct run *run = fresh_run(wishes, plan, exact, seed++);

        good = do_run(run, wishes);
        left -= left < run->done ? left : run->done;
        printf("  to go on: --seed %" PRIu64 " --total %" PRIu64 "\n", seed, left);
    }
    return good;
}

static bool for_each_way(const struct wishes *wishes, each_run *function)
{
    const char *plan;
    bool good = true;

    for (unsigned i = 0; (plan = plan_name(i)) != NULL; i++) {
        if (wishes->plan != NULL && strcmp(wishes->plan, plan) != 0)
            continue;
        for (unsigned exact = 0; exact < 2; exact++)
            if (wishes->roots == NULL || (strcmp(wishes->roots, "exact") == 0) == (exact != 0))
                good &= function(wishes, plan, exact != 0);
    }
    return good;
}

/* ---- Planted faults ---- */

static unsigned what_there_is(const char *plan, bool exact, bool collects)
{
    bool all = world_collects_all(plan);

    return (collects ? NEEDS_COLLECTIONS : 0) | (exact && all ? NEEDS_JUDGE : 0) |
           (all ? 0 : NEEDS_YOUNG);
}

static void report_seen(struct run *run, const struct wishes *wishes)
{
    uint32_t length = run->done;

    if (!wishes->no_shrink)
        supervise_shrink(run, SHRINK_SECONDS);
    printf("%s, %s roots: %s is seen after %" PRIu32 " operations, of %" PRIu32 ": %s\n",
           run->settings.plan, run->settings.exact ? "exact" : "ambiguous",
           fault_name((enum fault)run->settings.fault), length, run->count, run->message);
}

/* By one of a few seeds: some faults strike where it does not matter. */
static bool see_fault(const struct wishes *wishes, const char *plan, bool exact, unsigned fault)
{
    struct wishes with_fault = *wishes;

    with_fault.fault = fault;
    for (unsigned i = 0; i < FAULT_SEEDS; i++) {
        struct run *run = fresh_run(&with_fault, plan, exact, wishes->seed + i);

        if (!supervise(run, true)) {
            report_seen(run, wishes);
            return true;
        }
    }
    printf("FAILED: %s, %s roots: nobody saw %s\n", plan, exact ? "exact" : "ambiguous",
           fault_name((enum fault)fault));
    return false;
}

/* The plan's heap without a fault tells whether it collects, and that silence is possible. */
static bool see_faults(const struct wishes *wishes, const char *plan, bool exact)
{
    struct run *run = fresh_run(wishes, plan, exact, wishes->seed);
    bool good = true;
    unsigned there_is;

    if (!do_run(run, wishes))
        return false;
    there_is = what_there_is(plan, exact, run->collections != 0);
    for (unsigned fault = 1; fault < FAULT_COUNT; fault++)
        if ((fault_needs((enum fault)fault) & ~there_is) == 0)
            good &= see_fault(wishes, plan, exact, fault);
    return good;
}

static bool replay(const struct wishes *wishes)
{
    struct run *run = replay_read(wishes->replay);

    if (run == NULL)
        exit(2);
    print_command(&run->settings);
    if (supervise(run, false)) {
        print_figures(run);
        return true;
    }
    printf("FAILED at operation %" PRIu32 ": %s\n", (uint32_t)run->done, run->message);
    return false;
}

/* ---- Arguments ---- */

static TER_NORETURN void usage(const char *what)
{
    fprintf(stderr, "oracle: %s; the first lines of main.c say how it is called\n", what);
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 0);

    if (*text == '\0' || *end != '\0')
        usage("that is no number");
    return value;
}

static unsigned fault_of(const char *name)
{
    enum fault fault = fault_find(name);

    if (fault == FAULT_COUNT)
        usage("there is no such fault");
    return fault;
}

static void take(struct wishes *wishes, int option, const char *value)
{
    switch (option) {
    case 'p': wishes->plan = value; break;
    case 'r': wishes->roots = value; break;
    case 's': wishes->seed = number(value); break;
    case 'n': wishes->seeds = (unsigned)number(value); break;
    case 'T': wishes->total = number(value); break;
    case 'i': wishes->if_thorough = true; break;
    case 't': wishes->steps = (uint32_t)number(value); break;
    case 'o': wishes->options = value; break;
    case 'F': wishes->free_running = true; break;
    case 'f': wishes->fault = fault_of(value); break;
    case 'A': wishes->all_faults = true; break;
    case 'k': wishes->keep = value; break;
    case 'R': wishes->replay = value; break;
    case 'N': wishes->no_shrink = true; break;
    case 'S': wishes->scarce = true; break;
    default: usage("no such option");
    }
}

static void read_arguments(int count, char **arguments, struct wishes *wishes)
{
    static const struct option options[] = {
        {"plan", 1, NULL, 'p'},  {"roots", 1, NULL, 'r'},        {"seed", 1, NULL, 's'},
        {"seeds", 1, NULL, 'n'}, {"steps", 1, NULL, 't'},        {"options", 1, NULL, 'o'},
        {"fault", 1, NULL, 'f'}, {"free-running", 0, NULL, 'F'}, {"faults", 0, NULL, 'A'},
        {"keep", 1, NULL, 'k'},  {"no-shrink", 0, NULL, 'N'},    {"replay", 1, NULL, 'R'},
        {"total", 1, NULL, 'T'}, {"if-thorough", 0, NULL, 'i'},  {"scarce", 0, NULL, 'S'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1)
        take(wishes, option, optarg);
    if (optind != count || wishes->steps > MOST_OPERATIONS || wishes->seeds == 0)
        usage("that makes no sense");
}

int main(int count, char **arguments)
{
    struct wishes wishes = {.seed = seed_of_now(), .seeds = 1};
    bool good;

    setvbuf(stdout, NULL, _IOLBF, 0);
    read_arguments(count, arguments, &wishes);
    if (wishes.if_thorough && !is_thorough()) {
        puts("SKIP: only in thorough runs (make check-thorough)");
        return 77;
    }
    if (wishes.steps == 0)
        wishes.steps = scaled(is_thorough() ? THOROUGH_STEPS : USUAL_STEPS);
    if (wishes.all_faults)
        wishes.steps = FAULT_STEPS;
    if (wishes.replay != NULL)
        return replay(&wishes) ? 0 : 1;
    run_memory = run_new(wishes.steps);
    printf("TERRIER_TEST_SEED=%" PRIu64 "\n", wishes.seed);
    good = for_each_way(&wishes, wishes.all_faults   ? see_faults
                                 : wishes.total != 0 ? run_total
                                                     : run_seeds);
    return good ? 0 : 1;
}
