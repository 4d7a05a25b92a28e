/* SPDX-License-Identifier: MIT */
/*
 * lisp [FILE...]: evaluates what is in the files, or, without one, what is typed, and prints it.
 * The first error in a file ends the program with status 1.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lisp.h"

static bool evaluate_next(struct lisp *lisp, FILE *file, bool prints)
{
    value v = read_value(lisp, file);

    if (v == END_OF_FILE)
        return false;
    v = eval(lisp, v, NIL);
    if (prints) {
        print_value(lisp, stdout, v, true);
        putchar('\n');
    }
    return true;
}

/* False: there was an error, and its message is in lisp->message. */
static bool evaluate_file(struct lisp *lisp, FILE *file, const char *prompt)
{
    struct handler handler;

    handler_push(lisp, &handler);
    if (setjmp(handler.jump) != 0)
        return false;
    do {
        fputs(prompt, stdout);
        fflush(stdout);
    } while (evaluate_next(lisp, file, file == stdin));
    handler_pop(lisp, &handler);
    return true;
}

static void converse(struct lisp *lisp)
{
    const char *prompt = isatty(STDIN_FILENO) ? "> " : "";

    while (!evaluate_file(lisp, stdin, prompt))
        printf("error: %s\n", lisp->message);
}

static bool evaluate_named(struct lisp *lisp, const char *name)
{
    FILE *file = fopen(name, "r");

    if (file == NULL) {
        perror(name);
        return false;
    }
    bool is_right = evaluate_file(lisp, file, "");

    if (!is_right)
        fprintf(stderr, "%s: %s\n", name, lisp->message);
    fclose(file);
    return is_right;
}

static bool define_all(struct lisp *lisp)
{
    struct handler handler;

    handler_push(lisp, &handler);
    if (setjmp(handler.jump) != 0)
        return false;
    lisp->globals.symbols = table_new(lisp, false);
    builtins_define(lisp);
    strings_define(lisp);
    tables_define(lisp);
    handler_pop(lisp, &handler);
    return true;
}

static bool run(struct lisp *lisp, int count, char **names)
{
    if (!define_all(lisp)) {
        fprintf(stderr, "lisp: %s\n", lisp->message);
        return false;
    }
    if (count == 0)
        converse(lisp);
    for (int i = 0; i < count; i++)
        if (!evaluate_named(lisp, names[i]))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct lisp lisp = {.depth = 0};

    if (!memory_start(&lisp))
        return EXIT_FAILURE;
    bool is_right = run(&lisp, argc - 1, argv + 1);

    memory_end(&lisp);
    return is_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
