/* SPDX-License-Identifier: MIT */
#include "space/space.h"

/* ---- Ranges as anyone sees them ---- */

static const struct ter_vm_ranges *ranges_of(const struct ter_vm_space *space)
{
    return __atomic_load_n(&space->ranges, __ATOMIC_ACQUIRE);
}

/* An entry that changes hands meanwhile shows another end, or the start of its new range. */
static bool entry_holds(const struct ter_vm_range *entry, uintptr_t word)
{
    uintptr_t last = __atomic_load_n(&entry->last, __ATOMIC_ACQUIRE);
    uintptr_t start = __atomic_load_n(&entry->start, __ATOMIC_ACQUIRE);

    return last != 0 && word >= start && word <= last &&
           __atomic_load_n(&entry->last, __ATOMIC_RELAXED) == last;
}

static bool is_in_range(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_vm_ranges *ranges = ranges_of(ter_vm_space_of(ter_space_of(sft)));

    for (size_t i = 0; ranges != NULL && i < ranges->capacity; i++)
        if (entry_holds(&ranges->entries[i], word))
            return true;
    return false;
}

/* The program keeps it, so it lives; whether it was reached is another question. */
static bool is_vm_object(const struct ter_sft *sft, ter_object object)
{
    return !ter_object_is_none(sft->find_object(sft, object.bits));
}

/* ---- Life ---- */

static size_t ranges_bytes(size_t capacity)
{
    return ter_align_up(sizeof(struct ter_vm_ranges) + capacity * sizeof(struct ter_vm_range),
                        ter_os_page_size());
}

/* ---- Changes ---- */

/* An entry that holds nothing; NULL when there is no memory for more. */
static struct ter_vm_range *unused_entry(struct ter_vm_space *space)
{
    struct ter_vm_ranges *old = space->ranges, *grown;
    size_t capacity = old == NULL ? 0 : old->capacity;
    size_t wanted = ter_max(2 * capacity, 64);
    void *memory;

    for (size_t i = 0; space->count < capacity && i < capacity; i++)
        if (old->entries[i].last == 0)
            return &old->entries[i];
    if (ter_os_allocate(ranges_bytes(wanted), &memory) != TER_OK)
        return NULL;
    ter_os_name((uintptr_t)memory, ranges_bytes(wanted), "terrier:vm-ranges");
    grown = memory;
    grown->older = old;
    grown->capacity = wanted;
    for (size_t i = 0; i < capacity; i++)
        grown->entries[i] = old->entries[i];
    __atomic_store_n(&space->ranges, grown, __ATOMIC_RELEASE);
    return &grown->entries[capacity];
}

static void fill_entry(struct ter_vm_range *entry, uintptr_t start, uintptr_t last, bool traced)
{
    entry->traced = traced;
    __atomic_store_n(&entry->start, start, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->last, last, __ATOMIC_RELEASE);
}

static const struct ter_vm_range *overlapping_range(const struct ter_vm_space *space,
                                                    uintptr_t start, uintptr_t last)
{
    for (size_t i = 0; space->ranges != NULL && i < space->ranges->capacity; i++) {
        const struct ter_vm_range *entry = &space->ranges->entries[i];

        if (entry->last != 0 && start <= entry->last && entry->start <= last)
            return entry;
    }
    return NULL;
}

static bool is_reserved(const struct ter_layout *layout, uintptr_t start, uintptr_t last)
{
    uintptr_t heap_last = layout->heap_start + (ter_layout_heap_bytes(layout) - 1);

    return start <= heap_last && layout->heap_start <= last;
}

static ter_status find_conflict(const struct ter_vm_space *space, uintptr_t start, uintptr_t last,
                                struct ter_vm_conflict *conflict)
{
    const struct ter_vm_range *other = overlapping_range(space, start, last);
    const struct ter_arena *arena = space->foreign.space.arena;

