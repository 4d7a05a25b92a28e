/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

/* An object that was reached. */
struct listed {
    uintptr_t object;
    size_t bytes;
    const struct ter_kind *kind;
};

/* ---- Elements ---- */

struct element {
    const struct ter_kind *kind;
    uintptr_t start;
};

/* A slot of an element; the first one is the key's. */
static struct ter_slot_cursor slots_of(const struct element *element)
{
    return ter_slot_cursor_at(&element->kind->layout->element);
}

static bool next_slot(const struct element *element, struct ter_slot_cursor *cursor,
                      uintptr_t *address)
{
    size_t offset;

    if (!ter_slot_cursor_next(cursor, ter_kind_slot_bytes(element->kind), &offset))
        return false;
    *address = element->start + offset;
    return true;
}

static uintptr_t read_slot(const struct ter_kind *kind, uintptr_t address)
{
    return ter_slot_read(&kind->slots, (enum ter_slot_form)kind->slots.form, address);
}

/* What the key refers to; 0: it is no reference, and never dies. The cursor is at the values. */
static uintptr_t key_of(const struct element *element, struct ter_slot_cursor *values,
                        uintptr_t *address)
{
    *values = slots_of(element);
    *address = element->start;
    (void)next_slot(element, values, address);
    return read_slot(element->kind, *address);
}

static bool has_values(const struct ter_kind *kind)
{
    const struct ter_slots *slots = &kind->layout->element;

    return slots->offsets != NULL ? slots->count > 1 : (slots->bitmap & (slots->bitmap - 1)) != 0;
}

struct element_range {
    struct element element;
    uintptr_t end;
};

static struct element_range elements_of(const struct listed *listed)
{
    uintptr_t end = listed->object + listed->bytes;
    uintptr_t start = ter_min(listed->object + listed->kind->layout->header_bytes, end);

    return (struct element_range){{listed->kind, start}, end};
}

static bool next_element(struct element_range *range, struct element *element)
{
    size_t bytes = range->element.kind->layout->element_bytes;

    if (bytes > range->end - range->element.start)
        return false;
    *element = range->element;
    range->element.start += bytes;
    return true;
}

/* ---- Slots ---- */

static void trace_slot(struct ter_tracer *tracer, const struct ter_kind *kind, uintptr_t address)
{
    enum ter_slot_form form = (enum ter_slot_form)kind->slots.form;
    uintptr_t before, after;

    if (form == TER_SLOTS_PLAIN) {
        tracer->loop->slot(tracer, ter_slot_at(address));
        return;
    }
    before = read_slot(kind, address);
    if (before == 0)
        return;
    after = tracer->loop->object(tracer, ter_object_at(before)).bits;
    if (after != before)
        ter_slot_move(&kind->slots, form, address, after);
}

static void trace_values(struct ter_tracer *tracer, const struct element *element,
                         struct ter_slot_cursor values)
{
    uintptr_t address;

    while (next_slot(element, &values, &address))
        trace_slot(tracer, element->kind, address);
}

/* ---- The visitor ---- */

static void trace_header(struct ter_tracer *tracer, const struct ter_kind *kind, uintptr_t object,
                         size_t bytes)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(&kind->layout->header);
    size_t offset;

    while (ter_slot_cursor_next(&cursor, ter_kind_slot_bytes(kind), &offset) && offset < bytes)
        trace_slot(tracer, kind, object + offset);
}

static void trace_all(struct ter_tracer *tracer, const struct listed *listed)
{
    struct element_range range = elements_of(listed);
    struct element element;

    while (next_element(&range, &element))
        trace_values(tracer, &element, slots_of(&element));
}

static void trace_all_values(struct ter_tracer *tracer, const struct listed *listed)
{
    struct element_range range = elements_of(listed);
    struct ter_slot_cursor values;
    struct element element;
    uintptr_t key;

    while (next_element(&range, &element)) {
        (void)key_of(&element, &values, &key);
        trace_values(tracer, &element, values);
    }
}

static bool list_table(struct ter_ephemerons *ephemerons, const struct listed *listed)
{
    struct listed *place;

    ter_mutex_acquire(&ephemerons->lock);
    place = ter_weak_list_add(&ephemerons->tables);
    if (place != NULL)
        *place = *listed;
    ter_mutex_release(&ephemerons->lock);
    return place != NULL;
}

/* Without memory for the list, the object keeps all that it names until the next collection. */
static void visit_ephemerons(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    const struct ter_ephemeron_kind *row = context;
    struct ter_tracer *tracer = ter_tracer_of(trace);
    struct listed listed = {object, bytes, row->kind};

    trace_header(tracer, row->kind, object, bytes);
    if (!row->ephemerons->collecting || !list_table(row->ephemerons, &listed))
        trace_all(tracer, &listed);
}

