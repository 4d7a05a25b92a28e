/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

_Static_assert(sizeof(struct ter_guarded_page) <= 16, "spec PAGE_RUN has 2^7 bits");

/* Of the mappings that a process may have, for those between runs, and for all that heaps make. */
#define PART_FOR_GUARDS(most) ((most) / 2)
#define PART_FOR_CLOSING(most) ((most) / 4 * 3)

/* A space that shares chunks with others leaves them some: of all chunks it takes so many first. */
#define FIRST_SHARE(chunks) ((chunks) / 8 * 3)

/* Of what is given up side by side, that is closed in one go. */
#define MOST_LEFT TER_MIB(1)

/* Chunks whose records stay when nothing in them is used: 16 GiB of addresses, 128 MiB of records.
 */
#define MOST_REMEMBERED ((uintptr_t)4096 << TER_LOG_BYTES_IN_CHUNK)

void ter_guarded_runs_init(struct ter_guarded_runs *runs, struct ter_range *range,
                           struct ter_arena *arena)
{
    *runs = (struct ter_guarded_runs){.range = range,
                                      .arena = arena,
                                      .unit_bytes =
                                          ter_max(ter_os_page_size(), (size_t)TER_BYTES_IN_PAGE),
                                      .again = range->start,
                                      .forgotten = range->start};
}

/* ---- Records ---- */

static bool can_be_touched(enum ter_guarded_state state)
{
    return state == TER_GUARDED_USED || state == TER_GUARDED_LEFT || state == TER_GUARDED_OPEN;
}

static uintptr_t guarded_hull(const struct ter_guarded_runs *runs)
{
    return runs->range->start +
           atomic_load_explicit(&runs->range->mapped_bytes, memory_order_relaxed);
}

static uintptr_t next_chunk(uintptr_t address)
{
    return ter_align_down(address, TER_BYTES_IN_CHUNK) + TER_BYTES_IN_CHUNK;
}

static uint32_t guarded_pages(size_t bytes)
{
    return (uint32_t)(bytes >> TER_LOG_BYTES_IN_PAGE);
}

static enum ter_guarded_state state_at(const struct ter_arena *arena, uintptr_t start)
{
    return (enum ter_guarded_state)__atomic_load_n(&ter_guarded_page_of(arena, start)->state,
                                                   __ATOMIC_ACQUIRE);
}

static void set_state(const struct ter_guarded_runs *runs, uintptr_t start,
                      enum ter_guarded_state state)
{
    __atomic_store_n(&ter_guarded_page_of(runs->arena, start)->state, (uint32_t)state,
                     __ATOMIC_RELEASE);
}

/* What an older run says of a page is worth nothing once a newer one has its first page. */
uintptr_t ter_guarded_runs_find(const struct ter_range *range, const struct ter_arena *arena,
                                uintptr_t word, enum ter_guarded_state *state)
{
    uintptr_t page = ter_align_down(word, TER_BYTES_IN_PAGE), start;
    uint32_t back = __atomic_load_n(&ter_guarded_page_of(arena, page)->back, __ATOMIC_RELAXED);

    start = page - ((uintptr_t)back << TER_LOG_BYTES_IN_PAGE);
    if (back != 0 && !ter_range_holds(range, arena, start))
        return 0;
    *state = state_at(arena, start);
    if (*state == TER_GUARDED_NEVER || page - start >= ter_guarded_run_bytes(arena, start))
        return 0;
    return start;
}

/* The run that has the page, if it can be touched. */
static uintptr_t touchable_run(const struct ter_guarded_runs *runs, uintptr_t page)
{
    enum ter_guarded_state state;
    uintptr_t start = 0;

    if (page >= runs->range->start && ter_range_holds(runs->range, runs->arena, page))
        start = ter_guarded_runs_find(runs->range, runs->arena, page, &state);
    return start != 0 && can_be_touched(state) ? start : 0;
}

