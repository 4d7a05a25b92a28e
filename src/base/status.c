/* SPDX-License-Identifier: MIT */
#include <terrier/status.h>

#include "base/base.h"

const char *ter_status_message(ter_status status)
{
    switch (status) {
    case TER_OK: return "success";
    case TER_ERROR_NO_MEMORY: return "out of memory";
    case TER_ERROR_NO_ADDRESS_SPACE: return "no free range of addresses is large enough";
    case TER_ERROR_OUT_OF_RANGE: return "the range is empty, wraps, or lies outside the layout";
    case TER_ERROR_OWNED: return "another space owns part of the range";
    case TER_ERROR_INVALID: return "the value is not allowed";
    case TER_ERROR_UNKNOWN_NAME: return "there is no option of that name";
    case TER_ERROR_FULL: return "the table is full";
    case TER_ERROR_SYSTEM: return "the system refused";
    }
    return "unknown status";
}
