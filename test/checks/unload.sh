#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Libraries that were loaded by dlopen and unloaded again leave nothing behind that would be run and
# is not there: handlers of signals and of forks, destructors of keys, threads.

. "$(dirname "$0")/lib/common.sh"

[ -e "$build/lib/libgc.so.1" ] || skip "there is no libgc.so.1"

cat >"$temp/unload.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *library;
static const char *which;

static void fail(const char *what)
{
    puts(what);
    _exit(1);
}

static void *find(const char *name)
{
    void *function = dlsym(library, name);

    if (function == NULL)
        fail(name);
    return function;
}

static void use_libgc(void)
{
    ((void (*)(void))find("GC_init"))();
    for (int i = 0; i < 10000; i++)
        if (((void *(*)(size_t))find("GC_malloc"))(100) == NULL)
            fail("no memory");
    ((void (*)(void))find("GC_gcollect"))();
}

static void use_terrier(void)
{
    static void *heap;
    void *mutator;

    if (heap == NULL && ((int (*)(void *, void **))find("ter_heap_new"))(NULL, &heap) != 0)
        fail("no heap");
    if (((int (*)(void *, void **))find("ter_mutator_bind"))(heap, &mutator) != 0)
        fail("not bound");
    for (int i = 0; i < 10000; i++)
        if (((void *(*)(void *, unsigned, size_t))find("ter_allocate"))(mutator, 1, 100) == NULL)
            fail("no memory");
    ((void (*)(void *))find("ter_collect"))(mutator);
}

static void use(void)
{
    if (strstr(strrchr(which, '/'), "libgc") != NULL)
        use_libgc();
    else
        use_terrier();
}

static pthread_barrier_t used, closed;

static void *end_later(void *unused)
{
    use();
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return unused;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    int status = 1;

    which = arguments[count - 1];
    library = dlopen(which, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fail(dlerror());
    pthread_barrier_init(&used, NULL, 2);
    pthread_barrier_init(&closed, NULL, 2);
    use();
    pthread_create(&thread, NULL, end_later, NULL);
    pthread_barrier_wait(&used);
    if (dlclose(library) != 0)
        fail(dlerror());
    raise(SIGPWR);
    pthread_barrier_wait(&closed);
    pthread_join(thread, NULL);
    if (fork() == 0)
        _exit(0);
    wait(&status);
    if (status != 0)
        fail("a child of a fork after the unloading");
    library = dlopen(which, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fail(dlerror());
    if (strstr(strrchr(which, '/'), "libgc") != NULL)
        use();
    puts("goes on");
    return 0;
}
END
$cc -std=gnu11 -D_GNU_SOURCE -w -o "$temp/unload" "$temp/unload.c" -ldl -pthread || {
    fault "the program cannot be built"
    finish
}
looked=0
for library in libgc.so.1 libterrier.so; do
    said=$(timeout 60 "$temp/unload" "$build/lib/$library" 2>&1)
    status=$?
    [ "$status" = 0 ] || fault "$library: $status: $said"
    looked=$((looked + 1))
done
looked_at "$looked" "libraries that were unloaded"
finish
