/* SPDX-License-Identifier: MIT */
#include "barrier/check.h"

#define FIRST_CHECKED 4096u

/* ---- Arrays ---- */

static bool grow_checked(struct ter_checked_array *array)
{
    size_t bytes = array->capacity * array->item_bytes;
    size_t capacity = ter_max(array->capacity * 2, (size_t)FIRST_CHECKED);
    ter_status status = ter_os_reallocate(&array->items, bytes, capacity * array->item_bytes);

    if (status == TER_OK)
        array->capacity = capacity;
    return status == TER_OK;
}

/* A place for one more; NULL: no memory. */
static void *add_checked(struct ter_checked_array *array)
{
    if (array->count == array->capacity && !grow_checked(array))
        return NULL;
    return (char *)array->items + array->item_bytes * array->count++;
}

static void free_checked(struct ter_checked_array *array)
{
    if (array->items != NULL)
        ter_os_release((uintptr_t)array->items, array->capacity * array->item_bytes);
    *array = (struct ter_checked_array){.item_bytes = array->item_bytes};
}

static struct ter_checked_object *checked_at(const struct ter_barrier_check *check, size_t index)
{
    return (struct ter_checked_object *)check->objects.items + index;
}

static struct ter_checked_slot *checked_slots(const struct ter_barrier_check *check,
                                              const struct ter_checked_object *object)
{
    return (struct ter_checked_slot *)check->slots.items + object->first_slot;
}

/* ---- The table ---- */

static size_t checked_bucket(const struct ter_barrier_check *check, uintptr_t object)
{
    uint64_t hash = ter_spread(object >> TER_LOG_BYTES_IN_GRANULE);

    return (size_t)(hash >> 32) & (check->bucket_count - 1);
}

static struct ter_checked_object *find_checked(const struct ter_barrier_check *check,
                                               uintptr_t object)
{
    size_t bucket;

    if (check->bucket_count == 0 || check->incomplete)
        return NULL;
    bucket = checked_bucket(check, object);
    while (check->buckets[bucket] != 0) {
        struct ter_checked_object *found = checked_at(check, check->buckets[bucket] - 1);

        if (found->object == object)
            return found;
        bucket = (bucket + 1) & (check->bucket_count - 1);
    }
    return NULL;
}

static void free_checked_buckets(struct ter_barrier_check *check)
{
    if (check->buckets != NULL)
        ter_os_release((uintptr_t)check->buckets, check->bucket_count * sizeof *check->buckets);
    check->buckets = NULL;
    check->bucket_count = 0;
}

/* At most half full. */
static bool make_checked_buckets(struct ter_barrier_check *check)
{
    size_t count = FIRST_CHECKED;
    void *memory;

    while (count < 2 * check->objects.count)
        count *= 2;
    if (ter_os_allocate_named(count * sizeof *check->buckets, "terrier:barriers", &memory) !=
        TER_OK)
        return false;
    check->buckets = memory;
    check->bucket_count = count;
    for (size_t i = 0; i < check->objects.count; i++) {
        size_t bucket = checked_bucket(check, checked_at(check, i)->object);

        while (check->buckets[bucket] != 0)
            bucket = (bucket + 1) & (count - 1);
        check->buckets[bucket] = i + 1;
    }
    return true;
}

/* ---- Slots ---- */

/* What the slot refers to now. Who visits says which words are slots, so those are plain ones. */
static uintptr_t referent(const struct ter_kind *kind, uintptr_t slot)
{
    return ter_slot_read(&kind->slots, (enum ter_slot_form)kind->slots.form, slot);
}

TER_COLD TER_NORETURN static void barrier_missing(const struct ter_checked_object *object,
                                                  const struct ter_checked_slot *slot)
{
    const struct ter_kind_details *details = object->kind->details;

    ter_fatal("check_barriers: the slot at +%zu of object %#zx (kind \"%s\") was stored to without "
              "a barrier: ter_write(mutator, object, slot, value) comes before such a store",
              (size_t)(slot->address - object->object), (size_t)object->object,
              details != NULL ? details->name : "");
}

static void compare_slot(const struct ter_checked_object *object,
                         const struct ter_checked_slot *slot)
{
    if (!slot->any && !object->any && referent(object->kind, slot->address) != slot->object)
        barrier_missing(object, slot);
}

/* ---- Noting ---- */

struct noting {
    struct ter_tracer tracer; /* first: visitors of kinds get it */
    struct ter_barrier_check *check;
    struct ter_checked_object object;
};

static void note_slot(struct noting *noting, uintptr_t address)
{
    struct ter_checked_slot *slot = add_checked(&noting->check->slots);

    if (slot == NULL) {
        noting->check->incomplete = true;
        return;
    }
    *slot = (struct ter_checked_slot){.address = address,
                                      .object = referent(noting->object.kind, address)};
    if (noting->object.slots != 0 && slot[-1].address >= address)
        noting->object.in_order = false;
    noting->object.slots++;
}

static void visited_slot(struct ter_tracer *tracer, ter_slot slot)
{
    note_slot((struct noting *)(void *)tracer, slot.address);
}

