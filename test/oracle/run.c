/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct run *run_new(uint32_t most)
{
    size_t bytes = sizeof(struct run) + most * sizeof(struct operation);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        perror("oracle: no memory for a run");
        exit(2);
    }
    return memory;
}

/* One of several threads may be the first; the others wait for the end that it brings. */
void run_fail(struct run *run, const char *format, ...)
{
    va_list arguments;

    if (atomic_exchange(&run->message_written, 1) != 0)
        for (;;)
            pause();
    va_start(arguments, format);
    vsnprintf(run->message, sizeof run->message, format, arguments);
    va_end(arguments);
    _exit(1);
}