static size_t pages_of_chunk(const struct ter_guarded_runs *runs, uintptr_t chunk)
{
    return (size_t)ter_side_load(TER_SIDE_TABLE(runs->arena->side, CHUNK_RUN), chunk);
}

/* So many pages more, or fewer, that can be touched, in each chunk that the run has a part of. */
static void count_in_chunks(const struct ter_guarded_runs *runs, uintptr_t start, size_t bytes,
                            bool more)
{
    uintptr_t end = start + bytes, next;

    for (; start < end; start = next) {
        size_t old = pages_of_chunk(runs, start), pages;

        next = ter_min(end, next_chunk(start));
        pages = (next - start) >> TER_LOG_BYTES_IN_PAGE;
        TER_CHECK(more || pages <= old);
        ter_side_store(TER_SIDE_TABLE(runs->arena->side, CHUNK_RUN), start,
                       more ? old + pages : old - pages);
    }
}

/* ---- Mappings ---- */

/* How many more there are when [start, end) can be touched, or not, and its neighbours stay. */
static ptrdiff_t more_mappings(const struct ter_guarded_runs *runs, uintptr_t start, uintptr_t end,
                               bool touchable)
{
    bool before = touchable_run(runs, start - TER_BYTES_IN_PAGE) != 0;
    bool behind = touchable_run(runs, end) != 0;

    return (before == touchable ? -1 : 1) + (behind == touchable ? -1 : 1);
}

static void count_more_mappings(struct ter_guarded_runs *runs, ptrdiff_t more)
{
    runs->mappings += (size_t)more;
    ter_os_count_mappings(more);
}

static bool is_room_for_mapping(ptrdiff_t more, size_t part)
{
    return more <= 0 || ter_os_count_mappings(0) + (size_t)more <= part;
}

static void say_crowded(struct ter_guarded_runs *runs)
{
    if (!runs->said_crowded)
        ter_log(TER_LOG_WARNING,
                "space %s: half of the %zu mappings that the process may have (vm.max_map_count) "
                "are taken: from now on objects lie side by side, and a write behind one may not "
                "be found",
                runs->range->owner->name, ter_os_most_mappings());
    runs->said_crowded = true;
}

static void say_open(struct ter_guarded_runs *runs)
{
    if (!runs->said_open)
        ter_log(TER_LOG_WARNING,
                "space %s: too few of the %zu mappings that the process may have "
                "(vm.max_map_count) are left: not every use of an object that is gone is found any "
                "more",
                runs->range->owner->name, ter_os_most_mappings());
    runs->said_open = true;
}

static void say_again(struct ter_guarded_runs *runs, const char *what)
{
    if (!runs->said_again)
        ter_log(TER_LOG_WARNING,
                "space %s: its %s are used up: from now on addresses of objects that are gone are "
                "used again, oldest first, and a use of such an object may not be found",
                runs->range->owner->name, what);
    runs->said_again = true;
}

/* ---- Pages to take ---- */

/* Records of chunks from long ago go, where nothing is used. */
static void forget_oldest(struct ter_guarded_runs *runs, uintptr_t newest)
{
    while (newest - runs->forgotten > MOST_REMEMBERED) {
        uintptr_t chunk = runs->forgotten;

        runs->forgotten += TER_BYTES_IN_CHUNK;
        if (ter_range_holds(runs->range, runs->arena, chunk) && pages_of_chunk(runs, chunk) == 0)
            ter_side_clear(&runs->arena->side, runs->range->side, chunk, TER_BYTES_IN_CHUNK);
    }
}

