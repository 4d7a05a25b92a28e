/* SPDX-License-Identifier: MIT */
/*
 * Thread-local data of all threads on Linux with glibc: variables, also of libraries that were
 * loaded late, and values of pthread_setspecific.
 *
 * The loader tells a thread of its own data only. glibc describes its records of threads to
 * debuggers by tables (nptl_db's _thread_db_*, in the C library itself from 2.34 on), which are
 * read here.
 *
 * Invariant: the description is used when what it says of the first thread that asks was compared
 * with what the loader says of it, for every library, and agreed. Otherwise, and with other C
 * libraries, nothing is known here. What a record refers to is read when the system says that it
 * can be: a thread outside the heap may change it meanwhile.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>

/* A program that is linked statically may be without it. */
#pragma weak dlsym

/* As the C library has them: bits of an element, how many there are, where. */
struct field {
    uint32_t bits;
    uint32_t count;
    uint32_t offset;
};

enum state { NOT_ASKED, DESCRIBED, TRUSTED, UNKNOWN };

static struct {
    uint32_t record_bytes;
    uint32_t block_bytes;  /* a block of values of pthread_setspecific that has its own memory */
    struct field vector;   /* in the record: where the vector of modules is */
    struct field element;  /* of that vector */
    struct field length;   /* in the element before the first */
    struct field value;    /* in an element: where the module's data are */
    struct field specific; /* in the record: all blocks of values */
    size_t static_bytes;   /* that every thread has from the start, with the record or besides */
} layout;

static _Atomic int state = NOT_ASKED;

/* ---- The description ---- */

static bool find_symbol(const char *name, void *to, size_t bytes)
{
    const void *symbol = dlsym(RTLD_DEFAULT, name);

    if (symbol != NULL)
        memcpy(to, symbol, bytes);
    return symbol != NULL;
}

static bool find_field(const char *name, struct field *field)
{
    return find_symbol(name, field, sizeof *field);
}

static bool find_static_bytes(void)
{
    void (*function)(size_t * bytes, size_t * alignment);
    size_t alignment;

    *(void **)&function = dlsym(RTLD_DEFAULT, "_dl_get_tls_static_info");
    if (function != NULL)
        function(&layout.static_bytes, &alignment);
    return function != NULL;
}

static bool find_description(void)
{
    const uint32_t word_bits = 8 * sizeof(uintptr_t);

    return &dlsym != NULL &&
           find_symbol("_thread_db_sizeof_pthread", &layout.record_bytes, sizeof(uint32_t)) &&
           find_symbol("_thread_db_sizeof_pthread_key_data_level2", &layout.block_bytes,
                       sizeof(uint32_t)) &&
           find_field("_thread_db_pthread_dtvp", &layout.vector) &&
           find_field("_thread_db_dtv_dtv", &layout.element) &&
           find_field("_thread_db_dtv_t_counter", &layout.length) &&
           find_field("_thread_db_dtv_t_pointer_val", &layout.value) &&
           find_field("_thread_db_pthread_specific", &layout.specific) && find_static_bytes() &&
           layout.vector.bits == word_bits && layout.length.bits == word_bits &&
           layout.value.bits == word_bits && layout.specific.offset < layout.record_bytes &&
           layout.specific.bits / 8 <= layout.record_bytes - layout.specific.offset;
}

void ter_os_learn_thread_data(void)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    int saved_errno = errno;

    if (atomic_load_explicit(&state, memory_order_acquire) != NOT_ASKED)
        return;
    pthread_mutex_lock(&once);
    if (atomic_load_explicit(&state, memory_order_relaxed) == NOT_ASKED)
        atomic_store_explicit(&state, find_description() ? DESCRIBED : UNKNOWN,
                              memory_order_release);
    pthread_mutex_unlock(&once);
    errno = saved_errno;
}

/* ---- A thread's record ---- */

/* Of memory that other threads write. */
static TER_NO_SANITIZE uintptr_t read_record(uintptr_t address)
{
    return *(const volatile uintptr_t *)address;
}

struct area {
    uintptr_t start;
    uintptr_t end;
};

/* What a thread has from the start: its record with variables below or above it, by the machine. */
static struct area area_of(uintptr_t record)
{
    uintptr_t end = record + layout.record_bytes;

    if (layout.vector.offset < layout.record_bytes)
        return (struct area){end - layout.static_bytes, end};
    return (struct area){record, end + layout.static_bytes};
}

static bool is_in(struct area area, uintptr_t address)
{
    return address - area.start < area.end - area.start;
}

/* Where a thread has the data of a module; 0: nowhere yet. */
static uintptr_t data_of(uintptr_t vector, size_t module)
{
    uintptr_t element = layout.element.bits / 8;
    uintptr_t length = read_record(vector - element + layout.length.offset);
    uintptr_t value;

    if (module > length)
        return 0;
    value = read_record(vector + module * element + layout.value.offset);
    return value == UINTPTR_MAX ? 0 : value;
}

static uintptr_t vector_of(uintptr_t record)
{
    return read_record(record + layout.vector.offset);
}

/* ---- Does the description agree with the loader? ---- */

