/* SPDX-License-Identifier: MIT */
/*
 * What other programs ask of one that answers calls (option `live`), and how: both sides have this
 * file. A question and each answer is one message of text.
 *
 *     terrier 1 QUESTION HEAP      HEAP counts from 0; for a dump or a report a file comes along
 *     ok\n...                      the answer, lines `NAME VALUE`; `kind BYTES OBJECTS NAME`
 *     wait ...\n                   it is not done yet, since ...; the answer comes later
 *     no ...\n                     it cannot be done, since ...
 *
 * Invariant: what is not exactly such a question is none. All can be called by any thread.
 */
#pragma once

#include "base/base.h"

#define TER_INQUIRY_VERSION 1u
#define TER_INQUIRY_BYTES 128u          /* longest question, with a zero */
#define TER_INQUIRY_ANSWER_BYTES 16384u /* longest answer, likewise */
#define TER_INQUIRY_FOLDER_BYTES 66u
#define TER_INQUIRY_NAME_BYTES 40u
/* Kinds that an answer names. */
#define TER_INQUIRY_MOST_KINDS 64u

/* X(identifier, word, a file comes along) */
#define TER_INQUIRIES(X)                                                                           \
    X(FIGURES, "figures", false)                                                                   \
    X(KINDS, "kinds", false)                                                                       \
    X(COLLECT, "collect", false)                                                                   \
    X(DUMP, "dump", true)                                                                          \
    X(REPORT_TEXT, "report-text", true)                                                            \
    X(REPORT_JSON, "report-json", true)

#define TER_INQUIRY_ENUM(identifier, word, file) TER_INQUIRY_##identifier,
enum ter_inquiry_verb { TER_INQUIRIES(TER_INQUIRY_ENUM) TER_INQUIRY_COUNT };
#undef TER_INQUIRY_ENUM

struct ter_inquiry {
    enum ter_inquiry_verb verb;
    unsigned heap;
};

/* NULL; or what is wrong with the question, in words. */
const char *ter_inquiry_parse(struct ter_inquiry *inquiry, const char *text, size_t length);
/* The length; `size` is at least TER_INQUIRY_BYTES. */
size_t ter_inquiry_print(const struct ter_inquiry *inquiry, char *text, size_t size);
const char *ter_inquiry_word(enum ter_inquiry_verb verb);
bool ter_inquiry_takes_file(enum ter_inquiry_verb verb);

/*
 * Where a process listens: in `runtime`, a folder as XDG_RUNTIME_DIR names it, or in /tmp where
 * that is NULL, relative or too long. Below, its number and that of its space of numbers.
 */
void ter_inquiry_folder(char folder[TER_INQUIRY_FOLDER_BYTES], const char *runtime, unsigned user);
void ter_inquiry_name(char name[TER_INQUIRY_NAME_BYTES], unsigned process, uint64_t space);
