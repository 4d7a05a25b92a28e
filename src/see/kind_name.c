/* SPDX-License-Identifier: MIT */
#include "see/kind_name.h"

bool ter_kind_has_name(const struct ter_collector *collector, unsigned kind)
{
    return collector->allocator.details[kind].name[0] != '\0';
}

void ter_kind_add_name(struct ter_text *text, const struct ter_collector *collector, unsigned kind)
{
    static const char *const builtin[] = {[TER_KIND_ATOMIC] = "atomic",
                                          [TER_KIND_NORMAL] = "normal",
                                          [TER_KIND_UNCOLLECTABLE] = "uncollectable",
                                          [TER_KIND_ATOMIC_UNCOLLECTABLE] = "atomic uncollectable"};

    if (ter_kind_has_name(collector, kind))
        ter_text_print(text, "%s", collector->allocator.details[kind].name);
    else if (kind < TER_ARRAY_LENGTH(builtin))
        ter_text_print(text, "%s", builtin[kind]);
    else
        ter_text_print(text, "kind %u", kind);
}