/* Words that may be references, and references that lie in no slot, are not looked at. */
static void visited_word(struct ter_tracer *tracer, uintptr_t word)
{
    (void)tracer, (void)word;
}

static ter_object visited_object(struct ter_tracer *tracer, ter_object object)
{
    (void)tracer;
    return object;
}

static const struct ter_loop visitor_loop = {
    .word = visited_word, .slot = visited_slot, .object = visited_object};

static void note_slot_of_layout(void *context, uintptr_t address)
{
    note_slot(context, address);
}

static void require_size(const struct ter_kind *kind, uintptr_t object, size_t bytes)
{
    size_t says = ter_kind_size(kind, object, bytes);

    TER_REQUIRE(says <= bytes,
                "check_barriers: kind \"%s\" says that object %#zx has %zu bytes, but %zu were "
                "given for it: its size is to be what was asked for",
                kind->details->name, (size_t)object, says, bytes);
}

static void note_slots(struct noting *noting, uintptr_t object, size_t bytes)
{
    const struct ter_kind *kind = noting->object.kind;

    /* Ephemerons too, whose visitor is the collector's. */
    if (kind->layout != NULL)
        ter_layout_for_each_slot(kind, object, object + bytes, note_slot_of_layout, noting);
    else
        kind->visitor(kind->context, &noting->tracer.trace, object, bytes);
}

void ter_barrier_check_note(struct ter_barrier_check *check, uintptr_t object, size_t bytes,
                            const struct ter_kind *kind)
{
    struct noting noting = {.tracer = {.loop = &visitor_loop}, .check = check};
    struct ter_checked_object *place;

    require_size(kind, object, bytes);
    if (!ter_kind_trusts_contents(kind) || kind->remembered || check->incomplete)
        return;
    noting.object = (struct ter_checked_object){
        .object = object, .kind = kind, .first_slot = check->slots.count, .in_order = true};
    note_slots(&noting, object, bytes);
    place = add_checked(&check->objects);
    if (place == NULL)
        check->incomplete = true;
    else
        *place = noting.object;
}

/* ---- Collections ---- */

void ter_barrier_check_compare(const struct ter_barrier_check *check)
{
    for (size_t i = 0; i < check->objects.count && !check->incomplete; i++) {
        const struct ter_checked_object *object = checked_at(check, i);
        const struct ter_checked_slot *slots = checked_slots(check, object);

        for (size_t j = 0; j < object->slots; j++)
            compare_slot(object, &slots[j]);
    }
}

void ter_barrier_check_begin(struct ter_barrier_check *check)
{
    free_checked_buckets(check);
    check->objects.count = check->slots.count = 0;
    check->incomplete = false;
}

void ter_barrier_check_end(struct ter_barrier_check *check)
{
    if (!check->incomplete && make_checked_buckets(check))
        return;
    check->incomplete = true;
    ter_log(TER_LOG_WARNING, "check_barriers: no memory to write down all slots: stores up to the "
                             "next collection are not checked");
}

/* ---- Stores ---- */

static const struct ter_sft *checked_owner(const struct ter_barrier_check *check, uintptr_t word)
{
    return ter_sft_map_get(&check->allocator->large->arena->map, word);
}

static bool is_checked_object(const struct ter_barrier_check *check, uintptr_t word)
{
    const struct ter_sft *owner = checked_owner(check, word);

    return !ter_object_is_none(owner->find_object(owner, word));
}

static void require_checked(const struct ter_barrier_check *check, uintptr_t object,
                            const char *call)
{
    TER_REQUIRE(is_checked_object(check, object), "%s: %#zx is no object of this heap (owner: %s)",
                call, (size_t)object, checked_owner(check, object)->name);
}

