/* SPDX-License-Identifier: MIT */
/* N queens by lists: each place tried makes lists that die soon, and each is checked against all
 * before it. All solutions are kept as lists; then the search runs again, and each solution is
 * compared with the one kept. SIZE is N. */
#include "bench.h"

enum { SIZE_DEFAULT = 11, SIZE_MIN = 6, SEARCHES = 4 };

enum kind { KIND_CELL, KIND_SOLUTION };

struct cell {
    struct cell *next;
    uintptr_t value;
};

struct solution {
    struct solution *next;
    struct cell *columns;
};

static const struct bench_kind kinds[] = {
    [KIND_CELL] = {.header_bytes = sizeof(struct cell), .header_slots = 1},
    [KIND_SOLUTION] = {.header_bytes = sizeof(struct solution), .header_slots = 3}};

struct work {
    bench_mutator *m;
    size_t size;
    uint64_t sum;
};

/* ---- Lists ---- */

static struct cell *cons(bench_mutator *m, uintptr_t value, struct cell *next)
{
    struct cell *cell;

    BENCH_ROOTS(m, r, struct cell * next;);
    r.next = next;
    cell = (struct cell *)bench_new(m, KIND_CELL, sizeof *cell);
    bench_fill(cell, cell->next, r.next);
    cell->value = value;
    BENCH_ROOTS_END(m, r);
    return cell;
}

static void free_list(bench_mutator *m, struct cell *list)
{
    while (BENCH_FREES && list != NULL) {
        struct cell *next = list->next;
        bench_free(m, list);
        list = next;
    }
}

static struct cell *copy(bench_mutator *m, struct cell *list)
{
    struct cell *result;

    if (list == NULL)
        return NULL;
    BENCH_ROOTS(m, r, struct cell * list;);
    r.list = list;
    result = copy(m, r.list->next);
    result = cons(m, r.list->value, result);
    BENCH_ROOTS_END(m, r);
    return result;
}

static bool equal(const struct cell *a, const struct cell *b)
{
    while (a != NULL && b != NULL && a->value == b->value) {
        a = a->next;
        b = b->next;
    }
    return a == b;
}

/* ---- The search ---- */

/* May a queen stand in `column` of the next row? The list has the columns of the rows before. */
static bool is_safe(const struct cell *queens, uint64_t column)
{
    for (uint64_t distance = 1; queens != NULL; queens = queens->next, distance++)
        if (queens->value == column || queens->value == column + distance ||
            queens->value + distance == column)
            return false;
    return true;
}

/* The safe columns of the next row, as a new list. */
static struct cell *safe_columns(struct work *work, struct cell *queens)
{
    struct cell *columns;

    BENCH_ROOTS(work->m, r, struct cell * queens; struct cell * columns;);
    r.queens = queens;
    for (uintptr_t column = work->size; column > 0; column--)
        if (is_safe(r.queens, column))
            r.columns = cons(work->m, column, r.columns);
    columns = r.columns;
    BENCH_ROOTS_END(work->m, r);
    return columns;
}

static struct solution *keep(struct work *work, struct cell *queens, struct solution *found)
{
    struct solution *first;

    BENCH_ROOTS(work->m, r, struct cell * queens; struct solution * found;);
    r.found = found;
    r.queens = copy(work->m, queens);
    first = (struct solution *)bench_new(work->m, KIND_SOLUTION, sizeof *first);
    bench_fill(first, first->next, r.found);
    bench_fill(first, first->columns, r.queens);
    BENCH_ROOTS_END(work->m, r);
    return first;
}

/* All solutions that begin with `queens`, before those of `found`. */
static struct solution *search(struct work *work, struct cell *queens, size_t row,
                               struct solution *found)
{
    struct solution *result;

    if (row == work->size)
        return keep(work, queens, found);
    BENCH_ROOTS(work->m, r, struct cell * queens; struct cell * columns; struct cell * column;
                struct cell * extended; struct solution * found;);
    r.queens = queens;
    r.found = found;
    r.columns = safe_columns(work, queens);
    for (r.column = r.columns; r.column != NULL; r.column = r.column->next) {
        r.extended = cons(work->m, r.column->value, r.queens);
        r.found = search(work, r.extended, row + 1, r.found);
        bench_free(work->m, r.extended);
    }
    free_list(work->m, r.columns);
    result = r.found;
    BENCH_ROOTS_END(work->m, r);
    return result;
}

/* ---- The work ---- */

static uint64_t solutions_of(size_t size)
{
    static const uint64_t known[] = {4, 40, 92, 352, 724, 2680, 14200, 73712};

    return known[size - SIZE_MIN];
}

static uint64_t sum_of(const struct solution *found, const struct solution *before, size_t size)
{
    uint64_t sum = 0, count = 0;

    for (; found != NULL; found = found->next, count++) {
        for (const struct cell *cell = found->columns; cell != NULL; cell = cell->next)
            sum = bench_sum(sum, cell->value);
        if (before != NULL && !equal(found->columns, before->columns))
            bench_wrong("a solution", count, count);
        before = before != NULL ? before->next : NULL;
    }
    if (count != solutions_of(size))
        bench_wrong("solutions", count, solutions_of(size));
    return sum;
}

static void free_found(bench_mutator *m, struct solution *found)
{
    while (BENCH_FREES && found != NULL) {
        struct solution *next = found->next;
        free_list(m, found->columns);
        bench_free(m, found);
        found = next;
    }
}

static uint64_t run(bench_mutator *m, size_t size)
{
    struct work work = {m, size, 0};

    if (size < SIZE_MIN || size > 13)
        bench_wrong("the size", size, SIZE_DEFAULT);
    BENCH_ROOTS(m, r, struct solution * first; struct solution * again;);
    r.first = search(&work, NULL, 0, NULL);
    for (unsigned i = 1; i < SEARCHES; i++) {
        r.again = search(&work, NULL, 0, NULL);
        work.sum += sum_of(r.again, r.first, size);
        free_found(m, r.again);
        r.again = NULL;
    }
    free_found(m, r.first);
    BENCH_ROOTS_END(m, r);
    return work.sum;
}

static uint64_t live_bytes(size_t size)
{
    return 2 * solutions_of(size) * (sizeof(struct solution) + size * sizeof(struct cell));
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
