/* SPDX-License-Identifier: MIT */
/* A folder with files of control groups, in the place of the system's. */
#pragma once

#define CGROUP_TREE_PATH 256

struct cgroup_tree {
    char root[CGROUP_TREE_PATH];
};

/* An empty one, in which limits are looked for from now on; and the system's again. */
void cgroup_tree_init(struct cgroup_tree *tree);
void cgroup_tree_fini(struct cgroup_tree *tree);

/* Writes a file of it, with the folders that lead there. */
void cgroup_tree_write(const struct cgroup_tree *tree, const char *path, const char *text);
/* The process is in that group of a hierarchy that is mounted at the usual place. */
void cgroup_tree_place(const struct cgroup_tree *tree, const char *group);
/* Limits and use of a group. */
void cgroup_tree_group(const struct cgroup_tree *tree, const char *group, const char *high,
                       const char *max, const char *current);
