/* SPDX-License-Identifier: MIT */
/* Small objects that move: questions, pins, and the policy. What a block is: copy_block.h. */
#include "space/space.h"

#include <stdio.h>

static const struct ter_side_table *copy_start_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_START);
}

static const struct ter_side_table *copy_valid_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_VALID_OBJECT);
}

/* ---- Questions ---- */

/* Not when it lies in a run of the mutator that filled the block. */
static bool is_copy_handed_out(const struct ter_space *space, uintptr_t object)
{
    const struct ter_copy_block *block = ter_copy_block_of(space->arena, object);
    const struct ter_cell_run *runs = __atomic_load_n(&block->owner, __ATOMIC_ACQUIRE);

    return runs == NULL ||
           !ter_cell_run_holds(&runs[ter_size_class_of(ter_copy_piece_bytes(space->arena, object))],
                               object);
}

static bool holds_copies(const struct ter_space *space, uintptr_t word)
{
    return ter_range_holds(&space->range, space->arena, word) &&
           __atomic_load_n(&ter_copy_block_of(space->arena, word)->state, __ATOMIC_ACQUIRE) !=
               TER_COPY_FREE;
}

static ter_object copy_find(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    uintptr_t object;

    if (!holds_copies(space, word))
        return ter_object_none();
    object = ter_copy_piece_of(space, word);
    if (!ter_bits_test(copy_valid_bits(space), object) || !is_copy_handed_out(space, object))
        return ter_object_none();
    return ter_object_at(object);
}

static size_t copy_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return ter_copy_piece_bytes(space->arena, object);
}

static unsigned copy_object_kind(const struct ter_space *space, uintptr_t object)
{
    return ter_copy_block_of(space->arena, object)->kind;
}

/* What is not being left was reached. */
static bool is_copy_marked(const struct ter_space *space, uintptr_t object)
{
    return ter_copy_block_of(space->arena, object)->fate == TER_COPY_REACHED ||
           ter_space_is_marked(space, object);
}

static void set_copy_mark(const struct ter_space *space, uintptr_t object, bool marked)
{
    if (ter_copy_block_of(space->arena, object)->fate != TER_COPY_REACHED)
        ter_space_set_mark(space, object, marked);
}

static ter_object copy_forwarded(const struct ter_sft *sft, ter_object object)
{
    const struct ter_space *space = ter_space_of(sft);

    return ter_object_at(holds_copies(space, object.bits) ? ter_copy_new_place(space, object.bits)
                                                          : 0);
}

static uintptr_t copy_now_at(const struct ter_space *space, uintptr_t address)
{
    uintptr_t start, moved;

    if (!holds_copies(space, address))
        return address;
    start = ter_copy_piece_of(space, address);
    moved = ter_copy_new_place(space, start);
    return moved == 0 ? address : moved + (address - start);
}

static bool is_copy_live(const struct ter_sft *sft, ter_object object)
{
    if (ter_object_is_none(sft->find_object(sft, object.bits)))
        return !ter_object_is_none(copy_forwarded(sft, object));
    return is_copy_marked(ter_space_of(sft), object.bits);
}

static ter_object copy_trace_object(const struct ter_sft *sft, struct ter_trace *trace,
                                    ter_object object)
{
    (void)sft;
    return trace->trace_object(trace, object);
}

static void print_copy(const struct ter_sft *sft, ter_object object, char *text, size_t size)
{
    const struct ter_space *space = ter_space_of(sft);

    if (ter_object_is_none(sft->find_object(sft, object.bits)))
        snprintf(text, size, "%#zx: space %s, no object", (size_t)object.bits, sft->name);
    else
        snprintf(text, size, "%#zx: space %s, object of kind %u, %zu bytes, %s%s",
                 (size_t)object.bits, sft->name, copy_object_kind(space, object.bits),
                 copy_object_bytes(space, object.bits),
                 is_copy_marked(space, object.bits) ? "marked" : "not marked",
                 sft->is_pinned(sft, object) ? ", pinned" : "");
}

