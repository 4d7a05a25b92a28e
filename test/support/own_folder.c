/* SPDX-License-Identifier: MIT */
#include "own_folder.h"

#include <stdlib.h>
#include <unistd.h>

#include "json.h"
#include "support.h"

static char folder[] = "/tmp/terrier-test-XXXXXX"; /* mkdtemp writes over the last six */

int test_folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

int test_folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

const char *test_folder(void)
{
    return folder;
}

const char *test_folder_file(const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

const char *test_read_json(const char *path)
{
    static char text[1 << 24];
    FILE *file = fopen(path, "r");
    size_t length;

    assert_non_null(file);
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    assert_true(test_is_json(text));
    return text;
}
