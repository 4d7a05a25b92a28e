/* SPDX-License-Identifier: MIT */
/* Finding the drop-in: TERRIER_LIBGC decides alone; else the places below, in order. */
#include "terrier.h"

#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Terrier's library reads this variable, so its name is in the file; the stock library does not. */
static const char library_mark[] = "TERRIER_OPTIONS";

enum { PLACES_MAX = 5 };

/* The places to look in, each a file's path. */
struct places {
    char *paths[PLACES_MAX];
    size_t count;
};

static bool contains_mark(int fd, size_t size_bytes)
{
    void *bytes = mmap(NULL, size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    bool found = memmem(bytes, size_bytes, library_mark, sizeof library_mark - 1) != NULL;
    munmap(bytes, size_bytes);
    return found;
}

bool cmd_library_is_terrier(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct stat status;
    bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    bool found = regular && contains_mark(fd, (size_t)status.st_size);
    close(fd);
    return found;
}

static char *folder_of(const char *path)
{
    char *resolved = realpath(path, NULL);
    if (resolved == NULL)
        cmd_die(CMD_STATUS_FAILED, "cannot use the library '%s': %s", path, strerror(errno));
    free(resolved);
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    char *absolute = folder == NULL ? NULL : realpath(folder, NULL);
    free(folder);
    if (absolute == NULL)
        cmd_die(CMD_STATUS_FAILED, "cannot use the library '%s': %s", path, strerror(errno));
    if (strpbrk(absolute, ":;") != NULL)
        cmd_die(CMD_STATUS_FAILED,
                "the library's folder '%s' has a ':' or ';' in its name, "
                "which LD_LIBRARY_PATH cannot hold",
                absolute);
    return absolute;
}

static char *folder_named_by_environment(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (strcmp(name, CMD_LIBRARY_NAME) != 0)
        cmd_die(CMD_STATUS_FAILED, "TERRIER_LIBGC is '%s', but the file must be named %s", path,
                CMD_LIBRARY_NAME);
    return folder_of(path);
}

static void add_place(struct places *places, char *path)
{
    places->paths[places->count++] = path;
}

static void add_places_near_program(struct places *places)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return;
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    struct utsname machine;
    add_place(places, cmd_format("%s/../lib/terrier/" CMD_LIBRARY_NAME, program));
    if (uname(&machine) == 0)
        add_place(places, cmd_format("%s/../lib/%s-linux-gnu/terrier/" CMD_LIBRARY_NAME, program,
                                     machine.machine));
    add_place(places, cmd_format("%s/../lib64/terrier/" CMD_LIBRARY_NAME, program));
    add_place(places, cmd_format("%s/../lib/" CMD_LIBRARY_NAME, program));
}

static _Noreturn void die_not_found(const struct places *places)
{
    cmd_warn("cannot find Terrier's " CMD_LIBRARY_NAME "; looked for");
    for (size_t i = 0; i < places->count; i++)
        cmd_write_row(stderr, "  ", places->paths[i]);
    fputs("Set TERRIER_LIBGC to the path of the file.\n", stderr);
    exit(CMD_STATUS_FAILED);
}

char *cmd_library_find_folder(void)
{
    const char *named = getenv("TERRIER_LIBGC");
    if (named != NULL && named[0] != '\0')
        return folder_named_by_environment(named);
    struct places places = {0};
    add_places_near_program(&places);
    add_place(&places, cmd_format("%s/terrier/" CMD_LIBRARY_NAME, TERRIER_LIBDIR));
    char *folder = NULL;
    for (size_t i = 0; i < places.count && folder == NULL; i++) {
        if (cmd_library_is_terrier(places.paths[i]))
            folder = folder_of(places.paths[i]);
    }
    if (folder == NULL)
        die_not_found(&places);
    for (size_t i = 0; i < places.count; i++)
        free(places.paths[i]);
    return folder;
}
