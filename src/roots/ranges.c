/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

/* ---- Lists ---- */

/* An array with room for one more element. */
static ter_status array_grow(void **array, size_t count, size_t *capacity, size_t element_bytes)
{
    size_t old_bytes = *capacity * element_bytes;
    size_t bytes = *capacity == 0 ? ter_os_page_size() : old_bytes * 2;
    ter_status status;

    if (count < *capacity)
        return TER_OK;
    status = ter_os_reallocate(array, old_bytes, bytes);
    if (status == TER_OK)
        *capacity = bytes / element_bytes;
    return status;
}

static void array_release(void *array, size_t capacity, size_t element_bytes)
{
    if (capacity != 0)
        ter_os_release((uintptr_t)array, capacity * element_bytes);
}

static ter_status list_append(struct ter_root_list *list, uintptr_t start, uintptr_t end)
{
    void *memory = list->ranges;
    ter_status status;

    if (start >= end)
        return TER_OK;
    status = array_grow(&memory, list->count, &list->capacity, sizeof list->ranges[0]);
    if (status != TER_OK)
        return status;
    list->ranges = memory;
    list->ranges[list->count++] = (struct ter_root_range){start, end};
    return TER_OK;
}

static void list_delete(struct ter_root_list *list, size_t index)
{
    list->ranges[index] = list->ranges[--list->count];
}

static void list_fini(struct ter_root_list *list)
{
    array_release(list->ranges, list->capacity, sizeof list->ranges[0]);
    *list = (struct ter_root_list){0};
}

static ter_status modules_append(struct ter_module_list *list, const struct ter_os_module *module)
{
    void *memory = list->modules;
    ter_status status = array_grow(&memory, list->count, &list->capacity, sizeof list->modules[0]);

    if (status != TER_OK)
        return status;
    list->modules = memory;
    list->modules[list->count++] = *module;
    return TER_OK;
}

static void modules_fini(struct ter_module_list *list)
{
    array_release(list->modules, list->capacity, sizeof list->modules[0]);
    *list = (struct ter_module_list){0};
}

/* ---- Life ---- */

void ter_roots_init(struct ter_roots *roots, bool scan_program, bool scan_libraries)
{
    *roots = (struct ter_roots){
        .scan_program = scan_program, .scan_libraries = scan_libraries, .exact.tags.references = 1};
}

void ter_roots_fini(struct ter_roots *roots)
{
    list_fini(&roots->added);
    list_fini(&roots->excluded);
    list_fini(&roots->segments);
    ter_slot_ranges_fini(&roots->exact.slots);
    modules_fini(&roots->modules);
}

/* ---- Ranges of the embedder ---- */

/* Of memory that came anew. */
static void forget_said(struct ter_roots *roots, uintptr_t start, uintptr_t end)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < roots->said_count; i++)
        if (roots->said[i].end <= start || end <= roots->said[i].start)
            roots->said[kept++] = roots->said[i];
    roots->said_count = kept;
}

ter_status ter_roots_add(struct ter_roots *roots, uintptr_t start, uintptr_t end)
{
    forget_said(roots, start, end);
    for (size_t i = 0; i < roots->added.count; i++) {
        struct ter_root_range *range = &roots->added.ranges[i];

        if (range->start <= start && end <= range->end)
            return TER_OK;
        if (range->start == start && end > range->end) {
            range->end = end;
            return TER_OK;
        }
    }
    return list_append(&roots->added, start, end);
}

ter_status ter_roots_remove(struct ter_roots *roots, uintptr_t start, uintptr_t end)
{
    size_t i = 0;

    while (i < roots->added.count) {
        struct ter_root_range range = roots->added.ranges[i];
        ter_status status;

        if (range.end <= start || end <= range.start) {
            i++;
            continue;
        }
        /* The part above first: it is the one that may need memory. */
        status = range.start < start ? list_append(&roots->added, end, range.end) : TER_OK;
        if (status != TER_OK)
            return status;
        if (range.start < start)
            roots->added.ranges[i++].end = start;
        else if (end < range.end)
            roots->added.ranges[i++].start = end;
        else
            list_delete(&roots->added, i);
    }
    return TER_OK;
}

void ter_roots_clear(struct ter_roots *roots)
{
    roots->added.count = 0;
    roots->scan_program = false;
    roots->segments_known = false;
}

ter_status ter_roots_exclude(struct ter_roots *roots, uintptr_t start, uintptr_t end)
{
    roots->segments_known = false;
    return list_append(&roots->excluded, start, end);
}

void ter_roots_clear_excluded(struct ter_roots *roots)
{
    roots->segments_known = false;
    roots->excluded.count = 0;
}

void ter_roots_set_filter(struct ter_roots *roots, ter_root_filter *filter)
{
    roots->segments_known = false;
    roots->filter = filter;
}

/* ---- Data segments ---- */

