/* SPDX-License-Identifier: MIT */
/* What `terrier top` shows, as text: nothing here knows of a terminal but its size and what it can
 * show. No line is wider than the screen, and there are at most as many as it has. */
#ifndef TERRIER_COMMAND_VIEW_H
#define TERRIER_COMMAND_VIEW_H

#include "watching.h"

struct cmd_view {
    unsigned columns, rows;
    bool colours;
    bool utf8;          /* bars in eighths of a cell; else of # and - */
    const char *notice; /* on the last line; NULL: none */
};

/* The whole screen, from its first line on; each line ends with what clears the rest of it. */
void cmd_view_screen(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching);

/* One line, for where there is no screen; and what stands above its columns. */
void cmd_view_head(FILE *out);
void cmd_view_line(FILE *out, const struct cmd_watching *watching);

/* Like "12.5 MiB", at most 9 characters. */
void cmd_view_bytes(char text[16], double bytes);

#endif
