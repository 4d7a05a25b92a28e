/* SPDX-License-Identifier: MIT */
#include "xml.h"

#include <string.h>

static const char name_bytes[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:.";

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* One of the five entities that need no declaration. */
static const char *skip_entity(const char *at)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};

    for (unsigned i = 0; i < sizeof entities / sizeof entities[0]; i++)
        if (strncmp(at, entities[i], strlen(entities[i])) == 0)
            return at + strlen(entities[i]);
    return NULL;
}

/* Characters up to one of `ends`; NULL at one that may not stand there. */
static const char *skip_text(const char *at, const char *ends)
{
    while (at != NULL && strchr(ends, *at) == NULL) {
        unsigned char byte = (unsigned char)*at;

        if (byte == '<' || (byte < ' ' && strchr("\t\r\n", byte) == NULL))
            return NULL;
        at = byte == '&' ? skip_entity(at) : at + 1;
    }
    return at == NULL || *at == '\0' ? NULL : at;
}

/* Blanks and name="value", as often as there is one. */
static const char *skip_attributes(const char *at)
{
    for (;;) {
        const char *name = skip_space(at);
        size_t length = strspn(name, name_bytes);

        if (length == 0)
            return name;
        if (name == at || name[length] != '=' || name[length + 1] != '"')
            return NULL;
        at = skip_text(name + length + 2, "\"");
        if (at == NULL)
            return NULL;
        at++;
    }
}

static const char *skip_element(const char *at);

/* What an element holds, and its end. */
static const char *skip_contents(const char *at, const char *name, size_t length)
{
    while ((at = skip_text(at, "<")) != NULL && at[1] != '/')
        if ((at = skip_element(at)) == NULL)
            return NULL;
    if (at == NULL || strncmp(at + 2, name, length) != 0 || at[2 + length] != '>')
        return NULL;
    return at + 3 + length;
}

static const char *skip_element(const char *at)
{
    const char *name = at + 1;
    size_t length = strspn(name, name_bytes);

    if (*at != '<' || length == 0)
        return NULL;
    at = skip_attributes(name + length);
    if (at == NULL)
        return NULL;
    if (at[0] == '/' && at[1] == '>')
        return at + 2;
    return *at == '>' ? skip_contents(at + 1, name, length) : NULL;
}

bool test_is_xml(const char *text)
{
    const char *end = skip_element(skip_space(text));

    return end != NULL && *skip_space(end) == '\0';
}
