/* SPDX-License-Identifier: MIT */
/* A function of the program says which data of libraries are scanned; GC_dlopen. */
#define GC_THREADS
#include "check.h"

#include <gc/gc_mark.h>

#include <dlfcn.h>

enum { WATCHED = 200, CHANCE = 8 };

static void **links;
static const char *refused = "nothing";
static unsigned asked, odd;

static int GC_CALLBACK is_root(const char *library, void *start, size_t bytes)
{
    asked++;
    odd += library == NULL || start == NULL || bytes == 0;
    return strstr(library, refused) == NULL;
}

static NOINLINE void fill(void **places)
{
    for (size_t i = 0; i < WATCHED; i++) {
        links[i] = GC_malloc(40);
        places[i] = links[i];
        GC_general_register_disappearing_link(&links[i], links[i]);
    }
}

static size_t count_alive(void)
{
    size_t count = 0;

    clear_stack();
    GC_gcollect();
    for (size_t i = 0; i < WATCHED; i++) {
        count += links[i] != NULL;
        GC_unregister_disappearing_link(&links[i]);
    }
    return count;
}

static char *library_path(const char *program)
{
    static char path[4096];
    const char *slash = strrchr(program, '/');
    int length = slash == NULL ? 1 : (int)(slash - program);

    snprintf(path, sizeof path, "%.*s/libgc_data_roots.so", length, slash == NULL ? "." : program);
    return path;
}

int main(int count, char **arguments)
{
    void *library, **places;
    size_t alive;

    (void)count;
    GC_register_has_static_roots_callback(is_root);
    GC_INIT();
    links = GC_malloc_atomic_uncollectable(WATCHED * sizeof *links);
    library = GC_dlopen(library_path(arguments[0]), RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    places = dlsym(library, "library_zeroed");
    EXPECT(GC_is_tmp_root(&links) != 0, "data of the program");
    EXPECT(GC_is_tmp_root(links) == 0, "an object");
    fill(places);
    alive = count_alive();
    EXPECT(alive == WATCHED, "%zu", alive);
    EXPECT(asked > 0, "nobody asked");
    EXPECT(odd == 0, "%u", odd);

    refused = "libgc_data_roots";
    GC_register_has_static_roots_callback(is_root);
    fill(places);
    alive = count_alive();
    EXPECT(alive <= CHANCE, "%zu", alive);

    refused = "nothing";
    GC_register_has_static_roots_callback(0);
    fill(places);
    alive = count_alive();
    EXPECT(alive == WATCHED, "%zu", alive);
    GC_exclude_static_roots(places, places + WATCHED);
    fill(places);
    alive = count_alive();
    EXPECT(alive <= CHANCE, "%zu excluded", alive);
    GC_clear_exclusion_table();
    return check_end();
}
