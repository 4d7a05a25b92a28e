/* SPDX-License-Identifier: MIT */
/* One more process, which sleeps most of the time. */
#include "terrier.h"

#include "resident.h"
#include "traced.h"

#include "os/os.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* At first; twice that with each time that the list is full. */
#define INTERVAL_NS UINT64_C(2000000)

struct cmd_resident *cmd_resident_new(void)
{
    void *memory = mmap(NULL, sizeof(struct cmd_resident), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void cmd_resident_free(struct cmd_resident *resident)
{
    if (resident != NULL)
        munmap(resident, sizeof *resident);
}

static void sleep_ns(uint64_t ns)
{
    const struct timespec time = {.tv_sec = (time_t)(ns / CMD_NS_PER_SECOND),
                                  .tv_nsec = (long)(ns % CMD_NS_PER_SECOND)};
    nanosleep(&time, NULL);
}

/* Of each two, the one with more stays. */
static void thin(struct cmd_resident *resident)
{
    for (size_t i = 0; i < CMD_RESIDENT_SAMPLES / 2; i++) {
        const struct cmd_resident_sample *two = &resident->samples[2 * i];
        resident->samples[i] = two[0].bytes >= two[1].bytes ? two[0] : two[1];
    }
    resident->count = CMD_RESIDENT_SAMPLES / 2;
}

static _Noreturn void look(struct cmd_resident *resident, pid_t pid)
{
    uint64_t interval_ns = INTERVAL_NS, bytes;
    while ((bytes = cmd_traced_resident(pid)) > 0) {
        if (resident->count == CMD_RESIDENT_SAMPLES) {
            thin(resident);
            interval_ns *= 2;
        }
        resident->samples[resident->count] = (struct cmd_resident_sample){ter_os_now_ns(), bytes};
        resident->count++;
        sleep_ns(interval_ns);
    }
    _exit(0);
}

void cmd_resident_watch(struct cmd_resident *resident, pid_t pid)
{
    pid_t parent = getpid();
    resident->start_ns = ter_os_now_ns();
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(0);
        look(resident, pid);
    }
}