/* Where to begin to look for slots from `address` on. */
static size_t first_slot_from(const struct ter_barrier_check *check,
                              const struct ter_checked_object *object, uintptr_t address)
{
    const struct ter_checked_slot *slots = checked_slots(check, object);
    size_t first = 0, end = object->in_order ? object->slots : 0;

    while (first < end) {
        size_t middle = first + (end - first) / 2;

        if (slots[middle].address < address)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

/* A slot of an object that is written down; NULL: a visitor has not reported it. */
static struct ter_checked_slot *find_slot(const struct ter_barrier_check *check,
                                          const struct ter_checked_object *object, uintptr_t slot)
{
    struct ter_checked_slot *slots = checked_slots(check, object);

    for (size_t i = first_slot_from(check, object, slot); i < object->slots; i++) {
        if (slots[i].address == slot)
            return &slots[i];
        if (object->in_order)
            break;
    }
    TER_REQUIRE(object->kind->scan == TER_SCAN_VISITOR,
                "ter_write: +%td is no slot of object %#zx (kind \"%s\")",
                (ptrdiff_t)(slot - object->object), (size_t)object->object,
                object->kind->details != NULL ? object->kind->details->name : "");
    return NULL;
}

static const struct ter_kind *checked_kind(const struct ter_barrier_check *check, uintptr_t object)
{
    const struct ter_space *space = ter_space_of(checked_owner(check, object));

    return &check->allocator->kinds[space->policy->object_kind(space, object)];
}

static void require_inside(const struct ter_barrier_check *check, uintptr_t object, uintptr_t start,
                           size_t bytes, const char *call)
{
    const struct ter_space *space = ter_space_of(checked_owner(check, object));
    size_t has = space->policy->object_bytes(space, object);

    TER_REQUIRE(start - object <= has && bytes <= has - (start - object),
                "%s: +%td lies outside of object %#zx, which has %zu bytes", call,
                (ptrdiff_t)(start - object), (size_t)object, has);
}

/*
 * What a word that is about to be stored refers to. A slot of 32 bits is announced by the object
 * itself; what a visitor makes of a word is not known.
 */
static uintptr_t announced(const struct ter_barrier_check *check, const struct ter_kind *kind,
                           uintptr_t word)
{
    uintptr_t object = kind->slots.form == TER_SLOTS_TAGGED
                           ? ter_slot_decode(&kind->slots, TER_SLOTS_TAGGED, word)
                           : word;

    TER_REQUIRE(object == 0 || is_checked_object(check, object),
                "ter_write: the value %#zx is no object of this heap (owner: %s); the object is of "
                "kind \"%s\"",
                (size_t)word, checked_owner(check, object)->name,
                kind->details != NULL ? kind->details->name : "");
    return object;
}

/*
 * A slot that two mutators announce stores to: whose comes last, or whether the first has come yet,
 * nobody knows.
 */
static void announce(const struct ter_checked_object *found, struct ter_checked_slot *known,
                     const struct ter_mutator *who, uintptr_t refers)
{
    if (known->who != NULL && known->who != who)
        known->any = true;
    compare_slot(found, known);
    known->who = who;
    known->object = refers;
}

void ter_barrier_check_write(struct ter_barrier_check *check, const struct ter_mutator *who,
                             uintptr_t object, uintptr_t slot, uintptr_t word)
{
    const struct ter_kind *kind;
    struct ter_checked_object *found;
    struct ter_checked_slot *known;
    uintptr_t refers;

    require_checked(check, object, "ter_write");
    require_inside(check, object, slot, 1, "ter_write");
    kind = checked_kind(check, object);
    /* Its words may be anything, the address of any byte too, and none of them was written down. */
    if (kind->scan == TER_SCAN_AMBIGUOUS)
        return;
    refers = announced(check, kind, word);
    ter_lock_acquire(&check->lock);
    found = find_checked(check, object);
    known = found != NULL ? find_slot(check, found, slot) : NULL;
    if (known != NULL)
        announce(found, known, who, refers);
    ter_lock_release(&check->lock);
}

static void announce_range(struct ter_barrier_check *check, const struct ter_mutator *who,
                           const struct ter_checked_object *object, uintptr_t first, size_t bytes)
{
    for (size_t i = first_slot_from(check, object, first); i < object->slots; i++) {
        struct ter_checked_slot *slot = &checked_slots(check, object)[i];

        if (slot->address - first < bytes) {
            if (slot->who == NULL || slot->who == who)
                compare_slot(object, slot);
            slot->any = true;
        } else if (object->in_order) {
            break;
        }
    }
}

void ter_barrier_check_range(struct ter_barrier_check *check, const struct ter_mutator *who,
                             uintptr_t object, uintptr_t first, size_t bytes)
{
    struct ter_checked_object *found;

    require_checked(check, object, "ter_write_range");
    require_inside(check, object, first, bytes, "ter_write_range");
    ter_lock_acquire(&check->lock);
    found = find_checked(check, object);
    if (found != NULL)
        announce_range(check, who, found, first, bytes);
    ter_lock_release(&check->lock);
}

void ter_barrier_check_object(struct ter_barrier_check *check, uintptr_t object)
{
    struct ter_checked_object *found;

    require_checked(check, object, "ter_write_object");
    ter_lock_acquire(&check->lock);
    found = find_checked(check, object);
    if (found != NULL)
        found->any = true;
    ter_lock_release(&check->lock);
}

void ter_barrier_check_forget(struct ter_barrier_check *check, uintptr_t object)
{
    struct ter_checked_object *found;

    if (check == NULL)
        return;
    ter_lock_acquire(&check->lock);
    found = find_checked(check, object);
    /* Another may come to lie there, of which nothing was written down. */
    if (found != NULL)
        found->object = found->slots = 0;
    ter_lock_release(&check->lock);
}

/* ---- Life ---- */

void ter_barrier_check_init(struct ter_barrier_check *check, struct ter_allocator *allocator)
{
    *check = (struct ter_barrier_check){.allocator = allocator,
                                        .objects.item_bytes = sizeof(struct ter_checked_object),
                                        .slots.item_bytes = sizeof(struct ter_checked_slot)};
    ter_lock_init(&check->lock, TER_RANK_CHUNKS);
}

void ter_barrier_check_fini(struct ter_barrier_check *check)
{
    free_checked_buckets(check);
    free_checked(&check->objects);
    free_checked(&check->slots);
    ter_lock_fini(&check->lock);
}
