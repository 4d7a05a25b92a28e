/* SPDX-License-Identifier: MIT */
#include "faults.h"

#include <string.h>

struct row {
    const char *name;
    unsigned every;
    unsigned needs;
};

#define FAULT_ROW(identifier, name, every, needs) {name, every, needs},
static const struct row rows[FAULT_COUNT] = {{"none", 0, NEEDS_NOTHING}, FAULTS(FAULT_ROW)};
#undef FAULT_ROW

static enum fault planted;
static _Atomic unsigned chances; /* helpers of a collector may ask too */

void fault_plant(enum fault fault)
{
    planted = fault;
    chances = 0;
}

bool fault_strikes(enum fault fault)
{
    if (planted != fault || fault == FAULT_NONE)
        return false;
    return (atomic_fetch_add(&chances, 1) + 1) % rows[fault].every == 0;
}

bool fault_strikes_once(enum fault fault)
{
    return fault_strikes(fault) && chances == rows[fault].every;
}

bool fault_is_planted(enum fault fault)
{
    return planted == fault;
}

const char *fault_name(enum fault fault)
{
    return rows[fault].name;
}

enum fault fault_find(const char *name)
{
    unsigned fault = 0;

    while (fault < FAULT_COUNT && strcmp(name, rows[fault].name) != 0)
        fault++;
    return (enum fault)fault;
}

unsigned fault_needs(enum fault fault)
{
    return rows[fault].needs;
}
