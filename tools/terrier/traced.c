/* SPDX-License-Identifier: MIT */
/* All of it is read from /proc, where the kernel asks whether the caller may trace. */
#include "terrier.h"

#include "traced.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of the process, or NULL; free() it. Its pieces end with zeros or newlines. */
static char *read_of(pid_t pid, const char *name, size_t *length)
{
    enum { STEP = 4096, MOST = 1 << 22 };
    char *path = cmd_format("/proc/%ld/%s", (long)pid, name);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    free(path);
    *length = 0;
    if (file == NULL)
        return NULL;
    for (size_t got = 1; got > 0 && *length < MOST; *length += got) {
        char *longer = realloc(text, *length + STEP + 1);
        if (longer == NULL)
            cmd_die(CMD_STATUS_FAILED, "out of memory");
        text = longer;
        got = fread(text + *length, 1, STEP, file);
    }
    text[*length] = '\0';
    fclose(file);
    return text;
}

/* Behind "NAME:" at the beginning of a line; NULL: there is none. */
static const char *field_of(const char *status, const char *name)
{
    char *wanted = cmd_format("\n%s:", name);
    const char *found = strstr(status, wanted);
    size_t length = strlen(wanted);
    free(wanted);
    return found == NULL ? NULL : found + length;
}

static unsigned number_at(const char *field, unsigned which)
{
    char *rest = (char *)field;
    unsigned long number = 0;
    for (unsigned i = 0; field != NULL && i <= which; i++)
        number = strtoul(rest, &rest, 10);
    return (unsigned)number;
}

/* Its own number is the last one of the line. */
static unsigned last_number(const char *field, unsigned otherwise)
{
    unsigned number = otherwise;
    if (field == NULL)
        return otherwise;
    for (const char *end = field + strcspn(field, "\n"); field < end;) {
        char *rest;
        number = (unsigned)strtoul(field, &rest, 10);
        field = rest + strspn(rest, " \t");
    }
    return number;
}

static bool find_space(struct cmd_traced *traced)
{
    struct stat space;
    char *path = cmd_format("/proc/%ld/ns/pid", (long)traced->pid);
    bool found = stat(path, &space) == 0;
    free(path);
    traced->space = found ? (uint64_t)space.st_ino : 0;
    return found || (errno != EACCES && errno != EPERM);
}

bool cmd_traced_init(struct cmd_traced *traced, pid_t pid, char **why)
{
    size_t length;
    char *status = read_of(pid, "status", &length);
    *traced = (struct cmd_traced){.pid = pid};
    if (status == NULL) {
        *why = cmd_format("there is no process %ld", (long)pid);
        return false;
    }
    traced->own_number = last_number(field_of(status, "NSpid"), (unsigned)pid);
    traced->user = number_at(field_of(status, "Uid"), 1);
    free(status);
    if (find_space(traced))
        return true;
    *why = cmd_format("process %ld may not be looked at by this user: it is another's, or has "
                      "rights of its own",
                      (long)pid);
    return false;
}

char *cmd_traced_variable(const struct cmd_traced *traced, const char *name)
{
    size_t length, wanted = strlen(name);
    char *all = read_of(traced->pid, "environ", &length), *value = NULL;
    for (size_t at = 0; all != NULL && at < length && value == NULL; at += strlen(all + at) + 1)
        if (strncmp(all + at, name, wanted) == 0 && all[at + wanted] == '=')
            value = cmd_format("%s", all + at + wanted + 1);
    free(all);
    return value;
}

bool cmd_traced_catches(const struct cmd_traced *traced, int number)
{
    size_t length;
    char *status = read_of(traced->pid, "status", &length);
    const char *caught = status == NULL ? NULL : field_of(status, "SigCgt");
    bool catches = caught != NULL && (strtoull(caught, NULL, 16) >> (number - 1) & 1) != 0;
    free(status);
    return catches;
}

bool cmd_traced_may_answer(pid_t pid)
{
    char *path = cmd_format("/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    bool found = false;
    free(path);
    if (tasks == NULL)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(tasks)) != NULL;) {
        size_t length;
        char *name = cmd_format("task/%s/comm", entry->d_name);
        char *text = read_of(pid, name, &length);
        found = text != NULL && strcmp(text, "terrier-live\n") == 0;
        free(text);
        free(name);
    }
    closedir(tasks);
    return found;
}

uint64_t cmd_traced_resident(pid_t pid)
{
    size_t length;
    char *sizes = read_of(pid, "statm", &length);
    uint64_t pages = sizes == NULL ? 0 : number_at(sizes, 1);
    free(sizes);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