/* ---- Pins ---- */

static bool is_copy(const struct ter_sft *sft, ter_object object)
{
    return !ter_object_is_none(sft->find_object(sft, object.bits));
}

static bool is_copy_pinned(const struct ter_sft *sft, ter_object object)
{
    return is_copy(sft, object) &&
           ter_bits_test(ter_space_table(ter_space_of(sft), TER_SIDE_PIN), object.bits);
}

static bool is_copy_movable(const struct ter_sft *sft, ter_object object)
{
    return is_copy(sft, object) && !is_copy_pinned(sft, object);
}

static bool copy_pin(const struct ter_sft *sft, ter_object object)
{
    const struct ter_space *space = ter_space_of(sft);
    uint64_t mask = ter_bits_mask(object.bits);

    if (!is_copy(sft, object))
        return false;
    __atomic_store_n(&ter_copy_block_of(space->arena, object.bits)->stays, true, __ATOMIC_RELAXED);
    return (__atomic_fetch_or(ter_bits_word(ter_space_table(space, TER_SIDE_PIN), object.bits),
                              mask, __ATOMIC_ACQ_REL) &
            mask) == 0;
}

static bool copy_unpin(const struct ter_sft *sft, ter_object object)
{
    return is_copy(sft, object) &&
           ter_bits_clear_shared(ter_space_table(ter_space_of(sft), TER_SIDE_PIN), object.bits);
}

/* ---- Life and freeing ---- */

static size_t copiers_bytes(void)
{
    return ter_align_up(sizeof(struct ter_copiers), ter_os_page_size());
}

static ter_status copy_init(struct ter_space *common)
{
    struct ter_copy_space *space = ter_copy_space_of(common);
    void *memory;
    ter_status status = ter_os_allocate_named(copiers_bytes(), "terrier:copiers", &memory);

    if (status != TER_OK)
        return status;
    space->copiers = memory;
    space->ages = ter_space_ages(common);
    space->copiers->space = space;
    ter_mutex_init(&space->copiers->taking);
    ter_blocks_init(&space->blocks, &common->range, common->arena);
    return TER_OK;
}

static void copy_fini(struct ter_space *common)
{
    struct ter_copy_space *space = ter_copy_space_of(common);

    if (space->copiers == NULL)
        return;
    ter_mutex_fini(&space->copiers->taking);
    ter_os_retire((uintptr_t)space->copiers, copiers_bytes());
    space->copiers = NULL;
}

static size_t copy_admit_bytes(size_t bytes)
{
    (void)bytes;
    return TER_BYTES_IN_BLOCK;
}

static size_t copy_free(struct ter_space *space, uintptr_t object)
{
    size_t bytes = copy_object_bytes(space, object);
    bool was_set = ter_bits_clear_shared(copy_valid_bits(space), object);

    TER_CHECK(was_set);
    ter_bits_clear_shared(ter_space_table(space, TER_SIDE_PIN), object);
    ter_copy_make_empty(object);
    ter_asan_no_access(object, bytes);
    return bytes;
}

static uintptr_t copy_trace_any(struct ter_scanning *scanning, const struct ter_sft *sft,
                                uintptr_t word, enum ter_word_form form)
{
    struct ter_copy_tracing tracing;

    if (!holds_copies(ter_space_of(sft), word))
        return word;
    ter_copy_tracing_begin(&tracing, scanning->tracer);
    return ter_copy_trace_or_mark(scanning, &tracing, word, form, scanning->tracer->marking);
}

/* ---- Looking at it ---- */

typedef void copy_visit(const struct ter_space *space, uintptr_t block, void *context);

