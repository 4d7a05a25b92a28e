/* SPDX-License-Identifier: MIT */
/* What the records of policies share whose objects have pages of their own. */
#pragma once

#include "space/space.h"

/* clang-format off */
#define TER_PROTECT_POLICY                                                                         \
    .record_bytes = sizeof(struct ter_protect_space),                                              \
    .side = TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_PAGE_RUNS_SIDE |                 \
            TER_SIDE_SET(LARGE),                                                                   \
    .in_layout = true,                                                                             \
    .own_pages = true,                                                                             \
    .gone_bytes = SIZE_MAX, /* nobody may touch any of it */                                       \
    .init = ter_protect_init,                                                                      \
    .fini = ter_protect_fini,                                                                      \
    .admit_bytes = ter_protect_admit_bytes,                                                        \
    .allocate = ter_protect_allocate,                                                              \
    .free = ter_protect_free,                                                                      \
    .keep_by_first_page = ter_protect_keep_by_first_page,                                          \
    .prepare = ter_protect_prepare,                                                                \
    .trace = ter_protect_trace,                                                                    \
    .release = ter_protect_release,                                                                \
    .for_each = ter_protect_for_each,                                                              \
    .used_bytes = ter_protect_used_bytes,                                                          \
    .used_in_chunk = ter_protect_used_in_chunk,                                                    \
    .for_each_parcel = ter_protect_for_each_parcel,                                                \
    .check = ter_protect_check,                                                                    \
    .object_bytes = ter_protect_object_bytes,                                                      \
    .object_kind = ter_protect_object_kind,                                                        \
    .is_marked = ter_space_is_marked,                                                              \
    .set_mark = ter_space_set_mark,                                                                \
    .is_gone = ter_space_is_gone,                                                                  \
    .lost = ter_protect_lost
/* clang-format on */
