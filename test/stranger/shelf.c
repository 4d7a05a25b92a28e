/* SPDX-License-Identifier: MIT */
/*
 * Small objects on shelves: a shelf is a page of 4 KiB cut into places of one size for objects of
 * one kind, or as many pages as an object over half a page needs. No free list and no resume point:
 * a free place is one whose valid-object bit is clear, and the first one of a shelf is taken.
 *
 * Invariant: the record of each page of a shelf says how far back the shelf begins, how large its
 * places are and of which kind; it changes only while no object lies there. A shelf of several
 * places that has a free one is in the list of its size and kind, at most once.
 *
 * Threads: as policy.h says; what finds objects takes no lock.
 */
#include "space/space.h"

#include <string.h>

/* From here on an object has a shelf for itself. */
#define SHELF_SHARED_GRANULES (TER_BYTES_IN_PAGE / 2 / TER_BYTES_IN_GRANULE)

/* In the metadata LARGE, which has a record for each page. The rest counts on the first page. */
struct shelf_page {
    _Atomic uint32_t what; /* granules of a place, kind and pages back; 0: no shelf */
    uint32_t next;         /* 1 + number of the page of the next shelf of the list, 0 for none */
    uint32_t fresh;        /* bytes from the start, at and above which all still reads zero */
    bool listed;
};

struct shelf_space {
    struct ter_space space; /* first */
    struct ter_page_runs runs;
    uint32_t with_room[SHELF_SHARED_GRANULES + 1][TER_MAX_KINDS];
};

static struct shelf_space *shelf_of(const struct ter_space *space)
{
    return (struct shelf_space *)(uintptr_t)space;
}

static struct shelf_page *shelf_page_of(const struct ter_space *space, uintptr_t word)
{
    return TER_SIDE_RECORD(space->arena->side, LARGE, word);
}

static uint32_t shelf_what(const struct ter_space *space, uintptr_t word)
{
    return atomic_load_explicit(&shelf_page_of(space, word)->what, memory_order_acquire);
}

/* ---- What a page says ---- */

static uint32_t shelf_what_of(size_t bytes, unsigned kind)
{
    return (uint32_t)(bytes >> TER_LOG_BYTES_IN_GRANULE) | kind << 16;
}

static size_t shelf_bytes_of(uint32_t what)
{
    return (size_t)(what & 0xffff) << TER_LOG_BYTES_IN_GRANULE;
}

static unsigned shelf_kind_of(uint32_t what)
{
    return (what >> 16) & 0xff;
}

static uintptr_t shelf_start_of(uint32_t what, uintptr_t word)
{
    return ter_align_down(word, TER_BYTES_IN_PAGE) - ((what >> 24) << TER_LOG_BYTES_IN_PAGE);
}

static size_t shelf_pages_for(size_t bytes)
{
    return (bytes + TER_BYTES_IN_PAGE - 1) >> TER_LOG_BYTES_IN_PAGE;
}

/* Where its places end; what is left of the page is no place. */
static uintptr_t shelf_end_of(uint32_t what, uintptr_t start)
{
    size_t bytes = shelf_bytes_of(what);

    return start + (bytes < TER_BYTES_IN_PAGE ? TER_BYTES_IN_PAGE / bytes * bytes : bytes);
}

static bool shelf_is_shared(uint32_t what)
{
    return (what & 0xffff) <= SHELF_SHARED_GRANULES;
}

/* ---- Lists ---- */

static uint32_t *shelf_list(struct shelf_space *shelf, uint32_t what)
{
    return &shelf->with_room[what & 0xffff][shelf_kind_of(what)];
}

static uintptr_t shelf_numbered(const struct shelf_space *shelf, uint32_t number)
{
    return shelf->space.range.start + ((uintptr_t)(number - 1) << TER_LOG_BYTES_IN_PAGE);
}

static void shelf_push(struct shelf_space *shelf, uintptr_t start)
{
    struct shelf_page *page = shelf_page_of(&shelf->space, start);
    uint32_t *list = shelf_list(shelf, page->what);

    page->next = *list;
    page->listed = true;
    *list = 1 + (uint32_t)((start - shelf->space.range.start) >> TER_LOG_BYTES_IN_PAGE);
}

static void shelf_pop(struct shelf_space *shelf, uintptr_t start)
{
    struct shelf_page *page = shelf_page_of(&shelf->space, start);

    *shelf_list(shelf, page->what) = page->next;
    page->listed = false;
}

/* ---- Shelves ---- */

static void shelf_describe(struct shelf_space *shelf, uintptr_t start, size_t pages, uint32_t what)
{
    for (uint32_t back = 0; back < pages; back++) {
        uintptr_t page = start + ((uintptr_t)back << TER_LOG_BYTES_IN_PAGE);

        atomic_store_explicit(&shelf_page_of(&shelf->space, page)->what,
                              what == 0 ? 0 : what | back << 24, memory_order_release);
    }
}

