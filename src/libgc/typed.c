/* SPDX-License-Identifier: MIT */
/*
 * Objects with a type descriptor of their own.
 *
 * Invariant: the last word of the object's cell is its descriptor; 0, as in new memory, says that
 * it holds no pointers. An array has the number IS_ARRAY there, and before it what it is made of.
 */
#include <string.h>

#include "libgc/descriptor.h"
#include "libgc/init.h"
#include "libgc/malloc.h"
#include "libgc/memory_out.h"

#define WORD_BITS (sizeof(GC_word) * 8)
#define BITMAP_BITS (WORD_BITS - DESCRIPTOR_TAG_BITS)

/* Bitmaps too long for a word; descriptors name them by number. They live for ever. */
struct long_bitmap {
    size_t bits;
    const GC_word *words;
};

static struct long_bitmap *long_bitmaps; /* uncollectable */
static size_t long_bitmap_count;
static unsigned long_bitmap_procedure;

static bool bit_is_set(const GC_word *bitmap, size_t bit)
{
    return (bitmap[bit / WORD_BITS] >> (bit % WORD_BITS) & 1) != 0;
}

/* ---- Long bitmaps ---- */

static struct GC_ms_entry *mark_long(GC_word *object, struct GC_ms_entry *stack,
                                     struct GC_ms_entry *limit, GC_word index)
{
    const struct long_bitmap *bitmap = &long_bitmaps[index];

    for (size_t bit = 0; bit < bitmap->bits; bit++)
        if (bit_is_set(bitmap->words, bit))
            stack = GC_mark_and_push((void *)object[bit], stack, limit, (void **)&object[bit]);
    return stack;
}

/* Held while a long bitmap is added; a lock of its own, since adding one allocates. */
static struct ter_mutex long_bitmap_lock = TER_MUTEX_INIT;

static GC_word add_long(const GC_word *bitmap, size_t bits)
{
    size_t bytes = (bits + WORD_BITS - 1) / WORD_BITS * sizeof(GC_word);
    struct long_bitmap *table =
        GC_malloc_uncollectable((long_bitmap_count + 1) * sizeof *long_bitmaps);
    GC_word *words = GC_malloc_atomic_uncollectable(bytes);

    /* Scanning too much is right, only slower. */
    if (table == NULL || words == NULL)
        return bits * sizeof(GC_word);
    memcpy(words, bitmap, bytes);
    if (long_bitmap_count != 0)
        memcpy(table, long_bitmaps, long_bitmap_count * sizeof *table);
    table[long_bitmap_count] = (struct long_bitmap){bits, words};
    /* A collection in between finds either table whole. */
    GC_free(__atomic_exchange_n(&long_bitmaps, table, __ATOMIC_ACQ_REL));
    if (long_bitmap_procedure == 0)
        long_bitmap_procedure = GC_new_proc(mark_long);
    return ((GC_word)long_bitmap_count++ << 6 | long_bitmap_procedure) << DESCRIPTOR_TAG_BITS |
           DESCRIPTOR_PROCEDURE;
}

static GC_word make_long(const GC_word *bitmap, size_t bits)
{
    GC_word descriptor;

    ter_mutex_acquire(&long_bitmap_lock);
    descriptor = add_long(bitmap, bits);
    ter_mutex_release(&long_bitmap_lock);
    return descriptor;
}

/* ---- Descriptors ---- */

GC_word GC_make_descriptor(const GC_word *bitmap, size_t bits)
{
    size_t leading = 0;
    GC_word descriptor = DESCRIPTOR_BITMAP;

    GC_init();
    while (bits > 0 && !bit_is_set(bitmap, bits - 1))
        bits--;
    while (leading < bits && bit_is_set(bitmap, leading))
        leading++;
    if (leading == bits)
        return bits * sizeof(GC_word);
    if (bits > BITMAP_BITS)
        return make_long(bitmap, bits);
    for (size_t bit = 0; bit < bits; bit++)
        if (bit_is_set(bitmap, bit))
            descriptor |= (GC_word)1 << (WORD_BITS - 1 - bit);
    return descriptor;
}

