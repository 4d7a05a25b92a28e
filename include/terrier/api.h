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
/* What compilers may think too large for a hot loop and is not. */
#define TER_API_INLINE static inline __attribute__((always_inline))
#else
#define TER_API
#define TER_API_INLINE static inline
#endif

#endif
