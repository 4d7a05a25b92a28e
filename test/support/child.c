/* SPDX-License-Identifier: MIT */
/* Children that may die, and what they said. */
#include "support.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Writes down what ran, where the program was built to count that: children end without it else.
 * Such a build links with -Wl,-u,__gcov_dump, or there is no such function.
 */
extern void __gcov_dump(void) __attribute__((weak));

static void write_counts(void)
{
    if (__gcov_dump != NULL)
        __gcov_dump();
}

/* The handler is gone when abort raises its signal once more. */
static void write_counts_before_abort(int number)
{
    (void)number;
    write_counts();
}

static void run_child(test_body *body, void *context, const int ends[2])
{
    const struct rlimit no_core = {0, 0};

    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    setrlimit(RLIMIT_CORE, &no_core);
    /* Not the handlers that the test runner installed. */
    signal(SIGABRT, __gcov_dump != NULL ? write_counts_before_abort : SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    body(context);
    write_counts();
    _exit(0);
}

/* An emulator adds that a signal ended the child; the child did not say that. */
static void drop_emulator_lines(char *text)
{
    static const char mark[] = "qemu: ";
    char *line = text;

    while (*line != '\0') {
        size_t length = strcspn(line, "\n");

        length += line[length] == '\n';
        if (strncmp(line, mark, strlen(mark)) == 0)
            memmove(line, line + length, strlen(line + length) + 1);
        else
            line += length;
    }
}

void test_in_child(test_body *body, void *context, struct test_end *end)
{
    size_t used = 0;
    int ends[2], status;
    ssize_t count;
    pid_t child;

    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_child(body, context, ends);
    close(ends[1]);
    while (used < sizeof end->text - 1 &&
           (count = read(ends[0], end->text + used, sizeof end->text - 1 - used)) > 0)
        used += (size_t)count;
    end->text[used] = '\0';
    close(ends[0]);
    if (test_is_emulated())
        drop_emulator_lines(end->text);
    assert_int_equal(waitpid(child, &status, 0), child);
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void test_dies(test_body *body, void *context, const char *part)
{
    struct test_end end;

    test_in_child(body, context, &end);
    if (end.signal != SIGABRT || strstr(end.text, "terrier: ") == NULL ||
        strstr(end.text, part) == NULL)
        print_error("wanted '%s', got signal %d, code %d, text '%s'\n", part, end.signal, end.code,
                    end.text);
    assert_int_equal(end.signal, SIGABRT);
    assert_non_null(strstr(end.text, "terrier: "));
    assert_non_null(strstr(end.text, part));
}
