/* SPDX-License-Identifier: MIT */
/* Which libgc.so.1 a program gets: what stands in the way of Terrier's is found before anything
 * runs.
 *
 * The loader itself is asked to list what it would load for the program, in the environment that
 * the program is to have; so preloaded objects, paths in the program and the system's own lists
 * count as they will. For a script its interpreter is asked about. */
#ifndef TERRIER_COMMAND_LOADED_H
#define TERRIER_COMMAND_LOADED_H

/* Why Terrier's library would not be the one. */
enum cmd_obstacle {
    CMD_OBSTACLE_NONE, /* it is the one, or the program uses no libgc.so.1, or nothing is known */
    CMD_OBSTACLE_PRELOAD, /* LD_PRELOAD names another */
    CMD_OBSTACLE_OWN,     /* the program names the folder of its libraries itself */
    CMD_OBSTACLE_RIGHTS,  /* it gains rights, and the loader believes no LD_LIBRARY_PATH */
};

/* The file that would be loaded as libgc.so.1, or NULL if there is none or nothing is known; free()
 * it. */
char *cmd_loaded_library(const char *program, char *const *environment);

/* What keeps the program from the libgc.so.1 in `folder`, in an environment made for that; *path is
 * the file that is loaded instead, or NULL; free() it. */
enum cmd_obstacle cmd_loaded_obstacle(const char *program, char *const *environment,
                                      const char *folder, char **path);

/* Is there a reason to ask? Without LD_PRELOAD and the like, a program that says nothing of where
 * its libraries are gets Terrier's, if no library of its own does. Starts no process. */
bool cmd_loaded_is_doubtful(const char *program);

/* One sentence about an obstacle; free() it. */
char *cmd_loaded_explain(enum cmd_obstacle obstacle, const char *program, const char *path);

#endif
