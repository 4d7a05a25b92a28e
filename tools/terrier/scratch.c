/* SPDX-License-Identifier: MIT */
/* The private folder. mkdtemp() makes it for this user alone. */
#include "terrier.h"

#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The library takes values of up to 255 bytes; the folder's own name and a file's follow. */
enum { LENGTH_MAX = 200 };

static char *folder;

static const char *parent_folder(void)
{
    const char *named = getenv("TMPDIR");
    bool usable = named != NULL && named[0] == '/' && strpbrk(named, ",%") == NULL &&
                  strlen(named) <= LENGTH_MAX;
    return usable ? named : "/tmp";
}

void cmd_scratch_init(void)
{
    folder = cmd_format("%s/terrier-XXXXXX", parent_folder());
    if (mkdtemp(folder) == NULL) {
        int error_number = errno;
        free(folder);
        folder = NULL;
        cmd_die(CMD_STATUS_FAILED, "cannot make a folder in %s: %s", parent_folder(),
                strerror(error_number));
    }
    atexit(cmd_scratch_fini);
}

static void remove_files(DIR *open_folder)
{
    for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(open_folder), entry->d_name, 0);
    }
}

void cmd_scratch_fini(void)
{
    if (folder == NULL)
        return;
    DIR *open_folder = opendir(folder);
    if (open_folder != NULL) {
        remove_files(open_folder);
        closedir(open_folder);
    }
    if (rmdir(folder) != 0)
        cmd_warn("cannot remove %s: %s", folder, strerror(errno));
    free(folder);
    folder = NULL;
}

const char *cmd_scratch_path(void)
{
    return folder;
}

char *cmd_scratch_read(const char *name)
{
    char *path = cmd_format("%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    free(path);
    if (file == NULL)
        return NULL;
    char *text = NULL;
    size_t capacity = 0;
    if (getdelim(&text, &capacity, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

int cmd_scratch_create(const char *name)
{
    char *path = cmd_format("%s/%s", folder, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        cmd_die(CMD_STATUS_FAILED, "cannot write %s: %s", path, strerror(errno));
    free(path);
    return fd;
}

int cmd_scratch_unnamed(void)
{
    char *path = cmd_format("%s/terrier-XXXXXX", parent_folder());
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        cmd_die(CMD_STATUS_FAILED, "cannot make a file in %s: %s", parent_folder(),
                strerror(errno));
    unlink(path);
    free(path);
    return fd;
}
