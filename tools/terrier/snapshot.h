/* SPDX-License-Identifier: MIT */
/* A dump as it was written: nodes, edges, texts. Files of other programs in the form of V8's heap
 * snapshots are read too; what is no such file ends the command with a line that says so. */
#ifndef TERRIER_COMMAND_SNAPSHOT_H
#define TERRIER_COMMAND_SNAPSHOT_H

#include "terrier.h"

struct cmd_node {
    const char *name; /* as it stands in the file: cmd_snapshot_text */
    uint64_t id;
    uint64_t bytes;
    uint64_t address; /* 0: not known */
    size_t first_edge;
    size_t edge_count;
};

struct cmd_edge {
    const char *name; /* likewise; NULL: the number */
    uint64_t number;
    size_t to;
    bool is_weak;
};

struct cmd_snapshot {
    char *text;
    size_t node_count, edge_count;
    struct cmd_node *nodes;
    struct cmd_edge *edges;
};

void cmd_snapshot_init(struct cmd_snapshot *snapshot, const char *path);
void cmd_snapshot_fini(struct cmd_snapshot *snapshot);

/* What a text of the file stands for, with everything in it that could move a cursor escaped;
 * free() it. */
char *cmd_snapshot_text(const char *text);

#endif
