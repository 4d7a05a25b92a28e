/* SPDX-License-Identifier: MIT */
/*
 * Programs that keep next to nothing and allocate objects of many sizes and kinds, in one thread or
 * several: whatever they set, a collection comes only when there is something to collect.
 */
#define GC_THREADS
#include "check_threads.h"

#include <sys/wait.h>
#include <unistd.h>

/* Bytes from one collection to the next, on the average. The stock library has 38000 and more. */
#define LEAST_INTERVAL 25000

enum { MOST_THREADS = 8 };

struct program {
    const char *name;
    void (*set)(void); /* before the heap is there; NULL: as it is */
    unsigned threads;
    size_t sizes, step, least; /* sizes of objects: from `least` up, each `step` larger */
    unsigned kinds;            /* normal; atomic; uncollectable, freed at once; finalized */
    bool frees;                /* each object at once */
};

static const struct program *program;
static pthread_barrier_t turn;
static size_t objects;

static void GC_CALLBACK finalize(void *object, void *data)
{
    (void)object, (void)data;
}

static void *make(size_t bytes, unsigned kind)
{
    void *object;

    switch (kind) {
    case 0: return GC_MALLOC(bytes);
    case 1: return GC_MALLOC_ATOMIC(bytes);
    case 2:
        object = GC_MALLOC_UNCOLLECTABLE(bytes);
        GC_FREE(object);
        return object;
    default:
        object = GC_MALLOC(bytes);
        GC_REGISTER_FINALIZER(object, finalize, NULL, NULL, NULL);
        return object;
    }
}

static NOINLINE void make_garbage(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t bytes = program->least + i % program->sizes * program->step;
        unsigned kind = (unsigned)(i / program->sizes) % program->kinds;
        void *object = make(bytes, kind);

        EXPECT(object != NULL, "%s: memory is out, object %zu of %zu bytes", program->name, i,
               bytes);
        if (program->frees && kind != 2)
            GC_FREE(object);
    }
}

/* One after the other, while those that were before wait and hold what they have. */
static void *take_turns(void *argument)
{
    uintptr_t number = (uintptr_t)argument;

    for (uintptr_t i = 0; i < program->threads; i++) {
        if (i == number)
            make_garbage(objects / program->threads);
        pthread_barrier_wait(&turn);
    }
    return NULL;
}

static void run_threads(void)
{
    pthread_t thread[MOST_THREADS];

    pthread_barrier_init(&turn, NULL, program->threads);
    for (uintptr_t i = 0; i < program->threads; i++)
        pthread_create(&thread[i], NULL, take_turns, (void *)i);
    for (unsigned i = 0; i < program->threads; i++)
        pthread_join(thread[i], NULL);
}

static bool is_under_stress(void)
{
    const char *options = getenv("TERRIER_OPTIONS");

    return options != NULL && strstr(options, "stress") != NULL;
}

static int run(void)
{
    size_t bytes = program->least + (program->sizes - 1) * program->step / 2, allowed;
    GC_word before, collections;

    if (program->set != NULL)
        program->set();
    GC_INIT();
    objects = check_scale((size_t)40000000 / bytes);
    before = GC_get_gc_no();
    if (program->threads == 1)
        make_garbage(objects);
    else
        run_threads();
    collections = GC_get_gc_no() - before;
    allowed = objects * bytes / LEAST_INTERVAL + 10;
    printf("%s: %zu collections, %zu allowed\n", program->name, (size_t)collections, allowed);
    /* How often the stock library collects with threads is up to how they are scheduled. */
    if (!is_under_stress() && (is_drop_in() || program->threads == 1))
        EXPECT(collections <= allowed, "%s: %zu collections, not %zu", program->name,
               (size_t)collections, allowed);
    fflush(stdout);
    return check_end();
}

static void bounded(void)
{
    GC_set_max_heap_size(400000);
}

static void of_a_mebibyte(void)
{
    GC_set_max_heap_size(1 << 20);
}

static void of_eight(void)
{
    GC_set_max_heap_size(8 << 20);
}

static void sparing(void)
{
    GC_set_free_space_divisor(20);
}

static void unexpanded(void)
{
    GC_set_dont_expand(1);
}

static void expanded(void)
{
    GC_INIT();
    GC_expand_hp(1000000);
}

static const struct program programs[] = {
    {"many sizes", NULL, 1, 20, 16, 16, 1, false},
    {"one size", NULL, 1, 1, 16, 16, 1, false},
    {"all sizes", NULL, 1, 58, 128, 16, 1, false},
    {"many sizes, two kinds", NULL, 1, 20, 16, 16, 2, false},
    {"many sizes, three kinds", NULL, 1, 20, 16, 16, 3, false},
    {"many sizes, finalizers", NULL, 1, 20, 16, 16, 4, false},
    {"many sizes, freed at once", NULL, 1, 20, 16, 16, 1, true},
    {"pages", NULL, 1, 10, 512, 8200, 2, false},
    {"many sizes, a maximum", bounded, 1, 20, 16, 16, 1, false},
    {"many sizes, freed at once, a maximum", bounded, 1, 20, 16, 16, 1, true},
    {"many sizes, two kinds, a mebibyte", of_a_mebibyte, 1, 20, 16, 16, 2, false},
    {"pages, a maximum", bounded, 1, 10, 512, 8200, 1, false},
    {"many sizes, a large divisor", sparing, 1, 20, 16, 16, 1, false},
    {"many sizes, not to expand", unexpanded, 1, 20, 16, 16, 1, false},
    {"many sizes, expanded", expanded, 1, 20, 16, 16, 1, false},
    {"threads, many sizes", NULL, 8, 20, 16, 16, 1, false},
    {"threads, many sizes, finalizers", NULL, 8, 20, 16, 16, 4, false},
    {"threads, many sizes, a large divisor", sparing, 8, 20, 16, 16, 2, false},
    {"threads, many sizes, not to expand", unexpanded, 8, 20, 16, 16, 1, false},
    {"threads, many sizes, a maximum", of_eight, 8, 20, 16, 16, 1, false},
    {"threads, pages", NULL, 8, 10, 512, 8200, 2, false},
};

/* Each in a process of its own, whose heap is new. */
int main(void)
{
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        int status = -1;
        pid_t child = fork();

        program = &programs[i];
        if (child == 0) {
            check_failures = 0;
            check_load_exit();
            _exit(run());
        }
        EXPECT(child > 0 && waitpid(child, &status, 0) == child, "no process");
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %#x", program->name, status);
    }
    return check_end();
}
