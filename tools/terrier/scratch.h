/* SPDX-License-Identifier: MIT */
/* One private folder for reports and captured outputs, removed when the command ends.
 *
 * Its path holds no ',' and no '%', and is short, so it may stand in
 * TERRIER_OPTIONS. It holds files only. */
#ifndef TERRIER_COMMAND_SCRATCH_H
#define TERRIER_COMMAND_SCRATCH_H

/* Makes the folder under $TMPDIR or /tmp and has exit() remove it. Call once. */
void cmd_scratch_init(void);

/* Removes it now; needed before dying of a signal. Does nothing if there is none. */
void cmd_scratch_fini(void);

/* The folder's absolute path. */
const char *cmd_scratch_path(void);

/* The whole text of a file in the folder, or NULL if there is none; free() it. */
char *cmd_scratch_read(const char *name);

/* Creates or empties a file in the folder and opens it; close() it. */
int cmd_scratch_create(const char *name);

/* A file that has no name any more, so that nothing of it is left whatever happens; close() it. */
int cmd_scratch_unnamed(void);

#endif
