/* SPDX-License-Identifier: MIT */
/* A reader that skips values: each skip_ function takes the text at a value's first character and
 * gives the text after it, or NULL if the value is not well formed. */
#include "terrier.h"

#include "base/escape.h"
#include "json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

static const char *skip_value(const char *at, int depth);

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_escape(const char *at)
{
    if (*at != 'u')
        return *at != '\0' && strchr("\"\\/bfnrt", *at) != NULL ? at + 1 : NULL;
    for (int i = 1; i <= 4; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return NULL;
    }
    return at + 5;
}

static const char *skip_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (at != NULL && *at != '"') {
        if ((unsigned char)*at < ' ')
            return NULL;
        at = *at == '\\' ? skip_escape(at + 1) : at + 1;
    }
    return at == NULL ? NULL : at + 1;
}

static const char *skip_digits(const char *at)
{
    size_t count = strspn(at, "0123456789");
    return count == 0 ? NULL : at + count;
}

static const char *skip_number(const char *at)
{
    if (*at == '-')
        at++;
    at = *at == '0' ? at + 1 : skip_digits(at);
    if (at != NULL && *at == '.')
        at = skip_digits(at + 1);
    if (at != NULL && (*at == 'e' || *at == 'E')) {
        at++;
        at = skip_digits(*at == '+' || *at == '-' ? at + 1 : at);
    }
    return at;
}

static const char *skip_word(const char *at, const char *word)
{
    size_t length = strlen(word);
    return strncmp(at, word, length) == 0 ? at + length : NULL;
}

/* From a key to the value behind its colon. */
static const char *skip_key(const char *at)
{
    at = skip_string(at);
    if (at == NULL)
        return NULL;
    at = skip_space(at);
    return *at == ':' ? skip_space(at + 1) : NULL;
}

/* The elements of an array or, with keys, of an object; `at` is at the opening bracket. */
static const char *skip_list(const char *at, char closing, bool keys, int depth)
{
    at = skip_space(at + 1);
    if (*at == closing)
        return at + 1;
    for (;;) {
        at = keys ? skip_key(at) : at;
        at = at == NULL ? NULL : skip_value(at, depth);
        if (at == NULL)
            return NULL;
        at = skip_space(at);
        if (*at == closing)
            return at + 1;
        if (*at != ',')
            return NULL;
        at = skip_space(at + 1);
    }
}

static const char *skip_value(const char *at, int depth)
{
    if (depth == DEPTH_MAX)
        return NULL;
    switch (*at) {
    case '{': return skip_list(at, '}', true, depth + 1);
    case '[': return skip_list(at, ']', false, depth + 1);
    case '"': return skip_string(at);
    case 't': return skip_word(at, "true");
    case 'f': return skip_word(at, "false");
    case 'n': return skip_word(at, "null");
    default: return skip_number(at);
    }
}

bool cmd_json_is_whole(const char *text)
{
    const char *end = skip_value(skip_space(text), 0);
    return end != NULL && *skip_space(end) == '\0';
}

/* The value of a member of the object at `at`, or NULL. */
static const char *find_member(const char *at, const char *name, size_t length)
{
    if (*at != '{')
        return NULL;
    for (at = skip_space(at + 1); *at == '"'; at = skip_space(at + 1)) {
        const char *value = skip_key(at);
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '"')
            return value;
        const char *end = value == NULL ? NULL : skip_value(value, 0);
        if (end == NULL)
            return NULL;
        at = skip_space(end);
        if (*at != ',')
            return NULL;
    }
    return NULL;
}

bool cmd_json_find_number(const char *text, const char *path, double *number)
{
    const char *at = skip_space(text);
    while (at != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        at = find_member(at, path, length);
        path += length + (path[length] == '.');
    }
    if (at == NULL || (*at != '-' && !isdigit((unsigned char)*at)))
        return false;
    *number = strtod(at, NULL);
    return true;
}

void cmd_json_write_string(FILE *out, const char *text)
{
    char piece[TER_ESCAPE_BYTES];
    fputc('"', out);
    while (ter_escape_next(&text, TER_ESCAPE_JSON, piece) > 0)
        fputs(piece, out);
    fputc('"', out);
}