struct comparison {
    uintptr_t vector;
    size_t agree;
    size_t differ;
};

static uintptr_t own_data(const struct dl_phdr_info *object, size_t size)
{
    if (size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof object->dlpi_tls_data ||
        object->dlpi_tls_modid == 0)
        return 0;
    return (uintptr_t)object->dlpi_tls_data;
}

static int compare(struct dl_phdr_info *object, size_t size, void *context)
{
    struct comparison *comparison = context;
    uintptr_t data = own_data(object, size);

    if (data == 0)
        return 0;
    if (data_of(comparison->vector, object->dlpi_tls_modid) == data)
        comparison->agree++;
    else
        comparison->differ++;
    return 0;
}

static bool agrees(uintptr_t record)
{
    struct area area = area_of(record);
    struct comparison comparison = {0};

    if (!is_in(area, (uintptr_t)&errno) || !ter_os_is_readable(area.start, area.end))
        return false;
    comparison.vector = vector_of(record);
    if (!ter_os_is_readable(comparison.vector - 64, comparison.vector + 64))
        return false;
    dl_iterate_phdr(compare, &comparison);
    return comparison.agree != 0 && comparison.differ == 0;
}

void ter_os_check_thread_data(void)
{
    int expected = DESCRIBED;
    int saved_errno = errno;

    if (atomic_load_explicit(&state, memory_order_acquire) == DESCRIBED)
        (void)atomic_compare_exchange_strong(&state, &expected,
                                             agrees((uintptr_t)pthread_self()) ? TRUSTED : UNKNOWN);
    errno = saved_errno;
}

bool ter_os_knows_thread_data(void)
{
    return atomic_load_explicit(&state, memory_order_acquire) == TRUSTED;
}

/* ---- Modules whose data are not among those from the start ---- */

struct late {
    ter_os_module_visitor *visitor;
    void *context;
    struct area own;
};

static int visit_if_late(struct dl_phdr_info *object, size_t size, void *context)
{
    struct late *late = context;

    if (size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof object->dlpi_tls_data ||
        object->dlpi_tls_modid == 0 || is_in(late->own, own_data(object, size)))
        return 0;
    for (unsigned i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_TLS && object->dlpi_phdr[i].p_memsz != 0) {
            struct ter_os_module module = {object->dlpi_tls_modid, object->dlpi_phdr[i].p_memsz};

            late->visitor(late->context, &module);
        }
    return 0;
}

void ter_os_for_each_late_module(ter_os_module_visitor *visitor, void *context)
{
    struct late late = {visitor, context, {0, 0}};

    if (!ter_os_knows_thread_data())
        return;
    late.own = area_of((uintptr_t)pthread_self());
    dl_iterate_phdr(visit_if_late, &late);
}

/* ---- Visits ---- */

static void visit_record_words(uintptr_t start, size_t bytes, ter_os_range_visitor *visitor,
                               void *context)
{
    uintptr_t end = ter_align_down(start + bytes, sizeof(uintptr_t));

    start = ter_align_up(start, sizeof(uintptr_t));
    if (start < end && ter_os_is_readable(start, end))
        visitor(context, start, end);
}

/* The first block lies in the record; keys from 32 on have others. */
static void visit_values(uintptr_t record, ter_os_range_visitor *visitor, void *context)
{
    uintptr_t blocks = record + layout.specific.offset;
    size_t count = layout.specific.bits / 8 / sizeof(uintptr_t);

    for (size_t i = 1; i < count; i++) {
        uintptr_t block = read_record(blocks + i * sizeof(uintptr_t));

        if (block != 0)
            visit_record_words(block, layout.block_bytes, visitor, context);
    }
}

static void visit_modules(uintptr_t record, const struct ter_os_module *modules, size_t count,
                          ter_os_range_visitor *visitor, void *context)
{
    uintptr_t vector = vector_of(record), element = layout.element.bits / 8;
    struct area area = area_of(record);
    size_t last = 0;

    for (size_t i = 0; i < count; i++)
        last = ter_max(last, modules[i].number);
    if (count == 0 || !ter_os_is_readable(vector - element, vector + element))
        return;
    last = ter_min(last, read_record(vector - element + layout.length.offset));
    if (!ter_os_is_readable(vector, vector + (last + 1) * element))
        return;
    for (size_t i = 0; i < count; i++) {
        uintptr_t data = modules[i].number > last ? 0 : data_of(vector, modules[i].number);

        if (data != 0 && !is_in(area, data))
            visit_record_words(data, modules[i].bytes, visitor, context);
    }
}

void ter_os_visit_thread_data(const struct ter_os_thread *thread,
                              const struct ter_os_module *modules, size_t count,
                              ter_os_range_visitor *visitor, void *context)
{
    struct area area = area_of(thread->identity);

    /* A thread that ended without a word has no record any more. */
    if (!ter_os_is_readable(area.start, area.end))
        return;
    visitor(context, ter_align_up(area.start, sizeof(uintptr_t)),
            ter_align_down(area.end, sizeof(uintptr_t)));
    visit_values(thread->identity, visitor, context);
    visit_modules(thread->identity, modules, count, visitor, context);
}
