/* SPDX-License-Identifier: MIT */
/* Finding leaks: objects that were neither freed nor are reachable are named, others are not. */
#define GC_DEBUG
#include "capture.h"

#include <gc/gc_mark.h>
#include <gc/leak_detector.h>

enum { LEAKED = 10, FREED = 10, CHANCE = 4 };

static void *kept[LEAKED];
static int line_of_leak;

static NOINLINE void leak(void)
{
    for (unsigned i = 0; i < LEAKED; i++) {
        line_of_leak = __LINE__ + 1;
        memset(malloc(30), 1, 30);
        free(malloc(30));
        kept[i] = calloc(3, 10);
    }
}

static void GC_CALLBACK finalize(void *object, void *data)
{
    (void)object, (void)data;
    EXPECT(false, "finalizers do not run while leaks are looked for");
}

static void GC_CALLBACK describe(void *object, char *text)
{
    snprintf(text, GC_TYPE_DESCR_LEN, "DESCRIBED%s", object == NULL ? "?" : "");
}

int main(void)
{
    static void *place;
    char where[64];
    const char *text;
    size_t count;

    GC_set_find_leak(1);
    GC_INIT();
    EXPECT(GC_get_find_leak() == 1, "%d", GC_get_find_leak());
    kept[0] = malloc(10);
    place = kept[0];
    EXPECT(GC_general_register_disappearing_link(&place, GC_base(kept[0])) == GC_UNIMPLEMENTED,
           "links do nothing");
    GC_register_finalizer(GC_base(kept[0]), finalize, NULL, NULL, NULL);
    free(kept[0]);
    CHECK_LEAKS();

    GC_register_describe_type_fn(1, describe);
    capture_begin(STDERR_FILENO);
    leak();
    clear_stack();
    CHECK_LEAKS();
    text = capture_end();
    snprintf(where, sizeof where, "gc_leaks.c:%d", line_of_leak);
    count = count_in(text, where);
    EXPECT(count_in(text, "gc_leaks.c:") == count, "others leaked too: %s", text);
    EXPECT(count + CHANCE >= LEAKED && count <= LEAKED, "%zu leaked: %s", count, text);
    EXPECT(count_in(text, "DESCRIBED") == count, "%s", text);
    for (unsigned i = 0; i < LEAKED; i++)
        free(kept[i]);
    capture_begin(STDERR_FILENO);
    CHECK_LEAKS();
    text = capture_end();
    EXPECT(count_in(text, "gc_leaks.c:") <= CHANCE, "%s", text);
    return check_end();
}
