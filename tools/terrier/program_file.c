/* SPDX-License-Identifier: MIT */
/* Files are mapped and read with every offset checked: they may be anything. */
#include "terrier.h"

#include "program_file.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* ---- Finding ---- */

static bool can_run(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

char *cmd_program_find(const char *name)
{
    if (strchr(name, '/') != NULL)
        return can_run(name) ? cmd_format("%s", name) : NULL;
    const char *folders = getenv("PATH");
    if (folders == NULL)
        folders = "/bin:/usr/bin";
    for (;; folders++) {
        size_t length = strcspn(folders, ":");
        char *path = cmd_format("%.*s%s%s", (int)length, folders, length == 0 ? "" : "/", name);
        if (can_run(path))
            return path;
        free(path);
        folders += length;
        if (*folders == '\0')
            return NULL;
    }
}

/* The interpreter that the first line of a script names, or NULL; free() it. */
static char *interpreter_of(const char *path)
{
    char head[256] = "";
    FILE *file = fopen(path, "re");
    size_t length = file == NULL ? 0 : fread(head, 1, sizeof head - 1, file);
    if (file != NULL)
        fclose(file);
    if (length < 3 || memcmp(head, "#!", 2) != 0)
        return NULL;
    char *name = head + 2 + strspn(head + 2, " \t");
    return cmd_format("%.*s", (int)strcspn(name, " \t\n"), name);
}

char *cmd_program_behind(const char *path)
{
    enum { DEPTH_MAX = 5 };
    char *behind = cmd_format("%s", path);
    for (int i = 0; i < DEPTH_MAX; i++) {
        char *next = interpreter_of(behind);
        if (next == NULL)
            break;
        free(behind);
        behind = next;
    }
    return behind;
}

/* ---- Its headers ---- */

struct image {
    const char *bytes;
    size_t size;
};

static bool image_open(struct image *image, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    void *bytes = MAP_FAILED;
    if (file < 0)
        return false;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        return false;
    *image = (struct image){bytes, (size_t)status.st_size};
    return true;
}

static void image_close(const struct image *image)
{
    munmap((void *)image->bytes, image->size);
}

static const void *part_of(const struct image *image, uint64_t offset, uint64_t size)
{
    bool inside = offset <= image->size && size <= image->size - offset;
    return inside ? image->bytes + offset : NULL;
}

/* Header number `index` of the segments of an ELF file of this machine, or NULL. */
static const ElfW(Phdr) *segment_of(const struct image *image, unsigned index)
{
    const ElfW(Ehdr) *head = part_of(image, 0, sizeof *head);
    unsigned char class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_ident[EI_CLASS] != class || index >= head->e_phnum)
        return NULL;
    return part_of(image, head->e_phoff + (uint64_t)index * sizeof(ElfW(Phdr)), sizeof(ElfW(Phdr)));
}

static const ElfW(Phdr) *segment_of_type(const struct image *image, unsigned type)
{
    const ElfW(Phdr) *segment;
    for (unsigned i = 0; (segment = segment_of(image, i)) != NULL; i++) {
        if (segment->p_type == type)
            return segment;
    }
    return NULL;
}

/* A copy of the text at an offset, which ends at the latest after `most` bytes. */
static char *text_at(const struct image *image, uint64_t offset, uint64_t most)
{
    const char *text = part_of(image, offset, most);
    return text == NULL ? NULL : cmd_format("%.*s", (int)most, text);
}

char *cmd_program_loader(const char *path)
{
    struct image image;
    if (!image_open(&image, path))
        return NULL;
    const ElfW(Phdr) *segment = segment_of_type(&image, PT_INTERP);
    char *loader = NULL;
    if (segment != NULL && segment->p_filesz < 4096)
        loader = text_at(&image, segment->p_offset, segment->p_filesz);
    image_close(&image);
    return loader;
}

/* Where in the file an address of the loaded image lies; past its end if nowhere. */
static uint64_t offset_of(const struct image *image, uint64_t address)
{
    const ElfW(Phdr) *segment;
    for (unsigned i = 0; (segment = segment_of(image, i)) != NULL; i++) {
        if (segment->p_type == PT_LOAD && address - segment->p_vaddr < segment->p_filesz)
            return address - segment->p_vaddr + segment->p_offset;
    }
    return UINT64_MAX;
}

/* Entry number `index` of the dynamic segment, or NULL at its end. */
static const ElfW(Dyn) *dynamic_entry(const struct image *image, unsigned index)
{
    const ElfW(Phdr) *segment = segment_of_type(image, PT_DYNAMIC);
    uint64_t at = (uint64_t)index * sizeof(ElfW(Dyn));
    if (segment == NULL || at >= segment->p_filesz)
        return NULL;
    const ElfW(Dyn) *entry = part_of(image, segment->p_offset + at, sizeof *entry);
    return entry == NULL || entry->d_tag == DT_NULL ? NULL : entry;
}

/* The first entry of a kind, or NULL. */
static const ElfW(Dyn) *dynamic_entry_of(const struct image *image, int64_t tag)
{
    const ElfW(Dyn) *entry;
    for (unsigned i = 0; (entry = dynamic_entry(image, i)) != NULL; i++) {
        if (entry->d_tag == tag)
            return entry;
    }
    return NULL;
}

/* The text that an entry stands for, or NULL; free() it. */
static char *dynamic_text(const struct image *image, const ElfW(Dyn) *entry)
{
    const ElfW(Dyn) *strings = dynamic_entry_of(image, DT_STRTAB);
    if (entry == NULL || strings == NULL)
        return NULL;
    uint64_t offset = offset_of(image, strings->d_un.d_val + entry->d_un.d_val);
    if (offset >= image->size)
        return NULL;
    return text_at(image, offset, strnlen(image->bytes + offset, image->size - (size_t)offset));
}

char *cmd_program_soname(const char *path)
{
    struct image image;
    if (!image_open(&image, path))
        return NULL;
    char *soname = dynamic_text(&image, dynamic_entry_of(&image, DT_SONAME));
    image_close(&image);
    return soname;
}

static bool is_path(const struct image *image, const ElfW(Dyn) *entry)
{
    if (entry->d_tag == DT_RPATH)
        return true;
    char *needed = entry->d_tag == DT_NEEDED ? dynamic_text(image, entry) : NULL;
    bool found = needed != NULL && strchr(needed, '/') != NULL;
    free(needed);
    return found;
}

bool cmd_program_names_paths(const char *path)
{
    struct image image;
    const ElfW(Dyn) *entry;
    bool found = false;
    if (!image_open(&image, path))
        return false;
    for (unsigned i = 0; !found && (entry = dynamic_entry(&image, i)) != NULL; i++)
        found = is_path(&image, entry);
    image_close(&image);
    return found;
}

/* ---- Rights ---- */

bool cmd_program_gains_rights(const char *path)
{
    struct stat status;
    if (geteuid() != getuid() || getegid() != getgid() || stat(path, &status) != 0)
        return false;
    if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid())
        return true;
    if ((status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 &&
        status.st_gid != getgid())
        return true;
    return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}
