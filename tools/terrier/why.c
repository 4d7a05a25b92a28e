/* SPDX-License-Identifier: MIT */
/* `terrier why`: a shortest path from a root to an object of a dump, or of a process that answers,
 * each step named. */
#include "terrier.h"

#include "call.h"
#include "commands.h"
#include "scratch.h"
#include "snapshot.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Steps that are shown at each end of a path that is longer. */
enum { SHOWN_STEPS = 12 };

#define NO_NODE SIZE_MAX
#define NO_EDGE SIZE_MAX

/* By which edge of which node each was found first; and in which order. */
struct search {
    const struct cmd_snapshot *snapshot;
    size_t *from, *edge;
    size_t *order;
    size_t count;
};

static bool is_named(const struct cmd_node *node, const char *text)
{
    size_t length = strlen(text);
    return strncmp(node->name, text, length) == 0 && node->name[length] == '"';
}

static void find(struct search *search, size_t from, size_t edge)
{
    size_t to = search->snapshot->edges[edge].to;
    if (search->edge[to] != NO_EDGE || to == 0)
        return;
    search->from[to] = from;
    search->edge[to] = edge;
    search->order[search->count++] = to;
}

/* A node for all roots together would make each path one step longer and name none. */
static void search_all(struct search *search)
{
    search->order[search->count++] = 0;
    for (size_t next = 0; next < search->count; next++) {
        size_t from = search->order[next];
        const struct cmd_node *node = &search->snapshot->nodes[from];
        if (is_named(node, "(GC roots)"))
            continue;
        for (size_t i = node->first_edge; i < node->first_edge + node->edge_count; i++)
            if (!search->snapshot->edges[i].is_weak)
                find(search, from, i);
    }
}

static void search_init(struct search *search, const struct cmd_snapshot *snapshot)
{
    size_t count = snapshot->node_count;
    *search = (struct search){.snapshot = snapshot,
                              .from = cmd_new_array(count, sizeof(size_t)),
                              .edge = cmd_new_array(count, sizeof(size_t)),
                              .order = cmd_new_array(count, sizeof(size_t))};
    memset(search->edge, 0xff, count * sizeof(size_t));
    search_all(search);
}

static void search_fini(struct search *search)
{
    free(search->order);
    free(search->edge);
    free(search->from);
}

/* ---- Which object ---- */

/* An address, a number after @, or what begins a name. */
struct wanted {
    uint64_t address, id;
    const char *name;
};

static struct wanted parse_wanted(const char *text)
{
    struct wanted wanted = {0, 0, NULL};
    char *end = NULL;
    if (strncmp(text, "0x", 2) == 0)
        wanted.address = strtoull(text, &end, 16);
    else if (text[0] == '@')
        wanted.id = strtoull(text + 1, &end, 10);
    else
        wanted.name = text;
    if (text[0] == '\0' || (end != NULL && (*end != '\0' || end == text + 1)))
        cmd_die(CMD_STATUS_USAGE, "'%s' is no address (0x...), no number (@...), no name", text);
    return wanted;
}

static bool is_wanted(const struct cmd_node *node, const struct wanted *wanted)
{
    if (wanted->address != 0) /* any byte of it */
        return node->address != 0 && wanted->address - node->address < node->bytes;
    if (wanted->id != 0)
        return node->id == wanted->id;
    return node->address != 0 && strncmp(node->name, wanted->name, strlen(wanted->name)) == 0;
}

/* The one that is nearest to a root; *others: how many more there are. */
static size_t find_wanted(const struct search *search, const struct wanted *wanted, size_t *others)
{
    size_t found = NO_NODE;
    *others = 0;
    for (size_t i = 0; i < search->count; i++)
        if (is_wanted(&search->snapshot->nodes[search->order[i]], wanted)) {
            *others += found != NO_NODE;
            found = found == NO_NODE ? search->order[i] : found;
        }
    return found;
}

/* ---- The path ---- */