void ter_ephemerons_adopt(struct ter_ephemerons *ephemerons, struct ter_kind *kind, unsigned index)
{
    ephemerons->kinds[index] = (struct ter_ephemeron_kind){ephemerons, kind};
    kind->visitor = visit_ephemerons;
    kind->context = &ephemerons->kinds[index];
}

/* ---- Settling: rounds ---- */

struct settling {
    struct ter_ephemerons *ephemerons;
    struct ter_tracer *tracer;
    const struct ter_reach *reach;
};

static bool was_reached(const struct settling *settling, uintptr_t object)
{
    return settling->reach->is_reached(settling->reach->context, object);
}

static void drain_rest(const struct settling *settling)
{
    settling->reach->drain(settling->reach->context);
}

static const struct listed *table_at(const struct ter_ephemerons *ephemerons, size_t index)
{
    return ter_weak_list_at(&ephemerons->tables, index);
}

static bool has_unreached_value(const struct settling *settling, const struct element *element,
                                struct ter_slot_cursor values)
{
    uintptr_t address, value;

    while (next_slot(element, &values, &address)) {
        value = read_slot(element->kind, address);
        if (value != 0 && !was_reached(settling, value))
            return true;
    }
    return false;
}

/* Returns whether something was reached for the first time. */
static bool settle_table(const struct settling *settling, const struct listed *table)
{
    struct element_range range = elements_of(table);
    struct ter_slot_cursor values;
    struct element element;
    bool news = false;
    uintptr_t address, key;

    while (next_element(&range, &element)) {
        settling->ephemerons->looks++;
        key = key_of(&element, &values, &address);
        if (key != 0 && !was_reached(settling, key)) {
            settling->ephemerons->open++;
            continue;
        }
        news = news || has_unreached_value(settling, &element, values);
        trace_values(settling->tracer, &element, values);
    }
    return news;
}

/* All tables once, with those that are reached by it. Returns whether another round is due. */
static bool settle_round(const struct settling *settling)
{
    struct ter_ephemerons *ephemerons = settling->ephemerons;
    bool news = false;

    ephemerons->open = 0;
    for (ephemerons->settled = 0; ephemerons->settled < ephemerons->tables.count;) {
        struct listed table = *table_at(ephemerons, ephemerons->settled++);

        if (has_values(table.kind))
            news |= settle_table(settling, &table);
        if (ephemerons->settled == ephemerons->tables.count)
            drain_rest(settling);
    }
    return news && ephemerons->open != 0;
}

/* ---- Settling: by key ---- */

/*
 * Elements that wait for their key, in a table by key. While it lasts, what is reached is scanned
 * here, object by object, and every reference that is met is looked up in that table: so that each
 * object and each element is looked at once, however the elements hang together.
 */
struct waiter {
    struct element element;
    size_t next; /* of the same key, or of those whose key was met; 1 + index, 0: none */
};

struct awaited {
    uintptr_t key;
    size_t first; /* 1 + index of an entry */
};

struct watcher {
    struct ter_tracer tracer; /* first: visitors of kinds get it */
    const struct settling *settling;
    size_t met; /* 1 + index of the first of the entries whose key was met */
    bool lost;  /* there was no memory */
};

static struct waiter *entry_at(const struct ter_ephemerons *ephemerons, size_t index)
{
    return ter_weak_list_at(&ephemerons->entries, index - 1);
}

/* A reference that is traced next: what waits for it need wait no more. */
static void meet(struct watcher *watcher, uintptr_t object)
{
    struct ter_ephemerons *ephemerons = watcher->settling->ephemerons;
    const struct awaited *awaited =
        object == 0 ? NULL : ter_weak_table_find(&ephemerons->by_key, object);
    struct waiter *last;

    if (awaited == NULL)
        return;
    last = entry_at(ephemerons, awaited->first);
    for (; last->next != 0; last = entry_at(ephemerons, last->next))
        ephemerons->looks++;
    last->next = watcher->met;
    watcher->met = awaited->first;
    (void)ter_weak_table_remove(&ephemerons->by_key, object);
}

static void meet_word(struct ter_tracer *tracer, uintptr_t word)
{
    const struct ter_sft *owner;

    if (word - tracer->low >= tracer->span)
        return;
    owner = ter_sft_map_get(&tracer->arena->map, word);
    meet((struct watcher *)(void *)tracer, owner->find_object_from_interior(owner, word).bits);
}

