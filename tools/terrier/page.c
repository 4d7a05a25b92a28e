/* SPDX-License-Identifier: MIT */
/* The data stand in the page as JSON in a script element, in which no character could end it. */
#include "terrier.h"

#include "page.h"
#include "page_template.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_plain_or_new(const char *path)
{
    struct stat status;
    return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static _Noreturn void die_no_page(const char *path, int error_number)
{
    cmd_die(CMD_STATUS_FAILED, "cannot write the page to '%s': %s", path, strerror(error_number));
}

void cmd_page_check(const char *path)
{
    struct stat status;
    if (cmd_page_template.head_bytes == 0)
        cmd_die(CMD_STATUS_FAILED, "this build has no pages: install npm and build Terrier again, "
                                   "which then fetches uPlot for their charts");
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        die_no_page(path, EISDIR);
    if (exists && access(path, W_OK) != 0)
        die_no_page(path, errno);
    if (exists && !S_ISREG(status.st_mode))
        return;
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? cmd_format(".") : cmd_format("%.*s/", (int)(slash - path), path);
    if (access(folder, W_OK | X_OK) != 0)
        die_no_page(path, errno);
    free(folder);
}

/* ---- The text ---- */

/* Of a character that HTML or JavaScript would take for more than text; 0: it is text. */
static size_t special_bytes(const char *at)
{
    if (*at == '<' || *at == '>' || *at == '&')
        return 1;
    bool separator = memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0;
    return separator ? 3 : 0;
}

static void write_special(FILE *out, const char *at, size_t bytes)
{
    if (bytes == 1)
        fprintf(out, "\\u%04x", (unsigned char)*at);
    else
        fprintf(out, "\\u20%02x", (unsigned)(unsigned char)at[2] - 0x80);
}

/* Such characters stand in strings alone, in which they may be written so. `json` has three bytes
 * behind its end. */
static void write_json(FILE *out, const char *json, size_t bytes)
{
    size_t plain = 0;
    for (size_t i = 0; i < bytes; i++) {
        size_t special = special_bytes(json + i);
        if (special == 0)
            continue;
        fwrite(json + plain, 1, i - plain, out);
        write_special(out, json + i, special);
        i += special - 1;
        plain = i + 1;
    }
    fwrite(json + plain, 1, bytes - plain, out);
}

/* What is shown, as text; free() it. */
static char *make_data(const struct cmd_page_run *runs, size_t run_count,
                       struct cmd_comparison *comparison, size_t *bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);
    if (out == NULL)
        return NULL;
    cmd_page_data_write(out, runs, run_count, comparison);
    fputs("\n\n\n", out);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    *bytes -= 3;
    return text;
}

static void write_page(FILE *out, const char *data, size_t bytes)
{
    const struct cmd_page_template *template = &cmd_page_template;
    fwrite(template->head, 1, template->head_bytes, out);
    write_json(out, data, bytes);
    fwrite(template->tail, 1, template->tail_bytes, out);
}

/* ---- The file ---- */

/* False, with errno. */
static bool write_file(const char *path, int flags, const char *data, size_t bytes)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, 0666);
    FILE *out = file < 0 ? NULL : fdopen(file, "w");
    if (out == NULL)
        return false;
    errno = 0;
    write_page(out, data, bytes);
    bool failed = fflush(out) != 0 || ferror(out) != 0;
    int error_number = errno;
    if (fclose(out) != 0 && !failed) {
        failed = true;
        error_number = errno;
    }
    errno = error_number;
    return !failed;
}

static bool write_and_rename(const char *path, const char *data, size_t bytes)
{
    char *real = realpath(path, NULL); /* the file that a link stands for */
    const char *target = real == NULL ? path : real;
    char *part = cmd_format("%s.%ld.part", target, (long)getpid());
    bool done = write_file(part, O_CREAT | O_EXCL, data, bytes) && rename(part, target) == 0;
    int error_number = errno;
    if (!done && error_number != EEXIST)
        unlink(part);
    free(part);
    free(real);
    errno = error_number;
    return done;
}

void cmd_page_write(const char *path, const struct cmd_page_run *runs, size_t run_count,
                    struct cmd_comparison *comparison)
{
    size_t bytes = 0;
    signal(SIGPIPE, SIG_IGN); /* a reader that went away, or a limit on files, must not end us */
    signal(SIGXFSZ, SIG_IGN);
    char *data = make_data(runs, run_count, comparison, &bytes);
    errno = ENOMEM;
    bool done = data != NULL && (is_plain_or_new(path) ? write_and_rename(path, data, bytes)
                                                       : write_file(path, 0, data, bytes));
    if (!done)
        cmd_warn("cannot write the page to '%s': %s", path, strerror(errno));
    free(data);
}
