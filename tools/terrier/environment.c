/* SPDX-License-Identifier: MIT */
/* A copy of the list of variables; only the two new strings are its own. */
#include "terrier.h"

#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True if both strings set the same variable. */
static bool same_variable(const char *left, const char *right)
{
    size_t length = strcspn(left, "=") + 1;
    return strncmp(left, right, length) == 0;
}

/* Replaces a variable or adds it; there is room for one more. */
static void set_entry(char **entries, char *entry)
{
    while (*entries != NULL && !same_variable(*entries, entry))
        entries++;
    *entries = entry;
}

static char *library_path_entry(const char *folder)
{
    const char *old = getenv("LD_LIBRARY_PATH");
    bool has_old = old != NULL && old[0] != '\0';
    return cmd_format("LD_LIBRARY_PATH=%s%s%s", folder, has_old ? ":" : "", has_old ? old : "");
}

void cmd_environment_init(struct cmd_environment *environment, const char *library_folder,
                          const char *library_options)
{
    size_t count = 0;
    while (environ[count] != NULL)
        count++;
    environment->entries = cmd_new_array(count + 3, sizeof environment->entries[0]);
    memcpy(environment->entries, environ, count * sizeof environment->entries[0]);
    environment->library_path = library_path_entry(library_folder);
    set_entry(environment->entries, environment->library_path);
    environment->options = NULL;
    if (library_options != NULL) {
        environment->options = cmd_format("TERRIER_OPTIONS=%s", library_options);
        set_entry(environment->entries, environment->options);
    }
}

void cmd_environment_fini(struct cmd_environment *environment)
{
    free(environment->entries);
    free(environment->library_path);
    free(environment->options);
}
