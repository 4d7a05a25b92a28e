/* SPDX-License-Identifier: MIT */
/*
 * Toggle references: objects that something outside the heap knows, by a reference which is strong
 * or weak as a function of the program says before every collection.
 *
 * Invariant: the list holds objects that are there; the program's function is asked of each once a
 * collection. All under the heap lock. The list is no root.
 */
#include "libgc/libgc.h"

struct toggle {
    uintptr_t object;
    bool strong;
};

static struct toggle *toggles;
static size_t toggle_count, toggle_capacity;
static GC_toggleref_func toggleref_func;

GC_EXPORT void GC_set_toggleref_func(GC_toggleref_func function);
GC_EXPORT GC_toggleref_func GC_get_toggleref_func(void);

void GC_set_toggleref_func(GC_toggleref_func function)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    toggleref_func = function;
    ter_allocator_unlock(allocator);
}

GC_toggleref_func GC_get_toggleref_func(void)
{
    return toggleref_func;
}

static bool reserve_toggle(void)
{
    size_t bytes = toggle_capacity * sizeof *toggles;
    void *memory = toggles;
    ter_status status;

    if (toggle_count < toggle_capacity)
        return true;
    status = bytes == 0 ? ter_os_allocate(ter_os_page_size(), &memory)
                        : ter_os_reallocate(&memory, bytes, bytes * 2);
    if (status != TER_OK)
        return false;
    toggles = memory;
    toggle_capacity = (bytes == 0 ? ter_os_page_size() : bytes * 2) / sizeof *toggles;
    return true;
}

int GC_toggleref_add(void *object, int is_strong)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    int result = GC_SUCCESS;

    if (toggleref_func != NULL) {
        if (reserve_toggle())
            toggles[toggle_count++] = (struct toggle){(uintptr_t)object, is_strong != 0};
        else
            result = GC_NO_MEMORY;
    }
    ter_allocator_unlock(allocator);
    return result;
}

/* False when the object is gone or nobody asks for it any more. */
static bool ask_toggle(struct toggle *toggle)
{
    if (ter_collector_find_interior(ter_libgc.collector, toggle->object).bits != toggle->object)
        return false;
    switch (toggleref_func((void *)toggle->object)) {
    case GC_TOGGLE_REF_DROP: return false;
    case GC_TOGGLE_REF_STRONG: toggle->strong = true; return true;
    default: toggle->strong = false; return true;
    }
}

void ter_libgc_toggles_before(void)
{
    size_t kept = 0;

    if (toggleref_func == NULL)
        return;
    for (size_t i = 0; i < toggle_count; i++)
        if (ask_toggle(&toggles[i]))
            toggles[kept++] = toggles[i];
    toggle_count = kept;
}

void ter_libgc_toggles_roots(void)
{
    for (size_t i = 0; i < toggle_count; i++)
        if (toggles[i].strong)
            ter_tracer_word(&ter_libgc.collector->tracer, toggles[i].object);
}

void ter_libgc_toggles_marked(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < toggle_count; i++)
        if (ter_collector_is_reached(ter_libgc.collector, toggles[i].object))
            toggles[kept++] = toggles[i];
    toggle_count = kept;
}