    *conflict = (struct ter_vm_conflict){.map = {.claimant = &space->foreign.space.sft}};
    if (other != NULL) {
        conflict->map.owner = &space->foreign.space.sft;
        conflict->map.start = ter_max(start, other->start);
        return TER_ERROR_OWNED;
    }
    if (is_reserved(&arena->layout, start, last)) {
        conflict->is_reserved = true;
        conflict->map.start = ter_max(start, arena->layout.heap_start);
        conflict->map.owner = ter_sft_map_get(&arena->map, conflict->map.start);
        return TER_ERROR_OWNED;
    }
    return TER_OK;
}

ter_status ter_vm_space_add_range(struct ter_vm_space *space, uintptr_t start, size_t bytes,
                                  bool traced, struct ter_vm_conflict *conflict)
{
    struct ter_arena *arena = space->foreign.space.arena;
    uintptr_t last = start + (bytes - 1);
    struct ter_vm_range *entry;
    ter_status status;

    if (bytes == 0 || start == 0 || last < start)
        return TER_ERROR_OUT_OF_RANGE;
    status = find_conflict(space, start, last, conflict);
    if (status != TER_OK)
        return status;
    entry = unused_entry(space);
    if (entry == NULL)
        return TER_ERROR_NO_MEMORY;
    status = ter_foreign_use(&arena->foreign, &arena->map, &space->foreign.set, start, bytes,
                             &conflict->map);
    if (status != TER_OK)
        return status;
    fill_entry(entry, start, last, traced);
    space->count++;
    space->root_bytes += traced ? 0 : bytes;
    return TER_OK;
}

static void forget_objects(struct ter_vm_space *space, uintptr_t start, uintptr_t last,
                           ter_object_visitor *forget, void *context)
{
    const struct ter_space *common = &space->foreign.space;
    const struct ter_foreign *foreign = &common->arena->foreign;
    uintptr_t at = start;

    while (at >= start && at <= last) {
        const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, at);
        uintptr_t object = ter_foreign_next(chunk, ter_align_down(at, TER_BYTES_IN_GRANULE));

        if (object == 0) {
            at = ter_align_down(at, TER_BYTES_IN_CHUNK) + TER_BYTES_IN_CHUNK;
            continue;
        }
        if (object > last)
            return;
        if (object >= start) {
            forget(context, object, ter_foreign_bytes(foreign, object),
                   &common->kinds[ter_foreign_kind(foreign, object)]);
            ter_foreign_remove(foreign, object);
        }
        at = object + TER_BYTES_IN_GRANULE;
    }
}

ter_status ter_vm_space_remove_range(struct ter_vm_space *space, uintptr_t start, size_t bytes,
                                     ter_object_visitor *forget, void *context)
{
    struct ter_arena *arena = space->foreign.space.arena;
    uintptr_t last = start + (bytes - 1);
    struct ter_vm_range *entry = NULL;

    for (size_t i = 0; bytes != 0 && space->ranges != NULL && i < space->ranges->capacity; i++)
        if (space->ranges->entries[i].last == last && space->ranges->entries[i].start == start)
            entry = &space->ranges->entries[i];
    if (entry == NULL || last == 0)
        return TER_ERROR_INVALID;
    forget_objects(space, start, last, forget, context);
    __atomic_store_n(&entry->last, 0, __ATOMIC_RELEASE);
    space->count--;
    space->root_bytes -= entry->traced ? 0 : bytes;
    ter_foreign_let_go(&arena->foreign, &arena->map, &space->foreign.set, start, bytes);
    return TER_OK;
}

/* ---- Objects ---- */

/* Does an object cover any byte of [first, last]? */
static bool any_object(const struct ter_vm_space *space, uintptr_t first, uintptr_t last)
{
    if (ter_foreign_space_find(&space->foreign, first) != 0)
        return true;
    /* Otherwise one would begin behind `first`. */
    for (uintptr_t at = first; at >= first && at <= last;
         at = ter_align_down(at, TER_BYTES_IN_CHUNK) + TER_BYTES_IN_CHUNK) {
        const struct ter_foreign_chunk *chunk =
            ter_foreign_chunk_of(&space->foreign.space.arena->foreign, at);
        uintptr_t object = ter_foreign_next(chunk, at);

        if (object != 0)
            return object <= last;
    }
    return false;
}

