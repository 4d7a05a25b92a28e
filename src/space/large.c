/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#include <string.h>

_Static_assert(sizeof(struct ter_large_record) <= 16, "spec LARGE has 2^7 bits");

static const struct ter_side_table *large_valid_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_VALID_OBJECT);
}

static const struct ter_side_table *large_mark_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_MARK);
}

static ter_object find_large(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    uintptr_t start;

    if (!ter_range_holds(&space->range, space->arena, word))
        return ter_object_none();
    start = ter_page_runs_find(space->arena, word);
    /* The bit last set and first cleared: while a run changes hands, its records say nothing. */
    if (start == 0 || !ter_range_holds(&space->range, space->arena, start) ||
        !ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), start) ||
        word - start >= ter_large_record_of(space->arena, start)->bytes)
        return ter_object_none();
    return ter_object_at(start);
}

static struct ter_large_space *large_space_of(const struct ter_space *space)
{
    return (struct ter_large_space *)(uintptr_t)space;
}

static size_t large_bytes(const struct ter_space *space, uintptr_t object)
{
    return ter_large_record_of(space->arena, object)->bytes;
}

static unsigned large_kind(const struct ter_space *space, uintptr_t object)
{
    return ter_large_record_of(space->arena, object)->kind;
}

static ter_status large_init(struct ter_space *space)
{
    ter_page_runs_init(&large_space_of(space)->runs, &space->range, space->arena);
    large_space_of(space)->ages = ter_space_ages(space);
    return TER_OK;
}

/* ---- Young ones ---- */

static uintptr_t young_large_at(const struct ter_space *space, uint32_t number)
{
    return number == 0 ? 0
                       : space->range.start + ((uintptr_t)(number - 1) << TER_LOG_BYTES_IN_PAGE);
}

static uint32_t large_number(const struct ter_space *space, uintptr_t object)
{
    return 1 + (uint32_t)((object - space->range.start) >> TER_LOG_BYTES_IN_PAGE);
}

static void add_young_large(struct ter_space *space, uintptr_t object)
{
    struct ter_large_space *large = large_space_of(space);
    struct ter_large_record *record = ter_large_record_of(space->arena, object);

    record->is_young = true;
    record->next = large->young;
    large->young = large_number(space, object);
}

/* One that is freed by hand: the others behind it must stay in the list. */
static void remove_young_large(struct ter_space *space, uintptr_t object)
{
    uint32_t number = large_number(space, object), *link = &large_space_of(space)->young;

    while (*link != number)
        link = &ter_large_record_of(space->arena, young_large_at(space, *link))->next;
    *link = ter_large_record_of(space->arena, object)->next;
}

/* It was reached, and is not young any more. */
static void age_large(struct ter_space *space, uintptr_t object)
{
    struct ter_large_record *record = ter_large_record_of(space->arena, object);

    record->is_young = false;
    ter_space_make_old(space, object, object + record->bytes);
}

/* ---- Allocation ---- */

static size_t large_admit_bytes(size_t bytes)
{
    return ter_align_up(bytes, TER_BYTES_IN_PAGE);
}

static ter_status large_allocate(struct ter_space *space, uintptr_t *window, unsigned kind,
                                 size_t bytes, uintptr_t *object, bool *zeroed)
{
    uintptr_t start;
    ter_status status;

    (void)window;
    TER_CHECK(ter_is_aligned(bytes, TER_BYTES_IN_GRANULE));
    status = ter_page_runs_acquire(&large_space_of(space)->runs, ter_bytes_to_pages_up(bytes),
                                   &start, zeroed);
    if (status != TER_OK)
        return status;
    *ter_large_record_of(space->arena, start) = (struct ter_large_record){
        .bytes = bytes, .kind = (uint8_t)kind, .scan = (uint8_t)space->kinds[kind].scan};
    ter_bits_set_shared(large_mark_bits(space), start);
    ter_bits_set_shared(large_valid_bits(space), start);
    if (large_space_of(space)->ages && !space->kinds[kind].uncollectable)
        add_young_large(space, start);
    if (!space->kinds[kind].zeroed)
        ter_valgrind_undefined(start, bytes);
    *object = start;
    return TER_OK;
}

/* In a list of young ones it is no more. */
static size_t release_large(struct ter_space *space, uintptr_t object)
{
    const struct ter_large_record *record = ter_large_record_of(space->arena, object);
    size_t bytes = record->bytes;
    bool was_set = ter_bits_clear_shared(large_valid_bits(space), object);

    TER_CHECK(was_set);
    if (ter_arena_ages(space->arena) && !record->is_young)
        ter_space_make_new(space, object, object + bytes);
    ter_page_runs_release(&large_space_of(space)->runs, object);
    return bytes;
}

