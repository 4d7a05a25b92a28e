/* SPDX-License-Identifier: MIT */
#include "layout/layout.h"

#include <stdio.h>
#include <string.h>

/* A part of the text, and where to complain about it. */
struct description {
    const char *text;
    size_t length;
    char *message;
    size_t message_bytes;
};

static bool refuse_part(const struct description *part, const char *rule)
{
    snprintf(part->message, part->message_bytes, "'%.*s': %s", (int)part->length, part->text, rule);
    return false;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(word, text, length) == 0;
}

/* At least one digit. */
static bool read_hexadecimal(const char *text, size_t length, uint64_t *value)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = 0;

    for (size_t i = 0; i < length; i++) {
        char letter = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] - 'A' + 'a') : text[i];
        const char *digit = memchr(digits, letter, 16);

        if (digit == NULL || number >> 60 != 0)
            return false;
        number = number << 4 | (uint64_t)(digit - digits);
    }
    *value = number;
    return true;
}

/* Addresses are written with 0x, sizes with K, M, G and T; both are taken everywhere. */
static bool read_word(const char *text, size_t length, uintptr_t *value)
{
    uint64_t number = 0;
    bool is_number = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')
                         ? read_hexadecimal(text + 2, length - 2, &number)
                         : ter_parse_size(text, length, &number);

    if (!is_number || number > UINTPTR_MAX)
        return false;
    *value = (uintptr_t)number;
    return true;
}

static const char *set_extent(struct ter_layout *layout, uintptr_t bytes)
{
    if (!ter_is_power_of_two(bytes))
        return "the bytes of a slot are a power of two";
    layout->log_space_extent = ter_log2(bytes);
    /* Where a preset's spaces begin says nothing about slots of another size. */
    if (layout->first >= bytes)
        layout->first = 0;
    return NULL;
}

static const char *set_slots(struct ter_layout *layout, uintptr_t count)
{
    /* A count that is far too large must not become a small one. */
    layout->slot_count = (unsigned)ter_min(count, TER_MAX_SLOTS + 1);
    return NULL;
}

static const char *set_start(struct ter_layout *layout, uintptr_t start)
{
    layout->heap_start = start;
    return NULL;
}

static const char *set_limit(struct ter_layout *layout, uintptr_t limit)
{
    layout->limit = limit;
    layout->by_need = layout->by_need && limit == 0;
    return NULL;
}

static const char *set_shared(struct ter_layout *layout, uintptr_t shared)
{
    if (shared > 1)
        return "shared is 0 or 1";
    layout->contiguous = shared == 0;
    if (shared == 1) {
        layout->by_need = false;
        layout->first = 0;
    }
    return NULL;
}

static const char *set_by_need(struct ter_layout *layout, uintptr_t by_need)
{
    if (by_need > 1)
        return "by_need is 0 or 1";
    layout->by_need = by_need == 1;
    return NULL;
}

static const char *set_first(struct ter_layout *layout, uintptr_t first)
{
    layout->first = first;
    return NULL;
}

static const struct {
    const char *name;
    const char *(*set)(struct ter_layout *layout, uintptr_t value); /* the rule broken, or NULL */
} fields[] = {
    {"start", set_start},   {"extent", set_extent},   {"slots", set_slots}, {"limit", set_limit},
    {"shared", set_shared}, {"by_need", set_by_need}, {"first", set_first},
};

static bool read_field(const struct description *part, struct ter_layout *layout)
{
    const char *equals = memchr(part->text, '=', part->length);
    size_t name_length = equals == NULL ? part->length : (size_t)(equals - part->text);
    const char *rule;
    uintptr_t value;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(fields); i++) {
        if (!is_word(part->text, name_length, fields[i].name))
            continue;
        if (equals == NULL || !read_word(equals + 1, part->length - name_length - 1, &value))
            return refuse_part(part, "not a number that fits an address");
        rule = fields[i].set(layout, value);
        if (rule != NULL)
            return refuse_part(part, rule);
        return true;
    }
    return refuse_part(
        part, "a layout has the fields start, extent, slots, limit, shared, by_need and first");
}

static bool find_base(const struct description *part, struct ter_layout *layout)
{
    char name[16];

    if (is_word(part->text, part->length, "auto"))
        return ter_layout_find_preset(ter_layout_auto_name(), layout);
    if (is_word(part->text, part->length, "custom"))
        return ter_layout_find_preset(sizeof(uintptr_t) < sizeof(uint64_t) ? "32bit" : "small",
                                      layout);
    if (part->length >= sizeof name)
        return false;
    memcpy(name, part->text, part->length);
    name[part->length] = '\0';
    return ter_layout_find_preset(name, layout);
}

static size_t part_length(const char *text, size_t length)
{
    const char *colon = memchr(text, ':', length);

    return colon == NULL ? length : (size_t)(colon - text);
}

bool ter_layout_read(const char *text, size_t length, struct ter_layout *layout, char *message,
                     size_t message_bytes)
{
    struct description part = {text, part_length(text, length), message, message_bytes};
    const char *end = text + length, *rule;
    struct ter_layout read;

    if (!find_base(&part, &read)) {
        snprintf(message, message_bytes,
                 "'%.*s' is no layout that fits this machine's addresses; "
                 "there are auto, custom, %s",
                 (int)part.length, part.text, ter_layout_preset_names());
        return false;
    }
    if (part.length < length || is_word(part.text, part.length, "custom"))
        read.name = "custom";
    while (part.text + part.length < end) {
        part.text += part.length + 1;
        part.length = part_length(part.text, (size_t)(end - part.text));
        if (!read_field(&part, &read))
            return false;
    }
    rule = ter_layout_validate(&read);
    if (rule != NULL) {
        part.text = text;
        part.length = length;
        return refuse_part(&part, rule);
    }
    *layout = read;
    return true;
}
