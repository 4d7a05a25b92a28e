/* SPDX-License-Identifier: MIT */
#include "weak/settling.h"
#include "weak/weak.h"

/* ---- The visitor ---- */

static void trace_header(struct ter_tracer *tracer, const struct ter_kind *kind, uintptr_t object,
                         size_t bytes)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(&kind->layout->header);
    size_t offset;

    while (ter_slot_cursor_next(&cursor, ter_kind_slot_bytes(kind), &offset) && offset < bytes)
        ter_element_trace_slot(tracer, kind, object + offset);
}

static void trace_all(struct ter_tracer *tracer, const struct ter_ephemeron_table *listed)
{
    struct ter_element_range range = listed->elements;
    struct ter_element element;

    while (ter_elements_next(&range, &element))
        ter_element_trace(tracer, &element, ter_slot_cursor_at(&element.kind->layout->element));
}

static void trace_all_values(struct ter_tracer *tracer, const struct ter_ephemeron_table *listed)
{
    struct ter_element_range range = listed->elements;
    struct ter_slot_cursor values;
    struct ter_element element;
    uintptr_t key;

    while (ter_elements_next(&range, &element)) {
        (void)ter_element_key(&element, &values, &key);
        ter_element_trace(tracer, &element, values);
    }
}

static bool list_table(struct ter_ephemerons *ephemerons, const struct ter_ephemeron_table *listed)
{
    struct ter_ephemeron_table *place;

    ter_mutex_acquire(&ephemerons->lock);
    place = ter_weak_list_add(&ephemerons->tables);
    if (place != NULL)
        *place = *listed;
    ter_mutex_release(&ephemerons->lock);
    return place != NULL;
}

/* Without memory for the list, the elements keep all that they name until the next collection. */
static void list_or_keep(struct ter_ephemerons *ephemerons, struct ter_tracer *tracer,
                         const struct ter_ephemeron_table *listed)
{
    if (!list_table(ephemerons, listed))
        trace_all(tracer, listed);
}

static void visit_ephemerons(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    const struct ter_ephemeron_kind *row = context;
    struct ter_tracer *tracer = ter_tracer_of(trace);
    struct ter_ephemeron_table listed = {row->kind, ter_elements_of(row->kind, object, bytes)};

    trace_header(tracer, row->kind, object, bytes);
    list_or_keep(row->ephemerons, tracer, &listed);
}

/* The end of the last element from `start` on that lies in the part or reaches into it. */
static uintptr_t end_of_elements(uintptr_t start, size_t element_bytes, uintptr_t end)
{
    size_t bytes = end - start + element_bytes - 1;

    return start + bytes - bytes % element_bytes;
}

void ter_ephemerons_reach_part(struct ter_ephemerons *ephemerons, struct ter_tracer *tracer,
                               const struct ter_kind *kind, const struct ter_ephemeron_part *part)
{
    struct ter_ephemeron_table listed = {kind, ter_elements_of(kind, part->object, part->bytes)};
    struct ter_element_range *range = &listed.elements;
    size_t element_bytes = kind->layout->element_bytes, before;

    if (part->first < range->next.start)
        trace_header(tracer, kind, part->object, part->bytes);
    if (element_bytes == 0 || part->end <= range->next.start)
        return;
    before = ter_max(part->first, range->next.start) - range->next.start;
    range->next.start += before - before % element_bytes;
    range->end = ter_min(range->end, end_of_elements(range->next.start, element_bytes, part->end));
    list_or_keep(ephemerons, tracer, &listed);
}

void ter_ephemerons_adopt(struct ter_ephemerons *ephemerons, struct ter_kind *kind, unsigned index)
{
    ephemerons->kinds[index] = (struct ter_ephemeron_kind){ephemerons, kind};
    kind->visitor = visit_ephemerons;
    kind->context = &ephemerons->kinds[index];
}

/* ---- Settling: rounds ---- */

static void drain_rest(const struct ter_settling *settling)
{
    settling->reach->drain(settling->reach->context);
}

static bool has_unreached_value(const struct ter_settling *settling,
                                const struct ter_element *element, struct ter_slot_cursor values)
{
    uintptr_t address, value;

    while (ter_element_next_slot(element, &values, &address)) {
        value = ter_element_read(element->kind, address);
        if (value != 0 && !ter_settling_reached(settling, value))
            return true;
    }
    return false;
}

/* Returns whether something was reached for the first time. */
static bool settle_table(const struct ter_settling *settling,
                         const struct ter_ephemeron_table *table)
{
    struct ter_element_range range = table->elements;
    struct ter_slot_cursor values;
    struct ter_element element;
    bool news = false;
    uintptr_t address, key;

    while (ter_elements_next(&range, &element)) {
        settling->ephemerons->looks++;
        key = ter_element_key(&element, &values, &address);
        if (key != 0 && !ter_settling_reached(settling, key)) {
            settling->ephemerons->open++;
            continue;
        }
        news = news || has_unreached_value(settling, &element, values);
        ter_element_trace(settling->tracer, &element, values);
    }
    return news;
}

