/* SPDX-License-Identifier: MIT */
#include "cycle/search.h"

#define FIRST_FOUND 4096u

/* Granules of a KiB, by the number of the KiB. */
struct seen_word {
    uintptr_t key;
    uint64_t bits;
};

/* A value of an ephemeron, found in number `holder`. */
struct parked {
    struct ter_edge edge;
    size_t holder;
    size_t next; /* of the same key; 1 + index, 0: none */
};

struct parked_key {
    uintptr_t key;
    size_t last; /* 1 + index */
};

static size_t found_bytes(size_t capacity)
{
    return capacity * sizeof(struct ter_found);
}

void ter_search_init(struct ter_search *search)
{
    *search = (struct ter_search){.status = TER_OK};
    ter_weak_table_init(&search->seen, sizeof(struct seen_word));
    ter_weak_list_init(&search->values, sizeof(struct parked));
    ter_weak_table_init(&search->by_key, sizeof(struct parked_key));
}

void ter_search_fini(struct ter_search *search)
{
    if (search->found != NULL)
        ter_os_release((uintptr_t)search->found, found_bytes(search->capacity));
    ter_weak_table_fini(&search->seen);
    ter_weak_list_fini(&search->values);
    ter_weak_table_fini(&search->by_key);
}

static bool reserve_one(struct ter_search *search)
{
    size_t capacity = ter_max(search->capacity * 2, (size_t)FIRST_FOUND);
    void *memory = search->found;

    if (search->count < search->capacity)
        return true;
    if (ter_os_reallocate(&memory, found_bytes(search->capacity), found_bytes(capacity)) != TER_OK)
        return false;
    search->found = memory;
    search->capacity = capacity;
    return true;
}

/* The word of the set that the object's bit lies in; NULL: no memory. */
static uint64_t *seen_bits(struct ter_search *search, uintptr_t object)
{
    struct seen_word *word =
        ter_weak_table_insert(&search->seen, object >> TER_LOG_BYTES_IN_BIT_WORD);

    return word != NULL ? &word->bits : NULL;
}

static void add_found(struct ter_search *search, const struct ter_edge *edge)
{
    search->found[search->count++] = (struct ter_found){.object = edge->object,
                                                        .holder = search->holder,
                                                        .word = edge->word,
                                                        .place = edge->place,
                                                        .exact = edge->exact};
    if (edge->object == search->wanted)
        search->at = search->count;
}

static bool is_over(const struct ter_search *search)
{
    return search->at != 0 || search->status != TER_OK;
}

static bool is_seen(const struct ter_search *search, uintptr_t object)
{
    const struct seen_word *word =
        ter_weak_table_find(&search->seen, object >> TER_LOG_BYTES_IN_BIT_WORD);

    return word != NULL && (word->bits & ter_bits_mask(object)) != 0;
}

static void park(struct ter_search *search, const struct ter_edge *edge)
{
    struct parked *place = ter_weak_list_add(&search->values);
    struct parked_key *key = NULL;

    if (place != NULL)
        key = ter_weak_table_insert(&search->by_key, edge->key);
    if (key == NULL) {
        search->status = TER_ERROR_NO_MEMORY;
        return;
    }
    *place = (struct parked){*edge, search->holder, key->last};
    place->edge.key = 0;
    key->last = search->values.count;
}

static void follow_edge(struct ter_search *search, const struct ter_edge *edge)
{
    uint64_t mask = ter_bits_mask(edge->object), *bits = seen_bits(search, edge->object);

    if (bits == NULL || !reserve_one(search)) {
        search->status = TER_ERROR_NO_MEMORY;
    } else if ((*bits & mask) == 0) {
        *bits |= mask;
        add_found(search, edge);
    }
}

void ter_search_edge(void *context, const struct ter_edge *edge)
{
    struct ter_search *search = context;

    if (edge->weak || is_over(search) || (search->without & TER_WITHOUT(edge->place)) != 0)
        return;
    if (edge->key != 0 && !is_seen(search, edge->key))
        park(search, edge);
    else
        follow_edge(search, edge);
}

/* The object was found: so values of which it is the key count. */
static void follow_values(struct ter_search *search, uintptr_t object)
{
    const struct parked_key *key = ter_weak_table_find(&search->by_key, object);
    const struct parked *value;

    for (size_t at = key == NULL ? 0 : key->last; at != 0 && !is_over(search); at = value->next) {
        value = ter_weak_list_at(&search->values, at - 1);
        search->holder = value->holder;
        follow_edge(search, &value->edge);
    }
}

void ter_search_objects(struct ter_search *search, struct ter_edges *edges)
{
    for (size_t next = 0; next < search->count && !is_over(search); next++) {
        uintptr_t object = search->found[next].object;

        follow_values(search, object);
        search->holder = next + 1;
        ter_edges_of_object(edges, object);
    }
}

size_t ter_search_turn(struct ter_search *search, size_t at)
{
    size_t behind = 0;

    while (at != 0) {
        struct ter_found *found = &search->found[at - 1];
        size_t before = found->holder;

        found->holder = behind;
        behind = at;
        at = before;
    }
    return behind;
}
