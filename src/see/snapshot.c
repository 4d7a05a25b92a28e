/* SPDX-License-Identifier: MIT */
#include "see/snapshot.h"

#include "see/kind_name.h"

#include <string.h>

#define MOST_GATHER (UINT32_C(1) << 20)
#define LEAST_CLASS_LOG 4u

_Static_assert((unsigned)TER_PARCEL_STATE_COUNT <= TER_SNAPSHOT_STATES, "states fit in tiles");
_Static_assert(TER_MAX_KINDS <= TER_RECORDED_KINDS, "kinds fit");

/* ---- Blocks ---- */

/* The tile that parcels are gathered for. */
struct gathered_tile {
    uint32_t parcels;
    uint32_t of[TER_SNAPSHOT_STATES];
    uint64_t object_bytes;
    bool is_pinned;
};

struct snapshot_walk {
    struct ter_recorded_snapshot *snapshot;
    struct ter_recording *recording;
    const struct ter_sft *space; /* of the stretch; NULL: none yet */
    uintptr_t next;              /* where its next parcel begins */
    struct gathered_tile tile;
};

static uint32_t space_number(struct ter_recording *recording, const char *name)
{
    for (uint32_t i = 0; i < TER_RECORDED_SPACES - 1; i++) {
        char *known = recording->spaces[i];

        if (known[0] == '\0') {
            struct ter_text text;

            ter_text_init(&text, known, TER_RECORDED_NAME_BYTES);
            ter_text_print(&text, "%s", name);
        }
        if (strncmp(known, name, TER_RECORDED_NAME_BYTES - 1) == 0)
            return i;
    }
    return TER_RECORDED_SPACES - 1;
}

static uint8_t tile_byte(const struct gathered_tile *tile)
{
    uint64_t all = (uint64_t)tile->parcels * TER_PARCEL_BYTES;
    uint64_t full = (tile->object_bytes * TER_TILE_FULL_MOST + all / 2) / all;
    unsigned state = 0;

    for (unsigned i = 1; i < TER_SNAPSHOT_STATES; i++)
        if (tile->of[i] > tile->of[state])
            state = i;
    if (tile->object_bytes > 0 && full == 0)
        full = 1; /* what is not empty is seen */
    if (full > TER_TILE_FULL_MOST)
        full = TER_TILE_FULL_MOST;
    return (uint8_t)(state | full << TER_TILE_FULL_SHIFT | (tile->is_pinned ? TER_TILE_PINNED : 0));
}

static void end_tile(struct snapshot_walk *walk)
{
    struct ter_recorded_snapshot *snapshot = walk->snapshot;

    if (walk->tile.parcels == 0)
        return;
    if (snapshot->tile_count < TER_SNAPSHOT_TILES) {
        snapshot->tiles[snapshot->tile_count++] = tile_byte(&walk->tile);
        snapshot->stretches[snapshot->stretch_count - 1].tiles++;
    } else {
        snapshot->left_out += walk->tile.parcels;
    }
    walk->tile = (struct gathered_tile){.parcels = 0};
}

static bool begin_stretch(struct snapshot_walk *walk, const struct ter_parcel *parcel)
{
    struct ter_recorded_snapshot *snapshot = walk->snapshot;

    end_tile(walk);
    if (snapshot->stretch_count == TER_SNAPSHOT_STRETCHES)
        return false;
    snapshot->stretches[snapshot->stretch_count++] = (struct ter_recorded_stretch){
        .start = parcel->start, .space = space_number(walk->recording, parcel->space->name)};
    walk->space = parcel->space;
    return true;
}

static void count_of_snapshot(struct ter_recorded_snapshot *snapshot,
                              const struct ter_parcel *parcel)
{
    snapshot->parcels[parcel->state]++;
    snapshot->pinned += parcel->pinned != 0;
    snapshot->object_bytes += parcel->object_bytes;
}

static void gather_parcel(void *context, const struct ter_parcel *parcel)
{
    struct snapshot_walk *walk = context;

    count_of_snapshot(walk->snapshot, parcel);
    if ((parcel->space != walk->space || parcel->start != walk->next) &&
        !begin_stretch(walk, parcel)) {
        walk->snapshot->left_out++;
        return;
    }
    walk->next = parcel->start + TER_PARCEL_BYTES;
    walk->tile.parcels++;
    walk->tile.of[parcel->state]++;
    walk->tile.object_bytes += parcel->object_bytes;
    walk->tile.is_pinned |= parcel->pinned != 0;
    if (walk->tile.parcels == walk->snapshot->gather)
        end_tile(walk);
}

/* How many parcels become one tile, as far as that is known before they are visited. */
static uint32_t expected_gather(const struct ter_collector *collector)
{
    const struct ter_accounting *accounting = &collector->arena.accounting;
    size_t bytes = atomic_load_explicit(&accounting->mapped_bytes, memory_order_relaxed) +
                   atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);
    uint32_t gather = 1;

    while (bytes / TER_PARCEL_BYTES / gather > TER_SNAPSHOT_TILES && gather < MOST_GATHER)
        gather *= 2;
    return gather;
}

