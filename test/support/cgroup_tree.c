/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "cgroup_tree.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"
#include "support.h"

#define MOST_PATH 1024

void cgroup_tree_init(struct cgroup_tree *tree)
{
    const char *folder = getenv("TMPDIR");

    snprintf(tree->root, sizeof tree->root, "%s/terrier-cgroup-XXXXXX",
             folder == NULL ? "/tmp" : folder);
    assert_non_null(mkdtemp(tree->root));
    ter_os_set_cgroup_root(tree->root);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

void cgroup_tree_fini(struct cgroup_tree *tree)
{
    ter_os_set_cgroup_root(NULL);
    assert_int_equal(nftw(tree->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void cgroup_tree_write(const struct cgroup_tree *tree, const char *path, const char *text)
{
    char name[MOST_PATH];
    FILE *file;

    snprintf(name, sizeof name, "%s/%s", tree->root, path);
    for (char *slash = strchr(name + strlen(tree->root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(name, 0777);
        *slash = '/';
    }
    file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void cgroup_tree_place(const struct cgroup_tree *tree, const char *group)
{
    char line[MOST_PATH];

    cgroup_tree_write(tree, "proc/self/mountinfo",
                      "20 1 8:1 / / rw,relatime - ext4 /dev/sda rw\n"
                      "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
    snprintf(line, sizeof line, "1:name=systemd:/\n0::%s\n", group);
    cgroup_tree_write(tree, "proc/self/cgroup", line);
}

static void write_of_group(const struct cgroup_tree *tree, const char *group, const char *file,
                           const char *text)
{
    char path[MOST_PATH];

    snprintf(path, sizeof path, "sys/fs/cgroup%s/%s", group, file);
    cgroup_tree_write(tree, path, text);
}

void cgroup_tree_group(const struct cgroup_tree *tree, const char *group, const char *high,
                       const char *max, const char *current)
{
    write_of_group(tree, group, "memory.high", high);
    write_of_group(tree, group, "memory.max", max);
    write_of_group(tree, group, "memory.current", current);
}
