/* SPDX-License-Identifier: MIT */
#include "heap/answers.h"

#include "heap/heap.h"

/* ---- Figures ---- */

static unsigned count_mutators(const struct ter_heap *heap)
{
    unsigned count = 0;

    for (const struct ter_mutator *m = heap->collector.allocator.mutators; m != NULL; m = m->next)
        count++;
    return count;
}

void ter_answer_figures(struct ter_heap *heap, struct ter_text *text)
{
    struct ter_statistics statistics;

    ter_heap_statistics_locked(heap, &statistics);
    ter_text_print(text, "program ");
    ter_text_add_name(text, ter_os_program_name());
    ter_text_print(text, "\nprocess %u\nplan %s\n", ter_os_process_id(), heap->options.plan);
    ter_text_print(text, "now_ns %llu\nborn_ns %llu\nmutators %u\n",
                   (unsigned long long)ter_os_now_ns(), (unsigned long long)heap->born_ns,
                   count_mutators(heap));
#define ANSWER_ROW(name, unit, help)                                                               \
    ter_text_print(text, #name " %llu\n", (unsigned long long)statistics.name);
    TER_STATISTICS(ANSWER_ROW)
#undef ANSWER_ROW
}

/* ---- Kinds ---- */

/* Kinds and sizes that are counted one by one; others are one row. */
#define KIND_ROWS 1024u

struct kind_row {
    unsigned kind;
    bool used;
    size_t size; /* as ter_dump_kind_size has it */
    size_t objects;
    uint64_t bytes;
};

struct kind_count {
    const struct ter_collector *collector;
    struct kind_row *rows;
    struct kind_row others;
    unsigned row_count;
};

/* The row, or a free one; they are never all used. */
static struct kind_row *find_kind_row(struct kind_count *count, unsigned kind, size_t size)
{
    size_t at = (kind * (size_t)127 + size) % KIND_ROWS;

    while (count->rows[at].used && (count->rows[at].kind != kind || count->rows[at].size != size))
        at = (at + 1) % KIND_ROWS;
    return &count->rows[at];
}

static void count_in_kind(void *context, uintptr_t object, size_t bytes, const struct ter_kind *how)
{
    struct kind_count *count = context;
    const struct ter_allocator *allocator = &count->collector->allocator;
    unsigned kind = allocator->details[how - allocator->kinds].base;
    size_t size = ter_dump_kind_size(count->collector, kind, bytes);
    struct kind_row *row = find_kind_row(count, kind, size);

    (void)object;
    if (!row->used && count->row_count >= KIND_ROWS / 2) {
        row = &count->others;
    } else if (!row->used) {
        *row = (struct kind_row){.kind = kind, .used = true, .size = size};
        count->row_count++;
    }
    row->objects++;
    row->bytes += bytes;
}

/* The one with the most bytes that was not taken; NULL: none is left. No sorting: that may call
 * malloc, which may be the program's. */
static struct kind_row *largest_row(struct kind_count *count)
{
    struct kind_row *largest = NULL;

    for (unsigned i = 0; i < KIND_ROWS; i++)
        if (count->rows[i].used && (largest == NULL || count->rows[i].bytes > largest->bytes))
            largest = &count->rows[i];
    return largest;
}

/* A name comes from the program and may hold anything. */
static void answer_kind(const struct kind_count *count, const struct kind_row *row,
                        struct ter_text *text)
{
    struct ter_text name;
    char room[TER_CHECK_TEXT];

    ter_text_init(&name, room, sizeof room);
    ter_dump_kind_text(&name, count->collector, row->kind, row->size);
    ter_text_print(text, "kind %llu %zu ", (unsigned long long)row->bytes, row->objects);
    ter_text_add_name(text, room);
    ter_text_print(text, "\n");
}

static void answer_counted(struct kind_count *count, struct ter_text *text)
{
    struct kind_row *others = &count->others, *row;

    for (unsigned i = 0; i < count->row_count; i++) {
        row = largest_row(count);
        row->used = false;
        if (i < TER_INQUIRY_MOST_KINDS) {
            answer_kind(count, row, text);
        } else {
            others->bytes += row->bytes;
            others->objects += row->objects;
        }
    }
    if (others->objects != 0)
        ter_text_print(text, "kind %llu %zu others\n", (unsigned long long)others->bytes,
                       others->objects);
}

void ter_answer_kinds(struct ter_heap *heap, struct ter_text *text)
{
    struct kind_count count = {.collector = &heap->collector};
    size_t bytes = ter_align_up(KIND_ROWS * sizeof(struct kind_row), ter_os_page_size());
    void *rows;

    if (ter_os_allocate(bytes, &rows) != TER_OK)
        return;
    count.rows = rows;
    ter_collector_visit_objects(&heap->collector, count_in_kind, &count);
    answer_counted(&count, text);
    ter_os_release((uintptr_t)rows, bytes);
}
