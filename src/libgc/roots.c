/* SPDX-License-Identifier: MIT */
/* Roots that programs declare, and callbacks in which they push more. */
#include "libgc/init.h"
#include "libgc/variables.h"

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
    ter_heap_lock(ter_libgc.heap);
    ter_heap_clear_roots(ter_libgc.heap);
    ter_libgc_read_variables();
    ter_libgc_unlock();
}

void GC_exclude_static_roots(void *start, void *end)
{
    ter_status status;

    check_range(start, end, "GC_exclude_static_roots");
    ter_heap_lock(ter_libgc.heap);
    status = ter_heap_exclude_roots(ter_libgc.heap, (uintptr_t)start, (uintptr_t)end);
    ter_libgc_unlock();
    if (status != TER_OK)
        ter_fatal("GC_exclude_static_roots: %s", ter_status_message(status));
}

void GC_clear_exclusion_table(void)
{
    ter_libgc_ready();
    ter_heap_lock(ter_libgc.heap);
    ter_heap_clear_excluded(ter_libgc.heap);
    ter_libgc_unlock();
}

/* The filter is asked the next time that the loader's list is read: before the next collection. */
void GC_register_has_static_roots_callback(GC_has_static_roots_func function)
{
    bool locked;

    ter_libgc_ready();
    locked = ter_libgc_lock_if_not_held();
    ter_heap_set_root_filter(ter_libgc.heap, function);
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

static struct ter_heap *heap_in_collection(const char *call)
{
    TER_REQUIRE(ter_libgc.heap != NULL && ter_heap_is_collecting(ter_libgc.heap),
                "%s is for callbacks during a collection", call);
    return ter_libgc.heap;
}

void GC_push_all(void *start, void *end)
{
    ter_heap_mark_words(heap_in_collection("GC_push_all"), (uintptr_t)start, (uintptr_t)end, false);
}

/* As on a stack: pointers to any byte count. */
void GC_push_all_eager(void *start, void *end)
{
    ter_heap_mark_words(heap_in_collection("GC_push_all_eager"), (uintptr_t)start, (uintptr_t)end,
                        true);
}

/* Which pages changed is not known here: all of them may have. */
void GC_push_conditional(void *start, void *end, int all)
{
    (void)all;
    GC_push_all(start, end);
}

/* ---- Mark bits ---- */

static struct ter_heap *heap_of_object(const void *object, const char *call)
{
    TER_REQUIRE(ter_libgc.heap != NULL &&
                    ter_heap_find(ter_libgc.heap, (uintptr_t)object).bits == (uintptr_t)object,
                "%s: %p is no object", call, object);
    return ter_libgc.heap;
}

int GC_is_marked(const void *object)
{
    return ter_heap_is_marked(heap_of_object(object, "GC_is_marked"), (uintptr_t)object);
}

void GC_set_mark_bit(const void *object)
{
    ter_heap_set_mark(heap_of_object(object, "GC_set_mark_bit"), (uintptr_t)object, true);
}

void GC_clear_mark_bit(const void *object)
{
    ter_heap_set_mark(heap_of_object(object, "GC_clear_mark_bit"), (uintptr_t)object, false);
}
