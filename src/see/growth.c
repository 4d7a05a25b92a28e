/* SPDX-License-Identifier: MIT */
#include "see/growth.h"

#include <errno.h>
#include <string.h>

#include "see/kind_name.h"
#include "see/stack_text.h"
#include "see/writer.h"

/* Stacks that are told. */
#define MOST_STACKS 10u

/* ---- Marks ---- */

static bool make_room_for_sums(struct ter_growth *growth)
{
    size_t stacks = growth->samples->figures.count;

    if (growth->values.count >= stacks)
        return true;
    if (!ter_weak_list_reserve(&growth->values, stacks - growth->values.count))
        return false;
    memset(ter_weak_list_at(&growth->values, growth->values.count), 0,
           (stacks - growth->values.count) * sizeof(struct ter_stack_growth));
    growth->values.count = stacks;
    return true;
}

static void clear_last(const struct ter_growth *growth)
{
    for (size_t i = 0; i < growth->values.count; i++) {
        struct ter_stack_growth *of = ter_weak_list_at(&growth->values, i);

        of->bytes[growth->count] = 0;
        of->objects = 0;
    }
}

static void add_growth(const struct ter_growth *growth, const struct ter_sample *sample)
{
    struct ter_stack_growth *of = ter_weak_list_at(&growth->values, sample->stack);
    double weight = ter_samples_weight(growth->samples, sample->bytes);

    of->bytes[growth->count] += weight * (double)sample->bytes;
    of->objects += weight;
}

/* The marks of every other one go; twice as many collections lie between those that stay. */
static void thin_out(struct ter_growth *growth)
{
    for (unsigned mark = 0; mark < TER_GROWTH_MARKS / 2; mark++) {
        growth->marks[mark] = growth->marks[2 * mark + 1];
        for (size_t i = 0; i < growth->values.count; i++) {
            struct ter_stack_growth *of = ter_weak_list_at(&growth->values, i);

            of->bytes[mark] = of->bytes[2 * mark + 1];
        }
    }
    growth->count = TER_GROWTH_MARKS / 2;
    growth->step *= 2;
}

/* What was there before the last collection, and what came since: that one has found it alive. */
static void mark_now(struct ter_growth *growth)
{
    const struct ter_weak_table *table = &growth->samples->followed.table;

    growth->collections++;
    if (growth->count == TER_GROWTH_MARKS)
        thin_out(growth);
    if (!make_room_for_sums(growth))
        return;
    clear_last(growth);
    for (size_t bucket = 0; bucket < table->capacity; bucket++) {
        const struct ter_sample *sample = ter_weak_table_at(table, bucket);

        if (sample != NULL)
            add_growth(growth, sample);
    }
    growth->marks[growth->count] = growth->collections;
    if (growth->collections % growth->step == 0)
        growth->count++;
}

static void growth_passed(void *context, const struct ter_passage *passage)
{
    if (passage->phase == TER_PHASE_RELEASED && !passage->collection->young)
        mark_now(context);
}

void ter_growth_begin(struct ter_growth *growth, struct ter_samples *samples)
{
    growth->samples = samples;
    growth->step = 1;
    growth->callbacks = (struct ter_callbacks){.passed = growth_passed, .context = growth};
    ter_weak_list_init(&growth->values, sizeof(struct ter_stack_growth));
    ter_callbacks_add(&samples->collector->callbacks, &growth->callbacks);
}

void ter_growth_fini(struct ter_growth *growth)
{
    if (growth->samples != NULL)
        ter_weak_list_fini(&growth->values);
    growth->samples = NULL;
}

/* ---- As it is ---- */

struct ter_growth_report {
    const struct ter_collector *collector;
    size_t interval;
    unsigned first, last; /* marks that are compared */
    uint64_t marks[TER_GROWTH_MARKS + 1];
    uint64_t collections;
    struct ter_stack_text stacks;
    struct ter_weak_list values;
    struct ter_writer writer;
};

static size_t report_bytes(void)
{
    return ter_align_up(sizeof(struct ter_growth_report), ter_os_page_size());
}

static bool copy_sums(struct ter_weak_list *copy, const struct ter_weak_list *values)
{
    if (values->count == 0)
        return true;
    if (!ter_weak_list_reserve(copy, values->count))
        return false;
    memcpy(copy->items, values->items, values->count * values->item_bytes);
    copy->count = values->count;
    return true;
}

static void fini_report(struct ter_growth_report *report)
{
    ter_stack_text_close(&report->stacks);
    ter_weak_list_fini(&report->values);
    ter_os_release((uintptr_t)report, report_bytes());
}

/* From a quarter on: before that a program builds what it needs. */
static void choose_marks(struct ter_growth_report *report, const struct ter_growth *growth)
{
    bool last_is_kept =
        growth->count > 0 && growth->marks[growth->count - 1] == growth->collections;

    report->collections = growth->collections;
    memcpy(report->marks, growth->marks, sizeof report->marks);
    report->last = last_is_kept ? growth->count - 1 : growth->count;
    report->first = report->last / 4;
}

