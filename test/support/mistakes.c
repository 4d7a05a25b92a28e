/* SPDX-License-Identifier: MIT */
#include "mistakes.h"

#include "heap/heap.h"

#include <signal.h>
#include <string.h>

struct embedder embedder;

static const struct ter_object_layout pair_layout = {.header_bytes = 3 * sizeof(void *),
                                                     .header = {.bitmap = 3}};

unsigned define_kind(const struct ter_kind_description *description)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(embedder.heap, description, &kind), TER_OK);
    return kind;
}

struct pair *make_pair(uintptr_t number)
{
    struct pair *pair = ter_allocate(embedder.mutator, embedder.pair_kind, sizeof *pair);

    assert_non_null(pair);
    pair->number = number;
    return pair;
}

static void start_embedder(const char *plan, const struct mistake *mistake)
{
    struct ter_options options;
    char text[200];

    snprintf(text, sizeof text, "plan=%s,stacks=exact,%s", plan, mistake->options);
    ter_options_init(&options);
    test_parse_options(&options, text);
    assert_int_equal(ter_heap_new(&options, &embedder.heap), TER_OK);
    assert_int_equal(ter_mutator_bind(embedder.heap, &embedder.mutator), TER_OK);
    embedder.pair_kind = define_kind(&(struct ter_kind_description){
        .name = "pair",
        .layout = &pair_layout,
        .size = {.form = TER_SIZE_FIXED, .bytes = sizeof(struct pair)}});
}

struct run {
    const char *plan;
    const struct mistake *mistake;
    bool wrong;
};

static void run_program(void *context)
{
    const struct run *run = context;

    start_embedder(run->plan, run->mistake);
    embedder.wrong = run->wrong;
    run->mistake->program();
    if (embedder.mutator != NULL)
        ter_mutator_unbind(embedder.mutator);
    ter_heap_free(embedder.heap);
}

static bool serves(const struct ter_plan *plan, enum mistake_needs needs)
{
    return needs == MISTAKE_ANY ||
           (plan->loop != NULL && (needs == MISTAKE_COLLECTS || ter_plan_moves(plan)));
}

static bool says(const struct test_end *end, const char *part)
{
    return part == NULL || strstr(end->text, part) != NULL;
}

/* Memory that nobody may touch says so itself, before the mode that is asked for comes to it. */
static bool was_touched(const struct test_end *end)
{
    return (end->signal == SIGSEGV || (TER_HAS_SANITIZER && end->signal != SIGABRT)) &&
           says(end, " was touched, ");
}

static void test_wrong(const struct run *run)
{
    struct test_end end;
    bool all = true;

    test_in_child(run_program, (void *)(uintptr_t)run, &end);
    if (was_touched(&end))
        return;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(run->mistake->parts); i++)
        all = all && says(&end, run->mistake->parts[i]);
    if (end.signal != SIGABRT || !says(&end, "terrier: ") || !all)
        print_error("%s, %s: signal %d, code %d, '%s'\n", run->mistake->name, run->plan, end.signal,
                    end.code, end.text);
    assert_int_equal(end.signal, SIGABRT);
    assert_true(says(&end, "terrier: ") && all);
}

static void test_right(const struct run *run)
{
    struct test_end end;

    test_in_child(run_program, (void *)(uintptr_t)run, &end);
    if (end.signal != 0 || end.code != 0 || end.text[0] != '\0')
        print_error("%s, %s, without the mistake: signal %d, code %d, '%s'\n", run->mistake->name,
                    run->plan, end.signal, end.code, end.text);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    assert_string_equal(end.text, "");
}

void test_mistakes(const struct mistake *mistakes, size_t count)
{
    for (size_t i = 0; i < TER_PLAN_COUNT * count; i++) {
        const struct mistake *mistake = &mistakes[i % count];
        struct run run = {ter_plans[i / count].name, mistake, true};

        if (!serves(ter_plans[i / count].plan, mistake->needs))
            continue;
        test_wrong(&run);
        run.wrong = false;
        test_right(&run);
    }
}
