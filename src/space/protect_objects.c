/* SPDX-License-Identifier: MIT */
#include "space/space.h"

/* ---- Questions ---- */

/* Asked again behind the bit: meanwhile the pages may have come to be another object's. */
ter_object ter_protect_find(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    enum ter_guarded_state state;
    uintptr_t run, object;

    if (!ter_range_holds(&space->range, space->arena, word))
        return ter_object_none();
    run = ter_guarded_runs_find(&space->range, space->arena, word, &state);
    if (run == 0 || state != TER_GUARDED_USED)
        return ter_object_none();
    object = ter_protect_object_of(space->arena, run);
    if (word < object || !ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), object) ||
        ter_guarded_runs_find(&space->range, space->arena, word, &state) != run ||
        ter_protect_object_of(space->arena, run) != object)
        return ter_object_none();
    return ter_object_at(object);
}

size_t ter_protect_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return ter_protect_bytes_of(space->arena, ter_protect_run_of(space, object));
}

unsigned ter_protect_object_kind(const struct ter_space *space, uintptr_t object)
{
    return ter_protect_record_of(space->arena, ter_protect_run_of(space, object))->kind;
}

/* The run that has the word, or the one before: what is touched is mostly right behind it. */
static uintptr_t run_at_or_before(const struct ter_space *space, uintptr_t word,
                                  enum ter_guarded_state *state)
{
    size_t unit = ter_max(ter_os_page_size(), (size_t)TER_BYTES_IN_PAGE);
    uintptr_t run = ter_guarded_runs_find(&space->range, space->arena, word, state);

    if (run != 0)
        return run;
    word -= unit;
    return ter_range_holds(&space->range, space->arena, word)
               ? ter_guarded_runs_find(&space->range, space->arena, word, state)
               : 0;
}

bool ter_protect_lost(const struct ter_space *space, uintptr_t word, struct ter_lost *lost)
{
    const struct ter_protect_space *protect = ter_protect_space_of(space);
    const struct ter_protect_record *record;
    enum ter_guarded_state state;
    uintptr_t run;

    if (!ter_range_holds(&space->range, space->arena, word))
        return false;
    run = run_at_or_before(space, word, &state);
    if (run == 0)
        return false;
    record = ter_protect_record_of(space->arena, run);
    *lost = (struct ter_lost){
        .object = ter_protect_object_of(space->arena, run),
        .bytes = ter_protect_bytes_of(space->arena, run),
        .kind = record->kind,
        .number = record->number,
        .collection = state == TER_GUARDED_USED ? protect->collections : record->collection,
        .loss = state == TER_GUARDED_USED ? TER_LOSS_NONE
                                          : (enum ter_loss)(record->flags >> TER_PROTECT_LOG_LOSS)};
    if (lost->loss == TER_LOSS_MOVED)
        lost->now_at = space->range.start + ((uintptr_t)record->moved << TER_LOG_BYTES_IN_PAGE) +
                       (lost->object - run);
    return true;
}

/* ---- Life ---- */

ter_status ter_protect_init(struct ter_space *common)
{
    struct ter_protect_space *space = ter_protect_space_of(common);

    ter_mutex_init(&space->reaching);
    ter_guarded_runs_init(&space->runs, &common->range, common->arena);
    return TER_OK;
}

void ter_protect_fini(struct ter_space *common)
{
    struct ter_protect_space *space = ter_protect_space_of(common);

    ter_guarded_runs_fini(&space->runs);
    ter_mutex_fini(&space->reaching);
}

/* ---- Allocation ---- */

size_t ter_protect_admit_bytes(size_t bytes)
{
    return ter_align_up(bytes, ter_max(ter_os_page_size(), (size_t)TER_BYTES_IN_PAGE));
}

uintptr_t ter_protect_make(struct ter_protect_space *space, uintptr_t run, size_t bytes,
                           struct ter_protect_record record)
{
    const struct ter_arena *arena = space->space.arena;
    size_t slack = ter_guarded_run_bytes(arena, run) - bytes;
    uintptr_t object = run + slack;

    record.slack = (uint16_t)(slack >> TER_LOG_BYTES_IN_GRANULE);
    *ter_protect_record_of(arena, run) = record;
    ter_bits_set_shared(ter_space_table(&space->space, TER_SIDE_MARK), object);
    ter_bits_set_shared(ter_space_table(&space->space, TER_SIDE_VALID_OBJECT), object);
    return object;
}

ter_status ter_protect_allocate(struct ter_space *common, uintptr_t *window, unsigned kind,
                                size_t bytes, uintptr_t *object, bool *zeroed)
{
    struct ter_protect_space *space = ter_protect_space_of(common);
    uintptr_t run;
    ter_status status;

    (void)window;
    TER_CHECK(bytes > 0 && ter_is_aligned(bytes, TER_BYTES_IN_GRANULE));
    status = ter_guarded_runs_take(&space->runs, bytes, &run);
    if (status != TER_OK)
        return status;
    *object = ter_protect_make(
        space, run, bytes,
        (struct ter_protect_record){.kind = (uint8_t)kind, .number = ++space->objects});
    *zeroed = true;
    if (!common->kinds[kind].zeroed)
        ter_valgrind_undefined(*object, bytes);
    return TER_OK;
}

