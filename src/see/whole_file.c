/* SPDX-License-Identifier: MIT */
#include "see/whole_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART ".part"

static bool is_special(const char *path)
{
    struct stat there;

    return stat(path, &there) == 0 && !S_ISREG(there.st_mode);
}

static ter_status write_part(const char *part, ter_output_function *write, void *context)
{
    int file = ter_os_open_to_append(part);
    ter_status status = TER_ERROR_SYSTEM;

    if (file < 0)
        return status;
    if (is_special(part) || ftruncate(file, 0) == 0)
        status = write(context, file);
    if (close(file) != 0)
        status = TER_ERROR_SYSTEM;
    return status;
}

static ter_status write_whole(const char *path, ter_output_function *write, void *context)
{
    char part[TER_OUTPUT_ABSOLUTE_BYTES + sizeof PART];
    ter_status status;
    int error;

    if (is_special(path))
        return write_part(path, write, context);
    snprintf(part, sizeof part, "%s" PART, path);
    status = write_part(part, write, context);
    if (status == TER_OK && rename(part, path) != 0)
        status = TER_ERROR_SYSTEM;
    error = errno;
    if (status != TER_OK)
        unlink(part);
    errno = error;
    return status;
}

static const char *reason_of(ter_status status)
{
    return status == TER_ERROR_SYSTEM && errno != 0 ? strerror(errno) : ter_status_message(status);
}

void ter_whole_file(const char *path, const char *what, ter_output_function *write, void *context)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status;

    errno = 0;
    status = write_whole(path, write, context);
    if (status != TER_OK)
        ter_log(TER_LOG_WARNING, "cannot write the %s to '%s': %s", what, path, reason_of(status));
    ter_os_cancel_back(before);
}
