/* SPDX-License-Identifier: MIT */
#include "see/interned.h"

#include <string.h>

struct named {
    uintptr_t key;
    size_t number;
};

void ter_interned_init(struct ter_interned *interned)
{
    ter_weak_table_init(&interned->by_hash, sizeof(struct named));
    ter_weak_list_init(&interned->starts, sizeof(size_t));
    ter_weak_list_init(&interned->sizes, sizeof(size_t));
    ter_weak_list_init(&interned->bytes, 1);
}

void ter_interned_fini(struct ter_interned *interned)
{
    ter_weak_table_fini(&interned->by_hash);
    ter_weak_list_fini(&interned->starts);
    ter_weak_list_fini(&interned->sizes);
    ter_weak_list_fini(&interned->bytes);
}

const void *ter_interned_at(const struct ter_interned *interned, size_t number, size_t *size)
{
    const size_t *start = ter_weak_list_at(&interned->starts, number);

    *size = *(const size_t *)ter_weak_list_at(&interned->sizes, number);
    return ter_weak_list_at(&interned->bytes, *start);
}

/* A key of the table, which is not 0. */
static uintptr_t hash_of(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = size;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return (uintptr_t)ter_spread(hash) | 1u;
}

static size_t append(struct ter_interned *interned, const void *bytes, size_t size)
{
    size_t whole = ter_align_up(size, sizeof(uint64_t)), *start, *its_size;

    if (!ter_weak_list_reserve(&interned->bytes, whole) ||
        !ter_weak_list_reserve(&interned->starts, 1) || !ter_weak_list_reserve(&interned->sizes, 1))
        return TER_NOT_INTERNED;
    start = ter_weak_list_add(&interned->starts);
    its_size = ter_weak_list_add(&interned->sizes);
    *start = interned->bytes.count;
    *its_size = size;
    if (size > 0)
        memcpy(ter_weak_list_at(&interned->bytes, *start), bytes, size);
    interned->bytes.count += whole;
    return interned->sizes.count - 1;
}

static bool is_string(const struct ter_interned *interned, size_t number, const void *bytes,
                      size_t size)
{
    size_t its_size;
    const void *there = ter_interned_at(interned, number, &its_size);

    return its_size == size && (size == 0 || memcmp(there, bytes, size) == 0);
}

/* Strings of one hash have keys one behind the other. */
size_t ter_interned_number(struct ter_interned *interned, const void *bytes, size_t size)
{
    uintptr_t key = hash_of(bytes, size);
    struct named *entry;
    size_t number;

    while ((entry = ter_weak_table_find(&interned->by_hash, key)) != NULL) {
        if (is_string(interned, entry->number, bytes, size))
            return entry->number;
        key += 2;
    }
    entry = ter_weak_table_insert(&interned->by_hash, key);
    if (entry == NULL)
        return TER_NOT_INTERNED;
    number = append(interned, bytes, size);
    if (number == TER_NOT_INTERNED)
        ter_weak_table_remove(&interned->by_hash, key);
    else
        entry->number = number;
    return number;
}

static bool copy_list(struct ter_weak_list *copy, const struct ter_weak_list *list)
{
    if (list->count == 0)
        return true;
    if (!ter_weak_list_reserve(copy, list->count))
        return false;
    memcpy(copy->items, list->items, list->count * list->item_bytes);
    copy->count = list->count;
    return true;
}

bool ter_interned_copy(struct ter_interned *copy, const struct ter_interned *interned)
{
    ter_interned_init(copy);
    if (copy_list(&copy->starts, &interned->starts) && copy_list(&copy->sizes, &interned->sizes) &&
        copy_list(&copy->bytes, &interned->bytes))
        return true;
    ter_interned_fini(copy);
    return false;
}
