/* SPDX-License-Identifier: MIT */
/* Recursive descent; each function returns what follows, or NULL for a fault. */
#include "json.h"

#include <stddef.h>
#include <string.h>

static const char *value(const char *at);

static const char *space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (*at != '"') {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at == '\\') {
            at++;
            if (*at == 'u') {
                if (strspn(at + 1, "0123456789abcdefABCDEF") < 4)
                    return NULL;
                at += 4;
            } else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL) {
                return NULL;
            }
        }
        at++;
    }
    return at + 1;
}

static const char *number(const char *at)
{
    size_t digits;

    at += *at == '-';
    digits = strspn(at, "0123456789");
    if (digits == 0 || (digits > 1 && *at == '0'))
        return NULL;
    at += digits;
    if (*at == '.') {
        digits = strspn(at + 1, "0123456789");
        if (digits == 0)
            return NULL;
        at += digits + 1;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        digits = strspn(at, "0123456789");
        if (digits == 0)
            return NULL;
        at += digits;
    }
    return at;
}

/* "key": */
static const char *key(const char *at)
{
    at = string(at);
    if (at == NULL)
        return NULL;
    at = space(at);
    return *at == ':' ? space(at + 1) : NULL;
}

/* Behind the opening bracket. */
static const char *members(const char *at, char close)
{
    at = space(at);
    if (*at == close)
        return at + 1;
    for (;;) {
        if (close == '}' && (at = key(at)) == NULL)
            return NULL;
        at = value(at);
        if (at == NULL)
            return NULL;
        at = space(at);
        if (*at == close)
            return at + 1;
        if (*at != ',')
            return NULL;
        at = space(at + 1);
    }
}

static const char *value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};

    if (*at == '{')
        return members(at + 1, '}');
    if (*at == '[')
        return members(at + 1, ']');
    if (*at == '"')
        return string(at);
    for (size_t i = 0; i < 3; i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    return number(at);
}

bool test_is_json(const char *text)
{
    const char *end = value(space(text));

    return end != NULL && *space(end) == '\0';
}
