/* SPDX-License-Identifier: MIT */
/*
 * Heaps in every layout: strangers in the way, limits on addresses, machines with fewer of them,
 * larger pages, and what is said about it.
 */
#include "heap/heap.h"
#include "small_heap.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHUNK TER_BYTES_IN_CHUNK

static const char *const presets[] = {"default", "compressed", "small", "sanitizer", "32bit"};

static const struct ter_layout *layout_of(const struct ter_heap *heap)
{
    return &heap->collector.arena.layout;
}

static ter_status new_heap(const char *layout, unsigned log, struct ter_heap **heap)
{
    struct ter_options options;

    ter_options_init(&options);
    options.scan_program = options.scan_libraries = 0;
    options.log = log;
    snprintf(options.layout, sizeof options.layout, "%s", layout);
    return ter_heap_new(&options, heap);
}

static size_t finalized;

static void count_finalized(void *object, void *data)
{
    (void)object, (void)data;
    finalized++;
}

static TER_NOINLINE void drop_with_finalizers(struct small_heap *small, unsigned count)
{
    while (count-- > 0)
        assert_int_equal(ter_finalizer_set(small->heap,
                                           ter_allocate(small->mutator, TER_KIND_NORMAL, 32),
                                           count_finalized, NULL),
                         TER_OK);
}

/* A heap that does all that heaps do: small and large objects, growth, collections, finalizers. */
static void use_heap(const char *options)
{
    struct small_heap small;

    small_heap_init(&small, options);
    for (unsigned round = 0; round < 3; round++) {
        small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 20000, 48);
        small.roots[1] = small_heap_list(&small, TER_KIND_NORMAL, 40, 50000);
        small.roots[2] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 10, 3000);
        drop_with_finalizers(&small, 1000);
        small_heap_collect(&small);
        small_heap_check_list(&small, small.roots[0], 20000);
        small_heap_check_list(&small, small.roots[1], 40);
    }
    assert_null(ter_layout_validate(layout_of(small.heap)));
    finalized = 0;
    ter_finalizers_run(small.heap);
    assert_true(finalized > 1000);
    small_heap_fini(&small);
}

static void every_preset_works(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++) {
        struct ter_layout layout;
        char options[64];

        if (!ter_layout_find_preset(presets[i], &layout) || test_is_too_large(presets[i], 64))
            continue;
        snprintf(options, sizeof options, "layout=%s", presets[i]);
        use_heap(options);
    }
}

/* ---- Strangers ---- */

/* One page with something in it, at `place` or, where the system has no room there, nowhere. */
static unsigned char *put_stranger(uintptr_t place)
{
    void *got = mmap((void *)place, ter_os_page_size(), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(got, MAP_FAILED);
    if ((uintptr_t)got != place) {
        munmap(got, ter_os_page_size());
        return NULL;
    }
    memset(got, 0x77, ter_os_page_size());
    return got;
}

static void remove_stranger(unsigned char *stranger)
{
    for (size_t i = 0; i < ter_os_page_size(); i++)
        assert_int_equal(stranger[i], 0x77);
    assert_int_equal(munmap(stranger, ter_os_page_size()), 0);
}

/* A heap that is mapped by need keeps its place, but for what the stranger has. */
static void use_around(struct ter_heap *heap, uintptr_t stranger)
{
    struct ter_mutator *mutator;
    struct small_heap small = {.heap = heap};
    const struct ter_sft *owner;

    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    small.mutator = mutator;
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(ter_allocate(mutator, TER_KIND_NORMAL, 3 * CHUNK));
        assert_non_null(small_heap_list(&small, TER_KIND_NORMAL, 30000, 100));
        assert_non_null(small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 1000, 100));
    }
    owner = ter_heap_owner(heap, stranger);
    assert_true(ter_sft_is_empty(owner) || !owner->is_in_space(owner, stranger));
    assert_true(ter_object_is_none(owner->find_object_from_interior(owner, stranger)));
    ter_collect(mutator);
    ter_mutator_unbind(mutator);
}

