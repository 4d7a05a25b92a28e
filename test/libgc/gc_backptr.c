/* SPDX-License-Identifier: MIT */
/* Who keeps an object, which stock libraries tell only if they were built for it. */
#include "capture.h"

#include <gc/gc_backptr.h>

#pragma weak GC_get_back_ptr_info
#pragma weak GC_generate_random_heap_address
#pragma weak GC_generate_random_valid_address
#pragma weak GC_generate_random_backtrace
#pragma weak GC_print_backtrace

enum { LENGTH = 100 };

struct node {
    long number;
    struct node *next;
};

struct node *kept_list; /* exported, so that the loader knows its name where it can */
static GC_word hidden_last;

static NOINLINE void make_list(void)
{
    for (long i = 0; i < LENGTH; i++) {
        struct node *node = GC_MALLOC(sizeof *node);

        node->number = i;
        node->next = kept_list;
        kept_list = node;
        if (i == 0)
            hidden_last = GC_HIDE_POINTER(node);
    }
}

static NOINLINE void check_info(void)
{
    struct node *last = GC_REVEAL_POINTER(hidden_last), *before = kept_list;
    void *base = NULL;
    size_t offset = 77;
    GC_ref_kind kind = GC_get_back_ptr_info(&last->next, &base, &offset);

    while (before->next != last)
        before = before->next;
    EXPECT(kind == GC_REFD_FROM_HEAP, "%d", (int)kind);
    EXPECT(base == before, "%p, not %p", base, (void *)before);
    EXPECT(offset == offsetof(struct node, next), "%zu", offset);
    kind = GC_get_back_ptr_info(kept_list, &base, &offset);
    EXPECT(kind == GC_REFD_FROM_ROOT && base == &kept_list && offset == 0, "%d %p %zu", (int)kind,
           base, offset);
    kind = GC_get_back_ptr_info(&kept_list, &base, &offset);
    EXPECT(kind == GC_NO_SPACE, "%d", (int)kind);
}

static NOINLINE void check_print(void)
{
    const char *text;

    capture_begin(STDERR_FILENO);
    GC_print_backtrace(GC_REVEAL_POINTER(hidden_last));
    text = capture_end();
    EXPECT(strstr(text, "is kept by\n") != NULL, "%s", text);
    EXPECT(strstr(text, "static data") != NULL, "%s", text);
    EXPECT(strstr(text, "... 36 steps ...") != NULL, "%s", text);
    EXPECT(count_in(text, " -> ") == 64, "%zu steps: %s", count_in(text, " -> "), text);
    capture_begin(STDERR_FILENO);
    GC_print_backtrace(&hidden_last);
    EXPECT(strstr(capture_end(), "is in no object") != NULL, "%s", captured);
}

static NOINLINE void check_random(void)
{
    for (unsigned i = 0; i < 100; i++) {
        const void *address = GC_generate_random_valid_address();

        EXPECT(GC_base((void *)address) != NULL, "%p", address);
        EXPECT(GC_generate_random_heap_address() != NULL, "in the heap");
    }
    capture_begin(STDERR_FILENO);
    GC_generate_random_backtrace();
    EXPECT(strstr(capture_end(), "is kept by\n") != NULL, "%s", captured);
}

int main(void)
{
    GC_INIT();
    if (GC_print_backtrace == NULL) {
        puts("SKIP: the stock library was not built with KEEP_BACK_PTRS");
        return 77;
    }
    make_list();
    clear_stack();
    check_info();
    clear_stack();
    check_print();
    check_random();
    return check_end();
}