static void print_node(const struct cmd_node *node)
{
    char *name = cmd_snapshot_text(node->name);
    if (node->address != 0)
        printf("%s (%#llx, %llu bytes)", name, (unsigned long long)node->address,
               (unsigned long long)node->bytes);
    else
        fputs(name, stdout);
    free(name);
}

static void print_step(const struct search *search, size_t node)
{
    const struct cmd_edge *edge = &search->snapshot->edges[search->edge[node]];
    if (edge->name == NULL) {
        printf("  [%llu] -> ", (unsigned long long)edge->number);
    } else {
        char *name = cmd_snapshot_text(edge->name);
        printf("  %s -> ", name);
        free(name);
    }
    print_node(&search->snapshot->nodes[node]);
    putchar('\n');
}

/* From the first one, which stands for roots, on; *length is their number. */
static size_t *path_to(const struct search *search, size_t node, size_t *length)
{
    *length = 1;
    for (size_t at = node; search->from[at] != 0; at = search->from[at])
        ++*length;
    size_t *path = cmd_new_array(*length, sizeof path[0]);
    for (size_t i = *length; i > 0; i--, node = search->from[node])
        path[i - 1] = node;
    return path;
}

static void print_path(const struct search *search, size_t node)
{
    size_t length;
    size_t *path = path_to(search, node, &length);
    print_node(&search->snapshot->nodes[path[0]]);
    putchar('\n');
    for (size_t i = 1; i < length; i++) {
        if (i > SHOWN_STEPS && i + SHOWN_STEPS < length) {
            printf("  ... %zu more ...\n", length - 2 * SHOWN_STEPS - 1);
            i = length - SHOWN_STEPS;
        }
        print_step(search, path[i]);
    }
    free(path);
}

static int tell_why(const struct search *search, const char *path, const char *what)
{
    struct wanted wanted = parse_wanted(what);
    size_t others, node = find_wanted(search, &wanted, &others);
    if (node == NO_NODE) {
        cmd_warn("there is no '%s' in '%s'", what, path);
        return CMD_STATUS_DIFFERENT;
    }
    print_path(search, node);
    if (others > 0)
        printf("It is the nearest to a root of %zu so named.\n", others + 1);
    return CMD_STATUS_OK;
}

/* A dump of a process that runs, in a file without a name; its number is the path of it. */
static char *dump_of_process(pid_t pid)
{
    const struct ter_inquiry inquiry = {.verb = TER_INQUIRY_DUMP};
    char *why = NULL;
    int file = cmd_scratch_unnamed();
    if (!cmd_call_errand(pid, &inquiry, file, &why))
        cmd_die(CMD_STATUS_FAILED, "%s", why);
    return cmd_format("/proc/self/fd/%d", file);
}

/* A file of that name is a dump, whatever it is called. */
static char *dump_named(const char *name)
{
    pid_t pid = access(name, F_OK) == 0 ? 0 : cmd_call_parse_pid(name);
    return pid == 0 ? cmd_format("%s", name) : dump_of_process(pid);
}

int cmd_why(const struct cmd_command *command, char **arguments)
{
    if (arguments[0] != NULL &&
        (strcmp(arguments[0], "--help") == 0 || strcmp(arguments[0], "-h") == 0)) {
        cmd_print_help(command);
        return CMD_STATUS_OK;
    }
    if (arguments[0] == NULL || arguments[1] == NULL || arguments[2] != NULL)
        cmd_die(CMD_STATUS_USAGE, "why takes a dump or a process, and an object of it");
    (void)parse_wanted(arguments[1]);
    struct cmd_snapshot snapshot;
    struct search search;
    char *path = dump_named(arguments[0]);
    cmd_snapshot_init(&snapshot, path);
    free(path);
    search_init(&search, &snapshot);
    int status = tell_why(&search, arguments[0], arguments[1]);
    search_fini(&search);
    cmd_snapshot_fini(&snapshot);
    return status;
}
