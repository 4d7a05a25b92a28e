/* SPDX-License-Identifier: MIT */
/* Reading a heap snapshot. The parts stand in the order in which V8 writes them: head, nodes,
 * edges, texts. Positions of fields are those that the head says. */
#include "terrier.h"

#include "snapshot.h"

#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum field { FIELD_NAME, FIELD_ID, FIELD_SIZE, FIELD_EDGES, FIELD_ADDRESS, FIELD_COUNT };
enum { MOST_FIELDS = 32, EDGE_FIELDS = 3 };

/* Kinds of edges that have a number for a name, and the one that keeps nothing. */
enum edge_type { EDGE_ELEMENT = 1, EDGE_HIDDEN = 4, EDGE_WEAK = 6 };

struct reading {
    const char *path;
    const char *at;
    const char **texts;
    size_t text_count;
    size_t width;                 /* fields of a node */
    size_t position[FIELD_COUNT]; /* in those; `width`: there is none */
};

static _Noreturn void die_of(const struct reading *reading, const char *what)
{
    cmd_die(CMD_STATUS_FAILED, "'%s' is no heap snapshot: %s", reading->path, what);
}

static char *read_whole(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot read '%s': %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        cmd_die(CMD_STATUS_FAILED, "cannot read '%s': it is no file", path);
    size_t size = (size_t)status.st_size, done = 0;
    char *text = cmd_new_array(size + 1, 1);
    while (done < size) {
        ssize_t count = read(file, text + done, size - done);
        if (count <= 0 && errno != EINTR)
            cmd_die(CMD_STATUS_FAILED, "cannot read '%s': %s", path, strerror(errno));
        done += count > 0 ? (size_t)count : 0;
    }
    close(file);
    return text;
}

/* To behind `what`, which comes later. */
static void go_to(struct reading *reading, const char *what)
{
    const char *found = strstr(reading->at, what);
    if (found == NULL)
        die_of(reading, "a part of it is missing");
    reading->at = found + strlen(what);
}

static void skip_space(struct reading *reading)
{
    while (isspace((unsigned char)*reading->at) || *reading->at == ',')
        reading->at++;
}

static uint64_t read_number(struct reading *reading)
{
    skip_space(reading);
    const char *at = reading->at;
    uint64_t number = 0;
    for (; isdigit((unsigned char)*at); at++)
        number = number * 10 + (uint64_t)(*at - '0');
    if (at == reading->at)
        die_of(reading, "there is no number where one belongs");
    reading->at = at;
    return number;
}

/* The text at this place, from its first character on. */
static const char *read_text(struct reading *reading)
{
    skip_space(reading);
    if (*reading->at != '"')
        die_of(reading, "there is no text where one belongs");
    const char *text = ++reading->at;
    while (*reading->at != '"') {
        if (*reading->at == '\0' || (*reading->at == '\\' && reading->at[1] == '\0'))
            die_of(reading, "it is cut short");
        reading->at += *reading->at == '\\' ? 2 : 1;
    }
    reading->at++;
    return text;
}

static void read_fields(struct reading *reading)
{
    static const char *const names[FIELD_COUNT] = {"name\"", "id\"", "self_size\"", "edge_count\"",
                                                   "address\""};
    for (size_t i = 0; i < FIELD_COUNT; i++)
        reading->position[i] = MOST_FIELDS;
    go_to(reading, "\"node_fields\":[");
    for (; *reading->at != ']'; reading->width++) {
        const char *name = read_text(reading);
        for (size_t i = 0; i < FIELD_COUNT; i++)
            if (strncmp(name, names[i], strlen(names[i])) == 0)
                reading->position[i] = reading->width;
    }
    for (size_t i = 0; i < FIELD_ADDRESS; i++)
        if (reading->position[i] == MOST_FIELDS || reading->width > MOST_FIELDS)
            die_of(reading, "its nodes have other fields");
}

/* Names are numbers of texts until those are read. */
static void read_nodes(struct reading *reading, struct cmd_snapshot *snapshot)
{
    uint64_t fields[MOST_FIELDS + 1] = {0};
    size_t edges = 0;
    go_to(reading, "\"nodes\":[");
    for (size_t i = 0; i < snapshot->node_count; i++) {
        for (size_t k = 0; k < reading->width; k++)
            fields[k] = read_number(reading);
        snapshot->nodes[i] =
            (struct cmd_node){.name = NULL,
                              .id = fields[reading->position[FIELD_ID]],
                              .bytes = fields[reading->position[FIELD_SIZE]],
                              .address = fields[reading->position[FIELD_ADDRESS]],
                              .first_edge = edges,
                              .edge_count = (size_t)fields[reading->position[FIELD_EDGES]]};
        edges += snapshot->nodes[i].edge_count;
    }
    if (edges != snapshot->edge_count)
        die_of(reading, "nodes and edges do not agree");
}

