/* SPDX-License-Identifier: MIT */
/* What the program writes to standard error, or to another file, in between is put into a text. */
#pragma once

#include "check.h"

#include <unistd.h>

static char captured[65536];
static int capture_saved = -1, capture_to = -1;
static FILE *capture_file;

static UNUSED void capture_begin(int file)
{
    fflush(NULL);
    capture_file = tmpfile();
    if (capture_file == NULL) {
        perror("tmpfile");
        exit(1);
    }
    capture_to = file;
    capture_saved = dup(file);
    dup2(fileno(capture_file), file);
}

/* The text; until the next call. */
static UNUSED const char *capture_end(void)
{
    size_t length;

    fflush(NULL);
    dup2(capture_saved, capture_to);
    close(capture_saved);
    rewind(capture_file);
    length = fread(captured, 1, sizeof captured - 1, capture_file);
    captured[length] = '\0';
    fclose(capture_file);
    return captured;
}

/* How often `part` is in the text. */
static UNUSED size_t count_in(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}
