/* SPDX-License-Identifier: MIT */
/*
 * A small server on libgc that leaks, as docs/seeing.md finds it: requests are parsed and answered,
 * sessions are kept in a table of fixed size, and what was finished is noted and never forgotten.
 */
#include <gc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS 2000

struct session {
    int user;
    char *state;
};

struct job {
    struct job *next;
    char *line;
    int result;
    char method[16];
};

static struct session *sessions[SESSIONS];
static struct job *finished;

static struct session *find_session(int user)
{
    struct session **place = &sessions[user % SESSIONS];

    if (*place == NULL || (*place)->user != user) {
        *place = GC_MALLOC(sizeof **place);
        (*place)->user = user;
        (*place)->state = GC_MALLOC_ATOMIC(1000);
    }
    return *place;
}

static struct job *parse(const char *request)
{
    struct job *job = GC_MALLOC(sizeof *job);

    job->line = GC_STRDUP(request);
    snprintf(job->method, sizeof job->method, "%.15s", request);
    return job;
}

static void note(struct job *job)
{
    job->next = finished;
    finished = job;
}

static void answer(int number)
{
    char request[100];
    struct job *job;
    char *reply = GC_MALLOC_ATOMIC(2000);

    snprintf(request, sizeof request, "GET /item/%d HTTP/1.1, from user %d", number, number % 3000);
    job = parse(request);
    job->result = find_session(number % 3000)->user;
    snprintf(reply, 2000, "%s: %d", job->line, job->result);
    note(job);
}

int main(int argc, char **argv)
{
    int requests = argc > 1 ? atoi(argv[1]) : 200000;

    GC_INIT();
    for (int i = 0; i < requests; i++)
        answer(i);
    return 0;
}
