/* SPDX-License-Identifier: MIT */
/* Answers are lines `NAME VALUE`; a name that is not known here is left out, so that a library of
 * another version can be looked at. */
#include "terrier.h"

#include "watching.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* The text behind the name in the first line that has it; NULL: there is none. */
static const char *find_line(const char *text, const char *name)
{
    size_t length = strlen(name);
    while (*text != '\0' && (strncmp(text, name, length) != 0 || text[length] != ' ')) {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return *text == '\0' ? NULL : text + length + 1;
}

static uint64_t find_number(const char *text, const char *name)
{
    const char *found = find_line(text, name);
    return found == NULL ? 0 : strtoull(found, NULL, 10);
}

/* Up to the end of the line. It was made harmless over there, but who is there may be anybody. */
static void copy_name(char name[CMD_WATCHED_NAME], const char *text)
{
    char *line =
        text == NULL ? cmd_format("%s", "") : cmd_format("%.*s", (int)strcspn(text, "\n"), text);
    struct ter_text harmless;
    ter_text_init(&harmless, name, CMD_WATCHED_NAME);
    ter_text_add_name(&harmless, line);
    free(line);
}

static void read_look(struct cmd_look *look, const char *text)
{
    *look = (struct cmd_look){.now_ns = find_number(text, "now_ns"),
                              .born_ns = find_number(text, "born_ns"),
                              .heaps = find_number(text, "heaps"),
                              .mutators = find_number(text, "mutators")};
    copy_name(look->program, find_line(text, "program"));
    copy_name(look->plan, find_line(text, "plan"));
#define READ_ROW(name, unit, help) look->statistics.name = find_number(text, #name);
    TER_STATISTICS(READ_ROW)
#undef READ_ROW
}

static double per_second(uint64_t now, uint64_t before, double seconds)
{
    return now <= before ? 0 : (double)(now - before) / seconds;
}

/* Between two looks that the program answered the same moment nothing is new. */
static void work_out_rates(struct cmd_watching *watching)
{
    const struct cmd_look *now = &watching->now, *before = &watching->before;
    const struct ter_statistics *s = &now->statistics, *old = &before->statistics;
    struct cmd_rates *rates = &watching->rates;
    double seconds = (double)(now->now_ns - before->now_ns) / 1e9;
    if (watching->look_count < 2 || now->now_ns <= before->now_ns)
        return;
    rates->collections = per_second(s->collections, old->collections, seconds);
    rates->young_collections = per_second(s->collections_young, old->collections_young, seconds);
    rates->allocated_bytes = per_second(s->allocated_bytes, old->allocated_bytes, seconds);
    rates->paused = per_second(s->pause_total_ns, old->pause_total_ns, seconds) / 1e9;
    if (s->collections > old->collections)
        rates->pause_ns =
            (s->pause_total_ns - old->pause_total_ns) / (s->collections - old->collections);
}

void cmd_watching_figures(struct cmd_watching *watching, const char *text)
{
    watching->before = watching->now;
    read_look(&watching->now, text);
    watching->look_count++;
    const struct ter_statistics *s = &watching->now.statistics;
    if (watching->look_count == 1 && s->collections > 0)
        watching->rates.pause_ns = s->pause_total_ns / s->collections;
    work_out_rates(watching);
    size_t at = watching->history_count++ % CMD_WATCHED_HISTORY;
    watching->history[at].used_bytes = s->used_bytes;
    watching->history[at].live_bytes = s->live_bytes;
    watching->history[at].limit_bytes = s->heap_limit_bytes;
}

void cmd_watching_kinds(struct cmd_watching *watching, const char *text)
{
    watching->kind_count = 0;
    watching->kinds_bytes = 0;
    while ((text = find_line(text, "kind")) != NULL &&
           watching->kind_count <= TER_INQUIRY_MOST_KINDS) {
        struct cmd_watched_kind *kind = &watching->kinds[watching->kind_count++];
        char *rest;
        kind->bytes = strtoull(text, &rest, 10);
        kind->objects = strtoull(rest, &rest, 10);
        copy_name(kind->name, *rest == ' ' ? rest + 1 : rest);
        watching->kinds_bytes += kind->bytes;
        text = rest + strcspn(rest, "\n");
    }
}
