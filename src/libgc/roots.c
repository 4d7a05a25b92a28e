/* SPDX-License-Identifier: MIT */
/* Roots that programs declare, and callbacks in which they push more. */
#include "libgc/libgc.h"

/* The list that a program may save and call again from a function of its own. */
static void push_nothing_more(void)
{
}

GC_push_other_roots_proc GC_push_other_roots = push_nothing_more;

void ter_libgc_push_roots(void)
{
    if (GC_push_other_roots != NULL)
        GC_push_other_roots();
}

void GC_set_push_other_roots(GC_push_other_roots_proc function)
{
    GC_push_other_roots = function;
}

GC_push_other_roots_proc GC_get_push_other_roots(void)
{
    return GC_push_other_roots;
}

void GC_set_start_callback(GC_start_callback_proc function)
{
    ter_libgc.start_callback = function;
}

GC_start_callback_proc GC_get_start_callback(void)
{
    return ter_libgc.start_callback;
}

/* ---- Ranges ---- */

struct search {
    uintptr_t address;
    bool found;
};

static void find_address(void *context, const struct ter_os_segment *segment)
{
    struct search *search = context;

    search->found =
        search->found || (segment->start <= search->address && search->address < segment->end);
}

static void check_range(const void *start, const void *end, const char *call)
{
    ter_libgc_ready();
    TER_REQUIRE((uintptr_t)start <= (uintptr_t)end, "%s: the range %p to %p ends before it starts",
                call, start, end);
}

/* Partial words at the ends hold no pointer. */
void GC_add_roots(void *start, void *end)
{
    ter_status status;

    check_range(start, end, "GC_add_roots");
    status =
        ter_roots_add_range(ter_libgc.heap, (void *)ter_align_up((uintptr_t)start, sizeof(void *)),
                            (void *)ter_align_down((uintptr_t)end, sizeof(void *)));
    if (status != TER_OK)
        ter_fatal("GC_add_roots: %s", ter_status_message(status));
}

void GC_remove_roots(void *start, void *end)
{
    ter_status status;

    check_range(start, end, "GC_remove_roots");
    status = ter_roots_remove_range(ter_libgc.heap, start, end);
    if (status != TER_OK)
        ter_fatal("GC_remove_roots: %s", ter_status_message(status));
}

void GC_clear_roots(void)
{
    ter_libgc_ready();
    ter_allocator_lock(&ter_libgc.collector->allocator);
    ter_roots_clear(&ter_libgc.collector->roots);
    ter_libgc_read_variables();
    ter_allocator_unlock(&ter_libgc.collector->allocator);
}

void GC_exclude_static_roots(void *start, void *end)
{
    ter_status status;

    check_range(start, end, "GC_exclude_static_roots");
    ter_allocator_lock(&ter_libgc.collector->allocator);
    status = ter_roots_exclude(&ter_libgc.collector->roots, (uintptr_t)start, (uintptr_t)end);
    ter_allocator_unlock(&ter_libgc.collector->allocator);
    if (status != TER_OK)
        ter_fatal("GC_exclude_static_roots: %s", ter_status_message(status));
}

void GC_clear_exclusion_table(void)
{
    ter_libgc_ready();
    ter_allocator_lock(&ter_libgc.collector->allocator);
    ter_roots_clear_excluded(&ter_libgc.collector->roots);
    ter_allocator_unlock(&ter_libgc.collector->allocator);
}

/* The filter is asked the next time that the loader's list is read: before the next collection. */
void GC_register_has_static_roots_callback(GC_has_static_roots_func function)
{
    bool locked;

    ter_libgc_ready();
    locked = ter_libgc_lock_if_not_held();
    ter_roots_set_filter(&ter_libgc.collector->roots, function);
    ter_libgc_unlock_if(locked);
}

/* Found through the loader, and not added by the program. */
int GC_is_tmp_root(void *pointer)
{
    struct search search = {(uintptr_t)pointer, false};
    bool locked;

    ter_libgc_ready();
    locked = ter_libgc_lock_if_not_held();
    /* Under the lock for the sake of a thread that forks, see join_allocator. */
    ter_os_for_each_data_segment(find_address, &search);
    ter_libgc_unlock_if(locked);
    return search.found;
}

/* ---- From callbacks, during a collection ---- */

static struct ter_tracer *marker_in_collection(const char *call)
{
    TER_REQUIRE(ter_libgc.heap != NULL && ter_libgc.collector->collecting,
                "%s is for callbacks during a collection", call);
    return &ter_libgc.collector->tracer;
}

void GC_push_all(void *start, void *end)
{
    ter_tracer_data(marker_in_collection("GC_push_all"), (uintptr_t)start, (uintptr_t)end);
}

/* As on a stack: pointers to any byte count. */
void GC_push_all_eager(void *start, void *end)
{
    ter_tracer_stack(marker_in_collection("GC_push_all_eager"),
                     ter_align_up((uintptr_t)start, sizeof(void *)),
                     ter_align_down((uintptr_t)end, sizeof(void *)));
}

/* Which pages changed is not known here: all of them may have. */
void GC_push_conditional(void *start, void *end, int all)
{
    (void)all;
    GC_push_all(start, end);
}

/* ---- Mark bits ---- */

static const struct ter_collector *collector_of_object(const void *object, const char *call)
{
    TER_REQUIRE(ter_libgc.heap != NULL &&
                    ter_heap_find(ter_libgc.heap, (uintptr_t)object).bits == (uintptr_t)object,
                "%s: %p is no object", call, object);
    return ter_libgc.collector;
}

int GC_is_marked(const void *object)
{
    return ter_collector_is_marked(collector_of_object(object, "GC_is_marked"), (uintptr_t)object);
}

void GC_set_mark_bit(const void *object)
{
    ter_collector_set_mark(collector_of_object(object, "GC_set_mark_bit"), (uintptr_t)object, true);
}

void GC_clear_mark_bit(const void *object)
{
    ter_collector_set_mark(collector_of_object(object, "GC_clear_mark_bit"), (uintptr_t)object,
                           false);
}