static ter_status take_new_chunks(struct ter_guarded_runs *runs, size_t bytes)
{
    size_t chunks = ter_bytes_to_chunks_up(bytes), all = chunks << TER_LOG_BYTES_IN_CHUNK;
    uintptr_t start;
    ter_status status = ter_range_grow(runs->range, runs->arena, chunks, &start);

    if (status != TER_OK)
        return status;
    status = ter_os_forbid(start, all);
    if (status != TER_OK) {
        (void)ter_range_return(runs->range, runs->arena, start, chunks);
        return status;
    }
    ter_accounting_add_clean(&runs->arena->accounting, all);
    if (start != runs->limit)
        runs->cursor = start;
    runs->limit = start + all;
    forget_oldest(runs, runs->limit);
    return TER_OK;
}

/* From `from` on: the next pages side by side, in chunks of the range, that cannot be touched. */
static uintptr_t next_closed(const struct ter_guarded_runs *runs, uintptr_t from, uintptr_t *end)
{
    uintptr_t hull = guarded_hull(runs), start = from, run;

    while (start < hull) {
        if (!ter_range_holds(runs->range, runs->arena, start))
            start = next_chunk(start);
        else if ((run = touchable_run(runs, start)) != 0)
            start = run + ter_guarded_run_bytes(runs->arena, run);
        else
            break;
    }
    for (*end = start; *end < hull && ter_range_holds(runs->range, runs->arena, *end) &&
                       touchable_run(runs, *end) == 0;)
        *end += runs->unit_bytes;
    return start < hull ? start : 0;
}

/*
 * Such pages for `bytes` bytes, once around from where the last were found; 0: there are none.
 * `beside`: behind a run that can be touched, so that no mapping more is needed.
 */
static uintptr_t find_old_pages(const struct ter_guarded_runs *runs, size_t bytes, bool beside,
                                uintptr_t *end)
{
    uintptr_t from = runs->again, start;
    bool wrapped = false;

    for (;;) {
        start = next_closed(runs, from, end);
        if (start == 0 && wrapped)
            return 0;
        if (start != 0 && *end - start >= bytes &&
            (!beside || touchable_run(runs, start - TER_BYTES_IN_PAGE) != 0))
            return start;
        wrapped = wrapped || start == 0;
        from = start == 0 ? runs->range->start : *end;
    }
}

/* In pieces, so that what lies behind is as old as it can be when it is used again. */
static bool take_old_pages(struct ter_guarded_runs *runs, size_t bytes)
{
    uintptr_t end, start = find_old_pages(runs, bytes, false, &end);

    if (start == 0)
        return false;
    runs->cursor = start;
    runs->limit = ter_min(end, start + ter_max(bytes, TER_BYTES_IN_CHUNK));
    runs->again = runs->limit;
    say_again(runs, "addresses");
    return true;
}

static bool has_its_share(const struct ter_range *range)
{
    return range->shared &&
           range->chunks >= FIRST_SHARE(range->extent_bytes >> TER_LOG_BYTES_IN_CHUNK);
}

/* Room for the run and a page of the system that nobody has behind it. */
static ter_status have_window(struct ter_guarded_runs *runs, size_t bytes)
{
    size_t wanted = bytes + runs->unit_bytes;
    ter_status status;

    if (runs->limit - runs->cursor >= wanted)
        return TER_OK;
    if (has_its_share(runs->range) && take_old_pages(runs, wanted))
        return TER_OK;
    status = take_new_chunks(runs, wanted);
    return status == TER_OK || take_old_pages(runs, wanted) ? TER_OK : status;
}

/* ---- Taking ---- */