static void visit_copy_blocks(const struct ter_space *space, copy_visit *visit, void *context)
{
    const struct ter_blocks *blocks = &ter_copy_space_of(space)->blocks;
    uintptr_t block, end = 0;

    while ((block = ter_blocks_next(blocks, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK)
            visit(space, block, context);
}

struct copy_objects {
    ter_object_visitor *visit;
    void *context;
};

static void visit_copies(const struct ter_space *space, uintptr_t block, void *context)
{
    const struct copy_objects *objects = context;
    const struct ter_kind *kind = &space->kinds[ter_copy_block_of(space->arena, block)->kind];
    uintptr_t end = block + TER_BYTES_IN_BLOCK, object = block;

    while ((object = ter_bits_find_set(copy_valid_bits(space), object, end)) < end) {
        size_t bytes = copy_object_bytes(space, object);

        objects->visit(objects->context, object, bytes, kind);
        object += bytes;
    }
}

static void copy_for_each(const struct ter_space *space, ter_object_visitor *visit, void *context)
{
    struct copy_objects objects = {visit, context};

    visit_copy_blocks(space, visit_copies, &objects);
}

static uint32_t copy_bytes_in(const struct ter_space *space, uintptr_t block)
{
    const struct ter_cell_run *runs =
        __atomic_load_n(&ter_copy_block_of(space->arena, block)->owner, __ATOMIC_ACQUIRE);
    uintptr_t end = block + TER_BYTES_IN_BLOCK, object = block;
    size_t left = ter_parcel_run_bytes(runs, TER_SIZE_CLASSES, block), bytes = 0;

    while ((object = ter_bits_find_set(copy_valid_bits(space), object, end)) < end) {
        size_t more = copy_object_bytes(space, object);

        bytes += more;
        object += more;
    }
    return (uint32_t)(bytes - ter_min(left, bytes));
}

/* Without young blocks by themselves, those are new that no collection has counted. */
static bool is_young_block(const struct ter_space *space, uintptr_t block)
{
    const struct ter_copy_figures *figures = ter_copy_figures_of(space->arena, block);

    return ter_copy_space_of(space)->ages ? !figures->is_old : figures->live == 0;
}

static void describe_copies(const struct ter_space *space, struct ter_parcel *parcel)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->arena, parcel->start);
    uintptr_t end = parcel->start + TER_BYTES_IN_BLOCK;

    if (record->state == TER_COPY_FREE) {
        ter_parcel_is_free(parcel, record->zeroed);
        return;
    }
    parcel->state = is_young_block(space, parcel->start) ? TER_PARCEL_YOUNG : TER_PARCEL_OLD;
    parcel->object_bytes = copy_bytes_in(space, parcel->start);
    if (__atomic_load_n(&record->stays, __ATOMIC_RELAXED))
        parcel->pinned =
            (uint32_t)ter_bits_count(ter_space_table(space, TER_SIDE_PIN), parcel->start, end);
}

static void copy_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                 void *context)
{
    ter_parcels_of_blocks(space, &ter_copy_space_of(space)->blocks, describe_copies, visit,
                          context);
}

static size_t copy_used_bytes(const struct ter_space *space)
{
    return ter_copy_space_of(space)->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;
}

static size_t copy_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    size_t used = 0;

    for (uintptr_t at = chunk; at < chunk + TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_BLOCK)
        used += ter_copy_block_of(space->arena, at)->state != TER_COPY_FREE;
    return used << TER_LOG_BYTES_IN_BLOCK;
}

/* Each bit of `id` in the block is one of START too, or there is a line that says so. */
static void check_copy_bits(const struct ter_space *space, uintptr_t block, enum ter_side_id id)
{
    const struct ter_side_table *table = ter_space_table(space, id);
    uintptr_t end = block + TER_BYTES_IN_BLOCK, at = block;

    while ((at = ter_bits_find_set(table, at, end)) < end) {
        TER_REQUIRE(ter_bits_test(copy_start_bits(space), at),
                    "space %s: %#zx has a bit of table %s and begins nothing", space->sft.name,
                    (size_t)at, ter_side_specs[id].name);
        at += TER_BYTES_IN_GRANULE;
    }
}

