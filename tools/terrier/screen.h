/* SPDX-License-Identifier: MIT */
/* A terminal that is drawn on as a whole, and is left as it was: after the end, after a signal that
 * ends, while the job is stopped, and also when this process or the one that draws is killed. For
 * that one process draws and its parent waits; each sets the terminal back when the other is
 * gone. */
#ifndef TERRIER_COMMAND_SCREEN_H
#define TERRIER_COMMAND_SCREEN_H

#include "terrier.h"

/* Are standard input and output a terminal that can do it? */
bool cmd_screen_is_there(void);

/* From here on another process goes on, and draws; this one waits for it and exits as it does. */
void cmd_screen_begin(void);

/* Back to what it was. exit() does it too. */
void cmd_screen_end(void);

void cmd_screen_size(unsigned *columns, unsigned *rows);

/* Waits until then for a key; 0: none came, or the screen is to be drawn anew at once. */
int cmd_screen_key(int milliseconds);

#endif
