/* SPDX-License-Identifier: MIT */
/*
 * Names of functions and variables that are not exported, from the table of symbols in a file
 * (ELF), where it was not stripped.
 *
 * Invariant: nothing in the file is believed: what is read lies within it, and a name within the
 * table of names. It is read, not mapped, since whoever shortens it would kill who reads a mapping.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_PART TER_MIB(256)
#define TYPE_OF(symbol) ((symbol)->st_info & 15)

/* A part of the file that was read: memory of ours. */
struct part {
    void *start;
    size_t bytes;
};

static void release_part(struct part *part)
{
    if (part->start != NULL)
        ter_os_release((uintptr_t)part->start, ter_align_up(part->bytes, ter_os_page_size()));
    *part = (struct part){NULL, 0};
}

static bool read_at(int file, uint64_t offset, void *to, size_t bytes)
{
    char *at = to;

    while (bytes > 0) {
        ssize_t count = offset > INT64_MAX ? 0 : pread(file, at, bytes, (off_t)offset);

        if (count <= 0)
            return false;
        at += count;
        offset += (uint64_t)count;
        bytes -= (size_t)count;
    }
    return true;
}

/* With a zero behind it. */
static bool read_part(int file, uint64_t offset, uint64_t bytes, struct part *part)
{
    if (bytes == 0 || bytes > MOST_PART)
        return false;
    part->bytes = (size_t)bytes + 1;
    if (ter_os_allocate(ter_align_up(part->bytes, ter_os_page_size()), &part->start) != TER_OK) {
        part->start = NULL;
        return false;
    }
    if (read_at(file, offset, part->start, (size_t)bytes))
        return true;
    release_part(part);
    return false;
}

static bool read_head(int file, ElfW(Ehdr) *head)
{
    return read_at(file, 0, head, sizeof *head) && memcmp(head->e_ident, ELFMAG, SELFMAG) == 0 &&
           head->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
           head->e_shentsize == sizeof(ElfW(Shdr));
}

static bool note_says(int file, const ElfW(Shdr) *section, const struct ter_os_code *code)
{
    struct ter_os_code there = {0};
    struct part notes;
    bool same;

    if (!read_part(file, section->sh_offset, section->sh_size, &notes))
        return false;
    ter_os_find_build_id(notes.start, notes.bytes - 1, &there);
    same = there.build_id_bytes == code->build_id_bytes &&
           memcmp(there.build_id, code->build_id, code->build_id_bytes) == 0;
    release_part(&notes);
    return same;
}

/* Is it the file that was loaded? Another one may have its name by now. */
static bool is_of_build(int file, const ElfW(Shdr) *sections, size_t count,
                        const struct ter_os_code *code)
{
    if (code->build_id_bytes == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (sections[i].sh_type == SHT_NOTE && note_says(file, &sections[i], code))
            return true;
    return false;
}

static bool read_symbols(int file, const ElfW(Shdr) *sections, size_t count,
                         struct ter_os_names *names)
{
    struct part symbols, texts;

    for (size_t i = 0; i < count; i++) {
        if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= count ||
            !read_part(file, sections[i].sh_offset, sections[i].sh_size, &symbols))
            continue;
        if (!read_part(file, sections[sections[i].sh_link].sh_offset,
                       sections[sections[i].sh_link].sh_size, &texts)) {
            release_part(&symbols);
            continue;
        }
        *names = (struct ter_os_names){.symbols = symbols.start,
                                       .symbol_bytes = symbols.bytes,
                                       .texts = texts.start,
                                       .text_bytes = texts.bytes};
        return true;
    }
    return false;
}

static bool read_file(int file, const struct ter_os_code *code, struct ter_os_names *names)
{
    ElfW(Ehdr) head;
    struct part sections;
    bool done;

    if (!read_head(file, &head) ||
        !read_part(file, head.e_shoff, (uint64_t)head.e_shnum * sizeof(ElfW(Shdr)), &sections))
        return false;
    done = is_of_build(file, sections.start, head.e_shnum, code) &&
           read_symbols(file, sections.start, head.e_shnum, names);
    release_part(&sections);
    return done;
}

bool ter_os_names_open(struct ter_os_names *names, const struct ter_os_code *code)
{
    struct stat status;
    int file = open(code->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool done;

    *names = (struct ter_os_names){0};
    if (file < 0)
        return false;
    done = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && read_file(file, code, names);
    close(file);
    names->bias = code->bias;
    return done;
}

void ter_os_names_close(struct ter_os_names *names)
{
    struct part symbols = {names->symbols, names->symbol_bytes};
    struct part texts = {names->texts, names->text_bytes};

    release_part(&symbols);
    release_part(&texts);
    *names = (struct ter_os_names){0};
}

static const ElfW(Sym) *symbol_at(const struct ter_os_names *names, uintptr_t address, int type)
{
    const ElfW(Sym) *symbols = names->symbols;
    size_t count = names->symbol_bytes / sizeof *symbols;

    for (size_t i = 0; i < count; i++)
        if (TYPE_OF(&symbols[i]) == type &&
            address - names->bias - symbols[i].st_value < symbols[i].st_size &&
            symbols[i].st_name < names->text_bytes)
            return &symbols[i];
    return NULL;
}

const char *ter_os_names_find(const struct ter_os_names *names, uintptr_t address)
{
    const ElfW(Sym) *symbol = symbol_at(names, address, STT_FUNC);

    return symbol == NULL ? NULL : names->texts + symbol->st_name;
}

bool ter_os_names_find_variable(const struct ter_os_names *names, uintptr_t address,
                                struct ter_os_variable *variable)
{
    const ElfW(Sym) *symbol = symbol_at(names, address, STT_OBJECT);

    if (symbol == NULL)
        return false;
    *variable = (struct ter_os_variable){names->texts + symbol->st_name,
                                         names->bias + symbol->st_value, symbol->st_size};
    return true;
}
