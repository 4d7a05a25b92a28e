/* SPDX-License-Identifier: MIT */
/* The end of a program: what the function hears that is called before, and how the process ends. */
#include "capture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char *heard = "nothing";

static void GC_CALLBACK hear(const char *message)
{
    heard = message;
    fprintf(stderr, "heard %s\n", message == NULL ? "NULL" : "a message");
}

static void end_for_want_of_memory(void)
{
    GC_abort_on_oom();
}

/* Misuse that every library stops at. */
static void end_for_misuse(void)
{
    static char no_object[64];

    *(volatile char *)no_object = 1;
    GC_register_disappearing_link((void **)(void *)no_object);
}

static int end_of(void (*end)(void), bool hears, const char **text)
{
    static const struct rlimit none = {0, 0};
    int status = -1;
    pid_t child;

    capture_begin(STDERR_FILENO);
    child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &none);
        if (hears)
            GC_set_abort_func(hear);
        end();
        _exit(77);
    }
    waitpid(child, &status, 0);
    *text = capture_end();
    return status;
}

int main(void)
{
    const char *text;
    int status;

    GC_INIT();
    EXPECT(GC_get_abort_func() != 0, "there is no function");
    status = end_of(end_for_want_of_memory, false, &text);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%#x", status);
    EXPECT(strstr(text, "Insufficient memory") != NULL, "'%s'", text);
    status = end_of(end_for_want_of_memory, true, &text);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%#x", status);
    EXPECT(count_in(text, "heard NULL") == 1, "'%s'", text);

    status = end_of(end_for_misuse, false, &text);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%#x", status);
    EXPECT(text[0] != '\0', "nothing is said");
    status = end_of(end_for_misuse, true, &text);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "%#x", status);
    EXPECT(count_in(text, "heard a message") == 1, "'%s'", text);
    GC_set_abort_func(hear);
    EXPECT(GC_get_abort_func() == hear, "the function is another");
    return check_end();
}
