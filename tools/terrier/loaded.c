/* SPDX-License-Identifier: MIT */
/* The loader's list: "NAME => PATH (ADDRESS)" for what was looked for, "PATH (ADDRESS)" for what
 * was named by a path, preloaded objects among it. */
#include "terrier.h"

#include "library.h"
#include "loaded.h"
#include "program_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become_loader(const char *loader, const char *program,
                                    char *const *environment, int output)
{
    char *const arguments[] = {(char *)loader, "--list", (char *)program, NULL};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(nothing, STDERR_FILENO) >= 0 &&
        dup2(output, STDOUT_FILENO) >= 0)
        execve(loader, arguments, environment);
    _exit(CMD_STATUS_NOT_FOUND);
}

/* As fork(), but its end sends no signal: terrier may become the program, which has no such child.
 */
static pid_t fork_silently(void)
{
    return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

/* The whole list, or NULL; free() it. */
static char *list_of(const char *loader, const char *program, char *const *environment)
{
    int ends[2];
    char *text = NULL;
    size_t capacity = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return NULL;
    pid_t pid = fork_silently();
    if (pid == 0)
        become_loader(loader, program, environment, ends[1]);
    close(ends[1]);
    FILE *list = fdopen(ends[0], "r");
    if (list == NULL || getdelim(&text, &capacity, '\0', list) < 0) {
        free(text);
        text = NULL;
    }
    if (list != NULL)
        fclose(list);
    while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
        continue;
    return text;
}

/* The path in a line of the list, or NULL; free() it. */
static char *path_in(char *line)
{
    static const char arrow[] = " => ";
    char *address = strrchr(line, '(');
    char *found = strstr(line, arrow);
    char *path = found == NULL ? line + strspn(line, " \t") : found + strlen(arrow);
    if (address == NULL || address <= path || path[0] != '/')
        return NULL;
    return cmd_format("%.*s", (int)(address - 1 - path), path);
}

static bool is_collector(const char *line, const char *path)
{
    static const char wanted[] = CMD_LIBRARY_NAME " => ";
    if (strncmp(line + strspn(line, " \t"), wanted, strlen(wanted)) == 0)
        return true;
    if (strstr(line, " => ") != NULL)
        return false;
    char *soname = cmd_program_soname(path);
    bool same = soname != NULL && strcmp(soname, CMD_LIBRARY_NAME) == 0;
    free(soname);
    return same;
}

/* The first in the list that is a libgc.so.1: later ones of that name are not loaded. */
static char *find_collector(char *list)
{
    char *rest = NULL;
    for (char *line = strtok_r(list, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *path = path_in(line);
        if (path != NULL && is_collector(line, path))
            return path;
        free(path);
    }
    return NULL;
}

char *cmd_loaded_library(const char *program, char *const *environment)
{
    char *file = cmd_program_find(program);
    char *behind = file == NULL ? NULL : cmd_program_behind(file);
    char *loader = behind == NULL ? NULL : cmd_program_loader(behind);
    char *list = loader == NULL ? NULL : list_of(loader, behind, environment);
    char *found = list == NULL ? NULL : find_collector(list);
    free(list);
    free(loader);
    free(behind);
    free(file);
    return found;
}

static bool is_in_folder(const char *path, const char *folder)
{
    struct stat status, wanted;
    char *ours = cmd_format("%s/" CMD_LIBRARY_NAME, folder);
    bool same = stat(path, &status) == 0 && stat(ours, &wanted) == 0 &&
                status.st_dev == wanted.st_dev && status.st_ino == wanted.st_ino;
    free(ours);
    return same;
}

/* The environment without LD_PRELOAD; free() the list. */
static char **without_preload(char *const *environment)
{
    static const char variable[] = "LD_PRELOAD=";
    size_t count = 0, kept = 0;
    while (environment[count] != NULL)
        count++;
    char **rest = cmd_new_array(count + 1, sizeof rest[0]);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environment[i], variable, strlen(variable)) != 0)
            rest[kept++] = environment[i];
    }
    return rest;
}

/* Would `path` be loaded without LD_PRELOAD too? */
static bool is_own_choice(const char *program, char *const *environment, const char *path)
{
    char **rest = without_preload(environment);
    char *found = cmd_loaded_library(program, rest);
    bool same = found != NULL && strcmp(found, path) == 0;
    free(found);
    free(rest);
    return same;
}

/* Does it hold for the file that runs? */
static bool holds_for(const char *program, bool (*question)(const char *path))
{
    char *file = cmd_program_find(program);
    char *behind = file == NULL ? NULL : cmd_program_behind(file);
    bool holds = behind != NULL && question(behind);
    free(behind);
    free(file);
    return holds;
}

static bool something_is_preloaded(void)
{
    const char *named = getenv("LD_PRELOAD");
    struct stat status;
    return (named != NULL && named[0] != '\0') ||
           (stat("/etc/ld.so.preload", &status) == 0 && status.st_size > 0);
}

bool cmd_loaded_is_doubtful(const char *program)
{
    return something_is_preloaded() || holds_for(program, cmd_program_names_paths) ||
           holds_for(program, cmd_program_gains_rights);
}

enum cmd_obstacle cmd_loaded_obstacle(const char *program, char *const *environment,
                                      const char *folder, char **path)
{
    *path = cmd_loaded_library(program, environment);
    if (*path == NULL)
        return CMD_OBSTACLE_NONE;
    if (holds_for(program, cmd_program_gains_rights))
        return CMD_OBSTACLE_RIGHTS;
    if (is_in_folder(*path, folder))
        return CMD_OBSTACLE_NONE;
    return is_own_choice(program, environment, *path) ? CMD_OBSTACLE_OWN : CMD_OBSTACLE_PRELOAD;
}

char *cmd_loaded_explain(enum cmd_obstacle obstacle, const char *program, const char *path)
{
    switch (obstacle) {
    case CMD_OBSTACLE_PRELOAD:
        return cmd_format(
            "LD_PRELOAD loads %s, so '%s' does not run on Terrier's " CMD_LIBRARY_NAME, path,
            program);
    case CMD_OBSTACLE_OWN:
        return cmd_format("'%s' names where its libraries are and loads %s, so it does not run on "
                          "Terrier's " CMD_LIBRARY_NAME,
                          program, path);
    case CMD_OBSTACLE_RIGHTS:
        return cmd_format("'%s' gains rights when it is run, so the loader ignores LD_LIBRARY_PATH "
                          "and Terrier's " CMD_LIBRARY_NAME,
                          program);
    case CMD_OBSTACLE_NONE: break;
    }
    return NULL;
}