static void make_heap_beside(const char *name, const unsigned char *stranger)
{
    struct ter_heap *heap;
    uintptr_t start, end;

    assert_int_equal(new_heap(name, 0, &heap), TER_OK);
    if (layout_of(heap)->by_need) {
        use_around(heap, (uintptr_t)stranger);
        ter_heap_free(heap);
        return;
    }
    start = layout_of(heap)->heap_start;
    end = start + ter_layout_heap_bytes(layout_of(heap));
    assert_null(ter_layout_validate(layout_of(heap)));
    assert_true((uintptr_t)stranger < start || (uintptr_t)stranger >= end);
    assert_null(ter_heap_of_word((uintptr_t)stranger));
    assert_true(test_is_mapped(start, end - start));
    ter_heap_free(heap);
    assert_false(test_is_mapped(start, end - start));
}

/* In the way of the hint, or of what the kernel gave the last time. */
static void strangers_are_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++) {
        struct ter_layout layout;
        struct ter_heap *heap;
        uintptr_t start;
        size_t bytes;

        if (test_is_too_large(presets[i], 64))
            continue;
        if (new_heap(presets[i], 0, &heap) != TER_OK) {
            assert_true(sizeof(uintptr_t) < 8);
            continue;
        }
        layout = *layout_of(heap);
        start = layout.heap_start;
        bytes = ter_layout_heap_bytes(&layout);
        ter_heap_free(heap);
        for (unsigned place = 0; place < 4; place++) {
            const size_t first = layout.by_need ? layout.first : 0;
            const size_t offsets[] = {first, bytes / 2, bytes - ter_os_page_size(),
                                      first + CHUNK * (layout.by_need ? 2 : 1) - 4096};
            uintptr_t at = ter_align_down(start + offsets[place], ter_os_page_size());
            unsigned char *stranger = put_stranger(at);

            assert_non_null(stranger);
            make_heap_beside(presets[i], stranger);
            remove_stranger(stranger);
        }
    }
}

/* The next heaps of a preset find places of their own. */
static void several_heaps_of_a_preset(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++) {
        struct ter_heap *heaps[3];
        size_t count = 0;

        if (test_is_too_large(presets[i], 16))
            continue;
        while (count < 3 && new_heap(presets[i], 0, &heaps[count]) == TER_OK) {
            assert_null(ter_layout_validate(layout_of(heaps[count])));
            for (size_t n = 0; n < count; n++)
                assert_ptr_equal(ter_heap_of_word(layout_of(heaps[n])->heap_start), heaps[n]);
            count++;
        }
        assert_true(count == 3 || sizeof(uintptr_t) < 8);
        while (count > 0)
            ter_heap_free(heaps[--count]);
    }
}

/* ---- A limit that the layout sets ---- */

static unsigned asked, answered;

/* Somebody else is faster than the arena, `answered` times: the second time of each place. */
static int be_faster(uintptr_t *hint, size_t bytes)
{
    (void)bytes;
    if (*hint != 0 && ++asked % 2 == 0 && asked / 2 <= answered)
        *hint = 0;
    return 0;
}

static void a_lost_race_is_run_again(void **state)
{
    const size_t before = test_count_mappings("terrier:");

    (void)state;
    if (sizeof(uintptr_t) < 8 || TER_HAS_SANITIZER)
        skip(); /* the first place is not free there */
    if (test_is_emulated())
        skip(); /* it tries many reservations of 28 GiB */
    for (answered = 0; answered < 6; answered++) {
        struct ter_heap *heap = NULL;
        ter_status status;

        asked = 0;
        ter_os_set_placing(be_faster);
        status = new_heap("compressed", 0, &heap);
        ter_os_set_placing(NULL);
        assert_int_equal(status, answered < 4 ? TER_OK : TER_ERROR_NO_ADDRESS_SPACE);
        if (status != TER_OK)
            continue;
        assert_true(layout_of(heap)->heap_start + ter_layout_heap_bytes(layout_of(heap)) <=
                    layout_of(heap)->limit);
        ter_heap_free(heap);
    }
    assert_int_equal(test_count_mappings("terrier:"), before);
}

