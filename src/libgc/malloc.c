/* SPDX-License-Identifier: MIT */
/*
 * Allocation. Invariant: a collectable object of n bytes has room for n + extra_bytes, so that a
 * pointer one past its end still lies in it when interior pointers count.
 */
#include "libgc/malloc.h"

#include <errno.h>
#include <string.h>

#include "libgc/debug_table.h"
#include "libgc/init.h"
#include "libgc/memory_out.h"

/* `bytes` with the extra byte; the largest number when that does not fit, which no heap has. */
TER_INLINE size_t with_extra(size_t bytes)
{
    size_t sum = bytes + ter_libgc.extra_bytes;

    return TER_LIKELY(sum >= bytes) ? sum : SIZE_MAX;
}

/* What a call from outside asks for; one of the functions below then. */
struct wish {
    void *(*simple)(size_t bytes);
    unsigned kind;
    size_t bytes;
};

static void *allocate_simply(void *data)
{
    const struct wish *wish = data;

    return wish->simple(wish->bytes);
}

/* By one that the program calls, after it found the thread outside. */
static TER_COLD void *from_outside(void *(*simple)(size_t bytes), size_t bytes)
{
    struct wish wish = {.simple = simple, .bytes = bytes};

    return ter_libgc_inside(allocate_simply, &wish);
}

static void *allocate_kind(void *data)
{
    const struct wish *wish = data;

    return ter_mutator_new_object(ter_libgc_mutator, wish->kind, wish->bytes);
}

static TER_COLD void *kind_from_outside(unsigned kind, size_t bytes)
{
    struct wish wish = {.kind = kind, .bytes = bytes};

    return ter_libgc_inside(allocate_kind, &wish);
}

TER_INLINE void *allocate_or_null(unsigned kind, size_t bytes)
{
    struct ter_mutator *mutator = ter_libgc_mutator;

    if (TER_UNLIKELY(mutator == NULL))
        return kind_from_outside(kind, bytes);
    return ter_mutator_new_object(mutator, kind, bytes);
}

void *ter_libgc_allocate(unsigned kind, size_t bytes)
{
    return allocate_or_null(kind, bytes);
}

TER_INLINE void *allocate(unsigned kind, size_t bytes, size_t wanted)
{
    void *object = allocate_or_null(kind, bytes);

    return TER_LIKELY(object != NULL) ? object : ter_libgc_out_of_memory(wanted);
}

void *GC_malloc(size_t bytes)
{
    /* The extra byte is known only once the heap is made. */
    if (TER_UNLIKELY(!ter_libgc_is_inside()))
        return from_outside(GC_malloc, bytes);
    return allocate(TER_KIND_NORMAL, with_extra(bytes), bytes);
}

void *GC_malloc_atomic(size_t bytes)
{
    if (TER_UNLIKELY(!ter_libgc_is_inside()))
        return from_outside(GC_malloc_atomic, bytes);
    return allocate(TER_KIND_ATOMIC, with_extra(bytes), bytes);
}

/* No extra byte: nothing has to keep these. */
void *GC_malloc_uncollectable(size_t bytes)
{
    return allocate(TER_KIND_UNCOLLECTABLE, bytes, bytes);
}

void *GC_malloc_atomic_uncollectable(size_t bytes)
{
    return allocate(TER_KIND_ATOMIC_UNCOLLECTABLE, bytes, bytes);
}

/* Objects that once promised not to change; the promise is of no use here. */
void *GC_malloc_stubborn(size_t bytes)
{
    return GC_malloc(bytes);
}

/* ---- Large objects that only their first page keeps ---- */

void *ter_libgc_ignore_off_page(void *object)
{
    if (object != NULL)
        ter_heap_keep_by_first_page(ter_libgc.heap, (uintptr_t)object);
    return object;
}

/* Small objects have no page to ignore. */
TER_INLINE void *ignore_if_large(void *object, size_t bytes)
{
    return TER_LIKELY(bytes < TER_HEAP_SMALL_BYTES) ? object : ter_libgc_ignore_off_page(object);
}

void *GC_malloc_ignore_off_page(size_t bytes)
{
    return ignore_if_large(GC_malloc(bytes), bytes);
}

void *GC_malloc_atomic_ignore_off_page(size_t bytes)
{
    return ignore_if_large(GC_malloc_atomic(bytes), bytes);
}

/* ---- By number of the kind ---- */

unsigned ter_libgc_check_kind(int kind)
{
    ter_libgc_ready();
    TER_REQUIRE(kind >= 0 && (unsigned)kind < ter_heap_kind_count(ter_libgc.heap),
                "libgc: there is no kind %d of objects", kind);
    return (unsigned)kind;
}

void *GC_generic_malloc(size_t bytes, int kind)
{
    return allocate(ter_libgc_check_kind(kind), with_extra(bytes), bytes);
}

void *GC_generic_malloc_ignore_off_page(size_t bytes, int kind)
{
    return ter_libgc_ignore_off_page(GC_generic_malloc(bytes, kind));
}

void *GC_generic_malloc_uncollectable(size_t bytes, int kind)
{
    bool atomic = kind == TER_KIND_ATOMIC || kind == TER_KIND_ATOMIC_UNCOLLECTABLE;

    return atomic ? GC_malloc_atomic_uncollectable(bytes) : GC_malloc_uncollectable(bytes);
}

