/* SPDX-License-Identifier: MIT */
#include "check/check.h"

bool ter_check_is_new(struct ter_weak_table *seen, uintptr_t key)
{
    size_t before = seen->count;

    return ter_weak_table_insert(seen, key) == NULL || seen->count != before;
}
