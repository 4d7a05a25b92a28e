/* SPDX-License-Identifier: MIT */
#include "space/space.h"

/* clang-format off */
#define SIZE_CLASSES(X) \
    X(16) X(32) X(48) X(64) X(80) X(96) X(112) X(128) X(144) X(160) X(176) X(192) X(208) \
    X(224) X(240) X(256) X(272) X(288) X(304) X(320) X(336) X(352) X(368) X(384) X(400) \
    X(416) X(432) X(448) X(464) X(480) X(496) X(512) X(576) X(640) X(704) X(768) X(832) \
    X(896) X(960) X(1024) X(1168) X(1296) X(1424) X(1552) X(1712) X(1808) X(2048) X(2336) \
    X(2512) X(2720) X(2976) X(3264) X(3632) X(4096) X(4672) X(5456) X(6544) X(8192)
/* clang-format on */

#define BYTES_OF(bytes) bytes,
const uint16_t ter_size_class_bytes[TER_SIZE_CLASSES] = {SIZE_CLASSES(BYTES_OF)};

/* Bits of the first so many cells, of `g` granules each, as far as they lie in a word. */
#define GRANULES_OF(bytes) ((bytes) / TER_BYTES_IN_GRANULE)
#define TWICE(bits, granules) ((granules) < 64 ? (bits) | (bits) << ((granules)&63) : (bits))
#define STARTS_2(g) TWICE(UINT64_C(1), g)
#define STARTS_4(g) TWICE(STARTS_2(g), 2 * (g))
#define STARTS_8(g) TWICE(STARTS_4(g), 4 * (g))
#define STARTS_16(g) TWICE(STARTS_8(g), 8 * (g))
#define STARTS_32(g) TWICE(STARTS_16(g), 16 * (g))
#define STARTS_64(g) TWICE(STARTS_32(g), 32 * (g))
#define STARTS_OF(bytes) STARTS_64(GRANULES_OF(bytes)),
const uint64_t ter_size_class_starts[TER_SIZE_CLASSES] = {SIZE_CLASSES(STARTS_OF)};

/* Every multiple of a granule is a class, up to so many of them. */
#define CLASSES_BY_GRANULE 32u

unsigned ter_size_class_of(size_t bytes)
{
    unsigned size_class = (unsigned)(bytes >> TER_LOG_BYTES_IN_GRANULE) - 1;

    if (size_class < CLASSES_BY_GRANULE)
        return size_class;
    size_class = CLASSES_BY_GRANULE;
    while (size_class < TER_SIZE_CLASSES - 1 && ter_size_class_bytes[size_class] < bytes)
        size_class++;
    return size_class;
}

void ter_size_class_table_init(ter_size_class_table table)
{
    unsigned size_class = 0;

    for (size_t granules = 0; granules <= TER_SMALL_MAX_GRANULES; granules++) {
        while (ter_size_class_bytes[size_class] < granules << TER_LOG_BYTES_IN_GRANULE)
            size_class++;
        table[granules] = (uint8_t)size_class;
    }
}
