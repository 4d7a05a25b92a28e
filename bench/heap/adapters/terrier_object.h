/* SPDX-License-Identifier: MIT */
/* As terrier_exact.h, but a store announces its whole object, so that a bit for each object says
 * what was logged, and not one for each slot: to compare the two (decision 0045). */
#ifndef BENCH_HEAP_TERRIER_OBJECT_H
#define BENCH_HEAP_TERRIER_OBJECT_H

#include "terrier_exact.h"

#undef bench_store
#define bench_store(m, object, field, value)                                                       \
    do {                                                                                           \
        __typeof__(field) adapter_stored = (value);                                                \
        ter_write_object((m), (object));                                                           \
        (field) = adapter_stored;                                                                  \
    } while (0)

#endif
