/* SPDX-License-Identifier: MIT */
/* Frama-C does not come with all that <pthread.h> of glibc needs; the proofs need these names. */
#pragma once

typedef int pthread_mutex_t;
typedef int pthread_cond_t;
typedef int pthread_t;