static size_t free_large(struct ter_space *space, uintptr_t object)
{
    if (ter_large_record_of(space->arena, object)->is_young)
        remove_young_large(space, object);
    return release_large(space, object);
}

static bool large_extend(struct ter_space *space, uintptr_t object, size_t bytes)
{
    struct ter_large_record *record = ter_large_record_of(space->arena, object);
    struct ter_page_runs *runs = &large_space_of(space)->runs;
    size_t pages = ter_bytes_to_pages_up(bytes);
    size_t old_pages = ter_page_runs_pages(runs, object);
    size_t dirty = bytes;
    bool zeroed = false;

    if (pages > old_pages && !ter_page_runs_extend(runs, object, pages, &zeroed))
        return false;
    /* Pages that read zero are not touched for that. */
    if (zeroed)
        dirty = old_pages << TER_LOG_BYTES_IN_PAGE;
    if (space->kinds[record->kind].zeroed)
        memset((void *)(object + record->bytes), 0, dirty - record->bytes);
    else
        ter_valgrind_undefined(object + record->bytes, bytes - record->bytes);
    if (large_space_of(space)->ages && !record->is_young)
        ter_space_make_old(space, object + record->bytes, object + bytes);
    record->bytes = bytes;
    return true;
}

static void large_keep_by_first_page(struct ter_space *space, uintptr_t object)
{
    ter_large_record_of(space->arena, object)->first_page_only = true;
}

/* ---- Collection ---- */

static uintptr_t next_large(const struct ter_space *space, uintptr_t object)
{
    const struct ter_page_runs *runs = &large_space_of(space)->runs;
    size_t pages = ter_page_runs_pages(runs, object);

    return ter_page_runs_next_used(runs, object + (pages << TER_LOG_BYTES_IN_PAGE));
}

static uintptr_t first_large(const struct ter_space *space)
{
    return ter_page_runs_next_used(&large_space_of(space)->runs, 0);
}

static void unmark_large(const struct ter_space *space, uintptr_t object)
{
    ter_bits_clear(large_mark_bits(space), object);
}

static void large_prepare(struct ter_space *space)
{
    for (uintptr_t object = first_large(space); object != 0; object = next_large(space, object))
        unmark_large(space, object);
}

static void sweep_large(struct ter_space *space, uintptr_t object, struct ter_live *live)
{
    const struct ter_large_record *record = ter_large_record_of(space->arena, object);

    if (!ter_bits_test(large_mark_bits(space), object)) {
        release_large(space, object);
        return;
    }
    ter_live_count(live, (enum ter_scan)record->scan, 1, record->bytes);
    if (record->is_young)
        age_large(space, object);
}

static void large_sweep(struct ter_space *space, struct ter_live *live)
{
    uintptr_t object = first_large(space), next;

    for (; object != 0; object = next) {
        next = next_large(space, object);
        sweep_large(space, object, live);
    }
    large_space_of(space)->young = 0;
}

static uintptr_t next_young_large(const struct ter_space *space, uintptr_t object)
{
    return young_large_at(space, ter_large_record_of(space->arena, object)->next);
}

static void large_prepare_young(struct ter_space *space)
{
    uintptr_t object = young_large_at(space, large_space_of(space)->young);

    for (; object != 0; object = next_young_large(space, object))
        unmark_large(space, object);
}

static void large_sweep_young(struct ter_space *space, struct ter_live *live)
{
    uintptr_t object = young_large_at(space, large_space_of(space)->young), next;

    for (; object != 0; object = next) {
        next = next_young_large(space, object);
        sweep_large(space, object, live);
    }
    large_space_of(space)->young = 0;
}

/* ---- Looking at it ---- */

static void visit_large(const struct ter_space *space, uintptr_t object, ter_object_visitor *visit,
                        void *context)
{
    const struct ter_large_record *record = ter_large_record_of(space->arena, object);

    visit(context, object, record->bytes, &space->kinds[record->kind]);
}

static void large_for_each(const struct ter_space *space, ter_object_visitor *visit, void *context)
{
    for (uintptr_t object = first_large(space); object != 0; object = next_large(space, object))
        visit_large(space, object, visit, context);
}

static void large_for_each_young(const struct ter_space *space, ter_object_visitor *visit,
                                 void *context)
{
    uintptr_t object = young_large_at(space, large_space_of(space)->young);

    for (; object != 0; object = next_young_large(space, object))
        visit_large(space, object, visit, context);
}

/* The parcel that the runs came to; what is known of it so far. */
struct large_parcels {
    const struct ter_space *space;
    ter_parcel_visitor *visit;
    void *context;
    struct ter_parcel parcel; /* start 0: none yet */
    bool is_used;
};

static void tell_large_parcel(struct large_parcels *walk)
{
    struct ter_parcel *parcel = &walk->parcel;

    if (parcel->start == 0)
        return;
    if (!walk->is_used)
        parcel->state =
            parcel->returned_bytes == TER_PARCEL_BYTES ? TER_PARCEL_RETURNED : TER_PARCEL_FREE;
    walk->visit(walk->context, parcel);
}

