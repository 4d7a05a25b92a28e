/* SPDX-License-Identifier: MIT */
/*
 * A hash table from the number of a region to its value, with linear probing. A region that is not
 * in it has the value 0. It is never more than half full; entries are never taken out.
 */
#include "metadata/metadata.h"

struct shadow_entry {
    uintptr_t region; /* number of the region plus 1; 0: free */
    uint64_t value;
};

struct ter_side_shadow {
    struct ter_lock lock;
    struct shadow_entry *entries;
    size_t capacity; /* power of two */
    size_t used;
};

#define FIRST_CAPACITY 4096u

static size_t shadow_bytes(size_t capacity)
{
    return ter_align_up(capacity * sizeof(struct shadow_entry), ter_os_page_size());
}

ter_status ter_side_shadow_attach(struct ter_side_table *table)
{
    size_t page = ter_os_page_size();
    struct ter_side_shadow *shadow;
    void *memory;
    ter_status status;

    if (!TER_CHECKED_SIDE)
        return TER_OK;
    TER_CHECK(table->shadow == NULL && table->log_bits <= TER_SIDE_LOG_VALUE_BITS);
    status = ter_os_allocate(page, &memory);
    if (status != TER_OK)
        return status;
    shadow = memory;
    status = ter_os_allocate(shadow_bytes(FIRST_CAPACITY), &memory);
    if (status != TER_OK) {
        ter_os_release((uintptr_t)shadow, page);
        return status;
    }
    shadow->entries = memory;
    shadow->capacity = FIRST_CAPACITY;
    ter_lock_init(&shadow->lock, TER_RANK_SHADOW);
    table->shadow = shadow;
    return TER_OK;
}

void ter_side_shadow_detach(struct ter_side_table *table)
{
    struct ter_side_shadow *shadow = table->shadow;

    if (shadow == NULL)
        return;
    table->shadow = NULL;
    ter_lock_fini(&shadow->lock);
    ter_os_release((uintptr_t)shadow->entries, shadow_bytes(shadow->capacity));
    ter_os_release((uintptr_t)shadow, ter_os_page_size());
}

void ter_side_shadow_lock(struct ter_side_shadow *shadow)
{
    ter_lock_acquire(&shadow->lock);
}

void ter_side_shadow_unlock(struct ter_side_shadow *shadow)
{
    ter_lock_release(&shadow->lock);
}

/* The entry of the region, or the free one where it belongs. */
static struct shadow_entry *shadow_slot(const struct ter_side_shadow *shadow, uintptr_t region)
{
    size_t at = (size_t)((uint64_t)region * UINT64_C(0x9e3779b97f4a7c15) >> 20);

    for (;; at++) {
        struct shadow_entry *entry = &shadow->entries[at & (shadow->capacity - 1)];

        if (entry->region == region || entry->region == 0)
            return entry;
    }
}

static void grow_shadow(struct ter_side_shadow *shadow)
{
    struct shadow_entry *old = shadow->entries;
    size_t old_capacity = shadow->capacity;
    void *memory;

    if (ter_os_allocate(shadow_bytes(old_capacity * 2), &memory) != TER_OK)
        ter_fatal("no memory for the content check of side metadata");
    shadow->entries = memory;
    shadow->capacity = old_capacity * 2;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].region != 0)
            *shadow_slot(shadow, old[i].region) = old[i];
    ter_os_release((uintptr_t)old, shadow_bytes(old_capacity));
}

static uintptr_t shadow_region(const struct ter_side_table *table, uintptr_t address)
{
    return (address >> table->log_region) + 1;
}

void ter_side_shadow_note(const struct ter_side_table *table, uintptr_t address, uint64_t now)
{
    struct ter_side_shadow *shadow = table->shadow;
    uintptr_t region = shadow_region(table, address);
    struct shadow_entry *entry = shadow_slot(shadow, region);

    if (entry->region == 0) {
        if (now == 0)
            return;
        if (shadow->used * 2 >= shadow->capacity) {
            grow_shadow(shadow);
            entry = shadow_slot(shadow, region);
        }
        shadow->used++;
        entry->region = region;
    }
    entry->value = now;
}

static const char *table_name(const struct ter_side_table *table)
{
    const struct ter_side_metadata *side = table->side;

    for (unsigned id = 0; side != NULL && id < side->count; id++)
        if (side->tables[id].shadow == table->shadow)
            return side->specs[id].name;
    return "of a table of its own";
}

static void compare_values(const struct ter_side_table *table, uintptr_t address, uint64_t stored,
                           uint64_t seen)
{
    if (stored != seen)
        ter_fatal("side metadata %s for address %#zx is %#llx, but %#llx was stored",
                  table_name(table), (size_t)address, (unsigned long long)seen,
                  (unsigned long long)stored);
}

void ter_side_shadow_compare(const struct ter_side_table *table, uintptr_t address, uint64_t seen)
{
    compare_values(table, address, shadow_slot(table->shadow, shadow_region(table, address))->value,
                   seen);
}

void ter_side_shadow_note_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                uint64_t now)
{
    struct ter_side_shadow *shadow = table->shadow;
    uintptr_t first = shadow_region(table, start), count = (end - start) >> table->log_region;

    /* A long range of zeros: look at what there is rather than at every region. */
    if (now == 0 && count > shadow->capacity) {
        for (size_t i = 0; i < shadow->capacity; i++)
            if (shadow->entries[i].region - first < count)
                shadow->entries[i].value = 0;
        return;
    }
    for (; start < end; start += (uintptr_t)1 << table->log_region)
        ter_side_shadow_note(table, start, now);
}

void ter_side_shadow_verify(const struct ter_side_table *table)
{
    struct ter_side_shadow *shadow = table->shadow;

    if (!ter_side_is_shadowed(table))
        return;
    ter_lock_acquire(&shadow->lock);
    for (size_t i = 0; i < shadow->capacity; i++) {
        const struct shadow_entry *entry = &shadow->entries[i];
        uintptr_t address = (entry->region - 1) << table->log_region;

        if (entry->region != 0)
            compare_values(table, address, entry->value,
                           ter_side_raw_load(table, address, __ATOMIC_RELAXED));
    }
    ter_lock_release(&shadow->lock);
}
