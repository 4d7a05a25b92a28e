/* SPDX-License-Identifier: MIT */
/* Disappearing links, in the terms of the interface. */
#include "libgc/init.h"

static int result_of(ter_status status)
{
    switch (status) {
    case TER_OK: return GC_SUCCESS;
    case TER_ERROR_UNKNOWN_NAME: return GC_NOT_FOUND;
    case TER_ERROR_OWNED: return GC_DUPLICATE;
    default: return GC_NO_MEMORY;
    }
}

static int register_link(enum ter_client_links which, void **link, const void *object)
{
    bool existed = false;
    ter_status status;

    TER_REQUIRE(ter_is_aligned((uintptr_t)link, sizeof(void *)) && object != NULL,
                "a disappearing link (%p) is an aligned word and names an object", (void *)link);
    if (GC_find_leak != 0)
        return GC_UNIMPLEMENTED;
    ter_heap_lock(ter_libgc.heap);
    status = ter_heap_add_link(ter_libgc.heap, which, (uintptr_t)link, (uintptr_t)object, &existed);
    ter_libgc_unlock();
    return existed ? GC_DUPLICATE : result_of(status);
}

static int move_link(enum ter_client_links which, void **link, void **new_link)
{
    ter_status status;

    TER_REQUIRE(ter_is_aligned((uintptr_t)new_link, sizeof(void *)),
                "a disappearing link (%p) is an aligned word", (void *)new_link);
    ter_heap_lock(ter_libgc.heap);
    status = ter_heap_move_link(ter_libgc.heap, which, (uintptr_t)link, (uintptr_t)new_link);
    ter_libgc_unlock();
    return result_of(status);
}

static int unregister_link(enum ter_client_links which, void **link)
{
    bool existed;

    ter_heap_lock(ter_libgc.heap);
    existed = ter_heap_remove_link(ter_libgc.heap, which, (uintptr_t)link);
    ter_libgc_unlock();
    return existed;
}

int GC_general_register_disappearing_link(void **link, const void *object)
{
    ter_libgc_ready();
    return register_link(TER_LINKS_SHORT, link, object);
}

int GC_register_disappearing_link(void **link)
{
    void *object;

    ter_libgc_ready();
    object = GC_base(link);
    TER_REQUIRE(object != NULL, "GC_register_disappearing_link: %p lies in no object",
                (void *)link);
    return register_link(TER_LINKS_SHORT, link, object);
}

int GC_move_disappearing_link(void **link, void **new_link)
{
    ter_libgc_ready();
    return move_link(TER_LINKS_SHORT, link, new_link);
}

int GC_unregister_disappearing_link(void **link)
{
    ter_libgc_ready();
    return unregister_link(TER_LINKS_SHORT, link);
}

int GC_register_long_link(void **link, const void *object)
{
    ter_libgc_ready();
    return register_link(TER_LINKS_LONG, link, object);
}

int GC_move_long_link(void **link, void **new_link)
{
    ter_libgc_ready();
    return move_link(TER_LINKS_LONG, link, new_link);
}

int GC_unregister_long_link(void **link)
{
    ter_libgc_ready();
    return unregister_link(TER_LINKS_LONG, link);
}