/* ---- Objects ---- */

static GC_word *descriptor_of(uintptr_t object, size_t bytes)
{
    return (GC_word *)(object + bytes - sizeof(GC_word));
}

/* Tagged as lying in the object, at a place that no object has. */
#define IS_ARRAY (~(GC_word)0)

struct array {
    GC_word count, element_bytes, element;
    GC_word is_array;
};

static void trace_array(struct ter_trace *trace, uintptr_t object, const struct array *array)
{
    for (size_t i = 0; i < array->count; i++)
        ter_libgc_trace_descriptor(trace, object + i * array->element_bytes, array->element);
}

static void trace_typed(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    GC_word descriptor = *descriptor_of(object, bytes);

    (void)context;
    if (descriptor == IS_ARRAY)
        trace_array(trace, object, (const struct array *)(object + bytes - sizeof(struct array)));
    else
        ter_libgc_trace_descriptor(trace, object, descriptor);
}

static unsigned typed_kind(void)
{
    static unsigned known;
    struct ter_client_kind wanted = {.tracer = trace_typed, .zeroed = true};
    unsigned kind = __atomic_load_n(&known, __ATOMIC_ACQUIRE);

    if (TER_LIKELY(kind != 0))
        return kind;
    ter_libgc_lock();
    if (known == 0) {
        if (ter_heap_add_kind(ter_libgc.heap, &wanted, &kind) != TER_OK)
            ter_fatal("GC_malloc_explicitly_typed: there are too many kinds of objects");
        __atomic_store_n(&known, kind, __ATOMIC_RELEASE);
    }
    ter_libgc_unlock();
    return known;
}

/*
 * Room for `bytes` and, at the end of the cell, for what says how to look at them. No extra byte: a
 * pointer one past the end lies in the descriptor. What the program gives when memory is out may be
 * anything and gets no descriptor: then `end` is NULL.
 */
static void *allocate_typed(size_t bytes, size_t behind, void **end)
{
    void *object;

    *end = NULL;
    if (bytes > SIZE_MAX - behind)
        return ter_libgc_out_of_memory(bytes);
    object = ter_libgc_allocate(typed_kind(), bytes + behind);
    if (object == NULL)
        return ter_libgc_out_of_memory(bytes);
    *end = (char *)object + ter_heap_bytes_of(ter_libgc.heap, (uintptr_t)object) - behind;
    return object;
}

void *GC_malloc_explicitly_typed(size_t bytes, GC_word descriptor)
{
    void *end;
    void *object = allocate_typed(bytes, sizeof descriptor, &end);

    if (end != NULL)
        *(GC_word *)end = descriptor;
    return object;
}

/* Elements that are no whole number of words are looked at as a whole. */
void *GC_calloc_explicitly_typed(size_t count, size_t bytes, GC_word descriptor)
{
    struct array *array;
    void *end, *object;
    size_t all;

    if (__builtin_mul_overflow(count, bytes, &all))
        return ter_libgc_out_of_memory(SIZE_MAX);
    if (descriptor == 0 || all == 0 || count == 1)
        return GC_malloc_explicitly_typed(all, all == 0 ? 0 : descriptor);
    if (descriptor == bytes || bytes % sizeof(GC_word) != 0)
        return GC_malloc(all);
    object = allocate_typed(all, sizeof *array, &end);
    array = end;
    if (array == NULL)
        return object;
    *array = (struct array){.count = count, .element_bytes = bytes, .element = descriptor};
    /* A collection finds either an object without pointers or all that an array needs. */
    __atomic_store_n(&array->is_array, IS_ARRAY, __ATOMIC_RELEASE);
    return object;
}

void *GC_malloc_explicitly_typed_ignore_off_page(size_t bytes, GC_word descriptor)
{
    return ter_libgc_ignore_off_page(GC_malloc_explicitly_typed(bytes, descriptor));
}