static void clear_blocks(struct ter_recorded_snapshot *snapshot, uint32_t gather)
{
    snapshot->gather = gather;
    snapshot->stretch_count = snapshot->tile_count = 0;
    snapshot->pinned = snapshot->left_out = 0;
    snapshot->object_bytes = 0;
    memset(snapshot->parcels, 0, sizeof snapshot->parcels);
}

void ter_snapshot_blocks(struct ter_recorded_snapshot *snapshot, struct ter_recording *recording,
                         const struct ter_collector *collector, ter_parcels_function *parcels,
                         const void *heap)
{
    uint32_t gather = expected_gather(collector);

    do {
        struct snapshot_walk walk = {.snapshot = snapshot, .recording = recording};

        clear_blocks(snapshot, gather);
        parcels(heap, gather_parcel, &walk);
        end_tile(&walk);
        gather *= 2;
    } while (snapshot->left_out > 0 && snapshot->tile_count == TER_SNAPSHOT_TILES &&
             gather <= MOST_GATHER);
}

/* ---- Objects ---- */

struct census_walk {
    const struct ter_collector *collector;
    struct ter_census *census;
};

static unsigned class_of(size_t bytes)
{
    unsigned log = bytes <= 1 ? 0 : ter_log2(bytes - 1) + 1;
    unsigned size_class = log <= LEAST_CLASS_LOG ? 0 : log - LEAST_CLASS_LOG;

    return size_class < TER_CENSUS_CLASSES ? size_class : TER_CENSUS_CLASSES - 1;
}

static void count_in_census(void *context, uintptr_t object, size_t bytes,
                            const struct ter_kind *kind)
{
    struct census_walk *walk = context;
    const struct ter_allocator *allocator = &walk->collector->allocator;
    unsigned base = allocator->details[kind - allocator->kinds].base;
    struct ter_recorded_row *row = &walk->census->rows[base][class_of(bytes)];

    (void)object;
    row->objects++;
    row->bytes += bytes;
}

static void name_kind(struct ter_recording *recording, const struct ter_collector *collector,
                      unsigned kind)
{
    struct ter_text text;

    if (recording->kinds[kind][0] != '\0')
        return;
    ter_text_init(&text, recording->kinds[kind], TER_RECORDED_NAME_BYTES);
    ter_kind_add_name(&text, collector, kind);
}

/* The one with the most bytes; NULL: none has any. */
static struct ter_recorded_row *largest_census_row(struct ter_census *census)
{
    struct ter_recorded_row *rows = &census->rows[0][0], *largest = NULL;

    for (size_t i = 0; i < (size_t)TER_RECORDED_KINDS * TER_CENSUS_CLASSES; i++)
        if (rows[i].objects > 0 && (largest == NULL || rows[i].bytes > largest->bytes))
            largest = &rows[i];
    return largest;
}

static struct ter_recorded_row taken(struct ter_census *census, struct ter_recorded_row *row)
{
    size_t index = (size_t)(row - &census->rows[0][0]);
    unsigned size_class = (unsigned)(index % TER_CENSUS_CLASSES);
    struct ter_recorded_row copy = *row;

    copy.kind = (uint32_t)(index / TER_CENSUS_CLASSES);
    copy.most_bytes =
        size_class == TER_CENSUS_CLASSES - 1 ? 0 : UINT32_C(1) << (size_class + LEAST_CLASS_LOG);
    *row = (struct ter_recorded_row){.objects = 0};
    return copy;
}

/* The largest ones; those for which there is no room are with the smallest of these. */
static void take_rows(struct ter_recorded_snapshot *snapshot, struct ter_recording *recording,
                      const struct ter_collector *collector, struct ter_census *census)
{
    struct ter_recorded_row *row;

    while ((row = largest_census_row(census)) != NULL) {
        struct ter_recorded_row copy = taken(census, row);

        if (snapshot->row_count < TER_SNAPSHOT_ROWS) {
            name_kind(recording, collector, copy.kind);
            snapshot->rows[snapshot->row_count++] = copy;
        } else {
            snapshot->rows[TER_SNAPSHOT_ROWS - 1].objects += copy.objects;
            snapshot->rows[TER_SNAPSHOT_ROWS - 1].bytes += copy.bytes;
        }
    }
}

void ter_snapshot_objects(struct ter_recorded_snapshot *snapshot, struct ter_recording *recording,
                          const struct ter_collector *collector, struct ter_census *census)
{
    struct census_walk walk = {collector, census};

    memset(census, 0, sizeof *census);
    snapshot->row_count = 0;
    ter_collector_visit_objects(collector, count_in_census, &walk);
    take_rows(snapshot, recording, collector, census);
}
