/* SPDX-License-Identifier: MIT */
/* As much JSON as the reports need: is a text whole, what number is at a path, how is a string
 * written. Texts end in a NUL byte; nothing is copied or kept. */
#ifndef TERRIER_COMMAND_JSON_H
#define TERRIER_COMMAND_JSON_H

/* True if the text is one JSON value with nothing but space around it. A report cut short by a
 * kill is not. */
bool cmd_json_is_whole(const char *text);

/* The number at `path`, which names members from the outermost object inwards with dots between;
 * false if there is none. */
bool cmd_json_find_number(const char *text, const char *path, double *number);

/* Writes a string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void cmd_json_write_string(FILE *out, const char *text);

#endif