static void read_edges(struct reading *reading, struct cmd_snapshot *snapshot)
{
    go_to(reading, "\"edges\":[");
    for (size_t i = 0; i < snapshot->edge_count; i++) {
        uint64_t type = read_number(reading);
        uint64_t number = read_number(reading);
        uint64_t to = read_number(reading) / reading->width;
        bool is_numbered = type == EDGE_ELEMENT || type == EDGE_HIDDEN;
        if (to >= snapshot->node_count)
            die_of(reading, "an edge leads to no node");
        snapshot->edges[i] =
            (struct cmd_edge){is_numbered ? NULL : "", number, (size_t)to, type == EDGE_WEAK};
    }
}

static void read_texts(struct reading *reading)
{
    size_t capacity = 1024;
    go_to(reading, "\"strings\":[");
    reading->texts = cmd_new_array(capacity, sizeof reading->texts[0]);
    for (skip_space(reading); *reading->at != ']'; skip_space(reading)) {
        if (reading->text_count == capacity) {
            const char **larger = cmd_new_array(capacity * 2, sizeof larger[0]);
            memcpy(larger, reading->texts, capacity * sizeof larger[0]);
            free(reading->texts);
            reading->texts = larger;
            capacity *= 2;
        }
        reading->texts[reading->text_count++] = read_text(reading);
    }
}

static const char *text_at(const struct reading *reading, uint64_t number)
{
    if (number >= reading->text_count)
        die_of(reading, "a name is missing");
    return reading->texts[number];
}

/* Once more through the nodes, whose names are known now. */
static void name_nodes(struct reading *reading, struct cmd_snapshot *snapshot)
{
    reading->at = snapshot->text;
    go_to(reading, "\"nodes\":[");
    for (size_t i = 0; i < snapshot->node_count; i++)
        for (size_t k = 0; k < reading->width; k++) {
            uint64_t number = read_number(reading);
            if (k == reading->position[FIELD_NAME])
                snapshot->nodes[i].name = text_at(reading, number);
        }
    for (size_t i = 0; i < snapshot->edge_count; i++)
        if (snapshot->edges[i].name != NULL)
            snapshot->edges[i].name = text_at(reading, snapshot->edges[i].number);
}

static size_t read_count(const struct reading *reading, const char *path)
{
    double number;
    if (!cmd_json_find_number(reading->at, path, &number) || number < 1 || number > 1e12)
        die_of(reading, "it does not say what is in it");
    return (size_t)number;
}

void cmd_snapshot_init(struct cmd_snapshot *snapshot, const char *path)
{
    struct reading reading = {.path = path};
    *snapshot = (struct cmd_snapshot){.text = read_whole(path)};
    reading.at = snapshot->text;
    if (strncmp(reading.at, "{\"snapshot\":", strlen("{\"snapshot\":")) != 0)
        die_of(&reading, "it does not begin as one");
    snapshot->node_count = read_count(&reading, "snapshot.node_count");
    snapshot->edge_count = read_count(&reading, "snapshot.edge_count");
    if (snapshot->node_count + snapshot->edge_count > strlen(snapshot->text))
        die_of(&reading, "it is cut short");
    snapshot->nodes = cmd_new_array(snapshot->node_count, sizeof snapshot->nodes[0]);
    snapshot->edges = cmd_new_array(snapshot->edge_count, sizeof snapshot->edges[0]);
    read_fields(&reading);
    read_nodes(&reading, snapshot);
    read_edges(&reading, snapshot);
    read_texts(&reading);
    name_nodes(&reading, snapshot);
    free(reading.texts);
}

void cmd_snapshot_fini(struct cmd_snapshot *snapshot)
{
    free(snapshot->edges);
    free(snapshot->nodes);
    free(snapshot->text);
}

/* ---- Texts ---- */

/* The character of \uXXXX as a byte; what is beyond stays as it stands. */
static int short_escape(const char *at)
{
    char digits[5] = "";
    memcpy(digits, at + 2, strnlen(at + 2, 4));
    if (strspn(digits, "0123456789abcdefABCDEF") != 4)
        return -1;
    long value = strtol(digits, NULL, 16);
    return value > 0 && value < 0x80 ? (int)value : -1;
}

char *cmd_snapshot_text(const char *text)
{
    size_t length = 0, capacity = 1;
    for (const char *at = text; *at != '"'; at += *at == '\\' ? 2 : 1)
        capacity += 2;
    char *plain = cmd_new_array(capacity, 1);
    for (const char *at = text; *at != '"'; at++) {
        int value = *at == '\\' && at[1] == 'u' ? short_escape(at) : -1;
        if (value >= 0) {
            plain[length++] = (char)value;
            at += 5;
        } else {
            at += *at == '\\' && (at[1] == '"' || at[1] == '\\') ? 1 : 0;
            plain[length++] = *at;
        }
    }
    char *escaped = cmd_escaped(plain);
    free(plain);
    return escaped;
}
