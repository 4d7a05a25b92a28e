/* SPDX-License-Identifier: MIT */
/*
 * Life of a map and its spaces.
 *
 * A new map is all zeros but for EMPTY's record and a space map's pointers: in the other two forms
 * zero means EMPTY, so a table costs no time at the start.
 */
#include "sft/sft.h"

#include "os/os.h"
#include "sft/entry.h"
#include "sft/map_state.h"

#define ADDRESS_BITS ((unsigned)sizeof(uintptr_t) * 8)
#define LARGEST_RECORD TER_KIB(64)

/* For more than one byte. */
static unsigned log2_up(size_t bytes)
{
    return ter_log2(bytes - 1) + 1;
}

/* What the number 0 for the bytes covered stands for; itself 0 when that is all addresses. */
static uintptr_t usual_bytes(const struct ter_sft_map_options *options)
{
    /* 0 - start bytes are left above start; for start 0 that is all, which is 0 as a word. */
    if (options->kind != TER_SFT_DENSE_MAP)
        return 0 - options->start;
    /* By two shifts: one by all bits of a word is not defined. */
    return ((uintptr_t)2 << (ter_os_address_bits() - 1)) - options->start;
}

/* Fills in what the map covers; false if that is against the rules. */
static bool set_range(struct ter_sft_map *map, const struct ter_sft_map_options *options)
{
    uintptr_t region_mask, bytes = options->bytes != 0 ? options->bytes : usual_bytes(options);

    if (map->log_region_bytes >= ADDRESS_BITS)
        return false;
    region_mask = ((uintptr_t)1 << map->log_region_bytes) - 1;
    if (((options->start | bytes) & region_mask) != 0 || bytes - 1 > UINTPTR_MAX - options->start)
        return false;
    map->start = options->start;
    map->last = options->start + (bytes - 1);
    map->beyond = (map->last >> map->log_region_bytes) + 1;
    /* The number of slots itself may be 0 as a word, for slots of one byte. */
    return map->kind != TER_SFT_SPACE_MAP || map->beyond - 1 < TER_SFT_MAX_SLOTS;
}

static uintptr_t group_count(const struct ter_sft_map *map)
{
    return ((map->beyond - 1) >> TER_SFT_LOG_GROUP) + 1;
}

/* Lays out state, records and table in one allocation: at most an entry a chunk of all addresses.
 */
static void lay_out(const struct ter_sft_map *map, size_t *records, size_t *table, size_t *bytes)
{
    size_t page = ter_os_page_size();
    size_t words = ter_sft_groups_words(group_count(map));

    *records = ter_align_up(sizeof(struct ter_sft_map_state) + words * 8, page);
    *table =
        *records + ter_align_up((size_t)(TER_SFT_MAX_SPACES + 1) << map->log_record_bytes, page);
    *bytes = *table + ter_align_up((map->beyond + 1) * ter_sft_entry_bytes(map->kind), page);
}

static void fill_slots(const struct ter_sft_map *map)
{
    uintptr_t *table = (uintptr_t *)map->table;

    for (uintptr_t i = 0; i <= map->beyond; i++)
        table[i] = map->empty;
}

ter_status ter_sft_map_create(struct ter_sft_map *map, const struct ter_sft_map_options *options)
{
    size_t record = ter_max(options->record_bytes, sizeof(struct ter_sft));
    struct ter_sft_map made = {.kind = options->kind};
    size_t records, table, bytes;
    uintptr_t block;
    void *start;
    ter_status status;

    if (options->kind > TER_SFT_SPARSE_MAP || record > LARGEST_RECORD)
        return TER_ERROR_INVALID;
    made.log_region_bytes =
        options->kind == TER_SFT_SPACE_MAP ? options->log_slot_bytes : TER_SFT_LOG_BYTES_IN_CHUNK;
    made.log_record_bytes = log2_up(record);
    if (!set_range(&made, options))
        return TER_ERROR_OUT_OF_RANGE;
    lay_out(&made, &records, &table, &bytes);
    status = ter_os_allocate_sparse(bytes, "terrier:sft-map", &start);
    if (status != TER_OK)
        return status;
    block = (uintptr_t)start;
    made.state = start;
    made.state->block_bytes = bytes;
    ter_sft_groups_init(&made.state->groups, group_count(&made), made.state->group_words);
    made.empty = block + records;
    made.table = (const void *)(block + table);
    ter_sft_check_entries(&made);
    ter_lock_init(&made.state->lock, TER_RANK_SFT);
    *(struct ter_sft *)made.empty = ter_sft_empty_functions;
    if (made.kind == TER_SFT_SPACE_MAP)
        fill_slots(&made);
    *map = made;
    return TER_OK;
}

void ter_sft_map_destroy(struct ter_sft_map *map)
{
    struct ter_sft_map_state *state = map->state;

    ter_lock_fini(&state->lock);
    ter_os_retire((uintptr_t)state, state->block_bytes);
    *map = (struct ter_sft_map){0};
}

ter_status ter_sft_map_add_space(const struct ter_sft_map *map, const struct ter_sft *functions,
                                 struct ter_sft **space)
{
    struct ter_sft_map_state *state = map->state;
    ter_status status = TER_ERROR_FULL;

    if (functions->kind == TER_SPACE_EMPTY || functions->name == NULL)
        return TER_ERROR_INVALID;
    ter_lock_acquire_for(&state->lock, "ter_sft_map_add_space");
    if (state->spaces < TER_SFT_MAX_SPACES) {
        struct ter_sft_change change = {.event = TER_SFT_ADDED};

        state->spaces++;
        *space =
            (struct ter_sft *)(map->empty + ((uintptr_t)state->spaces << map->log_record_bytes));
        **space = *functions;
        ter_sft_fill_defaults(*space);
        change.space = *space;
        ter_sft_report_change(map, &change);
        status = TER_OK;
    }
    ter_lock_release(&state->lock);
    return status;
}

uint8_t ter_sft_space_number(const struct ter_sft_map *map, const struct ter_sft *space)
{
    return (uint8_t)(((uintptr_t)space - map->empty) >> map->log_record_bytes);
}

const char *ter_sft_map_kind_name(enum ter_sft_map_kind kind)
{
    switch (kind) {
    case TER_SFT_SPACE_MAP: return "space";
    case TER_SFT_DENSE_MAP: return "dense";
    case TER_SFT_SPARSE_MAP: return "sparse";
    }
    return "unknown";
}

bool ter_sft_map_side_metadata(const struct ter_sft_map *map,
                               struct ter_sft_side_metadata *metadata)
{
    if (map->kind != TER_SFT_DENSE_MAP)
        return false;
    *metadata = (struct ter_sft_side_metadata){.name = "sft-dense-index",
                                               .log_bits = 3,
                                               .log_region_bytes = TER_SFT_LOG_BYTES_IN_CHUNK,
                                               .table = (uintptr_t)map->table,
                                               .bytes = map->beyond};
    return true;
}

void ter_sft_map_trace(const struct ter_sft_map *map, ter_sft_tracer *tracer, void *context)
{
    struct ter_sft_map_state *state = map->state;

    ter_lock_acquire_for(&state->lock, "ter_sft_map_trace");
    state->tracer = tracer;
    state->tracer_context = context;
    ter_lock_release(&state->lock);
}
