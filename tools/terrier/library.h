/* SPDX-License-Identifier: MIT */
/* Where Terrier's drop-in libgc.so.1 is.
 *
 * The dynamic linker is given the directory, so the file must have exactly that name. A file found
 * by search is taken only if it is Terrier's: the stock library has the same name, and to run on
 * it unnoticed would make every report and every comparison false. */
#ifndef TERRIER_COMMAND_LIBRARY_H
#define TERRIER_COMMAND_LIBRARY_H

#define CMD_LIBRARY_NAME "libgc.so.1"

/* Is this file a libgc.so.1 of Terrier's? */
bool cmd_library_is_terrier(const char *path);

/* The absolute directory of the drop-in; free() it. Ends the command if there is none. */
char *cmd_library_find_folder(void);

#endif
