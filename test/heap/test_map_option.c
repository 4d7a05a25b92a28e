/* SPDX-License-Identifier: MIT */
/* The options sft_map, sft_trace and sft_trace_map: every form serves a heap; a wrong choice is
 * refused. */
#include "heap/heap.h"
#include "small_heap.h"

#include <unistd.h>

static const char *const forms[] = {"space", "dense", "sparse"};
static struct small_heap small;

/* The layout for this machine has slots, but that for 32 bits, which every machine can have. */
static bool serves(const char *form)
{
    return sizeof(uintptr_t) == 8 || strcmp(form, "space") != 0;
}

static void check_word(uintptr_t word, enum ter_space_kind kind)
{
    const struct ter_sft *space = ter_heap_owner(small.heap, word);

    assert_int_equal(space->kind, kind);
    assert_ptr_equal(space, ter_sft_map_get(&small.heap->collector.arena.map, word));
    assert_int_equal(ter_heap_find(small.heap, word).bits, kind == TER_SPACE_EMPTY ? 0 : word);
}

/* Lists in all spaces survive a collection. Not inlined, so that no address stays on the stack. */
static TER_NOINLINE void fill_heap(void)
{
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 2000, 48);
    small.roots[1] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 20, 100);
    small.roots[2] = small_heap_list(&small, TER_KIND_NORMAL, 20, 50000);
    small.roots[3] = small_heap_list(&small, TER_KIND_NORMAL, 1, TER_MIB(9));
    small_heap_collect(&small);
    small_heap_check_list(&small, small.roots[0], 2000);
    small_heap_check_list(&small, small.roots[1], 20);
    small_heap_check_list(&small, small.roots[2], 20);
    check_word((uintptr_t)small.roots[0], TER_SPACE_MARK_SWEEP);
    check_word((uintptr_t)small.roots[1], TER_SPACE_IMMORTAL);
    check_word((uintptr_t)small.roots[2], TER_SPACE_LARGE);
    check_word((uintptr_t)small.roots[3], TER_SPACE_LARGE);
    check_word((uintptr_t)small.roots, TER_SPACE_EMPTY);
    check_word((uintptr_t)&small, TER_SPACE_EMPTY);
    check_word(UINTPTR_MAX, TER_SPACE_EMPTY);
    memset(small.roots, 0, SMALL_ROOTS * sizeof *small.roots);
}

/* Uncollectable lists stay, and what a word left on the stack may keep: one list at most. */
static void use_heap(const char *options, enum ter_sft_map_kind wanted)
{
    small_heap_init(&small, options);
    assert_int_equal(small.heap->collector.arena.map.kind, wanted);
    for (unsigned round = 0; round < 3; round++) {
        fill_heap();
        small_heap_collect(&small);
        assert_true(small_heap_statistics(&small).live_objects <= 2000 + 100 * (round + 1));
    }
    small_heap_fini(&small);
}

static void every_form_serves_a_heap(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        char options[80];

        if (!serves(forms[i]))
            continue;
        snprintf(options, sizeof options, "sft_map=%s", forms[i]);
        use_heap(options, (enum ter_sft_map_kind)i);
        snprintf(options, sizeof options, "sft_map=%s,stress=200", forms[i]);
        use_heap(options, (enum ter_sft_map_kind)i);
    }
}

static void auto_follows_from_the_layout(void **state)
{
    /* Where AddressSanitizer has its shadow, the kernel gives a place high up, and a dense map
     * serves. */
    bool high = TER_HAS_ASAN && sizeof(uintptr_t) == 8;

    (void)state;
    use_heap("", serves("space") ? TER_SFT_SPACE_MAP : TER_SFT_SPARSE_MAP);
    use_heap("sft_map=auto", serves("space") ? TER_SFT_SPACE_MAP : TER_SFT_SPARSE_MAP);
    use_heap("layout=32bit", high ? TER_SFT_DENSE_MAP : TER_SFT_SPARSE_MAP);
    use_heap("layout=32bit,sft_map=dense", TER_SFT_DENSE_MAP);
    if (serves("space"))
        use_heap("layout=small", high ? TER_SFT_DENSE_MAP : TER_SFT_SPACE_MAP);
}

