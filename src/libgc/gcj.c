/* SPDX-License-Identifier: MIT */
/*
 * Objects whose first word is the address of their type, which holds their mark descriptor in its
 * second word (gc_gcj.h).
 */
#include "libgc/descriptor.h"
#include "libgc/init.h"
#include "libgc/malloc.h"

int GC_gcj_kind, GC_gcj_debug_kind;

#define MARK_DESCRIPTOR_OFFSET ((GC_signed_word)sizeof(GC_word))

/* Any word of these objects counts when the types are not to be believed. */
static unsigned new_gcj_kind(GC_word descriptor)
{
    bool ignore = ter_os_environment("GC_IGNORE_GCJ_INFO") != NULL;

    return GC_new_kind_inner(GC_new_free_list_inner(), ignore ? 0 : descriptor, ignore, 1);
}

void GC_init_gcj_malloc(int index, void *procedure)
{
    /* The offset is negative to say that the descriptor lies in the type. */
    GC_word of_type = (GC_word)(-MARK_DESCRIPTOR_OFFSET - DESCRIPTOR_INDIRECT_BIAS);
    GC_word of_debug = ((GC_word)1 << DESCRIPTOR_LOG_PROCEDURES | (GC_word)index)
                       << DESCRIPTOR_TAG_BITS;
    GC_mark_proc function;

    ter_libgc_ready();
    *(void **)&function = procedure;
    if (GC_gcj_kind != 0)
        return;
    if (function != NULL)
        ter_libgc_set_procedure((unsigned)index, function);
    GC_gcj_kind = (int)new_gcj_kind(of_type | DESCRIPTOR_PER_OBJECT);
    GC_gcj_debug_kind = (int)new_gcj_kind(of_debug | DESCRIPTOR_PROCEDURE);
}

void *GC_gcj_malloc(size_t bytes, void *type)
{
    void **object;

    TER_REQUIRE(GC_gcj_kind != 0, "GC_gcj_malloc before GC_init_gcj_malloc");
    object = GC_generic_malloc(bytes, GC_gcj_kind);
    if (object != NULL)
        *object = type;
    return object;
}

void *GC_gcj_malloc_ignore_off_page(size_t bytes, void *type)
{
    return ter_libgc_ignore_off_page(GC_gcj_malloc(bytes, type));
}

void *GC_debug_gcj_malloc(size_t bytes, void *type, const char *file, int line)
{
    void **object;

    TER_REQUIRE(GC_gcj_kind != 0, "GC_debug_gcj_malloc before GC_init_gcj_malloc");
    object = GC_debug_generic_or_special_malloc(bytes, GC_gcj_debug_kind, file, line);
    if (object != NULL)
        *object = type;
    return object;
}
