/* SPDX-License-Identifier: MIT */
/* The smallest program on a Terrier heap: makes a list, drops it, and sees its memory come back. */
#include <stdio.h>
#include <stdlib.h>

#include <terrier/terrier.h>

struct pair {
    struct pair *next;
    long value;
};

static struct pair *make_list(struct ter_mutator *mutator, long length)
{
    struct pair *list = NULL;

    for (long i = 0; i < length; i++) {
        struct pair *pair = ter_allocate(mutator, TER_KIND_NORMAL, sizeof *pair);

        if (pair == NULL)
            return NULL;
        pair->next = list;
        pair->value = i;
        list = pair;
    }
    return list;
}

static long sum_list(const struct pair *list)
{
    long sum = 0;

    for (; list != NULL; list = list->next)
        sum += list->value;
    return sum;
}

int main(void)
{
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    struct ter_statistics figures;
    ter_status status = ter_heap_new(NULL, &heap);

    if (status == TER_OK)
        status = ter_mutator_bind(heap, &mutator);
    if (status != TER_OK) {
        fprintf(stderr, "hello: %s\n", ter_status_message(status));
        return EXIT_FAILURE;
    }
    /* The stack is a root: what `list` leads to stays for as long as it is there. */
    struct pair *list = make_list(mutator, 1000);

    ter_collect(mutator);
    printf("sum of a list of 1000: %ld\n", sum_list(list));
    printf("a word in its first pair belongs to space %s\n",
           ter_heap_owner(heap, (uintptr_t)&list->value)->name);
    for (int i = 0; i < 1000; i++)
        make_list(mutator, 1000);
    ter_heap_statistics(heap, &figures, sizeof figures);
    printf("allocated %llu KiB in %llu collections; %llu KiB in use\n",
           (unsigned long long)figures.allocated_bytes >> 10,
           (unsigned long long)figures.collections, (unsigned long long)figures.used_bytes >> 10);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return EXIT_SUCCESS;
}