static void come_to_parcel(struct large_parcels *walk, uintptr_t start)
{
    if (walk->parcel.start == start)
        return;
    tell_large_parcel(walk);
    walk->parcel = (struct ter_parcel){.space = &walk->space->sft, .start = start};
    walk->is_used = false;
}

/* The part [from, end) of a run that begins at `start`; it lies in one parcel. */
static void add_part_of_run(struct large_parcels *walk, uintptr_t start, uintptr_t from,
                            uintptr_t end, const struct ter_page_run_record *run)
{
    struct ter_parcel *parcel = &walk->parcel;
    uintptr_t object_end;

    if (run->state != TER_PAGE_RUN_USED) {
        parcel->returned_bytes += run->zeroed ? (uint32_t)(end - from) : 0;
        return;
    }
    object_end = start + large_bytes(walk->space, start);
    parcel->object_bytes += (uint32_t)(ter_min(end, ter_max(object_end, from)) - from);
    /* What comes from below comes first. */
    parcel->state = from == start ? TER_PARCEL_LARGE : TER_PARCEL_LARGE_REST;
    walk->is_used = true;
}

static void large_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                  void *context)
{
    const struct ter_page_runs *runs = &large_space_of(space)->runs;
    struct large_parcels walk = {.space = space, .visit = visit, .context = context};
    const struct ter_page_run_record *run;
    uintptr_t start, end = 0;

    while ((start = ter_page_runs_next(runs, end, &run)) != 0) {
        end = start + ((uintptr_t)run->pages << TER_LOG_BYTES_IN_PAGE);
        for (uintptr_t from = start, next; from < end; from = next) {
            uintptr_t parcel = ter_align_down(from, TER_PARCEL_BYTES);

            next = ter_min(end, parcel + TER_PARCEL_BYTES);
            come_to_parcel(&walk, parcel);
            add_part_of_run(&walk, start, from, next, run);
        }
    }
    tell_large_parcel(&walk);
}

static size_t large_used_bytes(const struct ter_space *space)
{
    return large_space_of(space)->runs.used_pages << TER_LOG_BYTES_IN_PAGE;
}

static size_t large_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    size_t used = 0;

    for (size_t i = 0; i < TER_PAGES_IN_CHUNK; i++)
        used += ter_page_runs_find(space->arena, chunk + (i << TER_LOG_BYTES_IN_PAGE)) != 0;
    return used << TER_LOG_BYTES_IN_PAGE;
}

static size_t large_trim(struct ter_space *space, size_t bytes)
{
    return ter_page_runs_trim(&large_space_of(space)->runs, bytes);
}

static void large_check(const struct ter_space *space)
{
    const struct ter_page_runs *runs = &large_space_of(space)->runs;
    size_t pages = 0;

    for (uintptr_t object = first_large(space); object != 0; object = next_large(space, object)) {
        size_t length = ter_page_runs_pages(runs, object);

        pages += length;
        TER_REQUIRE(ter_bits_test(large_valid_bits(space), object) &&
                        large_bytes(space, object) <= length << TER_LOG_BYTES_IN_PAGE,
                    "space %s: the run of %zu pages at %#zx holds no object that fits",
                    space->sft.name, length, (size_t)object);
    }
    TER_REQUIRE(pages == runs->used_pages, "space %s: objects have %zu pages, %zu are in use",
                space->sft.name, pages, runs->used_pages);
}

const struct ter_policy ter_policy_large = {
    .help = "objects over 8 KiB, each in a page run of its own",
    .record_bytes = sizeof(struct ter_large_space),
    .side =
        TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_PAGE_RUNS_SIDE | TER_SIDE_SET(LARGE),
    .in_layout = true,
    .functions = {.kind = TER_SPACE_LARGE,
                  .name = "large",
                  .find_object_from_interior = find_large},
    .init = large_init,
    .admit_bytes = large_admit_bytes,
    .allocate = large_allocate,
    .free = free_large,
    .extend = large_extend,
    .keep_by_first_page = large_keep_by_first_page,
    .prepare = large_prepare,
    .release = large_sweep,
    .prepare_young = large_prepare_young,
    .release_young = large_sweep_young,
    .for_each_young = large_for_each_young,
    .for_each = large_for_each,
    .for_each_parcel = large_for_each_parcel,
    .used_bytes = large_used_bytes,
    .used_in_chunk = large_used_in_chunk,
    .trim = large_trim,
    .check = large_check,
    .object_bytes = large_bytes,
    .object_kind = large_kind,
    .is_marked = ter_space_is_marked,
    .set_mark = ter_space_set_mark,
    .is_gone = ter_space_is_gone,
};
