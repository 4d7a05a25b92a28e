/* SPDX-License-Identifier: MIT */
/*
 * What of the process's memory can be read, on Linux.
 *
 * A range is asked of the kernel with one call, which looks at every page as a read would. Where
 * that says no, /proc/self/maps tells which parts there are, and /proc/self/pagemap which of their
 * pages were ever touched. Both may be missing; then ranges are halved until the answers are yes.
 *
 * Invariant: nothing here allocates, takes a lock, is a point where a thread is cancelled, or
 * changes errno: other threads stand still in the middle of anything.
 */
#define _GNU_SOURCE
#include "os/linux_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Headers that are older than the kernel do not have it. */
#define POPULATE_READ 22

/* How far a mapping is followed where only single pages can be asked about. */
#define MOST_PROBED_BYTES TER_MIB(64)

static uintptr_t page_bytes(void)
{
    return (uintptr_t)sysconf(_SC_PAGESIZE);
}

/* ---- One range ---- */

/* Nothing but 0 of both is an answer that can be relied on. */
static bool is_populated(uintptr_t start, size_t bytes)
{
    long answer;

    do
        answer = syscall(SYS_madvise, start, bytes, POPULATE_READ);
    while (answer != 0 && errno == EINTR);
    return answer == 0;
}

/* Sees what is not mapped, not what may not be read. Memcheck takes the question for a use. */
bool ter_os_is_mapped(uintptr_t start, uintptr_t end)
{
    TER_KEEP_ERRNO;
    bool mapped;

    ter_valgrind_errors_off();
    mapped = syscall(SYS_msync, start, end - start, MS_ASYNC) == 0;
    ter_valgrind_errors_on();
    return mapped;
}