/* Nothing below 2^35 but the window [2^32, 2^32 + room_below). */
static size_t room_below;

static int crowd_low_addresses(uintptr_t *hint, size_t bytes)
{
    const uintptr_t start = (uintptr_t)(UINT64_C(1) << 32);

    if (*hint != 0 && *hint < start << 3 &&
        (*hint < start || bytes > room_below || *hint - start > room_below - bytes))
        *hint = 0;
    return 0;
}

static void use_crowded_addresses(void *context)
{
    struct ter_heap *heap = NULL;
    ter_status status;
    size_t bytes;

    (void)context;
    ter_os_set_placing(crowd_low_addresses);
    status = new_heap("compressed", 2, &heap);
    ter_os_set_placing(NULL);
    if (room_below == 0)
        _exit(status == TER_ERROR_NO_ADDRESS_SPACE && heap == NULL ? 0 : 1);
    if (status != TER_OK)
        _exit(2);
    bytes = ter_layout_heap_bytes(layout_of(heap));
    if (bytes > room_below || bytes <= room_below / 2 - TER_MIB(64))
        _exit(3);
    ter_heap_free(heap);
}

static void crowded_low_addresses(void **state)
{
    struct test_end end;

    (void)state;
    /* Address sanitizers keep a part of them to themselves. */
    if (sizeof(uintptr_t) < 8 || TER_HAS_SANITIZER)
        skip();
    if (test_is_emulated())
        skip(); /* it tries many reservations of 28 GiB */
    room_below = TER_MIB(3000);
    test_in_child(use_crowded_addresses, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, "finds no free 28672 MiB below 0x800000000: 1792 MiB"));
    room_below = 0;
    test_in_child(use_crowded_addresses, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, "terrier: layout compressed: no free "));
    assert_non_null(strstr(end.text, "below 0x800000000"));
}

/* ---- Machines and limits ---- */

/*
 * A kernel with 38 bits of addresses for programs, the usual with 39-bit page tables: what is
 * larger is refused, and without a hint that is there, ranges come from the top down.
 */
static uintptr_t top, next_top;

static int place_below_38_bits(uintptr_t *hint, size_t bytes)
{
    if (bytes > top - CHUNK)
        return 12; /* ENOMEM */
    if (*hint == 0 || *hint > top - bytes) {
        if (bytes > next_top - CHUNK)
            return 12;
        next_top = ter_align_down(next_top - bytes, CHUNK);
        *hint = next_top;
    }
    return 0;
}

static void a_machine_with_39_bits(void **state)
{
    (void)state;
    if (sizeof(uintptr_t) < 8 || TER_HAS_SANITIZER)
        skip();
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++) {
        struct ter_heap *heap;
        uintptr_t end;

        if (test_is_too_large(presets[i], 64))
            continue;
        next_top = top = (uintptr_t)(UINT64_C(1) << 38);
        ter_os_set_placing(place_below_38_bits);
        assert_int_equal(new_heap(presets[i], 0, &heap), TER_OK);
        ter_os_set_placing(NULL);
        end = layout_of(heap)->heap_start + ter_layout_heap_bytes(layout_of(heap));
        assert_true(end <= top);
        assert_true(ter_layout_heap_bytes(layout_of(heap)) >= TER_MIB(1024));
        assert_true(heap->collector.arena.side.mmapper.start < top);
        ter_heap_free(heap);
    }
}

struct limited {
    const char *layout;
    size_t bytes;
};