static void mark_guarded(const struct ter_guarded_runs *runs, uintptr_t start, size_t bytes)
{
    uint32_t pages = guarded_pages(bytes);

    for (uint32_t i = 0; i < pages; i++) {
        struct ter_guarded_page *page =
            ter_guarded_page_of(runs->arena, start + ((uintptr_t)i << TER_LOG_BYTES_IN_PAGE));

        __atomic_store_n(&page->state, TER_GUARDED_NEVER, __ATOMIC_RELAXED);
        __atomic_store_n(&page->back, i, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&ter_guarded_page_of(runs->arena, start)->pages, pages, __ATOMIC_RELAXED);
    set_state(runs, start, TER_GUARDED_USED);
}

static void count_guarded(struct ter_guarded_runs *runs, uintptr_t start, size_t bytes)
{
    count_in_chunks(runs, start, bytes, true);
    runs->used_pages += guarded_pages(bytes);
    ter_accounting_add(&runs->arena->accounting, bytes);
    ter_accounting_subtract_clean(&runs->arena->accounting, bytes);
}

/* At the cursor; when mappings are short, behind what can be touched already, if that can be. */
static uintptr_t choose_place(struct ter_guarded_runs *runs, size_t bytes)
{
    ptrdiff_t more = more_mappings(runs, runs->cursor, runs->cursor + bytes, true);
    uintptr_t end, start;

    if (is_room_for_mapping(more, PART_FOR_CLOSING(ter_os_most_mappings())))
        return runs->cursor;
    start = find_old_pages(runs, bytes, true, &end);
    if (start == 0)
        return runs->cursor;
    runs->again = start + bytes;
    say_again(runs, "mappings");
    return start;
}

/* Behind a run that has some of what the next ones come from, and what lies between. */
static void move_cursor(struct ter_guarded_runs *runs, uintptr_t start, uintptr_t end)
{
    bool crowded = ter_os_count_mappings(0) + 2 > PART_FOR_GUARDS(ter_os_most_mappings());

    if (crowded)
        say_crowded(runs);
    if (start < runs->limit && end > runs->cursor)
        runs->cursor = ter_min(runs->limit, end + (crowded ? 0 : runs->unit_bytes));
}

ter_status ter_guarded_runs_take(struct ter_guarded_runs *runs, size_t bytes, uintptr_t *start)
{
    uintptr_t place;
    ter_status status;
    ptrdiff_t more;

    if (bytes == 0 || bytes > runs->range->extent_bytes - runs->unit_bytes)
        return TER_ERROR_NO_ADDRESS_SPACE;
    bytes = ter_guarded_runs_bytes(runs, bytes);
    status = have_window(runs, bytes);
    if (status != TER_OK)
        return status;
    place = choose_place(runs, bytes);
    TER_CHECK(touchable_run(runs, place) == 0);
    more = more_mappings(runs, place, place + bytes, true);
    status = ter_os_commit(place, bytes);
    if (status != TER_OK)
        return status;
    count_more_mappings(runs, more);
    move_cursor(runs, place, place + bytes);
    mark_guarded(runs, place, bytes);
    count_guarded(runs, place, bytes);
    ter_valgrind_defined(place, bytes);
    ter_asan_access(place, bytes);
    *start = place;
    return TER_OK;
}

/* ---- Giving up ---- */

/* Nobody can touch anything between; so one call closes both. */
static bool joins_left(const struct ter_guarded_runs *runs, uintptr_t start)
{
    return runs->left_end != 0 && start >= runs->left_end &&
           (start == runs->left_end || (start - runs->left_end == runs->unit_bytes &&
                                        ter_range_holds(runs->range, runs->arena, runs->left_end) &&
                                        touchable_run(runs, runs->left_end) == 0));
}

void ter_guarded_runs_leave(struct ter_guarded_runs *runs, uintptr_t start)
{
    size_t bytes = ter_guarded_run_bytes(runs->arena, start);

    TER_CHECK(can_be_touched(state_at(runs->arena, start)));
    if (!joins_left(runs, start)) {
        ter_guarded_runs_close(runs);
        runs->left_start = start;
    }
    runs->left_end = start + bytes;
    if (state_at(runs->arena, start) == TER_GUARDED_USED)
        set_state(runs, start, TER_GUARDED_LEFT);
    if (runs->left_end - runs->left_start >= MOST_LEFT)
        ter_guarded_runs_close(runs);
}

static void uncount_guarded(struct ter_guarded_runs *runs, size_t bytes)
{
    runs->used_pages -= guarded_pages(bytes);
    ter_accounting_subtract(&runs->arena->accounting, bytes);
    ter_accounting_add_clean(&runs->arena->accounting, bytes);
}

/* The runs between are none that can be touched, or stay so without memory. */
static void settle_left(struct ter_guarded_runs *runs, bool closed)
{
    enum ter_guarded_state state;
    uintptr_t start = ter_guarded_runs_next(runs, runs->left_start, &state);

    while (start != 0 && start < runs->left_end) {
        size_t bytes = ter_guarded_run_bytes(runs->arena, start);

        if (state == TER_GUARDED_LEFT)
            uncount_guarded(runs, bytes);
        set_state(runs, start, closed ? TER_GUARDED_GONE : TER_GUARDED_OPEN);
        if (closed)
            count_in_chunks(runs, start, bytes, false);
        start = ter_guarded_runs_next(runs, start + bytes, &state);
    }
}

/* How many mappings go, of those between what was left. */
static ptrdiff_t mappings_of_left(const struct ter_guarded_runs *runs)
{
    ptrdiff_t more = more_mappings(runs, runs->left_start, runs->left_end, false);
    uintptr_t end = runs->left_start;
    enum ter_guarded_state state;

    for (uintptr_t start = end; start != 0 && start < runs->left_end;
         start = ter_guarded_runs_next(runs, end, &state)) {
        more -= start != end ? 2 : 0;
        end = start + ter_guarded_run_bytes(runs->arena, start);
    }
    return more;
}

void ter_guarded_runs_close(struct ter_guarded_runs *runs)
{
    uintptr_t start = runs->left_start;
    size_t bytes = runs->left_end - start;
    ptrdiff_t more;
    bool closed;

    if (runs->left_end == 0)
        return;
    more = mappings_of_left(runs);
    closed = is_room_for_mapping(more, PART_FOR_CLOSING(ter_os_most_mappings())) &&
             ter_os_forbid(start, bytes) == TER_OK;
    if (closed) {
        count_more_mappings(runs, more);
    } else {
        (void)ter_os_decommit(start, bytes);
        say_open(runs);
    }
    settle_left(runs, closed);
    runs->left_start = runs->left_end = 0;
}

/* ---- Questions ---- */

uintptr_t ter_guarded_runs_next(const struct ter_guarded_runs *runs, uintptr_t from,
                                enum ter_guarded_state *state)
{
    uintptr_t hull = guarded_hull(runs), page = ter_max(from, runs->range->start), run;

    while (page < hull) {
        if (!ter_range_holds(runs->range, runs->arena, page) || pages_of_chunk(runs, page) == 0) {
            page = next_chunk(page);
            continue;
        }
        run = touchable_run(runs, page);
        if (run == page) {
            *state = state_at(runs->arena, run);
            return run;
        }
        page = run == 0 ? page + TER_BYTES_IN_PAGE : run + ter_guarded_run_bytes(runs->arena, run);
    }
    return 0;
}

/* Two for each stretch of pages that can be touched. */
static size_t mappings_by_runs(const struct ter_guarded_runs *runs)
{
    uintptr_t end = 0, start;
    enum ter_guarded_state state;
    size_t mappings = 0;

    while ((start = ter_guarded_runs_next(runs, end, &state)) != 0) {
        mappings += start == end ? 0 : 2;
        end = start + ter_guarded_run_bytes(runs->arena, start);
    }
    return mappings;
}

void ter_guarded_runs_check(const struct ter_guarded_runs *runs)
{
    size_t mappings = mappings_by_runs(runs);

    TER_REQUIRE(mappings == runs->mappings, "space %s: %zu mappings are counted, there are %zu",
                runs->range->owner->name, runs->mappings, mappings);
}

void ter_guarded_runs_fini(const struct ter_guarded_runs *runs)
{
    ter_os_count_mappings(-(ptrdiff_t)runs->mappings);
}
