/* SPDX-License-Identifier: MIT */
#include "space/space.h"

const uint16_t ter_size_class_bytes[TER_SIZE_CLASSES] = {
    16,   32,   48,   64,   80,   96,   112,  128,  144,  160,  176,  192,  208,  224,  240,
    256,  272,  288,  304,  320,  336,  352,  368,  384,  400,  416,  432,  448,  464,  480,
    496,  512,  576,  640,  704,  768,  832,  896,  960,  1024, 1168, 1296, 1424, 1552, 1712,
    1808, 2048, 2336, 2512, 2720, 2976, 3264, 3632, 4096, 4672, 5456, 6544, 8192,
};

void ter_size_class_table_init(ter_size_class_table table)
{
    unsigned size_class = 0;

    for (size_t granules = 0; granules <= TER_SMALL_MAX_GRANULES; granules++) {
        while (ter_size_class_bytes[size_class] < granules << TER_LOG_BYTES_IN_GRANULE)
            size_class++;
        table[granules] = (uint8_t)size_class;
    }
}