/* The program needs addresses as well. */
static void use_limited_addresses(void *context)
{
    const struct limited *limited = context;
    struct rlimit limit = {limited->bytes, limited->bytes};
    struct small_heap small;
    struct ter_heap *heap = NULL;
    char options[64];
    size_t left;

    if (setrlimit(RLIMIT_AS, &limit) != 0)
        _exit(1);
    left = ter_os_address_space_left();
    if (new_heap(limited->layout, 2, &heap) != TER_OK)
        _exit(2);
    if (ter_os_address_space_left() < left / 2 - left / 16 - TER_MIB(32))
        _exit(3);
    if (ter_layout_heap_bytes(layout_of(heap)) > left / 2 || ter_layout_validate(layout_of(heap)))
        _exit(4);
    ter_heap_free(heap);
    snprintf(options, sizeof options, "layout=%s", limited->layout);
    small_heap_init(&small, options);
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 1000, 48);
    small_heap_collect(&small);
    small_heap_check_list(&small, small.roots[0], 1000);
    small_heap_fini(&small);
}

static void limits_on_addresses(void **state)
{
    static const size_t limits[] = {TER_MIB(160), TER_MIB(500), TER_MIB(1024), TER_MIB(3900)};

    (void)state;
    if (TER_HAS_SANITIZER)
        skip(); /* their shadows are larger than any limit */
    if (test_is_emulated())
        skip(); /* it has no such limits */
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++)
        for (size_t n = 0; n < TER_ARRAY_LENGTH(limits); n++) {
            struct limited limited = {presets[i], limits[n]};
            struct ter_layout layout;
            struct test_end end;

            if (!ter_layout_find_preset(presets[i], &layout))
                continue;
            test_in_child(use_limited_addresses, &limited, &end);
            if (end.signal != 0 || end.code != 0)
                print_error("%s, %zu MiB: %s\n", presets[i], limits[n] >> 20, end.text);
            assert_int_equal(end.signal, 0);
            assert_int_equal(end.code, 0);
            if (ter_layout_heap_bytes(&layout) > limits[n])
                assert_non_null(strstr(end.text, "a limit leaves"));
        }
}

static void take_what_is_wanted(void *context)
{
    const struct rlimit limit = {TER_MIB(500), TER_MIB(500)};
    struct ter_options options;
    struct ter_heap *heap;
    char message[300];

    ter_options_init(&options);
    if (ter_options_parse(&options, context, message, sizeof message) != TER_OK)
        _exit(1);
    if (setrlimit(RLIMIT_AS, &limit) != 0 || ter_heap_new(&options, &heap) != TER_OK)
        _exit(2);
    ter_heap_free(heap);
}

/* A maximum that cannot be reached is a warning; otherwise a fallback is silent by default. */
static void a_fallback_is_said(void **state)
{
    char plain[] = "", large[] = "heap_max=600M", logged[] = "log=2",
         slots[] = "sft_map=space,log=2";
    struct test_end end;

    (void)state;
    if (TER_HAS_SANITIZER)
        skip(); /* their shadows are larger than any limit */
    if (test_is_emulated())
        skip(); /* it has no such limits */
    test_in_child(take_what_is_wanted, plain, &end);
    assert_int_equal(end.code, 0);
    assert_string_equal(end.text, "");
    test_in_child(take_what_is_wanted, large, &end);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, "terrier: heap_max is 600 MiB, but layout "));
    test_in_child(take_what_is_wanted, logged, &end);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, " shared slots of "));
    if (sizeof(uintptr_t) < 8)
        return;
    test_in_child(take_what_is_wanted, slots, &end);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, "3 slots of "));
    assert_non_null(strstr(end.text, "a space map"));
}

/* ---- Layouts of one's own ---- */

