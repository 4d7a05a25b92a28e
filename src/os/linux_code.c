/* SPDX-License-Identifier: MIT */
/* What code is loaded, from the loader's own list (dl_iterate_phdr). */
#define _GNU_SOURCE
#include "os/linux_loaded.h"
#include "os/os.h"

#include <limits.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

struct code_visit {
    ter_os_code_visitor *visitor;
    void *context;
    char program[PATH_MAX]; /* which the list does not name */
};

/* A note has its sizes, its owner's name and what it says, each at a multiple of 4. */
void ter_os_find_build_id(const void *notes, size_t bytes, struct ter_os_code *code)
{
    const char *note = notes, *end = note + bytes;
    ElfW(Nhdr) head;

    while ((size_t)(end - note) >= sizeof head) {
        const char *name = note + sizeof head, *text;

        memcpy(&head, note, sizeof head);
        if (head.n_namesz > (size_t)(end - name) || head.n_descsz > (size_t)(end - name) ||
            ter_align_up((size_t)head.n_namesz, 4) + ter_align_up((size_t)head.n_descsz, 4) >
                (size_t)(end - name))
            return;
        text = name + ter_align_up((size_t)head.n_namesz, 4);
        note = text + ter_align_up((size_t)head.n_descsz, 4);
        if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
            code->build_id = (const uint8_t *)text;
            code->build_id_bytes = head.n_descsz;
            return;
        }
    }
}

static void read_notes(const struct dl_phdr_info *object, struct ter_os_code *code)
{
    for (unsigned i = 0; i < object->dlpi_phnum && code->build_id_bytes == 0; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        const char *note = (const char *)(object->dlpi_addr + segment->p_vaddr);

        if (segment->p_type == PT_NOTE)
            ter_os_find_build_id(note, segment->p_memsz, code);
    }
}

static int visit_code(struct dl_phdr_info *object, size_t size, void *context)
{
    const struct code_visit *visit = context;
    bool is_named = object->dlpi_name != NULL && object->dlpi_name[0] != '\0';
    struct ter_os_code code = {.bias = object->dlpi_addr,
                               .file = is_named ? object->dlpi_name : visit->program};

    (void)size;
    read_notes(object, &code);
    ter_os_find_loaded(object, &code.loaded, &code.loaded_end);
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0)
            continue;
        code.start = object->dlpi_addr + segment->p_vaddr;
        code.end = code.start + segment->p_memsz;
        code.offset = segment->p_offset;
        visit->visitor(visit->context, &code);
    }
    return 0;
}

void ter_os_for_each_code(ter_os_code_visitor *visitor, void *context)
{
    struct code_visit visit = {.visitor = visitor, .context = context};
    ssize_t length = readlink("/proc/self/exe", visit.program, sizeof visit.program - 1);

    visit.program[length > 0 ? length : 0] = '\0';
    dl_iterate_phdr(visit_code, &visit);
}