struct refresh {
    struct ter_roots *roots;
    ter_status status;
};

/* Appends what no excluded range covers, cutting at one range after another. */
static ter_status append_cut(struct ter_roots *roots, uintptr_t start, uintptr_t end,
                             size_t excluded)
{
    for (size_t i = excluded; i < roots->excluded.count; i++) {
        const struct ter_root_range *hole = &roots->excluded.ranges[i];
        ter_status status;

        if (hole->end <= start || end <= hole->start)
            continue;
        status = hole->start > start ? append_cut(roots, start, hole->start, i + 1) : TER_OK;
        if (status != TER_OK || hole->end >= end)
            return status;
        start = hole->end;
    }
    return list_append(&roots->segments, start, end);
}

static bool is_wanted(const struct ter_roots *roots, const struct ter_os_segment *segment)
{
    if (!(segment->is_program ? roots->scan_program : roots->scan_libraries))
        return false;
    return roots->filter == NULL || roots->filter(segment->library, (void *)segment->start,
                                                  segment->end - segment->start) != 0;
}

static void add_segment(void *context, const struct ter_os_segment *segment)
{
    struct refresh *refresh = context;

    if (refresh->status == TER_OK && is_wanted(refresh->roots, segment))
        refresh->status =
            append_cut(refresh->roots, ter_align_up(segment->start, sizeof(uintptr_t)),
                       ter_align_down(segment->end, sizeof(uintptr_t)), 0);
}

static void add_module(void *context, const struct ter_os_module *module)
{
    struct refresh *refresh = context;

    if (refresh->status == TER_OK)
        refresh->status = modules_append(&refresh->roots->modules, module);
}

ter_status ter_roots_refresh(struct ter_roots *roots)
{
    struct refresh refresh = {roots, TER_OK};
    uint64_t version = ter_os_data_segments_version();

    if (roots->segments_known && roots->segments_version == version)
        return TER_OK;
    roots->segments.count = 0;
    roots->modules.count = 0;
    ter_os_for_each_data_segment(add_segment, &refresh);
    ter_os_for_each_late_module(add_module, &refresh);
    roots->segments_known = refresh.status == TER_OK;
    roots->segments_version = version;
    return refresh.status;
}

/* ---- For the collector ---- */

/* True when it is to be said. */
static bool note_said(struct ter_roots *roots, uintptr_t start, uintptr_t end)
{
    for (unsigned i = 0; i < roots->said_count; i++)
        if (roots->said[i].start == start && roots->said[i].end == end)
            return false;
    if (roots->said_count == TER_MOST_SAID)
        return false;
    roots->said[roots->said_count++] = (struct ter_root_range){start, end};
    return true;
}

static TER_COLD void visit_rest(struct ter_roots *roots, uintptr_t start, uintptr_t end,
                                ter_root_visitor *visitor, void *context)
{
    size_t bytes = ter_os_for_each_readable(start, end, visitor, context);

    if (bytes < end - start && note_said(roots, start, end))
        ter_log(TER_LOG_WARNING, "roots at %#zx: %zu of %zu bytes cannot be read and are skipped",
                (size_t)start, (size_t)(end - start) - bytes, (size_t)(end - start));
}

static bool is_readable(struct ter_roots *roots, uintptr_t start, uintptr_t end)
{
    if (roots->readable.start <= start && end <= roots->readable.end)
        return true;
    if (!ter_os_is_readable(start, end))
        return false;
    roots->readable.start = ter_align_down(start, TER_BYTES_IN_PAGE);
    roots->readable.end = ter_align_up(end, TER_BYTES_IN_PAGE);
    return true;
}

void ter_roots_visit_range(struct ter_roots *roots, uintptr_t start, uintptr_t end,
                           ter_root_visitor *visitor, void *context)
{
    if (TER_LIKELY(is_readable(roots, start, end)))
        visitor(context, start, end);
    else
        visit_rest(roots, start, end, visitor, context);
}

static void list_visit(struct ter_roots *roots, const struct ter_root_list *list,
                       ter_root_visitor *visitor, void *context)
{
    for (size_t i = 0; i < list->count; i++)
        ter_roots_visit_range(roots, list->ranges[i].start, list->ranges[i].end, visitor, context);
}

void ter_roots_visit(struct ter_roots *roots, ter_root_visitor *visitor, void *context)
{
    roots->readable = (struct ter_root_range){0};
    list_visit(roots, &roots->segments, visitor, context);
    list_visit(roots, &roots->added, visitor, context);
}

static size_t list_sum(const struct ter_root_list *list)
{
    size_t bytes = 0;

    for (size_t i = 0; i < list->count; i++)
        bytes += list->ranges[i].end - list->ranges[i].start;
    return bytes;
}

size_t ter_roots_bytes(const struct ter_roots *roots)
{
    return list_sum(&roots->segments) + list_sum(&roots->added);
}
