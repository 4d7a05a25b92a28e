/* SPDX-License-Identifier: MIT */
#include "cycle/nursery.h"

void ter_nursery_init(struct ter_nursery *nursery, size_t bytes, uint64_t pause_ns)
{
    *nursery = (struct ter_nursery){
        .bytes = bytes != 0 ? bytes : TER_NURSERY_USUAL, .pause_ns = pause_ns, .fixed = bytes != 0};
}

void ter_nursery_learn(struct ter_nursery *nursery, size_t allocated, size_t survived,
                       uint64_t pause_ns)
{
    size_t bytes = nursery->bytes;

    if (nursery->fixed)
        return;
    if (nursery->pause_ns != 0 && pause_ns > nursery->pause_ns)
        bytes -= bytes / 4;
    else if (survived > allocated / 4 &&
             (nursery->pause_ns == 0 || pause_ns <= nursery->pause_ns / 2))
        bytes += bytes / 4;
    else if (bytes > TER_NURSERY_USUAL)
        bytes -= (bytes - TER_NURSERY_USUAL) / 8;
    else
        bytes += (TER_NURSERY_USUAL - bytes) / 8;
    nursery->bytes = ter_min(ter_max(bytes, TER_NURSERY_LEAST), TER_NURSERY_MOST);
}
