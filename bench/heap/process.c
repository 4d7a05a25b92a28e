/* SPDX-License-Identifier: MIT */
/* Runs a program that says no figures itself, and prints those of its process as the programs here
 * do: `process PROGRAM ARGUMENT...`. The sum is of what it printed. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t ns_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

static pid_t start(char **command, int *output)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0)
        fail("pipe");
    child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execv(command[0], command);
        fail(command[0]);
    }
    close(ends[1]);
    *output = ends[0];
    return child;
}

static uint64_t sum_of(int output)
{
    unsigned char bytes[4096];
    uint64_t sum = 0;
    ssize_t count;

    while ((count = read(output, bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < count; i++)
            sum = (sum * 31 + bytes[i]) & 0x7fffffff;
    return sum;
}

int main(int count, char **arguments)
{
    uint64_t start_ns = now_ns(), sum;
    struct rusage used;
    int output, status;
    pid_t child;

    if (count < 2) {
        fputs("usage: process PROGRAM ARGUMENT...\n", stderr);
        return 2;
    }
    child = start(&arguments[1], &output);
    sum = sum_of(output);
    if (wait4(child, &status, 0, &used) != child)
        fail("wait4");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    printf("total_ns %" PRIu64 "\ncpu_ns %" PRIu64 "\nrss_bytes %" PRIu64 "\nsum %" PRIu64 "\n",
           now_ns() - start_ns, ns_of(used.ru_utime) + ns_of(used.ru_stime),
           (uint64_t)used.ru_maxrss * 1024, sum);
    return 0;
}