ter_status ter_vm_space_add_object(struct ter_vm_space *space, uintptr_t object, size_t bytes,
                                   unsigned kind)
{
    uintptr_t last = object + (bytes - 1);
    const struct ter_vm_range *range;

    if (bytes == 0 || last < object)
        return TER_ERROR_OUT_OF_RANGE;
    TER_CHECK(ter_is_aligned(object | bytes, TER_BYTES_IN_GRANULE));
    range = overlapping_range(space, object, last);
    if (range == NULL || !range->traced || object < range->start || last > range->last)
        return TER_ERROR_OUT_OF_RANGE;
    if (any_object(space, object, last))
        return TER_ERROR_OWNED;
    ter_foreign_add(&space->foreign.space.arena->foreign, object, bytes, kind);
    return TER_OK;
}

/* ---- The policy ---- */

static void visit_root_ranges(const struct ter_space *space, ter_space_range_visitor *visit,
                              void *context)
{
    const struct ter_vm_ranges *ranges = ter_vm_space_of(space)->ranges;

    for (size_t i = 0; ranges != NULL && i < ranges->capacity; i++) {
        const struct ter_vm_range *entry = &ranges->entries[i];

        if (entry->last != 0 && !entry->traced)
            visit(context, entry->start, entry->last + 1);
    }
}

/* Of ranges, whatever is in them. */
static void vm_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                               void *context)
{
    const struct ter_vm_ranges *ranges = ter_vm_space_of(space)->ranges;
    const struct ter_foreign_chunk *chunk = ter_foreign_space_of(space)->set.first;

    for (; chunk != NULL; chunk = chunk->next) {
        uint32_t parts[TER_BLOCKS_IN_CHUNK] = {0};

        for (size_t i = 0; ranges != NULL && i < ranges->capacity; i++)
            if (ranges->entries[i].last != 0)
                ter_parcels_add(parts, chunk->start, ranges->entries[i].start,
                                ranges->entries[i].last);
        ter_foreign_space_tell_parcels(space, chunk->start, parts, visit, context);
    }
}

static size_t root_bytes_of(const struct ter_space *space)
{
    return ter_vm_space_of(space)->root_bytes;
}

/* Memory of the program's that holds no object is as good as any other outside the heap. */
static bool is_outside_the_heap(const struct ter_space *space, uintptr_t word)
{
    (void)space, (void)word;
    return false;
}

static void forget_nothing(void *context, uintptr_t object, size_t bytes,
                           const struct ter_kind *kind)
{
    (void)context, (void)object, (void)bytes, (void)kind;
}

static void remove_all_ranges(struct ter_space *common)
{
    struct ter_vm_space *space = ter_vm_space_of(common);

    for (size_t i = 0; space->ranges != NULL && i < space->ranges->capacity; i++) {
        const struct ter_vm_range *entry = &space->ranges->entries[i];

        if (entry->last != 0)
            TER_CHECK(ter_vm_space_remove_range(space, entry->start, entry->last - entry->start + 1,
                                                forget_nothing, NULL) == TER_OK);
    }
    while (space->ranges != NULL) {
        struct ter_vm_ranges *older = space->ranges->older;

        ter_os_release((uintptr_t)space->ranges, ranges_bytes(space->ranges->capacity));
        space->ranges = older;
    }
}

const struct ter_policy ter_policy_vm = {
    TER_FOREIGN_SPACE_POLICY,
    .help = "memory that the program declares; it is never freed",
    .record_bytes = sizeof(struct ter_vm_space),
    .owned_by_program = true,
    .functions = {.kind = TER_SPACE_VM,
                  .name = "vm",
                  .find_object_from_interior = ter_foreign_space_find_object,
                  .is_live = is_vm_object,
                  .is_reachable = ter_foreign_space_is_object_marked,
                  .is_sane = is_vm_object,
                  .is_in_space = is_in_range,
                  .init_object_metadata = ter_foreign_space_init_object,
                  .print_object = ter_foreign_space_print},
    .fini = remove_all_ranges,
    .for_each_parcel = vm_for_each_parcel,
    .visit_roots = visit_root_ranges,
    .root_bytes = root_bytes_of,
    .is_gone = is_outside_the_heap,
};