void ter_protect_lose(struct ter_protect_space *space, uintptr_t run, enum ter_loss loss)
{
    struct ter_space *common = &space->space;
    struct ter_protect_record *record = ter_protect_record_of(common->arena, run);
    bool was_set = ter_bits_clear_shared(ter_space_table(common, TER_SIDE_VALID_OBJECT),
                                         ter_protect_object_of(common->arena, run));

    TER_CHECK(was_set);
    record->collection = space->collections;
    __atomic_store_n(&record->flags, (uint8_t)(loss << TER_PROTECT_LOG_LOSS), __ATOMIC_RELAXED);
    ter_guarded_runs_leave(&space->runs, run);
}

size_t ter_protect_free(struct ter_space *common, uintptr_t object)
{
    struct ter_protect_space *space = ter_protect_space_of(common);
    uintptr_t run = ter_protect_run_of(common, object);
    size_t bytes = ter_protect_bytes_of(common->arena, run);

    ter_bits_clear_shared(ter_space_table(common, TER_SIDE_MARK), object);
    ter_protect_lose(space, run, TER_LOSS_FREED);
    ter_guarded_runs_close(&space->runs);
    return bytes;
}

void ter_protect_keep_by_first_page(struct ter_space *space, uintptr_t object)
{
    struct ter_protect_record *record =
        ter_protect_record_of(space->arena, ter_protect_run_of(space, object));

    __atomic_fetch_or(&record->flags, TER_PROTECT_FIRST_PAGE, __ATOMIC_RELAXED);
}

/* ---- Looking at it ---- */

static uintptr_t next_used(const struct ter_space *space, uintptr_t from)
{
    const struct ter_guarded_runs *runs = &ter_protect_space_of(space)->runs;
    enum ter_guarded_state state;
    uintptr_t run = ter_guarded_runs_next(runs, from, &state);

    while (run != 0 && state != TER_GUARDED_USED)
        run = ter_guarded_runs_next(runs, run + ter_guarded_run_bytes(space->arena, run), &state);
    return run;
}

void ter_protect_for_each(const struct ter_space *space, ter_object_visitor *visit, void *context)
{
    uintptr_t run = next_used(space, 0);

    while (run != 0) {
        uintptr_t end = run + ter_guarded_run_bytes(space->arena, run);

        visit(context, ter_protect_object_of(space->arena, run),
              ter_protect_bytes_of(space->arena, run),
              &space->kinds[ter_protect_record_of(space->arena, run)->kind]);
        run = next_used(space, end);
    }
}

size_t ter_protect_used_bytes(const struct ter_space *space)
{
    return ter_protect_space_of(space)->runs.used_pages << TER_LOG_BYTES_IN_PAGE;
}

size_t ter_protect_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    enum ter_guarded_state state;
    size_t used = 0;

    for (uintptr_t at = chunk; at < chunk + TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_PAGE)
        used += ter_guarded_runs_find(&space->range, space->arena, at, &state) != 0 &&
                state == TER_GUARDED_USED;
    return used << TER_LOG_BYTES_IN_PAGE;
}

/* ---- The map ---- */

/* What the run that has the page, if it is used, adds to the parcel. */
static void describe_page(const struct ter_space *space, uintptr_t page, struct ter_parcel *parcel)
{
    enum ter_guarded_state state;
    uintptr_t run = ter_guarded_runs_find(&space->range, space->arena, page, &state), object;
    uint8_t flags;

    if (run == 0 || (state != TER_GUARDED_USED && state != TER_GUARDED_LEFT)) {
        parcel->returned_bytes += TER_BYTES_IN_PAGE;
        return;
    }
    object = ter_protect_object_of(space->arena, run);
    if (object < page + TER_BYTES_IN_PAGE)
        parcel->object_bytes += (uint32_t)(page + TER_BYTES_IN_PAGE - ter_max(object, page));
    flags = __atomic_load_n(&ter_protect_record_of(space->arena, run)->flags, __ATOMIC_RELAXED);
    if (object - page < TER_BYTES_IN_PAGE && space->policy->moves)
        parcel->pinned += (flags & TER_PROTECT_PINNED) != 0;
}

static void describe_parcel(const struct ter_space *space, struct ter_parcel *parcel)
{
    uintptr_t end = parcel->start + TER_PARCEL_BYTES;

    for (uintptr_t page = parcel->start; page < end; page += TER_BYTES_IN_PAGE)
        describe_page(space, page, parcel);
    parcel->state =
        parcel->returned_bytes == TER_PARCEL_BYTES ? TER_PARCEL_RETURNED : TER_PARCEL_OTHER;
}

void ter_protect_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                 void *context)
{
    ter_parcels_of_range(space, describe_parcel, visit, context);
}

void ter_protect_check(const struct ter_space *space)
{
    size_t bytes = 0;

    for (uintptr_t run = next_used(space, 0), end; run != 0; run = next_used(space, end)) {
        uintptr_t object = ter_protect_object_of(space->arena, run);

        end = run + ter_guarded_run_bytes(space->arena, run);
        bytes += end - run;
        TER_REQUIRE(
            object < end && ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), object),
            "space %s: the run at %#zx is used and has no object", space->sft.name, (size_t)run);
        TER_REQUIRE(ter_os_is_mapped(run, end), "space %s: the run at %#zx has no memory",
                    space->sft.name, (size_t)run);
    }
    ter_guarded_runs_check(&ter_protect_space_of(space)->runs);
    TER_REQUIRE(bytes == ter_protect_used_bytes(space),
                "space %s: objects have %zu KiB, %zu are in use", space->sft.name, bytes >> 10,
                ter_protect_used_bytes(space) >> 10);
}
