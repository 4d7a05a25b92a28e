/* SPDX-License-Identifier: MIT */
/* What the library prints when it is asked, and where to; the log and the functions like printf. */
#include "capture.h"

#include <gc/gc_inline.h>

/* Exported for the library's own tests and in no header. */
void GC_printf(const char *format, ...);
void GC_err_printf(const char *format, ...);
void GC_log_printf(const char *format, ...);

static void *link_word;

static void GC_CALLBACK finalize(void *object, void *data)
{
    (void)object, (void)data;
}

static void test_dumps(void)
{
    void *volatile object = GC_malloc(100);
    char number[32];
    const char *text;

    link_word = object;
    GC_general_register_disappearing_link(&link_word, object);
    GC_register_finalizer(object, finalize, NULL, NULL, NULL);
    snprintf(number, sizeof number, "%p", object);

    capture_begin(STDOUT_FILENO);
    GC_dump();
    EXPECT(strlen(capture_end()) > 200, "GC_dump says little: %s", captured);
    capture_begin(STDOUT_FILENO);
    GC_dump_named("a name of our own");
    text = capture_end();
    EXPECT(count_in(text, "a name of our own") == 1, "%s", text);
    capture_begin(STDOUT_FILENO);
    GC_dump_named(NULL);
    EXPECT(strlen(capture_end()) > 20, "%s", captured);
    capture_begin(STDOUT_FILENO);
    GC_dump_regions();
    EXPECT(strlen(capture_end()) > 20, "%s", captured);
    capture_begin(STDOUT_FILENO);
    GC_dump_finalization();
    text = capture_end();
    EXPECT(count_in(text, number) >= 2, "%s is not in: %s", number, text);
    capture_begin(STDOUT_FILENO);
    GC_print_free_list(GC_I_NORMAL, 2);
    EXPECT(strlen(capture_end()) > 5 || !is_drop_in(), "%s", captured);
}

static void test_printing(void)
{
    FILE *log = tmpfile();
    char text[100] = "";

    capture_begin(STDOUT_FILENO);
    GC_printf("%s %d\n", "text", 1);
    EXPECT(strcmp(capture_end(), "text 1\n") == 0, "'%s'", captured);
    capture_begin(STDERR_FILENO);
    GC_err_printf("%s %d\n", "text", 2);
    EXPECT(strcmp(capture_end(), "text 2\n") == 0, "'%s'", captured);
    GC_set_log_fd(fileno(log));
    GC_log_printf("%s %d\n", "text", 3);
    rewind(log);
    EXPECT(fgets(text, sizeof text, log) != NULL && strcmp(text, "text 3\n") == 0, "'%s'", text);
    GC_set_log_fd(STDERR_FILENO);
    fclose(log);
}

int main(void)
{
    GC_INIT();
    test_dumps();
    test_printing();
    return check_end();
}