/* All tables once, with those that are reached by it. Returns whether another round is due. */
static bool settle_round(const struct ter_settling *settling)
{
    struct ter_ephemerons *ephemerons = settling->ephemerons;
    bool news = false;

    ephemerons->open = 0;
    for (ephemerons->settled = 0; ephemerons->settled < ephemerons->tables.count;) {
        struct ter_ephemeron_table table =
            *ter_ephemeron_table_at(ephemerons, ephemerons->settled++);

        if (ter_elements_have_values(table.kind))
            news |= settle_table(settling, &table);
        if (ephemerons->settled == ephemerons->tables.count)
            drain_rest(settling);
    }
    return news && ephemerons->open != 0;
}

/* Values whose keys are gone live until the next collection, but nobody reads them. */
static void keep_all_values(const struct ter_settling *settling)
{
    struct ter_ephemerons *ephemerons = settling->ephemerons;

    drain_rest(settling);
    for (ephemerons->settled = 0; ephemerons->settled < ephemerons->tables.count;) {
        struct ter_ephemeron_table table =
            *ter_ephemeron_table_at(ephemerons, ephemerons->settled++);

        trace_all_values(settling->tracer, &table);
        if (ephemerons->settled == ephemerons->tables.count)
            drain_rest(settling);
    }
    ephemerons->open = 0;
}

/*
 * Two rounds find most, by the loop that is fastest. What then waits for something that the second
 * one reached waits by key.
 */
void ter_ephemerons_settle(struct ter_ephemerons *ephemerons, struct ter_tracer *tracer,
                           const struct ter_reach *reach)
{
    struct ter_settling settling = {ephemerons, tracer, reach};

    if (ephemerons->settled == ephemerons->tables.count &&
        (!ephemerons->stale || ephemerons->open == 0))
        return;
    if (settle_round(&settling) && settle_round(&settling) && !ter_settle_by_key(&settling))
        keep_all_values(&settling);
    ephemerons->stale = false;
}

/* ---- Clearing ---- */

static void clear_element(const struct ter_element *element, uintptr_t address,
                          struct ter_slot_cursor values)
{
    const struct ter_kind *kind = element->kind;
    bool half = kind->slots.form == TER_SLOTS_OFFSET32;
    uintptr_t word = kind->details->cleared.key;

    do {
        if (half)
            *(uint32_t *)address = (uint32_t)word;
        else
            *(uintptr_t *)address = word;
        word = kind->details->cleared.value;
    } while (ter_element_next_slot(element, &values, &address));
}

static void clear_or_follow(const struct ter_element *element, const struct ter_reach *reach,
                            bool follow)
{
    const struct ter_kind *kind = element->kind;
    struct ter_slot_cursor values;
    uintptr_t address, key = ter_element_key(element, &values, &address), now;

    if (key == 0)
        return;
    if (!reach->is_reached(reach->context, key)) {
        clear_element(element, address, values);
        return;
    }
    now = follow ? reach->now_at(reach->context, key) : key;
    if (now != key)
        ter_slot_move(&kind->slots, (enum ter_slot_form)kind->slots.form, address, now);
}

static void clear_table(const struct ter_ephemeron_table *table, const struct ter_reach *reach,
                        bool follow)
{
    struct ter_element_range range = table->elements;
    struct ter_element element;

    while (ter_elements_next(&range, &element))
        clear_or_follow(&element, reach, follow);
}

void ter_ephemerons_clear_weak(struct ter_ephemerons *ephemerons, const struct ter_reach *reach)
{
    for (size_t i = 0; i < ephemerons->tables.count; i++)
        if (!ter_elements_have_values(ter_ephemeron_table_at(ephemerons, i)->kind))
            clear_table(ter_ephemeron_table_at(ephemerons, i), reach, false);
}

void ter_ephemerons_finish(struct ter_ephemerons *ephemerons, const struct ter_reach *reach)
{
    for (size_t i = 0; i < ephemerons->tables.count; i++)
        clear_table(ter_ephemeron_table_at(ephemerons, i), reach, true);
    ephemerons->tables.count = 0;
}

/* ---- Life ---- */

void ter_ephemerons_begin(struct ter_ephemerons *ephemerons)
{
    ephemerons->tables.count = 0;
    ephemerons->settled = ephemerons->open = ephemerons->looks = 0;
    ephemerons->stale = true;
}

void ter_ephemerons_init(struct ter_ephemerons *ephemerons)
{
    ter_mutex_init(&ephemerons->lock);
    ter_weak_list_init(&ephemerons->tables, sizeof(struct ter_ephemeron_table));
}

void ter_ephemerons_fini(struct ter_ephemerons *ephemerons)
{
    ter_weak_list_fini(&ephemerons->tables);
    ter_mutex_fini(&ephemerons->lock);
}
