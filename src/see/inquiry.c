/* SPDX-License-Identifier: MIT */
#include "see/inquiry.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    bool takes_file;
} questions[] = {
#define QUESTION_ROW(identifier, word, file) {word, file},
    TER_INQUIRIES(QUESTION_ROW)
#undef QUESTION_ROW
};

const char *ter_inquiry_word(enum ter_inquiry_verb verb)
{
    return questions[verb].word;
}

bool ter_inquiry_takes_file(enum ter_inquiry_verb verb)
{
    return questions[verb].takes_file;
}

/* Behind the word and the space after it; NULL: it is not there. */
static const char *skip_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    return strncmp(text, word, length) == 0 && text[length] == ' ' ? text + length + 1 : NULL;
}

/* Behind a number of at most four digits; NULL: there is none. */
static const char *skip_number(const char *text, unsigned *number)
{
    const char *at = text;

    *number = 0;
    while (*at >= '0' && *at <= '9' && at - text < 4)
        *number = *number * 10 + (unsigned)(*at++ - '0');
    return at == text ? NULL : at;
}

static const char *skip_head(const char *text)
{
    unsigned version;
    const char *at = skip_word(text, "terrier");

    if (at != NULL)
        at = skip_number(at, &version);
    return at != NULL && *at == ' ' && version == TER_INQUIRY_VERSION ? at + 1 : NULL;
}

const char *ter_inquiry_parse(struct ter_inquiry *inquiry, const char *text, size_t length)
{
    const char *at, *rest = NULL;

    if (length >= TER_INQUIRY_BYTES || strnlen(text, length) != length)
        return "it is no text, or too long";
    at = skip_head(text);
    if (at == NULL)
        return "it is no question of this version";
    for (unsigned verb = 0; verb < TER_INQUIRY_COUNT && rest == NULL; verb++) {
        rest = skip_word(at, questions[verb].word);
        inquiry->verb = (enum ter_inquiry_verb)verb;
    }
    if (rest == NULL)
        return "there is no such question";
    rest = skip_number(rest, &inquiry->heap);
    return rest == NULL || *rest != '\0' ? "there is no number of a heap at its end" : NULL;
}

size_t ter_inquiry_print(const struct ter_inquiry *inquiry, char *text, size_t size)
{
    int length = snprintf(text, size, "terrier %u %s %u", TER_INQUIRY_VERSION,
                          questions[inquiry->verb].word, inquiry->heap);

    return length > 0 ? (size_t)length : 0;
}

void ter_inquiry_folder(char folder[TER_INQUIRY_FOLDER_BYTES], const char *runtime, unsigned user)
{
    static const char own[] = "/terrier";

    if (runtime != NULL && runtime[0] == '/' &&
        strlen(runtime) + sizeof own <= TER_INQUIRY_FOLDER_BYTES)
        snprintf(folder, TER_INQUIRY_FOLDER_BYTES, "%s%s", runtime, own);
    else
        snprintf(folder, TER_INQUIRY_FOLDER_BYTES, "/tmp/terrier-%u", user);
}

void ter_inquiry_name(char name[TER_INQUIRY_NAME_BYTES], unsigned process, uint64_t space)
{
    snprintf(name, TER_INQUIRY_NAME_BYTES, "%u.%llu", process, (unsigned long long)space);
}
