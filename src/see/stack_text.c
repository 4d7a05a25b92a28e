/* SPDX-License-Identifier: MIT */
#include "see/stack_text.h"

#include <stdio.h>
#include <string.h>

#define MOST_FRAMES 16u

bool ter_stack_text_copy(struct ter_stack_text *text, const struct ter_samples *samples)
{
    ter_interned_init(&text->stacks);
    ter_interned_init(&text->frames);
    ter_interned_init(&text->texts);
    text->is_named = false;
    if (ter_interned_copy(&text->stacks, &samples->stacks) &&
        ter_interned_copy(&text->frames, &samples->frames) &&
        ter_interned_copy(&text->texts, &samples->texts))
        return true;
    ter_stack_text_close(text);
    return false;
}

void ter_stack_text_name(struct ter_stack_text *text)
{
    ter_code_names_open(&text->names);
    text->is_named = true;
}

void ter_stack_text_close(struct ter_stack_text *text)
{
    if (text->is_named)
        ter_code_names_close(&text->names);
    ter_interned_fini(&text->stacks);
    ter_interned_fini(&text->frames);
    ter_interned_fini(&text->texts);
}

unsigned ter_stack_text_kind(const struct ter_stack_text *text, size_t stack)
{
    size_t size;
    const struct ter_stack_head *head = ter_interned_at(&text->stacks, stack, &size);

    return head->kind;
}

/* ---- Frames ---- */

static void add_name(struct ter_text *line, const struct ter_stack_text *text, size_t number)
{
    char name[TER_CODE_NAME];
    size_t size;
    const char *bytes = ter_interned_at(&text->texts, number, &size);

    snprintf(name, sizeof name, "%.*s", (int)ter_min(size, sizeof name), bytes);
    ter_text_add_name(line, name);
}

static void add_told_frame(struct ter_text *line, const struct ter_stack_text *text, uintptr_t word)
{
    size_t size;
    const struct ter_told_frame *frame = ter_interned_at(&text->frames, word, &size);

    add_name(line, text, frame->function);
    ter_text_print(line, " (");
    add_name(line, text, frame->file);
    if (frame->line != 0)
        ter_text_print(line, ":%u", (unsigned)frame->line);
    ter_text_print(line, ")");
}

/* With the place in the file, by which debuggers find the line. */
static void add_code_frame(struct ter_text *line, const struct ter_stack_text *text,
                           uintptr_t address)
{
    char name[TER_CODE_NAME], place[TER_CODE_NAME];
    struct ter_os_symbol symbol;

    ter_os_find_symbol(address, &symbol);
    snprintf(place, sizeof place, "%s+%#zx", symbol.file == NULL ? "" : symbol.file,
             symbol.offset_in_file);
    ter_code_names_find(&text->names, address, name, sizeof name);
    ter_text_add_name(line, name);
    if (symbol.file == NULL || strcmp(name, place) == 0)
        return;
    ter_text_print(line, " (");
    ter_text_add_name(line, place);
    ter_text_print(line, ")");
}

void ter_stack_text_each(const struct ter_stack_text *text, size_t stack,
                         void (*write)(void *context, const char *line), void *context)
{
    size_t size;
    const struct ter_stack_head *head = ter_interned_at(&text->stacks, stack, &size);
    const uintptr_t *words = (const uintptr_t *)(head + 1);
    size_t count = (size - sizeof *head) / sizeof *words;
    char buffer[2 * TER_CODE_NAME];
    struct ter_text line;

    for (size_t i = 0; i < ter_min(count, (size_t)MOST_FRAMES); i++) {
        ter_text_init(&line, buffer, sizeof buffer);
        if (head->told != 0)
            add_told_frame(&line, text, words[i]);
        else
            add_code_frame(&line, text, words[i] - 1);
        write(context, buffer);
    }
    if (count <= MOST_FRAMES)
        return;
    snprintf(buffer, sizeof buffer, "... %zu more", count - MOST_FRAMES);
    write(context, buffer);
}
