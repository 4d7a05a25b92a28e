/* SPDX-License-Identifier: MIT */
#include "libgc/variables.h"

/* ---- The variables, with the defaults of version 8.2 ---- */

static void *return_null(size_t bytes)
{
    (void)bytes;
    return NULL;
}

/* The list that a program may save and call again from a function of its own. */
static void push_nothing_more(void)
{
}

GC_word GC_gc_no;
int GC_parallel;
GC_oom_func GC_oom_fn = return_null;
GC_on_heap_resize_proc GC_on_heap_resize;
int GC_find_leak;
int GC_quiet;
int GC_all_interior_pointers = 1;
int GC_finalize_on_demand;
int GC_java_finalization = 1;
GC_finalizer_notifier_proc GC_finalizer_notifier;
int GC_dont_gc;
int GC_dont_expand;
int GC_use_entire_heap;
int GC_full_freq = 19;
GC_word GC_non_gc_bytes;
int GC_no_dls;
GC_word GC_free_space_divisor = 3;
GC_word GC_max_retries;
char *GC_stackbottom;
int GC_dont_precollect;
unsigned long GC_time_limit = 999999;
GC_push_other_roots_proc GC_push_other_roots = push_nothing_more;
void *GC_least_plausible_heap_addr;
void *GC_greatest_plausible_heap_addr;

/* ---- To and from the heap ---- */

void ter_libgc_read_variables(void)
{
    struct ter_client_pace pace = {.disabled = GC_dont_gc != 0,
                                   .collect_before_growing = GC_dont_expand != 0,
                                   .free_space_divisor = ter_max(GC_free_space_divisor, 1)};

    ter_heap_set_pace(ter_libgc.heap, &pace);
    /* Clearing the roots is for good only with GC_no_dls: else the loader's list is read again. */
    if (GC_no_dls == 0)
        ter_heap_scan_program(ter_libgc.heap);
    ter_heap_scan_libraries(ter_libgc.heap, GC_no_dls == 0);
    if (ter_libgc.main_mutator != NULL && GC_stackbottom != NULL)
        ter_mutator_set_stack_base(ter_libgc.main_mutator, (uintptr_t)GC_stackbottom);
}

/* They may lie in the program's data, which is a root, so neither is an address in an object. */
void ter_libgc_write_variables(void)
{
    uintptr_t low, high;

    ter_heap_bounds(ter_libgc.heap, &low, &high);
    GC_least_plausible_heap_addr = (void *)low;
    GC_greatest_plausible_heap_addr = (void *)high;
}
