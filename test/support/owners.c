/* SPDX-License-Identifier: MIT */
#include "owners.h"

void owners_init(struct owners *owners, uintptr_t first, uintptr_t last, uintptr_t region_bytes)
{
    owners->first = first;
    owners->last = last;
    owners->region_bytes = region_bytes;
    owners->count = 0;
}

bool owners_cover(const struct owners *owners, uintptr_t word)
{
    return owners->first <= word && word <= owners->last;
}

unsigned owners_find(const struct owners *owners, uintptr_t word)
{
    for (size_t i = 0; i < owners->count; i++)
        if (owners->list[i].first <= word && word <= owners->list[i].last)
            return owners->list[i].owner;
    return 0;
}

bool owners_round_out(const struct owners *owners, uintptr_t start, uintptr_t bytes,
                      uintptr_t *first, uintptr_t *last)
{
    uintptr_t end = start + (bytes - 1);

    if (bytes == 0 || end < start || !owners_cover(owners, start) || !owners_cover(owners, end))
        return false;
    *first = start - (start - owners->first) % owners->region_bytes;
    *last = end - (end - owners->first) % owners->region_bytes + (owners->region_bytes - 1);
    return true;
}

/* The lowest region of [first, last] that belongs to another than `owner`. */
static bool find_other(const struct owners *owners, unsigned owner, uintptr_t first, uintptr_t last,
                       struct owned *other)
{
    bool found = false;

    for (size_t i = 0; i < owners->count; i++) {
        const struct owned *there = &owners->list[i];
        uintptr_t from = there->first < first ? first : there->first;

        if (there->owner == owner || there->last < first || there->first > last)
            continue;
        if (!found || from < other->first)
            *other = (struct owned){from, there->last, there->owner};
        found = true;
    }
    return found;
}

static void add(struct owners *owners, uintptr_t first, uintptr_t last, unsigned owner)
{
    assert_true(owners->count < OWNERS_MOST);
    owners->list[owners->count++] = (struct owned){first, last, owner};
}

/* Cuts [first, last] out of the list. */
static void cut(struct owners *owners, uintptr_t first, uintptr_t last)
{
    for (size_t i = 0; i < owners->count;) {
        struct owned there = owners->list[i];

        if (there.last < first || there.first > last) {
            i++;
            continue;
        }
        owners->list[i] = owners->list[--owners->count];
        if (there.first < first)
            add(owners, there.first, first - 1, there.owner);
        if (there.last > last)
            add(owners, last + 1, there.last, there.owner);
    }
}

static ter_status change(struct owners *owners, unsigned owner, unsigned becomes, uintptr_t start,
                         uintptr_t bytes, struct owned *other)
{
    uintptr_t first, last;

    if (!owners_round_out(owners, start, bytes, &first, &last))
        return TER_ERROR_OUT_OF_RANGE;
    if (find_other(owners, owner, first, last, other))
        return TER_ERROR_OWNED;
    cut(owners, first, last);
    if (becomes != 0)
        add(owners, first, last, becomes);
    return TER_OK;
}

ter_status owners_claim(struct owners *owners, unsigned owner, uintptr_t start, uintptr_t bytes,
                        struct owned *other)
{
    return change(owners, owner, owner, start, bytes, other);
}

ter_status owners_release(struct owners *owners, unsigned owner, uintptr_t start, uintptr_t bytes,
                          struct owned *other)
{
    return change(owners, owner, 0, start, bytes, other);
}

static int compare(const void *left, const void *right)
{
    const struct owned *a = left, *b = right;

    return a->first < b->first ? -1 : a->first > b->first;
}

void owners_sort(struct owners *owners)
{
    size_t kept = 0;

    qsort(owners->list, owners->count, sizeof owners->list[0], compare);
    for (size_t i = 0; i < owners->count; i++) {
        struct owned here = owners->list[i];

        if (kept > 0 && owners->list[kept - 1].owner == here.owner &&
            owners->list[kept - 1].last + 1 == here.first)
            owners->list[kept - 1].last = here.last;
        else
            owners->list[kept++] = here;
    }
    owners->count = kept;
}