/* Old kernels, and those that only pretend to know the call, say the same of every page. */
static bool try_populating(void)
{
    uintptr_t here = ter_align_down(TER_FRAME_ADDRESS(), page_bytes());
    void *closed = mmap(NULL, page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool works;

    if (closed == MAP_FAILED)
        return false;
    works = is_populated(here, page_bytes()) && !is_populated((uintptr_t)closed, page_bytes());
    munmap(closed, page_bytes());
    return works;
}

static bool can_populate(void)
{
    enum { NOT_TRIED, NO, YES };
    static _Atomic int known = NOT_TRIED;

    if (atomic_load_explicit(&known, memory_order_relaxed) == NOT_TRIED)
        atomic_store_explicit(&known, try_populating() ? YES : NO, memory_order_relaxed);
    return atomic_load_explicit(&known, memory_order_relaxed) == YES;
}

bool ter_os_is_readable(uintptr_t start, uintptr_t end)
{
    TER_KEEP_ERRNO;
    size_t bytes;
    bool readable;

    start = ter_align_down(start, page_bytes());
    bytes = ter_align_up(end, page_bytes()) - start;
    readable = can_populate() ? is_populated(start, bytes) : ter_os_is_mapped(start, start + bytes);
    return readable;
}

/* ---- /proc/self/maps ---- */

/* On the stack of whoever collects, which may be small. */
struct maps {
    int file;
    size_t at;
    size_t length;
    char buffer[1024];
};

struct mapping {
    uintptr_t start;
    uintptr_t end;
    bool readable;
    bool untouched_is_zero; /* private and without a file */
    uint32_t origin;        /* of the same file or the same name, or of none */
};

/* The next character; 0 at the end. */
static char maps_next(struct maps *maps)
{
    if (maps->at == maps->length) {
        ssize_t count = ter_pages_read_file(maps->file, maps->buffer, sizeof maps->buffer);

        maps->at = 0;
        maps->length = count > 0 ? (size_t)count : 0;
        if (count <= 0)
            return 0;
    }
    return maps->buffer[maps->at++];
}

/* A hexadecimal number and the character behind it. */
static uintptr_t maps_number(struct maps *maps)
{
    uintptr_t number = 0;

    for (;;) {
        char c = maps_next(maps);

        if (c >= '0' && c <= '9')
            number = number << 4 | (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uintptr_t)(c - 'a' + 10);
        else
            return number;
    }
}

/* "start-end rwxp offset device inode name"; false at the end. */
static bool maps_read(struct maps *maps, struct mapping *mapping)
{
    bool private, file;
    char c;

    mapping->start = maps_number(maps);
    mapping->end = maps_number(maps);
    mapping->readable = maps_next(maps) == 'r';
    (void)maps_next(maps);
    (void)maps_next(maps);
    private = maps_next(maps) == 'p';
    (void)maps_next(maps);
    (void)maps_number(maps);
    mapping->origin = (uint32_t)maps_number(maps);
    mapping->origin = mapping->origin * 31 + (uint32_t)maps_number(maps);
    file = false;
    while ((c = maps_next(maps)) >= '0' && c <= '9') {
        file |= c != '0';
        mapping->origin = mapping->origin * 31 + (uint32_t)(c - '0');
    }
    for (; c != '\n' && c != 0; c = maps_next(maps))
        mapping->origin = c == ' ' ? mapping->origin : mapping->origin * 31 + (unsigned char)c;
    mapping->untouched_is_zero = private && !file;
    return c != 0 && mapping->start < mapping->end;
}

/* Until `visit` has seen enough. False when there is no list. */
static bool for_each_mapping(bool (*visit)(void *context, const struct mapping *mapping),
                             void *context)
{
    struct maps maps = {.file = ter_pages_open_file("/proc/self/maps")};
    struct mapping mapping;
    bool any = false;

    if (maps.file < 0)
        return false;
    while (maps_read(&maps, &mapping)) {
        any = true;
        if (!visit(context, &mapping))
            break;
    }
    ter_pages_close_file(maps.file);
    return any;
}

/* ---- Pages that were touched ---- */

struct readable {
    uintptr_t start;
    uintptr_t end;
    ter_os_range_visitor *visitor;
    void *context;
    size_t bytes; /* that were visited, or need no visit */
};

static void visit_readable_part(const struct readable *readable, uintptr_t start, uintptr_t end)
{
    start = ter_max(start, readable->start);
    end = ter_min(end, readable->end);
    if (start < end)
        readable->visitor(readable->context, start, end);
}

/* One piece of the list; `open`, where a run of touched pages began, or 0. */
static uintptr_t visit_pages(const struct readable *readable, const uint64_t *pages, size_t count,
                             uintptr_t address, uintptr_t open)
{
    for (size_t i = 0; i < count; i++, address += page_bytes()) {
        if (ter_page_was_touched(pages[i])) {
            open = open == 0 ? address : open;
        } else if (open != 0) {
            visit_readable_part(readable, open, address);
            open = 0;
        }
    }
    return open;
}

/* [start, end) are whole pages of one mapping. */
static void visit_touched(const struct readable *readable, uintptr_t start, uintptr_t end)
{
    uint64_t pages[64];
    int file = ter_pages_open();
    uintptr_t open = 0;

    while (file >= 0 && start < end) {
        size_t count = ter_min(TER_ARRAY_LENGTH(pages), (end - start) / page_bytes());

        if (!ter_pages_read(file, start, pages, count))
            break;
        open = visit_pages(readable, pages, count, start, open);
        start += count * page_bytes();
    }
    if (file >= 0)
        ter_pages_close_file(file);
    start = open != 0 ? open : start;
    visit_readable_part(readable, start, end);
}

/* ---- Parts of a range ---- */

static void visit_halves(struct readable *readable, uintptr_t start, uintptr_t end)
{
    uintptr_t middle = ter_align_down(start + (end - start) / 2, page_bytes());

    if (ter_os_is_readable(start, end)) {
        visit_readable_part(readable, start, end);
        readable->bytes += end - start;
    } else if (middle > start) {
        visit_halves(readable, start, middle);
        visit_halves(readable, middle, end);
    }
}

/* A file may be shorter than its mapping. What belongs to a device cannot be asked about. */
static bool is_as_it_says(uintptr_t start, uintptr_t end)
{
    if (!can_populate())
        return true;
    start = ter_align_down(start, page_bytes());
    return is_populated(start, ter_align_up(end, page_bytes()) - start) || errno == EINVAL;
}

static bool visit_mapping(void *context, const struct mapping *mapping)
{
    struct readable *readable = context;
    uintptr_t start = ter_max(mapping->start, readable->start);
    uintptr_t end = ter_min(mapping->end, readable->end);

    if (mapping->start >= readable->end)
        return false;
    if (start >= end || !mapping->readable)
        return true;
    if (!mapping->untouched_is_zero && !is_as_it_says(start, end)) {
        visit_halves(readable, start, end);
        return true;
    }
    if (mapping->untouched_is_zero)
        visit_touched(readable, ter_align_down(start, page_bytes()),
                      ter_align_up(end, page_bytes()));
    else
        visit_readable_part(readable, start, end);
    readable->bytes += end - start;
    return true;
}

size_t ter_os_for_each_readable(uintptr_t start, uintptr_t end, ter_os_range_visitor *visitor,
                                void *context)
{
    struct readable readable = {start, end, visitor, context, 0};
    TER_KEEP_ERRNO;

    if (start < end && !for_each_mapping(visit_mapping, &readable))
        visit_halves(&readable, start, end);
    return readable.bytes;
}

/* ---- The mapping at an address ---- */

struct search {
    uintptr_t address;
    struct mapping found;
    bool has_file; /* the last part of what was found */
};

/* Advice and names split mappings; a program's zeroed data follow those that come from its file. */
static bool continues(const struct search *search, const struct mapping *next)
{
    return search->found.end == next->start && next->readable && search->found.readable &&
           (search->found.origin == next->origin ||
            (search->has_file && next->untouched_is_zero && next->origin == 0));
}

static bool look_for(void *context, const struct mapping *mapping)
{
    struct search *search = context;

    if (continues(search, mapping)) {
        search->found.end = mapping->end;
    } else {
        if (search->address < search->found.end)
            return false;
        search->found = *mapping;
    }
    search->has_file = !mapping->untouched_is_zero;
    return true;
}

/* How far one can go from `from` by pages that can be read, in steps that grow and shrink. */
static uintptr_t probe_pages(uintptr_t from, bool up)
{
    size_t step = page_bytes(), gone = 0;
    bool growing = true;

    while (step >= page_bytes() && gone < MOST_PROBED_BYTES) {
        uintptr_t start = up ? from + gone : from - gone - step;
        bool wraps = up ? start + step < start : start > from;

        if (!wraps && ter_os_is_readable(start, start + step))
            gone += step;
        else
            growing = false;
        step = growing ? step * 2 : step / 2;
    }
    return up ? from + gone : from - gone;
}

bool ter_os_find_mapping(uintptr_t address, uintptr_t *start, uintptr_t *end)
{
    struct search search = {.address = address};
    uintptr_t page = ter_align_down(address, page_bytes());
    TER_KEEP_ERRNO;

    if (for_each_mapping(look_for, &search)) {
        *start = search.found.start;
        *end = search.found.end;
    } else {
        search.found.readable = ter_os_is_readable(page, page + page_bytes());
        *start = probe_pages(page, false);
        *end = probe_pages(page, true);
    }
    return search.found.readable && *start <= address && address < *end;
}
