/* SPDX-License-Identifier: MIT */
/* What programs with threads need besides check.h. */
#pragma once

#include "check.h"

#include <pthread.h>

static void *check_exit_at_once(void *argument)
{
    pthread_exit(argument);
}

/*
 * To call before other threads run. The first pthread_exit loads a library. Under ThreadSanitizer a
 * thread that waits for the loader's lock takes no signal: it would wait for ever for one that was
 * stopped with that lock.
 */
static void check_load_exit(void)
{
    pthread_t thread;

    EXPECT(pthread_create(&thread, NULL, check_exit_at_once, NULL) == 0, "a thread");
    EXPECT(pthread_join(thread, NULL) == 0, "a thread");
}
