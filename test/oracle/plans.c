/* SPDX-License-Identifier: MIT */
#include "plans.h"

#include <string.h>

#include <terrier/options.h>

struct text_option {
    const char *name;
    const char *allowed;
};

#define NOTHING(name, value, lowest, highest, help)
#define TEXT_ROW(name, value, allowed, help) {#name, allowed},
static const struct text_option text_options[] = {TER_OPTIONS(NOTHING, TEXT_ROW)};

static const char *allowed_plans(void)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(text_options); i++)
        if (strcmp(text_options[i].name, "plan") == 0 && text_options[i].allowed != NULL)
            return text_options[i].allowed;
    return "";
}

const char *plan_name(unsigned number)
{
    static char name[40];
    const char *at = allowed_plans();
    size_t length;

    for (; number > 0 && *at != '\0'; number--) {
        at += strcspn(at, "|");
        at += *at == '|';
    }
    length = strcspn(at, "|");
    if (length == 0 || length >= sizeof name)
        return NULL;
    memcpy(name, at, length);
    name[length] = '\0';
    return name;
}
