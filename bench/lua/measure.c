/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and writes its processor time, wall time and largest resident memory, in seconds
 * and MB, as the last line of a file: measure FILE COMMAND ARGUMENTS...
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    double start = now();
    struct rusage usage;
    pid_t child;
    FILE *file;
    int status;

    if (argc < 3)
        return 2;
    child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return 1;
    file = fopen(argv[1], "w");
    if (file == NULL)
        return 1;
    fprintf(file, "%.6f %.6f %.3f\n", seconds(usage.ru_utime) + seconds(usage.ru_stime),
            now() - start, (double)usage.ru_maxrss / 1024);
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
