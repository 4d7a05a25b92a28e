/* SPDX-License-Identifier: MIT */
/* Visibility of the public functions, and inlining; version of the interface. */
#ifndef TERRIER_API_H
#define TERRIER_API_H

#define TER_VERSION_MAJOR 0
#define TER_VERSION_MINOR 1
#define TER_VERSION_PATCH 0
#define TER_VERSION_STRING "0.1.0"

#ifdef __GNUC__
#define TER_API __attribute__((visibility("default")))
#else
#define TER_API
#endif

/* What compilers may think too large for a hot loop and is not. Without optimisation it is a
 * function like others, to be stepped through and counted once. The compilers that say so know
 * the attribute. */
#ifdef __OPTIMIZE__
#define TER_API_INLINE static inline __attribute__((always_inline))
#else
#define TER_API_INLINE static inline
#endif

#endif