ter_status ter_growth_report_begin(struct ter_growth_report **result,
                                   const struct ter_growth *growth)
{
    const struct ter_samples *samples = growth->samples;
    struct ter_growth_report *report;
    void *memory;
    ter_status status = ter_os_allocate_named(report_bytes(), "terrier:growth", &memory);

    if (status != TER_OK)
        return status;
    report = memory;
    report->collector = samples->collector;
    report->interval = samples->sampling.interval;
    choose_marks(report, growth);
    ter_weak_list_init(&report->values, growth->values.item_bytes);
    if (!ter_stack_text_copy(&report->stacks, samples) ||
        !copy_sums(&report->values, &growth->values)) {
        fini_report(report);
        return TER_ERROR_NO_MEMORY;
    }
    *result = report;
    return TER_OK;
}

/* ---- As text ---- */

static double grew_by(const struct ter_growth_report *report, size_t stack)
{
    const struct ter_stack_growth *of = ter_weak_list_at(&report->values, stack);

    return of->bytes[report->last] - of->bytes[report->first];
}

/* Steps from mark to mark in which there came to be more. */
static unsigned steps_up(const struct ter_growth_report *report, const struct ter_stack_growth *of)
{
    unsigned up = 0;

    for (unsigned mark = report->first; mark < report->last; mark++)
        up += of->bytes[mark + 1] > of->bytes[mark];
    return up;
}

/*
 * A sum of samples is off by the root of their number, or so; three times that is seldom. And less
 * than two samples say nothing.
 */
static bool is_no_chance(const struct ter_growth_report *report, size_t stack)
{
    const struct ter_stack_growth *of = ter_weak_list_at(&report->values, stack);
    double grew = grew_by(report, stack), interval = (double)report->interval;
    double sum = of->bytes[report->last] + of->bytes[report->first];

    return grew >= 2 * interval && grew * grew >= 9 * interval * sum;
}

/* Of those that were not told: the one that grew most. */
static bool find_next(const struct ter_growth_report *report, double below, size_t after,
                      size_t *found)
{
    double most = 0;
    bool there_is = false;

    for (size_t i = 0; i < report->values.count; i++) {
        double grew = grew_by(report, i);

        if (grew > below || (grew == below && i <= after) || grew <= most ||
            !is_no_chance(report, i))
            continue;
        most = grew;
        *found = i;
        there_is = true;
    }
    return there_is;
}

static void write_frame(void *context, const char *line)
{
    struct ter_growth_report *report = context;

    ter_writer_print(&report->writer, "    %s\n", line);
}

static void write_history(struct ter_growth_report *report, const struct ter_stack_growth *of)
{
    char bytes[32];

    ter_writer_print(&report->writer, "    live");
    for (unsigned mark = 0; mark <= report->last; mark++) {
        ter_format_bytes((uint64_t)of->bytes[mark], bytes, sizeof bytes);
        ter_writer_print(&report->writer, "%s %s", mark == 0 ? "" : ",", bytes);
    }
    ter_writer_print(&report->writer, "\n");
}

static void write_grown(struct ter_growth_report *report, size_t stack)
{
    const struct ter_stack_growth *of = ter_weak_list_at(&report->values, stack);
    char grew[32], live[32], kind[64];
    struct ter_text text;

    ter_format_bytes((uint64_t)grew_by(report, stack), grew, sizeof grew);
    ter_format_bytes((uint64_t)of->bytes[report->last], live, sizeof live);
    ter_text_init(&text, kind, sizeof kind);
    ter_kind_add_name(&text, report->collector, ter_stack_text_kind(&report->stacks, stack));
    ter_writer_print(&report->writer, "\n+%s, in %u of %u steps, to %s in %.0f objects (", grew,
                     steps_up(report, of), report->last - report->first, live, of->objects);
    ter_writer_print_name(&report->writer, kind, TER_ESCAPE_TEXT);
    ter_writer_print(&report->writer, "), allocated by\n");
    ter_stack_text_each(&report->stacks, stack, write_frame, report);
    write_history(report, of);
}

static void write_head_of_growth(struct ter_growth_report *report)
{
    char interval[32];

    ter_format_bytes(report->interval, interval, sizeof interval);
    ter_writer_print(&report->writer, "What grew from whole collection %llu to %llu, by a sample",
                     (unsigned long long)report->marks[report->first],
                     (unsigned long long)report->marks[report->last]);
    ter_writer_print(&report->writer, " each %s; live after collections", interval);
    for (unsigned mark = 0; mark <= report->last; mark++)
        ter_writer_print(&report->writer, "%s %llu", mark == 0 ? "" : ",",
                         (unsigned long long)report->marks[mark]);
    ter_writer_print(&report->writer, ":\n");
}

static void write_growth_report(struct ter_growth_report *report)
{
    double below = 1e300;
    size_t stack = 0, told = 0;

    if (report->last == report->first) {
        ter_writer_print(&report->writer,
                         "What grew is not known: there were %llu whole collections\n",
                         (unsigned long long)report->collections);
        return;
    }
    write_head_of_growth(report);
    for (; told < MOST_STACKS && find_next(report, below, stack, &stack); told++) {
        below = grew_by(report, stack);
        write_grown(report, stack);
    }
    if (told == 0)
        ter_writer_print(&report->writer, "\nNothing grew by more than chance.\n");
}

ter_status ter_growth_report_finish(struct ter_growth_report *report, int file)
{
    bool written;
    int error;

    ter_writer_init(&report->writer, file);
    ter_stack_text_name(&report->stacks);
    write_growth_report(report);
    written = ter_writer_finish(&report->writer);
    error = errno;
    fini_report(report);
    errno = error;
    return written ? TER_OK : TER_ERROR_SYSTEM;
}