static ter_status shelf_open(struct shelf_space *shelf, uint32_t what, uintptr_t *start)
{
    size_t pages = shelf_pages_for(shelf_bytes_of(what));
    bool zeroed;
    ter_status status = ter_page_runs_acquire(&shelf->runs, pages, start, &zeroed);

    if (status != TER_OK)
        return status;
    shelf_page_of(&shelf->space, *start)->fresh =
        zeroed ? 0 : (uint32_t)(pages << TER_LOG_BYTES_IN_PAGE);
    shelf_page_of(&shelf->space, *start)->listed = false;
    shelf_describe(shelf, *start, pages, what);
    if (shelf_is_shared(what))
        shelf_push(shelf, *start);
    return TER_OK;
}

/* An empty one that is in no list. */
static void shelf_close(struct shelf_space *shelf, uintptr_t start)
{
    shelf_describe(shelf, start, ter_page_runs_pages(&shelf->runs, start), 0);
    ter_page_runs_release(&shelf->runs, start);
}

static uintptr_t shelf_next(const struct shelf_space *shelf, uintptr_t start)
{
    size_t pages = start == 0 ? 0 : ter_page_runs_pages(&shelf->runs, start);

    return ter_page_runs_next_used(&shelf->runs, start + (pages << TER_LOG_BYTES_IN_PAGE));
}

/* ---- Objects ---- */

static const struct ter_side_table *shelf_valid(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_VALID_OBJECT);
}

/*
 * The page may get another shelf meanwhile. Bits go before its record changes and come after, so an
 * unchanged record is the one that the bit belongs to.
 */
static ter_object shelf_find(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    uint32_t what;
    uintptr_t start, object;

    if (!ter_range_holds(&space->range, space->arena, word))
        return ter_object_none();
    what = shelf_what(space, word);
    if (what == 0)
        return ter_object_none();
    start = shelf_start_of(what, word);
    object = start + (word - start) / shelf_bytes_of(what) * shelf_bytes_of(what);
    if (!ter_bits_test(shelf_valid(space), object) || shelf_what(space, word) != what)
        return ter_object_none();
    return ter_object_at(object);
}

static size_t shelf_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return shelf_bytes_of(shelf_what(space, object));
}

static unsigned shelf_object_kind(const struct ter_space *space, uintptr_t object)
{
    return shelf_kind_of(shelf_what(space, object));
}

/* ---- Handing out ---- */

static ter_status shelf_init(struct ter_space *space)
{
    ter_page_runs_init(&shelf_of(space)->runs, &space->range, space->arena);
    return TER_OK;
}

static size_t shelf_admit_bytes(size_t bytes)
{
    return shelf_pages_for(bytes) << TER_LOG_BYTES_IN_PAGE;
}

/* The first free place of a shelf, and with it the shelf's start. 0: there is no such shelf. */
static uintptr_t shelf_free_place(struct shelf_space *shelf, uint32_t what, uintptr_t *start)
{
    const struct ter_side_table *valid = shelf_valid(&shelf->space);

    if (!shelf_is_shared(what))
        return 0;
    while (*shelf_list(shelf, what) != 0) {
        uintptr_t end, place;

        *start = shelf_numbered(shelf, *shelf_list(shelf, what));
        end = shelf_end_of(what, *start);
        place = ter_bits_find_clear_strided(valid, *start, end, shelf_bytes_of(what));
        if (place < end)
            return place;
        shelf_pop(shelf, *start);
    }
    return 0;
}

static ter_status shelf_allocate(struct ter_space *space, uintptr_t *window, unsigned kind,
                                 size_t bytes, uintptr_t *object, bool *zeroed)
{
    struct shelf_space *shelf = shelf_of(space);
    uint32_t what = shelf_what_of(bytes, kind);
    uintptr_t start, place = shelf_free_place(shelf, what, &start);
    struct shelf_page *page;

    (void)window;
    if (place == 0) {
        ter_status status = shelf_open(shelf, what, &start);

        if (status != TER_OK)
            return status;
        place = start;
    }
    page = shelf_page_of(space, start);
    *zeroed = place - start >= page->fresh;
    if (*zeroed)
        page->fresh = (uint32_t)(place - start + bytes);
    ter_space_set_mark(space, place, true);
    ter_bits_set_shared(shelf_valid(space), place);
    *object = place;
    return TER_OK;
}

static size_t shelf_free(struct ter_space *space, uintptr_t object)
{
    struct shelf_space *shelf = shelf_of(space);
    uint32_t what = shelf_what(space, object);
    uintptr_t start = shelf_start_of(what, object);

    ter_bits_clear_shared(shelf_valid(space), object);
    if (!shelf_is_shared(what))
        shelf_close(shelf, start);
    else if (!shelf_page_of(space, start)->listed)
        shelf_push(shelf, start);
    return shelf_bytes_of(what);
}

/* ---- Being collected ---- */

static void shelf_prepare(struct ter_space *space)
{
    const struct shelf_space *shelf = shelf_of(space);

    for (uintptr_t start = shelf_next(shelf, 0); start != 0; start = shelf_next(shelf, start)) {
        size_t pages = ter_page_runs_pages(&shelf->runs, start);

        ter_side_zero_range(ter_space_table(space, TER_SIDE_MARK), start,
                            start + (pages << TER_LOG_BYTES_IN_PAGE));
    }
}