/* ---- Wrong choices ---- */

static void make_heap_that_cannot_be(void *context)
{
    struct ter_options options;
    struct ter_heap *heap = NULL;

    (void)context;
    ter_options_init(&options);
    if (ter_options_parse(&options, "layout=32bit,sft_map=space", NULL, 0) != TER_OK)
        _exit(1);
    if (ter_heap_new(&options, &heap) != TER_ERROR_INVALID)
        _exit(2);
    if (heap != NULL || test_count_mappings("terrier:") != 0)
        _exit(3);
}

static void a_form_that_cannot_serve(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(make_heap_that_cannot_be, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, "terrier: a space map cannot serve layout 32bit at 0x"));
}

static void unknown_values(void **state)
{
    const char *const wrong[] = {"sft_map=radix", "sft_map=",     "sft_map=Space",
                                 "sft_trace=2",   "sft_trace=on", "sft_trace_map=2"};
    struct ter_options options, before;
    char message[300];

    (void)state;
    ter_options_init(&options);
    before = options;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++) {
        bool is_map = strncmp(wrong[i], "sft_map", 7) == 0;

        assert_int_equal(ter_options_parse(&options, wrong[i], message, sizeof message),
                         TER_ERROR_INVALID);
        assert_memory_equal(&options, &before, sizeof options);
        assert_non_null(strstr(message, is_map ? "sft_map" : "sft_trace"));
        assert_non_null(strstr(message, is_map ? "auto|space|dense|sparse" : "is no value"));
    }
}

/* ---- Tracing ---- */

static void use_traced_heap(void *context)
{
    small_heap_init(&small, context);
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 1, TER_MIB(9));
    small.roots[0] = NULL;
    small_heap_collect(&small);
    ter_sft_map_claim(
        &small.heap->collector.arena.map,
        ter_heap_owner(small.heap, (uintptr_t)small_heap_list(&small, TER_KIND_NORMAL, 1, 16)),
        small.heap->collector.arena.layout.heap_start,
        ter_layout_heap_bytes(&small.heap->collector.arena.layout), NULL);
    small_heap_fini(&small);
}

static void changes_are_logged_when_asked(void **state)
{
    struct test_end end;

    (void)state;
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        char options[80];

        if (!serves(forms[i]))
            continue;
        snprintf(options, sizeof options, "sft_map=%s,sft_trace=1", forms[i]);
        test_in_child(use_traced_heap, options, &end);
        assert_int_equal(end.signal, 0);
        assert_int_equal(end.code, 0);
        assert_non_null(strstr(end.text, "terrier: SFT map: mark-sweep is added\n"));
        assert_non_null(strstr(end.text, "terrier: SFT map: large claims "));
        assert_non_null(strstr(end.text, "terrier: SFT map: mark-sweep is refused "));
        assert_non_null(strstr(end.text, ", owned by "));
        assert_null(strstr(end.text, "SFT map: now"));
        snprintf(options, sizeof options, "sft_map=%s,sft_trace_map=1", forms[i]);
        test_in_child(use_traced_heap, options, &end);
        assert_int_equal(end.signal, 0);
        assert_int_equal(end.code, 0);
        assert_non_null(strstr(end.text, "terrier: SFT map: large claims "));
        assert_non_null(strstr(end.text, "terrier: SFT map: now 0x"));
        assert_non_null(strstr(end.text, ": mark-sweep\n"));
        snprintf(options, sizeof options, "sft_map=%s", forms[i]);
        test_in_child(use_traced_heap, options, &end);
        assert_string_equal(end.text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_serves_a_heap),
        cmocka_unit_test(auto_follows_from_the_layout),
        cmocka_unit_test(a_form_that_cannot_serve),
        cmocka_unit_test(unknown_values),
        cmocka_unit_test(changes_are_logged_when_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
