/* SPDX-License-Identifier: MIT */
#include "weak/settling.h"

#include "weak/weak.h"

/*
 * Elements that wait for their key, in a table by key. While it lasts, what is reached is scanned
 * here, object by object, and every reference that is met is looked up in that table: so that each
 * object and each element is looked at once, however the elements hang together.
 */
struct waiter {
    struct ter_element element;
    size_t next; /* of the same key, or of those whose key was met; 1 + index, 0: none */
};

struct awaited {
    uintptr_t key;
    size_t first; /* 1 + index of an entry */
};

struct watcher {
    struct ter_tracer tracer; /* first: visitors of kinds get it */
    const struct ter_settling *settling;
    struct ter_weak_list entries; /* waiters, linked by key */
    struct ter_weak_table by_key;
    size_t met; /* 1 + index of the first of the entries whose key was met */
    bool lost;  /* there was no memory */
};

static struct waiter *entry_at(const struct watcher *watcher, size_t index)
{
    return ter_weak_list_at(&watcher->entries, index - 1);
}

/* A reference that is traced next: what waits for it need wait no more. */
static void meet(struct watcher *watcher, uintptr_t object)
{
    const struct awaited *awaited =
        object == 0 ? NULL : ter_weak_table_find(&watcher->by_key, object);
    struct waiter *last;

    if (awaited == NULL)
        return;
    last = entry_at(watcher, awaited->first);
    for (; last->next != 0; last = entry_at(watcher, last->next))
        watcher->settling->ephemerons->looks++;
    last->next = watcher->met;
    watcher->met = awaited->first;
    (void)ter_weak_table_remove(&watcher->by_key, object);
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
        meet(watcher, ter_element_read(kind, start + offset));
}

/* Of ephemerons the header alone: what their elements refer to is no reference yet. */
static void meet_layout(struct watcher *watcher, const struct ter_kind *kind, uintptr_t object,
                        size_t bytes)
{
    struct ter_element_range range = ter_elements_of(kind, object, bytes);
    struct ter_element element;

    meet_part(watcher, kind, &kind->layout->header, object, object + bytes);
    if (kind->ephemerons || kind->layout->element_bytes == 0)
        return;
    while (ter_elements_next(&range, &element))
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
        kind->visitor(kind->context, &watcher->tracer.trace, object,
                      ter_foreign_own_bytes(&watcher->tracer.arena->foreign, object, bytes));
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

static void wait_for(struct watcher *watcher, const struct ter_element *element, uintptr_t key)
{
    struct awaited *awaited = NULL;
    struct waiter *entry;

    /* First, so that no key is awaited that nothing waits for. */
    if (ter_weak_list_reserve(&watcher->entries, 1))
        awaited = ter_weak_table_insert(&watcher->by_key, key);
    if (awaited == NULL) {
        watcher->lost = true;
        return;
    }
    entry = ter_weak_list_add(&watcher->entries);
    *entry = (struct waiter){*element, awaited->first};
    awaited->first = watcher->entries.count;
}

static void settle_element(struct watcher *watcher, const struct ter_element *element)
{
    struct ter_slot_cursor values, again;
    uintptr_t address, key = ter_element_key(element, &values, &address);

    watcher->settling->ephemerons->looks++;
    if (key != 0 && !ter_settling_reached(watcher->settling, key)) {
        wait_for(watcher, element, key);
        return;
    }
    again = values;
    while (ter_element_next_slot(element, &again, &address))
        meet(watcher, ter_element_read(element->kind, address));
    ter_element_trace(watcher->settling->tracer, element, values);
}

static void settle_met(struct watcher *watcher)
{
    struct ter_element element = entry_at(watcher, watcher->met)->element;

    watcher->met = entry_at(watcher, watcher->met)->next;
    settle_element(watcher, &element);
}

static void settle_elements(struct watcher *watcher, const struct ter_ephemeron_table *table)
{
    struct ter_element_range range = table->elements;
    struct ter_element element;

    while (ter_elements_have_values(table->kind) && ter_elements_next(&range, &element))
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
        struct ter_ephemeron_table table =
            *ter_ephemeron_table_at(ephemerons, ephemerons->settled++);

        settle_elements(watcher, &table);
    } else {
        return false;
    }
    return true;
}

bool ter_settle_by_key(const struct ter_settling *settling)
{
    const struct ter_mark_stack *stack = &settling->tracer->stack;
    struct watcher watcher = {.tracer = *settling->tracer, .settling = settling};

    watcher.tracer.loop = &watching_loop;
    ter_weak_list_init(&watcher.entries, sizeof(struct waiter));
    ter_weak_table_init(&watcher.by_key, sizeof(struct awaited));
    settling->ephemerons->settled = 0;
    while (!watcher.lost && !stack->overflowed && settle_next(&watcher))
        continue;
    settling->ephemerons->open = watcher.by_key.count;
    ter_weak_table_fini(&watcher.by_key);
    ter_weak_list_fini(&watcher.entries);
    return !watcher.lost && !stack->overflowed;
}
