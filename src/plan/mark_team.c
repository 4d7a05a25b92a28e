/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

/* Scanning less than this alone takes no longer than waking others. */
#define WORTH_A_ROUND TER_MIB(1)

static size_t marker_bytes(const struct ter_mark_team *team)
{
    return ter_align_up(team->wanted * sizeof team->markers[0], ter_os_page_size());
}

ter_status ter_mark_team_init(struct ter_mark_team *team, struct ter_ground *ground,
                              unsigned members)
{
    bool always = members != 0;

    if (members == 0)
        members = ter_os_processors();
    *team = (struct ter_mark_team){.ground = ground,
                                   .wanted = (unsigned)ter_min(members - 1, TER_MAX_HELPERS),
                                   .always = always};
    ter_workers_init(&team->workers);
    return TER_OK;
}

static void free_markers(struct ter_mark_team *team, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ter_mark_stack_fini(&team->markers[i].stack);
    ter_os_release((uintptr_t)team->markers, marker_bytes(team));
    team->markers = NULL;
}

void ter_mark_team_fini(struct ter_mark_team *team)
{
    ter_workers_fini(&team->workers);
    if (team->markers == NULL)
        return;
    free_markers(team, team->wanted);
    ter_share_fini(&team->share);
}

void ter_mark_team_forget(struct ter_mark_team *team)
{
    ter_workers_forget(&team->workers);
    team->ready = 0;
}

/*
 * The helper's table, for all of each range's hull, as any word in it may be looked up. Without it
 * there are rounds all the same, only slower.
 */
static bool cover_hulls(struct ter_mark_team *team, const struct ter_marker *marker)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(marker->ranges); i++) {
        const struct ter_range *range = marker->ranges[i];
        struct ter_team_hull *covered = &team->covered[i];
        size_t bytes = atomic_load_explicit(&range->mapped_bytes, memory_order_relaxed);

        if (bytes <= covered->bytes)
            continue;
        if (ter_side_map(&team->ground->side, TER_SIDE_SET(HELPER_MARK), range->start, bytes) !=
            TER_OK)
            return false;
        *covered = (struct ter_team_hull){range->start, bytes};
    }
    return true;
}

/* Memory for all that helpers need, once. */
static bool make_markers(struct ter_mark_team *team)
{
    void *memory;
    unsigned made = 0;

    if (team->markers != NULL)
        return true;
    if (ter_os_allocate(marker_bytes(team), &memory) != TER_OK)
        return false;
    team->markers = memory;
    while (made < team->wanted && ter_mark_stack_init(&team->markers[made].stack) == TER_OK)
        made++;
    if (made == team->wanted && ter_share_init(&team->share) == TER_OK)
        return true;
    free_markers(team, made);
    return false;
}

void ter_mark_team_prepare(struct ter_mark_team *team, const struct ter_marker *marker,
                           size_t live_bytes)
{
    team->ready = 0;
    team->has_second = false;
    team->pace.is_chosen = false;
    if (team->wanted == 0 || live_bytes < WORTH_A_ROUND || !make_markers(team))
        return;
    if (!team->always && live_bytes != SIZE_MAX && !ter_mark_pace_choose(&team->pace))
        return;
    team->ready = ter_workers_start(&team->workers, team->wanted);
    team->has_second = team->ready == 1 && cover_hulls(team, marker);
}

void ter_mark_team_learn(struct ter_mark_team *team, uint64_t nanoseconds, size_t live_bytes)
{
    if (team->pace.is_chosen)
        ter_mark_pace_learn(&team->pace, nanoseconds, live_bytes);
}

/* ---- A round ---- */

struct round {
    struct ter_mark_team *team;
    struct ter_marker *first;
};

static void mark_as_member(void *context, unsigned member)
{
    const struct round *round = context;
    struct ter_marker *marker = member == 0 ? round->first : &round->team->markers[member - 1];

    do
        ter_mark_drain(marker);
    while (ter_share_take(&round->team->share, &marker->stack));
}

/* Everything but the stack, and the tables of marks the other way round. */
static void copy_settings(struct ter_marker *to, const struct ter_marker *from)
{
    struct ter_mark_stack stack = to->stack;

    *to = *from;
    to->stack = stack;
    to->stack.bottom = to->stack.count = 0;
    to->stack.overflowed = false;
    if (from->company == TER_MARK_WITH_ONE) {
        to->marks = from->others_marks;
        to->others_marks = from->marks;
    }
}

static void join_company(struct ter_mark_team *team, struct ter_marker *marker)
{
    marker->share = &team->share;
    marker->rest = marker->rest_length = 0;
    marker->company = TER_MARK_WITH_MANY;
    if (team->has_second) {
        marker->company = TER_MARK_WITH_ONE;
        marker->others_marks = team->ground->side.tables[TER_SIDE_HELPER_MARK].bias;
    }
}

/* What the helper marked becomes the heap's. */
static void leave_company(const struct ter_mark_team *team, struct ter_marker *marker)
{
    const struct ter_side_table *marks = &team->ground->side.tables[TER_SIDE_MARK];
    const struct ter_side_table *second = &team->ground->side.tables[TER_SIDE_HELPER_MARK];

    if (marker->company == TER_MARK_WITH_ONE)
        for (size_t i = 0; i < TER_ARRAY_LENGTH(marker->ranges); i++) {
            uintptr_t start, end = 0;

            while ((start = ter_range_next(marker->ranges[i], team->ground, end, &end)) != 0)
                ter_bits_move(second, marks, start, end);
        }
    marker->share = NULL;
    marker->company = TER_MARK_ALONE;
    marker->others_marks = 0;
}

void ter_mark_team_trim(struct ter_mark_team *team)
{
    const struct ter_side_table *second = &team->ground->side.tables[TER_SIDE_HELPER_MARK];
    size_t page = ter_os_page_size();

    for (size_t i = 0; i < TER_ARRAY_LENGTH(team->covered); i++) {
        const struct ter_team_hull *hull = &team->covered[i];
        struct ter_side_extent extent;
        uintptr_t start, end;

        if (hull->bytes == 0)
            continue;
        extent = ter_side_extent_of(second, hull->start, hull->start + hull->bytes);
        start = ter_align_up(extent.first, page);
        end = ter_align_down(extent.last + 1, page);
        if (start < end)
            (void)ter_os_decommit(start, end - start);
    }
}

void ter_mark_team_drain(struct ter_mark_team *team, struct ter_marker *marker)
{
    struct round round = {team, marker};

    if (team->ready == 0) {
        ter_mark_drain(marker);
        return;
    }
    join_company(team, marker);
    for (unsigned i = 0; i < team->ready; i++)
        copy_settings(&team->markers[i], marker);
    ter_share_begin(&team->share, team->ready + 1);
    ter_workers_run(&team->workers, mark_as_member, &round);
    leave_company(team, marker);
    for (unsigned i = 0; i < team->ready; i++) {
        marker->stack.overflowed |= team->markers[i].stack.overflowed;
        ter_mark_stack_trim(&team->markers[i].stack);
    }
    ter_mark_stack_trim(&team->share.stack);
}
