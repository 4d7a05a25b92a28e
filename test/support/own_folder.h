/* SPDX-License-Identifier: MIT */
/* A folder of a test program's own, for files that it has written. */
#pragma once

#include <stddef.h>

/* For cmocka's groups: makes it, and removes it, which fails if files were left in it. */
int test_folder_make(void **state);
int test_folder_remove(void **state);

/* Its path. */
const char *test_folder(void);
/* Writes the path of a file in it to `path`, of `size` bytes, and returns that. */
const char *test_folder_file(const char *name, char *path, size_t size);
/* The text of a file, which is JSON; good until the next call. */
const char *test_read_json(const char *path);