/* By the number that GC_get_kind_and_size gave. */
void *GC_generic_or_special_malloc(size_t bytes, int kind)
{
    bool lasts = kind == TER_KIND_UNCOLLECTABLE || kind == TER_KIND_ATOMIC_UNCOLLECTABLE;

    return lasts ? GC_generic_malloc_uncollectable(bytes, kind) : GC_generic_malloc(bytes, kind);
}

void *GC_malloc_kind(size_t bytes, int kind)
{
    return GC_generic_or_special_malloc(bytes, kind);
}

void *GC_malloc_kind_global(size_t bytes, int kind)
{
    return GC_generic_or_special_malloc(bytes, kind);
}

struct list_wish {
    size_t bytes;
    int kind;
    void **result;
};

static void *allocate_list(void *data)
{
    const struct list_wish *wish = data;

    GC_generic_malloc_many(wish->bytes, wish->kind, wish->result);
    return NULL;
}

/*
 * A list of cleared objects (but for the links), up to about a page of them. The size is that of
 * the objects, so there is no extra byte: a caller who wants one asks for it.
 */
void GC_generic_malloc_many(size_t bytes, int kind, void **result)
{
    size_t wanted = ter_max(bytes, TER_HEAP_GRANULE_BYTES);
    size_t most = wanted < TER_HEAP_PAGE_BYTES ? TER_HEAP_PAGE_BYTES / wanted : 1;

    if (TER_UNLIKELY(!ter_libgc_is_inside())) {
        struct list_wish wish = {bytes, kind, result};

        ter_libgc_inside(allocate_list, &wish);
        return;
    }
    if (!ter_mutator_new_objects(ter_libgc_mutator, ter_libgc_check_kind(kind), wanted, most,
                                 result)) {
        *result = ter_libgc_out_of_memory(bytes);
        if (*result != NULL)
            *(void **)*result = NULL;
    }
}

void *GC_malloc_many(size_t bytes)
{
    void *list;

    ter_libgc_ready(); /* the extra byte is known only then */
    GC_generic_malloc_many(with_extra(bytes), TER_KIND_NORMAL, &list);
    return list;
}

/* ---- Changing and freeing ---- */

struct change {
    void *object;
    size_t bytes;
};

static void *reallocate(void *data)
{
    const struct change *change = data;

    return GC_realloc(change->object, change->bytes);
}

void *GC_realloc(void *object, size_t bytes)
{
    struct ter_mutator *mutator = ter_libgc_mutator;
    size_t extra;
    void *moved;

    if (TER_UNLIKELY(mutator == NULL))
        return ter_libgc_inside(reallocate, &(struct change){object, bytes});
    if (object == NULL)
        return GC_malloc(bytes);
    if (bytes == 0) {
        GC_free(object);
        return NULL;
    }
    ter_libgc_debug_forget(object);
    extra = ter_heap_lasts(ter_libgc.heap, (uintptr_t)object) ? 0 : ter_libgc.extra_bytes;
    moved = ter_object_resize(mutator, object, extra == 0 ? bytes : with_extra(bytes));
    if (moved == NULL)
        return ter_libgc_out_of_memory(bytes);
    /* The extra byte may be one that the object used before; growing must not show it. */
    if (extra != 0)
        ((char *)moved)[bytes] = 0;
    return moved;
}

static void *free_inside(void *object)
{
    ter_object_free(ter_libgc_mutator, object);
    return NULL;
}

void ter_libgc_free(void *object)
{
    if (TER_UNLIKELY(!ter_libgc_is_inside()))
        ter_libgc_inside(free_inside, object);
    else
        ter_object_free(ter_libgc_mutator, object);
}

void GC_free(void *object)
{
    if (object == NULL)
        return;
    ter_libgc_debug_forget(object);
    ter_libgc_free(object);
}

/* ---- Conveniences ---- */

char *GC_strndup(const char *text, size_t length)
{
    size_t bytes = strnlen(text, length);
    char *copy = GC_malloc_atomic(bytes + 1);

    if (copy == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *GC_strdup(const char *text)
{
    return text == NULL ? NULL : GC_strndup(text, SIZE_MAX);
}

/* Alignments beyond a granule: a larger object, of which an inner address is returned. */
void *GC_memalign(size_t alignment, size_t bytes)
{
    uintptr_t object;

    if (alignment <= TER_HEAP_GRANULE_BYTES)
        return GC_malloc(bytes);
    if (!ter_is_power_of_two(alignment) || bytes > SIZE_MAX - alignment)
        return ter_libgc_out_of_memory(bytes);
    object = (uintptr_t)GC_malloc(bytes + alignment - 1);
    if (object == 0)
        return NULL;
    if (!ter_is_aligned(object, alignment) && GC_all_interior_pointers == 0)
        GC_register_displacement(ter_align_up(object, alignment) - object);
    return (void *)ter_align_up(object, alignment);
}

int GC_posix_memalign(void **object, size_t alignment, size_t bytes)
{
    if (!ter_is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return EINVAL;
    *object = GC_memalign(alignment, bytes);
    return *object == NULL ? ENOMEM : 0;
}