static void meet_slot(struct ter_tracer *tracer, ter_slot slot)
{
    meet((struct watcher *)(void *)tracer, ter_slot_load(slot).bits);
}

static ter_object meet_object(struct ter_tracer *tracer, ter_object object)
{
    meet((struct watcher *)(void *)tracer, object.bits);
    return object;
}

static const struct ter_loop watching_loop = {
    .word = meet_word, .slot = meet_slot, .object = meet_object};

static void meet_part(struct watcher *watcher, const struct ter_kind *kind,
                      const struct ter_slots *part, uintptr_t start, uintptr_t end)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(part);
    size_t offset;

    while (ter_slot_cursor_next(&cursor, ter_kind_slot_bytes(kind), &offset) &&
           offset < end - start)
        meet(watcher, read_slot(kind, start + offset));
}

/* Of ephemerons the header alone: what their elements refer to is no reference yet. */
static void meet_layout(struct watcher *watcher, const struct ter_kind *kind, uintptr_t object,
                        size_t bytes)
{
    const struct listed listed = {object, bytes, kind};
    struct element_range range = elements_of(&listed);
    struct element element;

    meet_part(watcher, kind, &kind->layout->header, object, object + bytes);
    if (kind->ephemerons || kind->layout->element_bytes == 0)
        return;
    while (next_element(&range, &element))
        meet_part(watcher, kind, &kind->layout->element, element.start, range.end);
}

static void meet_words(struct watcher *watcher, uintptr_t start, uintptr_t end)
{
    for (; start < end; start += sizeof(uintptr_t))
        meet_word(&watcher->tracer, *(const uintptr_t *)start);
}

/*
 * Before the object is scanned, since then its slots may say where things are now. Not every
 * ambiguous word counts as a reference: an element whose key none of them reached waits again.
 */
static void meet_contents(struct watcher *watcher, uintptr_t object, size_t bytes,
                          const struct ter_kind *kind)
{
    if (kind->layout != NULL)
        meet_layout(watcher, kind, object, bytes);
    else if (kind->scan == TER_SCAN_VISITOR)
        kind->visitor(kind->context, &watcher->tracer.trace, object, bytes);
    else if (kind->scan == TER_SCAN_AMBIGUOUS)
        meet_words(watcher, object, object + bytes);
}

/* All of an object with ambiguous words at once, so that none is looked at by pieces. */
static void scan(struct watcher *watcher, struct ter_mark_entry entry)
{
    struct ter_tracer *tracer = watcher->settling->tracer;
    unsigned number = ter_mark_entry_kind(entry);
    const struct ter_kind *kind = &tracer->kinds[number];
    size_t bytes = ter_mark_entry_bytes(entry);

    meet_contents(watcher, entry.start, bytes, kind);
    if (kind->scan == TER_SCAN_AMBIGUOUS)
        ter_tracer_data(tracer, entry.start, entry.start + bytes);
    else
        ter_tracer_contents(tracer, entry.start, bytes, number);
}

static void wait_for(struct watcher *watcher, const struct element *element, uintptr_t key)
{
    struct ter_ephemerons *ephemerons = watcher->settling->ephemerons;
    struct awaited *awaited = NULL;
    struct waiter *entry;

    /* First, so that no key is awaited that nothing waits for. */
    if (ter_weak_list_reserve(&ephemerons->entries, 1))
        awaited = ter_weak_table_insert(&ephemerons->by_key, key);
    if (awaited == NULL) {
        watcher->lost = true;
        return;
    }
    entry = ter_weak_list_add(&ephemerons->entries);
    *entry = (struct waiter){*element, awaited->first};
    awaited->first = ephemerons->entries.count;
}

static void settle_element(struct watcher *watcher, const struct element *element)
{
    struct ter_slot_cursor values, again;
    uintptr_t address, key = key_of(element, &values, &address);

    watcher->settling->ephemerons->looks++;
    if (key != 0 && !was_reached(watcher->settling, key)) {
        wait_for(watcher, element, key);
        return;
    }
    again = values;
    while (next_slot(element, &again, &address))
        meet(watcher, read_slot(element->kind, address));
    trace_values(watcher->settling->tracer, element, values);
}

static void settle_met(struct watcher *watcher)
{
    struct ter_ephemerons *ephemerons = watcher->settling->ephemerons;
    struct element element = entry_at(ephemerons, watcher->met)->element;

    watcher->met = entry_at(ephemerons, watcher->met)->next;
    settle_element(watcher, &element);
}

