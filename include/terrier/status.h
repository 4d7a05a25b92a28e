/* SPDX-License-Identifier: MIT */
/*
 * What a call that can fail returns.
 *
 * Failure is a result: after any status but TER_OK the state is what it was before the call.
 * Misuse (a precondition that the caller broke) is no status: it stops the process with one line.
 */
#ifndef TERRIER_STATUS_H
#define TERRIER_STATUS_H

#include <terrier/api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Result of a call. Zero is success. */
typedef enum ter_status {
    TER_OK = 0,
    TER_ERROR_NO_MEMORY,        /**< the system gave no memory, or the heap's limit is reached */
    TER_ERROR_NO_ADDRESS_SPACE, /**< no free range of addresses of the size wanted */
    TER_ERROR_OUT_OF_RANGE,     /**< a range wraps, is empty, or lies outside the layout */
    TER_ERROR_OWNED,            /**< another space owns part of the range; nothing changed */
    TER_ERROR_INVALID,          /**< an option's or argument's value is not allowed */
    TER_ERROR_UNKNOWN_NAME,     /**< there is no option of that name */
    TER_ERROR_FULL,             /**< a table of fixed size has no room left */
    TER_ERROR_SYSTEM            /**< the system refused for another reason */
} ter_status;

/** A sentence for people about `status`. Never NULL; static storage; any thread, any time. */
TER_API const char *ter_status_message(ter_status status);

#ifdef __cplusplus
}
#endif
#endif
