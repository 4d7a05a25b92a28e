/* SPDX-License-Identifier: MIT */
/*
 * What keeps an object (gc_backptr.h), for people and debuggers: the answers are of a search from
 * the roots when it is asked, for any object, so nothing is kept beside objects for it.
 *
 * Threads: any, outside of callbacks; the others are stopped meanwhile.
 */
#include <string.h>

#include "libgc/init.h"

/* Steps of a path that are printed: so many from its root, and so many before the object. */
#define STEPS_SHOWN 32u

/* ---- The path to an object ---- */

struct back_path {
    uintptr_t object;
    unsigned without;
    ter_status status;
    size_t length;
    struct ter_reference first[STEPS_SHOWN], last[STEPS_SHOWN]; /* the latter in turns */
    size_t seen;
};

/* While the world stands. */
static void note_step(void *context, const struct ter_reference *reference)
{
    struct back_path *path = context;

    if (path->seen < STEPS_SHOWN)
        path->first[path->seen] = *reference;
    path->last[path->seen % STEPS_SHOWN] = *reference;
    path->seen++;
}

static void *find_path(void *data)
{
    struct back_path *path = data;

    path->seen = 0;
    path->status = ter_heap_path(ter_libgc_mutator, (const void *)path->object, path->without,
                                 note_step, path, &path->length);
    return NULL;
}

static void find_path_inside(struct back_path *path, unsigned without)
{
    path->without = without;
    if (ter_libgc_is_inside())
        find_path(path);
    else
        ter_libgc_inside(find_path, path);
}

/* Who asks has the object's address on its own stack: that says nothing if there is another way. */
static bool find_object(struct back_path *path, const void *address)
{
    ter_libgc_ready();
    *path = (struct back_path){0};
    path->object = ter_heap_find(ter_libgc.heap, (uintptr_t)address).bits;
    if (path->object == 0)
        return false;
    find_path_inside(path, TER_WITHOUT(TER_IN_OWN_STACK));
    if (path->status == TER_OK && path->length == 0)
        find_path_inside(path, 0);
    return true;
}

static const struct ter_reference *step_at(const struct back_path *path, size_t step)
{
    return step < STEPS_SHOWN ? &path->first[step] : &path->last[step % STEPS_SHOWN];
}

/* As in gc_backptr.h. */
enum GC_ref_kind GC_get_back_ptr_info(void *address, void **base, size_t *offset)
{
    struct back_path path;
    const struct ter_reference *last;

    if (!find_object(&path, address))
        return GC_NO_SPACE;
    if (path.status != TER_OK || path.length == 0)
        return GC_UNREFERENCED;
    last = step_at(&path, path.length - 1);
    *base = (void *)last->word;
    *offset = 0;
    if (last->place == TER_IN_FINALIZER)
        return GC_FINALIZER_REFD;
    if (last->place != TER_IN_OBJECT)
        return last->word == NULL ? GC_REFD_FROM_REG : GC_REFD_FROM_ROOT;
    *base = (void *)last->holder.bits;
    if (last->word != NULL)
        *offset = (uintptr_t)last->word - last->holder.bits;
    return GC_REFD_FROM_HEAP;
}

static void print_step(const struct ter_reference *reference)
{
    char text[512];

    ter_reference_describe(ter_libgc.heap, reference, text, sizeof text);
    GC_err_printf("  %s -> %p, %zu bytes\n", text, (void *)reference->object.bits,
                  reference->bytes);
}

static void print_path(const struct back_path *path)
{
    for (size_t step = 0; step < path->length; step++) {
        if (step == STEPS_SHOWN && path->length > 2 * STEPS_SHOWN) {
            GC_err_printf("  ... %zu steps ...\n", path->length - 2 * STEPS_SHOWN);
            step = path->length - STEPS_SHOWN;
        }
        print_step(step_at(path, step));
    }
}

void GC_print_backtrace(void *address)
{
    struct back_path path;

    if (!find_object(&path, address))
        GC_err_printf("%p is in no object\n", address);
    else if (path.status != TER_OK)
        GC_err_printf("What keeps %p is not known: %s\n", address, ter_status_message(path.status));
    else if (path.length == 0)
        GC_err_printf("Nothing keeps %p, in the object at %p\n", address, (void *)path.object);
    else {
        GC_err_printf("%p, in the object at %p, is kept by\n", address, (void *)path.object);
        print_path(&path);
    }
}

/* ---- Random addresses ---- */

struct choice {
    uint64_t total;
    uintptr_t address; /* any byte of all that were told is as likely; 0: none was */
};

/* The heap's lock guards it. */
static struct ter_random generator;

static void consider(struct choice *choice, uintptr_t start, size_t bytes)
{
    uint64_t number;

    if (bytes == 0)
        return;
    choice->total += bytes;
    number = ter_random_below(&generator, choice->total);
    if (number < bytes)
        choice->address = start + (uintptr_t)number;
}

static struct choice chosen;

static void consider_region(uintptr_t start, uintptr_t end, const char *space)
{
    (void)space;
    consider(&chosen, start, end - start);
}

static void consider_object(void *context, const struct ter_client_object *object)
{
    (void)context;
    if (ter_heap_is_marked(ter_libgc.heap, object->address))
        consider(&chosen, object->address, object->bytes);
}

static void begin_choice(void)
{
    if (generator.state == 0)
        generator.state = ter_os_now_ns() | 1u;
    chosen = (struct choice){0, 0};
}

void *GC_generate_random_heap_address(void)
{
    uintptr_t address;

    ter_libgc_lock();
    begin_choice();
    ter_heap_visit_regions(ter_libgc.heap, consider_region);
    address = chosen.address;
    ter_libgc_unlock();
    return (void *)address;
}

/* Of those that the last collection reached. */
void *GC_generate_random_valid_address(void)
{
    uintptr_t address;

    ter_libgc_lock();
    begin_choice();
    ter_heap_visit_objects(ter_libgc.heap, consider_object, NULL);
    address = chosen.address;
    ter_libgc_unlock();
    return (void *)address;
}

void GC_generate_random_backtrace(void)
{
    void *address;

    ter_libgc_ready();
    GC_gcollect();
    address = GC_generate_random_valid_address();
    if (address == NULL)
        GC_err_printf("There is no object in the heap\n");
    else
        GC_print_backtrace(address);
}
