/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

#include <string.h>

static bool says_only(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && memcmp(text, word, length) == 0;
}

bool ter_soft_limit_parse(const char *text, size_t length, uint64_t *bytes, bool *automatic)
{
    *bytes = 0;
    *automatic = !says_only(text, length, "none");
    if (length == 0 || !*automatic || says_only(text, length, "auto"))
        return true;
    return ter_parse_size(text, length, bytes) && *bytes != 0;
}

void ter_heap_read_soft_limit(const struct ter_options *options)
{
    size_t length = strlen(options->soft_limit);
    uint64_t bytes;
    bool automatic;

    if (length != 0 && ter_soft_limit_parse(options->soft_limit, length, &bytes, &automatic))
        ter_balance_set_limit(bytes, automatic);
}

void ter_soft_limit_set(uint64_t bytes)
{
    TER_KEEP_ERRNO;

    if (bytes == TER_SOFT_LIMIT_NONE)
        ter_balance_set_limit(0, false);
    else
        ter_balance_set_limit(bytes, true);
}

uint64_t ter_soft_limit(void)
{
    size_t limit = ter_balance_limit();

    return limit == SIZE_MAX ? TER_SOFT_LIMIT_NONE : limit;
}

uint64_t ter_heaps_bytes(void)
{
    return ter_balance_footprint();
}
