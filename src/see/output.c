/* SPDX-License-Identifier: MIT */
#include "see/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void ter_output_expand(const char *pattern, char *path, size_t size)
{
    size_t used = 0;

    path[0] = '\0';
    for (; *pattern != '\0' && used + 1 < size; pattern++) {
        if (pattern[0] == '%' && pattern[1] == 'p') {
            int length = snprintf(path + used, size - used, "%u", ter_os_process_id());

            used += length > 0 ? (size_t)length : 0;
            pattern++;
        } else {
            path[used++] = *pattern;
            path[used] = '\0';
        }
    }
}

bool ter_output_make_absolute(const char *pattern, char *path, size_t size)
{
    char folder[4096] = "";

    if (pattern[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return false;
    snprintf(path, size, "%s%s%s", folder, pattern[0] != '/' ? "/" : "", pattern);
    return true;
}

void ter_output_to(const char *pattern, const char *what, ter_output_function *write, void *context)
{
    struct ter_os_cancel before;
    char path[TER_OUTPUT_PATH_BYTES];
    int file;

    if (pattern[0] == '\0') {
        (void)write(context, STDERR_FILENO);
        return;
    }
    before = ter_os_cancel_off();
    ter_output_expand(pattern, path, sizeof path);
    file = ter_os_open_to_append(path);
    if (file < 0 || write(context, file) != TER_OK)
        ter_log(TER_LOG_WARNING, "cannot write the %s to '%s': %s", what, path, strerror(errno));
    if (file >= 0)
        close(file);
    ter_os_cancel_back(before);
}
