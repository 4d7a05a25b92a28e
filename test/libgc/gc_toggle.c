/* SPDX-License-Identifier: MIT */
/* Toggle references: the program says before each collection which keep their objects. */
#include "check.h"

enum { OBJECTS = 300, CHANCE = 8 };

static void **links;
static uintptr_t *hidden;
static GC_ToggleRefStatus wanted[3];
static unsigned asked, odd;

static size_t number_of(const void *object)
{
    size_t i = 0;

    while (i < OBJECTS && hidden[i] != hide(object))
        i++;
    return i;
}

static GC_ToggleRefStatus GC_CALLBACK answer(void *object)
{
    size_t number = number_of(object);

    asked++;
    if (number == OBJECTS) {
        odd++;
        return GC_TOGGLE_REF_DROP;
    }
    return wanted[number % 3];
}

static NOINLINE void make(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        void *object = GC_malloc(50);

        links[i] = object;
        hidden[i] = hide(object);
        GC_general_register_disappearing_link(&links[i], object);
        EXPECT(GC_toggleref_add(object, i % 2 == 0) == GC_SUCCESS, "object %zu", i);
    }
}

static void check(const char *when, bool first, bool second, bool third)
{
    const bool is_kept[] = {first, second, third};
    size_t alive[3] = {0};

    clear_stack();
    GC_gcollect();
    for (size_t i = 0; i < OBJECTS; i++)
        alive[i % 3] += links[i] != NULL;
    for (unsigned i = 0; i < 3; i++)
        EXPECT(is_kept[i] ? alive[i] == OBJECTS / 3 : alive[i] <= CHANCE, "%s: %u: %zu", when, i,
               alive[i]);
}

int main(void)
{
    GC_INIT();
    links = GC_malloc_atomic_uncollectable(OBJECTS * sizeof *links);
    hidden = GC_malloc_atomic_uncollectable(OBJECTS * sizeof *hidden);
    memset(links, 0, OBJECTS * sizeof *links);
    memset(hidden, 0, OBJECTS * sizeof *hidden);
    EXPECT(GC_get_toggleref_func() == 0, "there is a function");
    EXPECT(GC_toggleref_add(GC_malloc(8), 1) == GC_SUCCESS, "without a function");
    GC_set_toggleref_func(answer);
    EXPECT(GC_get_toggleref_func() == answer, "the function is another");

    wanted[0] = wanted[1] = wanted[2] = GC_TOGGLE_REF_STRONG;
    make();
    check("all are strong", true, true, true);
    wanted[0] = GC_TOGGLE_REF_WEAK;
    check("one of three is weak", false, true, true);
    wanted[1] = GC_TOGGLE_REF_DROP;
    check("one of three is dropped", false, false, true);
    asked = 0;
    check("no change", false, false, true);
    EXPECT(asked >= OBJECTS / 3 && asked <= OBJECTS / 3 + 2 * CHANCE, "%u", asked);
    wanted[2] = GC_TOGGLE_REF_WEAK;
    check("none is strong", false, false, false);
    EXPECT(odd == 0, "%u", odd);
    return check_end();
}
