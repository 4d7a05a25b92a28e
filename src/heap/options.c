/* SPDX-License-Identifier: MIT */
/* Invariant: whatever is accepted here is in range; nothing else is checked again. */
#include "heap/heap.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum option_type { OPTION_NUMBER, OPTION_TEXT };

struct option {
    const char *name;
    enum option_type type;
    size_t offset;
    const char *default_text;
    uint64_t default_number, lowest, highest;
    const char *allowed;
    const char *help;
};

#define NUMBER_ROW(name, value, lowest, highest, help)                                             \
    {#name, OPTION_NUMBER, offsetof(struct ter_options, name), #value, value, lowest, highest,     \
     NULL,  help},
#define TEXT_ROW(name, value, allowed, help)                                                       \
    {#name, OPTION_TEXT, offsetof(struct ter_options, name), value, 0, 0, 0, allowed, help},
static const struct option table[] = {TER_OPTIONS(NUMBER_ROW, TEXT_ROW)};
#undef NUMBER_ROW
#undef TEXT_ROW

static void *field_of(struct ter_options *options, const struct option *option)
{
    return (char *)options + option->offset;
}

void ter_options_init(struct ter_options *options)
{
    memset(options, 0, sizeof *options);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(table); i++) {
        const struct option *option = &table[i];

        if (option->type == OPTION_NUMBER)
            *(uint64_t *)field_of(options, option) = option->default_number;
        else
            snprintf(field_of(options, option), TER_OPTION_TEXT_BYTES, "%s", option->default_text);
    }
}

/* Is `value` one of the words of "a|b|c"? */
static bool is_allowed(const char *allowed, const char *value, size_t length)
{
    while (*allowed != '\0') {
        size_t word = strcspn(allowed, "|");

        if (word == length && memcmp(allowed, value, length) == 0)
            return true;
        allowed += word;
        allowed += *allowed == '|';
    }
    return false;
}

static bool set_number(struct ter_options *options, const struct option *option, const char *value,
                       size_t length)
{
    uint64_t number;

    if (!ter_parse_size(value, length, &number) || number < option->lowest ||
        number > option->highest)
        return false;
    *(uint64_t *)field_of(options, option) = number;
    return true;
}

/* One of its words, if there is a list, or what it is read as; else any text. */
static bool is_known_text(const struct option *option, const char *value, size_t length)
{
    uint64_t bytes;
    bool automatic;

    if (option->offset == offsetof(struct ter_options, soft_limit))
        return ter_soft_limit_parse(value, length, &bytes, &automatic);
    return option->allowed == NULL || is_allowed(option->allowed, value, length);
}

static bool set_text(struct ter_options *options, const struct option *option, const char *value,
                     size_t length)
{
    if (length >= TER_OPTION_TEXT_BYTES)
        return false;
    if (!is_known_text(option, value, length))
        return false;
    snprintf(field_of(options, option), TER_OPTION_TEXT_BYTES, "%.*s", (int)length, value);
    return true;
}

/* Says of values that did not come by ter_options_set whether it would have taken them. */
static bool is_valid(struct ter_options *options, const struct option *option)
{
    const void *field = field_of(options, option);
    uint64_t number;

    if (option->type == OPTION_NUMBER) {
        memcpy(&number, field, sizeof number);
        return number >= option->lowest && number <= option->highest;
    }
    if (memchr(field, '\0', TER_OPTION_TEXT_BYTES) == NULL)
        return false;
    return is_known_text(option, field, strlen(field));
}

const char *ter_options_invalid(const struct ter_options *options)
{
    struct ter_options copy = *options;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(table); i++)
        if (!is_valid(&copy, &table[i]))
            return table[i].name;
    return NULL;
}

static const struct option *find_option(const char *name, size_t length)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(table); i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

/* A layout has rules of its own, and a sentence for each. */
static bool is_layout(const struct option *option, const char *value, size_t length, char *message,
                      size_t message_bytes)
{
    char sentence[TER_OPTION_TEXT_BYTES * 2];
    struct ter_layout layout;

    if (option->offset != offsetof(struct ter_options, layout) || length >= TER_OPTION_TEXT_BYTES ||
        ter_layout_read(value, length, &layout, sentence, sizeof sentence))
        return true;
    snprintf(message, message_bytes, "option layout: %s", sentence);
    return false;
}

static ter_status set(struct ter_options *options, const char *name, size_t name_length,
                      const char *value, size_t value_length, char *message, size_t message_bytes)
{
    const struct option *option = find_option(name, name_length);
    bool good;

    if (option == NULL) {
        snprintf(message, message_bytes, "there is no option '%.*s'", (int)name_length, name);
        return TER_ERROR_UNKNOWN_NAME;
    }
    if (!is_layout(option, value, value_length, message, message_bytes))
        return TER_ERROR_INVALID;
    good = option->type == OPTION_NUMBER ? set_number(options, option, value, value_length)
                                         : set_text(options, option, value, value_length);
    if (good)
        return TER_OK;
    snprintf(message, message_bytes, "'%.*s' is no value for option %s (%s)", (int)value_length,
             value, option->name, option->allowed != NULL ? option->allowed : option->help);
    return TER_ERROR_INVALID;
}

ter_status ter_options_set(struct ter_options *options, const char *name, const char *value,
                           char *message, size_t message_bytes)
{
    return set(options, name, strlen(name), value, strlen(value), message, message_bytes);
}

ter_status ter_options_parse(struct ter_options *options, const char *text, char *message,
                             size_t message_bytes)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        const char *equals = memchr(text, '=', length);
        ter_status status;

        if (length > 0 && equals == NULL) {
            snprintf(message, message_bytes, "'%.*s' is not of the form name=value", (int)length,
                     text);
            return TER_ERROR_INVALID;
        }
        if (length > 0) {
            status = set(options, text, (size_t)(equals - text), equals + 1,
                         length - (size_t)(equals - text) - 1, message, message_bytes);
            if (status != TER_OK)
                return status;
        }
        text += length;
        text += *text == ',';
    }
    return TER_OK;
}

ter_status ter_options_read_environment(struct ter_options *options, char *message,
                                        size_t message_bytes)
{
    const char *text = ter_os_environment("TERRIER_OPTIONS");

    return text == NULL ? TER_OK : ter_options_parse(options, text, message, message_bytes);
}

void ter_options_for_each(void (*visit)(void *context, const char *name, const char *default_value,
                                        const char *help),
                          void *context)
{
    TER_REQUIRE(visit != NULL, "ter_options_for_each: there is no function to call");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(table); i++)
        visit(context, table[i].name, table[i].default_text, table[i].help);
}