static void settle_elements(struct watcher *watcher, const struct listed *table)
{
    struct element_range range = elements_of(table);
    struct element element;

    while (has_values(table->kind) && next_element(&range, &element))
        settle_element(watcher, &element);
}

/* One thing that is to be done; false: there is none. */
static bool settle_next(struct watcher *watcher)
{
    struct ter_ephemerons *ephemerons = watcher->settling->ephemerons;
    struct ter_mark_entry entry;

    if (ter_mark_stack_pop(&watcher->settling->tracer->stack, &entry)) {
        scan(watcher, entry);
    } else if (watcher->met != 0) {
        settle_met(watcher);
    } else if (ephemerons->settled < ephemerons->tables.count) {
        struct listed table = *table_at(ephemerons, ephemerons->settled++);

        settle_elements(watcher, &table);
    } else {
        return false;
    }
    return true;
}

/* False: there was no memory. */
static bool settle_by_key(const struct settling *settling)
{
    struct ter_ephemerons *ephemerons = settling->ephemerons;
    struct ter_mark_stack *stack = &settling->tracer->stack;
    struct watcher watcher = {.tracer = *settling->tracer, .settling = settling};

    watcher.tracer.loop = &watching_loop;
    ephemerons->settled = 0;
    while (!watcher.lost && !stack->overflowed && settle_next(&watcher))
        continue;
    ephemerons->open = ephemerons->by_key.count;
    /* It is seldom needed. */
    ter_weak_table_fini(&ephemerons->by_key);
    ter_weak_list_fini(&ephemerons->entries);
    return !watcher.lost && !stack->overflowed;
}

/* Values whose keys are gone live until the next collection, but nobody reads them. */
static void keep_all_values(const struct settling *settling)
{
    struct ter_ephemerons *ephemerons = settling->ephemerons;

    drain_rest(settling);
    for (ephemerons->settled = 0; ephemerons->settled < ephemerons->tables.count;) {
        struct listed table = *table_at(ephemerons, ephemerons->settled++);

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
    struct settling settling = {ephemerons, tracer, reach};

    if (ephemerons->settled == ephemerons->tables.count &&
        (!ephemerons->stale || ephemerons->open == 0))
        return;
    if (settle_round(&settling) && settle_round(&settling) && !settle_by_key(&settling))
        keep_all_values(&settling);
    ephemerons->stale = false;
}

/* ---- Clearing ---- */

static void clear_element(const struct element *element, uintptr_t address,
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
    } while (next_slot(element, &values, &address));
}

static void clear_or_follow(const struct element *element, const struct ter_reach *reach,
                            bool follow)
{
    const struct ter_kind *kind = element->kind;
    struct ter_slot_cursor values;
    uintptr_t address, key = key_of(element, &values, &address), now;

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

static void clear_table(const struct listed *table, const struct ter_reach *reach, bool follow)
{
    struct element_range range = elements_of(table);
    struct element element;

    while (next_element(&range, &element))
        clear_or_follow(&element, reach, follow);
}

void ter_ephemerons_clear_weak(struct ter_ephemerons *ephemerons, const struct ter_reach *reach)
{
    for (size_t i = 0; i < ephemerons->tables.count; i++)
        if (!has_values(table_at(ephemerons, i)->kind))
            clear_table(table_at(ephemerons, i), reach, false);
}

void ter_ephemerons_finish(struct ter_ephemerons *ephemerons, const struct ter_reach *reach)
{
    for (size_t i = 0; i < ephemerons->tables.count; i++)
        clear_table(table_at(ephemerons, i), reach, true);
    ephemerons->tables.count = 0;
    ephemerons->collecting = false;
}

/* ---- Life ---- */

void ter_ephemerons_begin(struct ter_ephemerons *ephemerons)
{
    ephemerons->tables.count = 0;
    ephemerons->settled = ephemerons->open = ephemerons->looks = 0;
    ephemerons->collecting = ephemerons->stale = true;
}

void ter_ephemerons_init(struct ter_ephemerons *ephemerons)
{
    ter_mutex_init(&ephemerons->lock);
    ter_weak_list_init(&ephemerons->tables, sizeof(struct listed));
    ter_weak_list_init(&ephemerons->entries, sizeof(struct waiter));
    ter_weak_table_init(&ephemerons->by_key, sizeof(struct awaited));
}

void ter_ephemerons_fini(struct ter_ephemerons *ephemerons)
{
    ter_weak_table_fini(&ephemerons->by_key);
    ter_weak_list_fini(&ephemerons->entries);
    ter_weak_list_fini(&ephemerons->tables);
    ter_mutex_fini(&ephemerons->lock);
}
