/* SPDX-License-Identifier: MIT */
#include "see/object_set.h"

struct region_key {
    uintptr_t key;
    size_t index; /* and 1 */
};

void ter_object_set_init(struct ter_object_set *set)
{
    *set = (struct ter_object_set){.count = 0};
    ter_weak_list_init(&set->regions, sizeof(struct ter_object_region));
    ter_weak_table_init(&set->by_start, sizeof(struct region_key));
}

void ter_object_set_fini(struct ter_object_set *set)
{
    ter_weak_table_fini(&set->by_start);
    ter_weak_list_fini(&set->regions);
}

static uintptr_t key_of_object(uintptr_t object)
{
    return (object >> TER_LOG_BYTES_IN_REGION) + 1;
}

static unsigned word_in_region(uintptr_t object)
{
    return (unsigned)(object >> TER_LOG_BYTES_IN_BIT_WORD) % TER_REGION_WORDS;
}

static struct ter_object_region *region_at(const struct ter_object_set *set, size_t index)
{
    return ter_weak_list_at(&set->regions, index);
}

/* Most look-ups are near the one before. */
static struct ter_object_region *find_region(struct ter_object_set *set, uintptr_t object)
{
    uintptr_t key = key_of_object(object);
    const struct region_key *found;

    if (TER_LIKELY(key == set->last_key))
        return region_at(set, set->last);
    found = ter_weak_table_find(&set->by_start, key);
    if (found == NULL)
        return NULL;
    set->last_key = key;
    set->last = found->index - 1;
    return region_at(set, set->last);
}

static struct ter_object_region *add_region(struct ter_object_set *set, uintptr_t object)
{
    struct ter_object_region *region = ter_weak_list_add(&set->regions);
    struct region_key *key;

    if (region == NULL)
        return NULL;
    *region = (struct ter_object_region){
        .start = ter_align_down(object, (uintptr_t)1 << TER_LOG_BYTES_IN_REGION)};
    key = ter_weak_table_insert(&set->by_start, key_of_object(object));
    if (key == NULL)
        return NULL;
    key->index = set->regions.count;
    return region;
}

bool ter_object_set_add(struct ter_object_set *set, uintptr_t object)
{
    struct ter_object_region *region = find_region(set, object);

    if (region == NULL)
        region = add_region(set, object);
    if (region == NULL)
        return false;
    region->members[word_in_region(object)] |= ter_bits_mask(object);
    return true;
}

static size_t number_region(struct ter_object_region *region, size_t first)
{
    unsigned count = 0;

    region->first = first;
    for (unsigned word = 0; word < TER_REGION_WORDS; word++) {
        region->before[word] = (uint16_t)count;
        count += (unsigned)__builtin_popcountll(region->members[word]);
    }
    return first + count;
}

size_t ter_object_set_number(struct ter_object_set *set)
{
    size_t next = 0;

    for (size_t i = 0; i < set->regions.count; i++)
        next = number_region(region_at(set, i), next);
    set->count = next;
    return next;
}

size_t ter_object_set_find(struct ter_object_set *set, uintptr_t object)
{
    const struct ter_object_region *region = find_region(set, object);
    uint64_t mask = ter_bits_mask(object);
    unsigned word = word_in_region(object);

    if (region == NULL || (region->members[word] & mask) == 0)
        return TER_NO_OBJECT;
    return region->first + region->before[word] +
           (size_t)__builtin_popcountll(region->members[word] & (mask - 1));
}

bool ter_object_set_mark(struct ter_object_set *set, uintptr_t object)
{
    struct ter_object_region *region = find_region(set, object);
    uint64_t mask = ter_bits_mask(object);
    unsigned word = word_in_region(object);

    if (region == NULL || (region->members[word] & mask) == 0 || (region->marks[word] & mask) != 0)
        return false;
    region->marks[word] |= mask;
    return true;
}

bool ter_object_set_is_marked(struct ter_object_set *set, uintptr_t object)
{
    const struct ter_object_region *region = find_region(set, object);

    return region != NULL && (region->marks[word_in_region(object)] & ter_bits_mask(object)) != 0;
}

/* The visitor may set marks: what it is told is read before. */
void ter_object_set_for_each(const struct ter_object_set *set,
                             void (*visit)(void *context, uintptr_t object, bool is_marked),
                             void *context)
{
    for (size_t i = 0; i < set->regions.count; i++) {
        const struct ter_object_region *region = region_at(set, i);

        for (unsigned word = 0; word < TER_REGION_WORDS; word++)
            for (uint64_t left = region->members[word]; left != 0; left &= left - 1) {
                unsigned bit = (unsigned)__builtin_ctzll(left);
                uintptr_t object = region->start + ((uintptr_t)word << TER_LOG_BYTES_IN_BIT_WORD) +
                                   ((uintptr_t)bit << TER_LOG_BYTES_IN_GRANULE);

                visit(context, object, (region->marks[word] >> bit & 1) != 0);
            }
    }
}
