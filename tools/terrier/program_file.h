/* SPDX-License-Identifier: MIT */
/* A program's file as exec finds it, and what of it matters for loading libraries. */
#ifndef TERRIER_COMMAND_PROGRAM_FILE_H
#define TERRIER_COMMAND_PROGRAM_FILE_H

/* The file that execvp() would run, or NULL; free() it. */
char *cmd_program_find(const char *name);

/* The program that runs in place of a script, or the path itself; free() it. */
char *cmd_program_behind(const char *path);

/* The loader that a program of this machine names, or NULL if it needs none or is none; free() it.
 */
char *cmd_program_loader(const char *path);

/* The name that a library of this machine calls itself (DT_SONAME), or NULL; free() it. */
char *cmd_program_soname(const char *path);

/* Does it say where its libraries are, so that LD_LIBRARY_PATH does not count (DT_RPATH, or a
 * library needed by a path)? */
bool cmd_program_names_paths(const char *path);

/* Would running it give rights that this process does not have? */
bool cmd_program_gains_rights(const char *path);

#endif