static void custom_layouts(void **state)
{
    struct ter_heap *heap;
    uintptr_t start = 0;
    char text[128];

    (void)state;
    /* A place that is free now. */
    assert_int_equal(ter_os_reserve(0, TER_MIB(256), CHUNK, &start), TER_OK);
    ter_os_release(start, TER_MIB(256));
    snprintf(text, sizeof text, "custom:start=%#zx:extent=64M:slots=4", (size_t)start);
    assert_int_equal(new_heap(text, 0, &heap), TER_OK);
    assert_int_equal(layout_of(heap)->heap_start, start);
    assert_int_equal(ter_layout_heap_bytes(layout_of(heap)), TER_MIB(256));
    assert_string_equal(layout_of(heap)->name, "custom");
    ter_heap_free(heap);
    use_heap("layout=custom:extent=32M:slots=3");
    use_heap("layout=custom:extent=128M:slots=1:shared=1");
    use_heap("layout=custom:extent=16M:slots=7:start=0x10000000:limit=0x7f000000:shared=1");
    assert_int_equal(new_heap("custom:extent=128M:slots=1:shared=1", 0, &heap), TER_OK);
    assert_int_equal(ter_layout_heap_bytes(layout_of(heap)), TER_MIB(128));
    ter_heap_free(heap);
}

static void make_bad_heap(void *context)
{
    struct ter_heap *heap = NULL;

    if (new_heap(context, 1, &heap) != TER_ERROR_INVALID || heap != NULL)
        _exit(1);
}

/* A struct that was filled in by hand: the rule is in the log. */
static void the_rule_is_said(void **state)
{
    static char texts[][2][64] = {
        {"moon", "'moon' is no layout"},
        {"custom:slots=99", "'custom:slots=99': a layout has 1 to 64 slots"},
        {"custom:extent=64K", "at least one chunk"},
        {"custom:start=5", "multiple of a chunk"},
        {"custom:slots=2:shared=0", "the spaces need 3 slots, not 2"},
        {"custom:slots=1:shared=1:extent=4M", "the spaces need 3 chunks, not 1"},
        {"custom:big=1", "'big=1': a layout has the fields"},
    };
    struct ter_options options;
    char message[300];

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(texts); i++) {
        struct test_end end;

        test_in_child(make_bad_heap, texts[i][0], &end);
        assert_int_equal(end.signal, 0);
        assert_int_equal(end.code, 0);
        if (strstr(end.text, texts[i][1]) == NULL)
            print_error("'%s' is not in '%s'\n", texts[i][1], end.text);
        assert_non_null(strstr(end.text, "terrier: layout "));
        assert_non_null(strstr(end.text, texts[i][1]));
    }
    /* By name, the sentence is given back. */
    ter_options_init(&options);
    assert_int_equal(ter_options_set(&options, "layout", "custom:slots=0", message, sizeof message),
                     TER_ERROR_INVALID);
    assert_string_equal(message, "option layout: 'custom:slots=0': a layout has 1 to 64 slots");
    assert_string_equal(options.layout, "auto");
    assert_int_equal(ter_options_parse(&options, "log=0,layout=custom:slots=8:extent=8M,stress=3",
                                       message, sizeof message),
                     TER_OK);
    assert_string_equal(options.layout, "custom:slots=8:extent=8M");
    assert_int_equal(options.stress, 3);
}

/* ---- Pages ---- */

static void every_page_size(void **state)
{
    (void)state;
    for (size_t page = ter_os_page_size(); page <= TER_KIB(64); page *= 2) {
        ter_os_set_page_size(page);
        assert_int_equal(ter_os_page_size(), page);
        use_heap("");
        use_heap("layout=32bit,report=json,report_file=/dev/null");
        use_heap("stress=5000");
        ter_os_set_page_size(0);
    }
    assert_int_equal(test_count_mappings("terrier:"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preset_works),
        cmocka_unit_test(strangers_are_left_alone),
        cmocka_unit_test(several_heaps_of_a_preset),
        cmocka_unit_test(a_lost_race_is_run_again),
        cmocka_unit_test(crowded_low_addresses),
        cmocka_unit_test(a_machine_with_39_bits),
        cmocka_unit_test(limits_on_addresses),
        cmocka_unit_test(a_fallback_is_said),
        cmocka_unit_test(custom_layouts),
        cmocka_unit_test(the_rule_is_said),
        cmocka_unit_test(every_page_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