/* What was not reached is no object. Returns how many stay; they are marked. */
static size_t shelf_sweep(struct ter_space *space, uintptr_t start, uint32_t what)
{
    const struct ter_side_table *valid = shelf_valid(space);
    uintptr_t end = shelf_end_of(what, start);
    size_t kept = 0;

    for (uintptr_t place = start; place < end; place += shelf_bytes_of(what)) {
        if (!ter_bits_test(valid, place))
            continue;
        if (ter_space_is_marked(space, place))
            kept++;
        else
            ter_bits_clear_shared(valid, place);
    }
    return kept;
}

static void shelf_release(struct ter_space *space, struct ter_live *live)
{
    struct shelf_space *shelf = shelf_of(space);
    uintptr_t next;

    memset(shelf->with_room, 0, sizeof(shelf->with_room));
    for (uintptr_t start = shelf_next(shelf, 0); start != 0; start = next) {
        uint32_t what = shelf_what(space, start);
        size_t bytes = shelf_bytes_of(what), kept = shelf_sweep(space, start, what);

        next = shelf_next(shelf, start);
        shelf_page_of(space, start)->listed = false;
        ter_live_count(live, space->kinds[shelf_kind_of(what)].scan, kept, kept * bytes);
        if (kept == 0)
            shelf_close(shelf, start);
        else if (kept < (shelf_end_of(what, start) - start) / bytes)
            shelf_push(shelf, start);
    }
}

/* ---- Looking at it ---- */

static void shelf_for_each(const struct ter_space *space, ter_object_visitor *visit, void *context)
{
    const struct shelf_space *shelf = shelf_of(space);

    for (uintptr_t start = shelf_next(shelf, 0); start != 0; start = shelf_next(shelf, start)) {
        uint32_t what = shelf_what(space, start);
        size_t bytes = shelf_bytes_of(what);
        uintptr_t end = shelf_end_of(what, start);

        for (uintptr_t place = start; place < end; place += bytes)
            if (ter_bits_test(shelf_valid(space), place))
                visit(context, place, bytes, &space->kinds[shelf_kind_of(what)]);
    }
}

static size_t shelf_used_bytes(const struct ter_space *space)
{
    return shelf_of(space)->runs.used_pages << TER_LOG_BYTES_IN_PAGE;
}

static size_t shelf_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    uintptr_t end = chunk + ((uintptr_t)TER_PAGES_IN_CHUNK << TER_LOG_BYTES_IN_PAGE);
    size_t used = 0;

    for (uintptr_t page = chunk; page < end; page += TER_BYTES_IN_PAGE)
        if (ter_range_holds(&space->range, space->arena, page) && shelf_what(space, page) != 0)
            used += TER_BYTES_IN_PAGE;
    return used;
}

static size_t shelf_trim(struct ter_space *space, size_t bytes)
{
    return ter_page_runs_trim(&shelf_of(space)->runs, bytes);
}

static void shelf_check(const struct ter_space *space)
{
    const struct shelf_space *shelf = shelf_of(space);
    size_t pages = 0;

    for (uintptr_t start = shelf_next(shelf, 0); start != 0; start = shelf_next(shelf, start)) {
        uint32_t what = shelf_what(space, start);

        TER_REQUIRE(what != 0 && shelf_start_of(what, start) == start &&
                        shelf_pages_for(shelf_bytes_of(what)) ==
                            ter_page_runs_pages(&shelf->runs, start),
                    "shelf: %#zx is not what its record says", (size_t)start);
        pages += ter_page_runs_pages(&shelf->runs, start);
    }
    TER_REQUIRE(pages == shelf->runs.used_pages, "shelf: %zu pages are used, not %zu", pages,
                shelf->runs.used_pages);
}

const struct ter_policy ter_policy_shelf = {
    .help = "small objects in places of pages, found by their valid-object bits",
    .record_bytes = sizeof(struct shelf_space),
    .side =
        TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_SIDE_SET(LARGE) | TER_PAGE_RUNS_SIDE,
    .in_layout = true,
    .functions = {.kind = TER_SPACE_OTHER,
                  .name = "shelf",
                  .find_object_from_interior = shelf_find},
    .init = shelf_init,
    .admit_bytes = shelf_admit_bytes,
    .allocate = shelf_allocate,
    .free = shelf_free,
    .prepare = shelf_prepare,
    .release = shelf_release,
    .for_each = shelf_for_each,
    .used_bytes = shelf_used_bytes,
    .used_in_chunk = shelf_used_in_chunk,
    .trim = shelf_trim,
    .check = shelf_check,
    .object_bytes = shelf_object_bytes,
    .object_kind = shelf_object_kind,
    .is_marked = ter_space_is_marked,
    .set_mark = ter_space_set_mark,
    .is_gone = ter_space_is_gone,
};