/* Between collections. */
static void check_none_set(const struct ter_space *space, uintptr_t block, enum ter_side_id id)
{
    uintptr_t end = block + TER_BYTES_IN_BLOCK;

    TER_REQUIRE(ter_bits_find_set(ter_space_table(space, id), block, end) == end,
                "space %s: a bit of table %s is left in the block at %#zx", space->sft.name,
                ter_side_specs[id].name, (size_t)block);
}

static void check_copy_block(const struct ter_space *space, uintptr_t block, void *context)
{
    const struct ter_copy_block *record = ter_copy_block_of(space->arena, block);
    size_t *in_use = context;
    bool used = record->state != TER_COPY_FREE;

    *in_use += used;
    TER_REQUIRE(
        record->fate == TER_COPY_REACHED && ter_bits_test(copy_start_bits(space), block) == used,
        "space %s: the block at %#zx is in no state that there is", space->sft.name, (size_t)block);
    check_copy_bits(space, block, TER_SIDE_VALID_OBJECT);
    check_copy_bits(space, block, TER_SIDE_PIN);
    check_none_set(space, block, TER_SIDE_STAY);
    check_none_set(space, block, TER_SIDE_MARK);
}

static void copy_check(const struct ter_space *space)
{
    size_t in_use = 0;

    visit_copy_blocks(space, check_copy_block, &in_use);
    TER_REQUIRE(in_use == ter_copy_space_of(space)->blocks.in_use,
                "space %s: %zu blocks have a state of use, %zu are in use", space->sft.name, in_use,
                ter_copy_space_of(space)->blocks.in_use);
}

const struct ter_policy ter_policy_copy = {
    .help = "small objects that a collection moves, but for those that are pinned",
    .record_bytes = sizeof(struct ter_copy_space),
    .side = TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_SIDE_SET(START) |
            TER_SIDE_SET(PIN) | TER_SIDE_SET(STAY) | TER_SIDE_SET(BLOCK) |
            TER_SIDE_SET(BLOCK_STATE) | TER_SIDE_SET(BLOCK_LINK),
    .moves = true,
    .in_layout = true,
    .gone_bytes = sizeof(uintptr_t),
    .functions = {.kind = TER_SPACE_COPY,
                  .name = "copy",
                  .find_object_from_interior = copy_find,
                  .trace_object = copy_trace_object,
                  .is_live = is_copy_live,
                  .is_reachable = is_copy_live,
                  .is_sane = is_copy_live,
                  .forwarded_object = copy_forwarded,
                  .is_movable = is_copy_movable,
                  .pin = copy_pin,
                  .unpin = copy_unpin,
                  .is_pinned = is_copy_pinned,
                  .print_object = print_copy},
    .init = copy_init,
    .fini = copy_fini,
    .admit_bytes = copy_admit_bytes,
    .fill_run = ter_copy_fill_run,
    .take_kept = ter_copy_take_kept,
    .take_fresh = ter_copy_take_fresh,
    .return_run = ter_copy_return_run,
    .keep_run = ter_copy_keep_run,
    .free = copy_free,
    .prepare = ter_copy_prepare,
    .trace = copy_trace_any,
    .release = ter_copy_release,
    .prepare_young = ter_copy_prepare_young,
    .release_young = ter_copy_release_young,
    .reserve_bytes = ter_copy_reserve,
    .now_at = copy_now_at,
    .hold = ter_copy_hold_covering,
    .for_each = copy_for_each,
    .for_each_parcel = copy_for_each_parcel,
    .used_bytes = copy_used_bytes,
    .used_in_chunk = copy_used_in_chunk,
    .trim = ter_copy_trim,
    .check = copy_check,
    .object_bytes = copy_object_bytes,
    .object_kind = copy_object_kind,
    .is_marked = is_copy_marked,
    .set_mark = set_copy_mark,
    .is_gone = ter_space_is_gone,
};
