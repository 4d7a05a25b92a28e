/* SPDX-License-Identifier: MIT */
/*
 * The environment, which whoever starts a program chooses: in a program that has more rights than
 * they, nothing in it is believed.
 *
 * This is the one reader of the environment in src/; test/checks/environment.sh checks that.
 */
#include "os/os.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#ifndef AT_SECURE
#define AT_SECURE 23
#endif

/* What the kernel said when the program began; a program that gives rights up later keeps it. */
static bool started_with_rights(void)
{
    unsigned long secure;

    errno = 0;
    secure = getauxval(AT_SECURE);
    if (secure != 0 || errno != ENOENT)
        return secure != 0;
    /* A kernel or an emulator that does not say: rights that files have are not seen this way. */
    return getuid() != geteuid() || getgid() != getegid();
}

bool ter_os_has_raised_rights(void)
{
    TER_KEEP_ERRNO;

    return started_with_rights();
}

const char *ter_os_environment(const char *name)
{
    return ter_os_has_raised_rights() ? NULL : getenv(name);
}
