/* SPDX-License-Identifier: MIT */
/*
 * Toggle references: objects that something outside the heap knows, by a reference which is strong
 * or weak as a function of the program says before every collection.
 *
 * Invariant: the list holds objects that are there; the program's function is asked of each once a
 * collection. All under the heap lock. The list is no root.
 */
#include "libgc/hooks.h"
#include "libgc/init.h"

struct toggle {
    uintptr_t object;
    bool strong;
};

static struct toggle *toggles;
static size_t toggle_count, toggle_capacity;
static GC_toggleref_func toggleref_func;

/* ---- In a collection ---- */

/* False when the object is gone or nobody asks for it any more. */
static bool ask_toggle(struct toggle *toggle)
{
    if (ter_heap_find(ter_libgc.heap, toggle->object).bits != toggle->object)
        return false;
    switch (toggleref_func((void *)toggle->object)) {
    case GC_TOGGLE_REF_DROP: return false;
    case GC_TOGGLE_REF_STRONG: toggle->strong = true; return true;
    default: toggle->strong = false; return true;
    }
}

static void ask_all(void)
{
    size_t kept = 0;

    if (toggleref_func == NULL)
        return;
    for (size_t i = 0; i < toggle_count; i++)
        if (ask_toggle(&toggles[i]))
            toggles[kept++] = toggles[i];
    toggle_count = kept;
}

static void mark_strong(void)
{
    for (size_t i = 0; i < toggle_count; i++)
        if (toggles[i].strong)
            ter_heap_mark_word(ter_libgc.heap, toggles[i].object);
}

static void forget_dead(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < toggle_count; i++)
        if (ter_heap_is_reached(ter_libgc.heap, toggles[i].object))
            toggles[kept++] = toggles[i];
    toggle_count = kept;
}

static const struct ter_libgc_step toggle_step = {
    .before = ask_all, .roots = mark_strong, .marked = forget_dead};

/* ---- What the program says ---- */

GC_EXPORT void GC_set_toggleref_func(GC_toggleref_func function);
GC_EXPORT GC_toggleref_func GC_get_toggleref_func(void);

void GC_set_toggleref_func(GC_toggleref_func function)
{
    ter_libgc_lock();
    toggleref_func = function;
    ter_libgc_add_step(TER_STEP_TOGGLES, &toggle_step);
    ter_libgc_unlock();
}

GC_toggleref_func GC_get_toggleref_func(void)
{
    return toggleref_func;
}

static bool reserve_toggle(void)
{
    size_t bytes = toggle_capacity * sizeof *toggles;
    size_t wanted = bytes == 0 ? ter_os_page_size() : bytes * 2;
    void *memory = toggles;

    if (toggle_count < toggle_capacity)
        return true;
    if (ter_os_reallocate(&memory, bytes, wanted) != TER_OK)
        return false;
    toggles = memory;
    toggle_capacity = wanted / sizeof *toggles;
    return true;
}

int GC_toggleref_add(void *object, int is_strong)
{
    int result = GC_SUCCESS;

    ter_libgc_lock();
    if (toggleref_func != NULL) {
        if (reserve_toggle())
            toggles[toggle_count++] = (struct toggle){(uintptr_t)object, is_strong != 0};
        else
            result = GC_NO_MEMORY;
    }
    ter_libgc_unlock();
    return result;
}
