/* SPDX-License-Identifier: MIT */
/*
 * Writable static data on Linux, from the loader's own list (dl_iterate_phdr).
 *
 * Invariant: what is visited is mapped while the loader's lock is held. A callback has it: in glibc
 * dlclose unmaps under the same lock; in musl, where callbacks run without one, it never unmaps.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <link.h>

struct segment_visit {
    ter_os_segment_visitor *visitor;
    void *context;
    size_t objects;  /* begun */
    bool is_program; /* of the object being visited */
    const char *library;
};

static const char own_marker = 0;

static bool segment_holds(const struct dl_phdr_info *object, const ElfW(Phdr) *segment,
                          uintptr_t address)
{
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;

    return address - start < segment->p_memsz;
}

/* glibc's list names everything but the program. Others name it too, and have it first. */
static bool is_program(const struct segment_visit *visit, const struct dl_phdr_info *object)
{
#ifdef __GLIBC__
    (void)visit;
    return object->dlpi_name == NULL || object->dlpi_name[0] == '\0';
#else
    (void)object;
    return visit->objects == 1;
#endif
}

static bool is_own_library(const struct dl_phdr_info *object)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_LOAD &&
            segment_holds(object, &object->dlpi_phdr[i], (uintptr_t)&own_marker))
            return true;
    return false;
}

/* False for what is left out. The program itself never is, even when this library is part of it. */
static bool begin_object(struct segment_visit *visit, const struct dl_phdr_info *object)
{
    visit->objects++;
    visit->is_program = is_program(visit, object);
    visit->library = visit->is_program ? "" : object->dlpi_name;
    return visit->is_program || !is_own_library(object);
}

static const ElfW(Phdr) *find_relro(const struct dl_phdr_info *object)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_GNU_RELRO)
            return &object->dlpi_phdr[i];
    return NULL;
}

static void visit_range(const struct segment_visit *visit, uintptr_t start, uintptr_t end)
{
    struct ter_os_segment segment = {start, end, visit->is_program, visit->library};

    if (start < end)
        visit->visitor(visit->context, &segment);
}

/* Only whole pages become read-only; the loader rounds the end of the region down. */
static void visit_segment(const struct segment_visit *visit, const struct dl_phdr_info *object,
                          const ElfW(Phdr) *segment, const ElfW(Phdr) *relro)
{
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    uintptr_t end = start + segment->p_memsz;
    uintptr_t relro_start, relro_end;

    if (relro == NULL || !segment_holds(object, segment, object->dlpi_addr + relro->p_vaddr)) {
        visit_range(visit, start, end);
        return;
    }
    relro_start = object->dlpi_addr + relro->p_vaddr;
    relro_end = ter_align_down(relro_start + relro->p_memsz, ter_os_page_size());
    visit_range(visit, start, relro_start);
    visit_range(visit, ter_max(start, ter_min(relro_end, end)), end);
}

static int visit_object(struct dl_phdr_info *object, size_t size, void *context)
{
    struct segment_visit *visit = context;
    const ElfW(Phdr) *relro = find_relro(object);

    (void)size;
    if (!begin_object(visit, object))
        return 0;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) != 0)
            visit_segment(visit, object, segment, relro);
    }
    return 0;
}

void ter_os_for_each_data_segment(ter_os_segment_visitor *visitor, void *context)
{
    struct segment_visit visit = {.visitor = visitor, .context = context};

    dl_iterate_phdr(visit_object, &visit);
}

struct hold {
    void (*function)(void *context);
    void *context;
    bool done;
};

static int call_once(struct dl_phdr_info *object, size_t size, void *context)
{
    struct hold *hold = context;

    (void)object, (void)size;
    hold->done = true;
    hold->function(hold->context);
    return 1;
}

void ter_os_hold_libraries(void (*function)(void *context), void *context)
{
    struct hold hold = {function, context, false};

    dl_iterate_phdr(call_once, &hold);
    if (!hold.done)
        function(context);
}

static int read_version(struct dl_phdr_info *object, size_t size, void *context)
{
    uint64_t *version = context;

    if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof object->dlpi_subs)
        *version = object->dlpi_adds + object->dlpi_subs;
    return 1;
}

uint64_t ter_os_data_segments_version(void)
{
    static uint64_t calls; /* protected by the heap lock of the caller */
    uint64_t version = UINT64_MAX;

    dl_iterate_phdr(read_version, &version);
    /* A C library that does not count: every question gets a new answer. */
    return version == UINT64_MAX ? --calls : version;
}

static int visit_tls(struct dl_phdr_info *object, size_t size, void *context)
{
    struct segment_visit *visit = context;

    if (!begin_object(visit, object) ||
        size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof object->dlpi_tls_data ||
        object->dlpi_tls_data == NULL)
        return 0;
    for (unsigned i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_TLS) {
            uintptr_t start = (uintptr_t)object->dlpi_tls_data;

            visit_range(visit, start, start + object->dlpi_phdr[i].p_memsz);
        }
    return 0;
}

void ter_os_for_each_tls_block(ter_os_segment_visitor *visitor, void *context)
{
    struct segment_visit visit = {.visitor = visitor, .context = context};

    dl_iterate_phdr(visit_tls, &visit);
}
