/* SPDX-License-Identifier: MIT */
#include "contents.h"

#include <string.h>

enum { ALL_OF_THE_FIRST_WORDS = 2048, THEN_EVERY = 61 };

/*
 * The highest byte of an address is never 0xfe where programs have memory. A slot that no edge uses
 * is 0.
 */
static uintptr_t pattern(const struct node *node, size_t word)
{
    struct ter_random random = {((uint64_t)node->number << 32) ^ (node->version * 0x9e37u) ^ word};
    uintptr_t top = (uintptr_t)0xfe << (sizeof(uintptr_t) - 1) * 8;

    if (kind_has_slot(node->kind, word))
        return 0;
    return ((uintptr_t)ter_random_next(&random) & (((uintptr_t)1 << (sizeof top - 1) * 8) - 1)) |
           top;
}

static size_t next_word(size_t word)
{
    return word + 1 < ALL_OF_THE_FIRST_WORDS ? word + 1 : word + THEN_EVERY;
}

/*
 * The bytes behind the last whole word. With the zeros behind them they are a word too, and a small
 * one may be an address, but not with these bits set.
 */
static uintptr_t tail(const struct node *node, size_t words)
{
    uintptr_t value = pattern(node, words);

    return value == 0 ? 0 : value | UINTPTR_MAX / 0xff * 0xfe;
}

static void fill_tail(const struct node *node)
{
    size_t words = node->bytes / sizeof(uintptr_t);
    uintptr_t value = tail(node, words);

    if (words < ALL_OF_THE_FIRST_WORDS)
        memcpy(world_word_of(node, words), &value, node->bytes % sizeof value);
}

void contents_fill(struct node *node)
{
    for (unsigned i = 0; i < FIELDS; i++)
        if (node->fields[i].use == FIELD_VALUE)
            node->fields[i].use = FIELD_FREE;
    for (size_t word = 0; word < node->bytes / sizeof(uintptr_t); word = next_word(word))
        if (node_find_field(node, word) == NULL)
            *world_word_of(node, word) = pattern(node, word);
    fill_tail(node);
}

static bool word_matches(const struct node *node, size_t word)
{
    return *world_word_of(node, word) == pattern(node, word) || node_find_field(node, word) != NULL;
}

bool contents_match(const struct node *node)
{
    for (size_t word = 0; word < node->bytes / sizeof(uintptr_t); word = next_word(word))
        if (!word_matches(node, word))
            return false;
    return true;
}

bool contents_tell(const struct node *node)
{
    for (size_t word = 0; word < node->bytes / sizeof(uintptr_t); word = next_word(word))
        if (pattern(node, word) != 0 && node_find_field(node, word) == NULL)
            return true;
    return false;
}

static void check_word(struct world *world, const struct node *node, size_t word)
{
    if (!word_matches(node, word))
        run_fail(world->run,
                 "object %u (%s, %zu bytes, at %#zx): word %zu holds %#zx instead of %#zx",
                 node->number, kinds[node->kind].name, node->bytes, (size_t)node->address, word,
                 (size_t)*world_word_of(node, word), (size_t)pattern(node, word));
}

/* Links and edges are looked at by whoever knows where their targets are. */
static void check_values(struct world *world, const struct node *node)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        const struct field *field = &node->fields[i];

        if (field->use == FIELD_VALUE && *world_word_of(node, field->word) != field->value)
            run_fail(world->run, "object %u (%s): word %zu holds %#zx instead of the value %#zx",
                     node->number, kinds[node->kind].name, field->word,
                     (size_t)*world_word_of(node, field->word), (size_t)field->value);
    }
}

static void check_tail(struct world *world, const struct node *node)
{
    size_t words = node->bytes / sizeof(uintptr_t);
    uintptr_t value = tail(node, words);

    if (words < ALL_OF_THE_FIRST_WORDS &&
        memcmp(world_word_of(node, words), &value, node->bytes % sizeof value) != 0)
        run_fail(world->run, "object %u (%s, %zu bytes): the last bytes have changed", node->number,
                 kinds[node->kind].name, node->bytes);
}

void contents_check(struct world *world, const struct node *node)
{
    for (size_t word = 0; word < node->bytes / sizeof(uintptr_t); word = next_word(word))
        check_word(world, node, word);
    check_values(world, node);
    check_tail(world, node);
}

void contents_check_clear(struct world *world, const struct node *node, size_t from, size_t to)
{
    for (size_t word = (from + sizeof(uintptr_t) - 1) / sizeof(uintptr_t);
         word < to / sizeof(uintptr_t); word = next_word(word))
        if (*world_word_of(node, word) != 0)
            run_fail(world->run, "object %u (%s, %zu bytes): word %zu is not cleared", node->number,
                     kinds[node->kind].name, to, word);
}
