/* SPDX-License-Identifier: MIT */
/*
 * A shared library that is loaded late: its static data are roots from then on, and collections go
 * on after it was unloaded. It lies beside the program.
 */
#include "check.h"

#include <dlfcn.h>

enum { WATCHED = 200, CHANCE = 8 };

static char path[4096];
static void **links;

static void find_library(const char *program)
{
    const char *slash = strrchr(program, '/');
    int length = slash == NULL ? 1 : (int)(slash - program);

    snprintf(path, sizeof path, "%.*s/libgc_data_roots.so", length, slash == NULL ? "." : program);
}

static void *load(void)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return library;
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

    for (size_t i = 0; i < WATCHED; i++)
        count += links[i] != NULL;
    return count;
}

static void test_places(void **places, const char *name)
{
    fill(places);
    for (unsigned i = 0; i < 3; i++)
        collect();
    EXPECT(count_alive() == WATCHED, "%zu of %d in %s", count_alive(), WATCHED, name);
    memset(places, 0, WATCHED * sizeof *places);
    collect();
    EXPECT(count_alive() <= CHANCE, "%zu of %d in %s", count_alive(), WATCHED, name);
}

static void test_loaded(void)
{
    void *library = load();
    void **(*hidden)(void);

    *(void **)&hidden = dlsym(library, "library_hidden");
    test_places(dlsym(library, "library_zeroed"), "zeroed data");
    test_places(dlsym(library, "library_initialized"), "initialized data");
    test_places(hidden(), "static data of a function");
    fill(hidden());
    dlclose(library);
    collect();
    EXPECT(count_alive() <= CHANCE, "%zu of %d in an unloaded library", count_alive(), WATCHED);
}

int main(int count, char **arguments)
{
    (void)count;
    find_library(arguments[0]);
    GC_INIT();
    links = GC_malloc_atomic(WATCHED * sizeof *links);
    memset(links, 0, WATCHED * sizeof *links);
    for (unsigned round = 0; round < 10; round++)
        test_loaded();
    return check_end();
}
