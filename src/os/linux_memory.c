/* SPDX-License-Identifier: MIT */
/* Memory on Linux. Invariant: an address range is ours exactly when mmap answered with it. */
#define _GNU_SOURCE
#include "os/linux_parked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_VMA_ANON_NAME
#define PR_SET_VMA_ANON_NAME 0
#endif

static ter_status status_of_errno(int error)
{
    return error == ENOMEM || error == EAGAIN ? TER_ERROR_NO_MEMORY : TER_ERROR_SYSTEM;
}

static void unmap(uintptr_t start, size_t bytes)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_RELEASE);

    if (error == 0 && munmap((void *)start, bytes) != 0)
        error = errno;
    if (error == 0)
        return;
    /* A mapping cannot be cut when the process has as many as it may: its memory can go at least.
     */
    (void)madvise((void *)start, bytes, MADV_DONTNEED);
    ter_log(TER_LOG_WARNING,
            "the system does not take back %zu KiB of addresses at %#zx (error %d)", bytes >> 10,
            (size_t)start, error);
}

static void *map_or_fail(uintptr_t hint, size_t bytes, int protection, int flags)
{
    return mmap((void *)hint, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* 0 on success, else errno. The call itself is skipped when a test answers for the system. */
static int map_anonymous(uintptr_t hint, size_t bytes, int protection, int flags, uintptr_t *start)
{
    TER_KEEP_ERRNO;
    void *got = map_or_fail(hint, bytes, protection, flags);

    if (got == MAP_FAILED || (hint != 0 && got != (void *)hint)) {
        ter_os_drop_parked();
        if (got != MAP_FAILED)
            munmap(got, bytes);
        got = map_or_fail(hint, bytes, protection, flags);
    }
    if (got == MAP_FAILED)
        return errno;
    if (got == NULL) {
        /* Seen under sanitizers that refuse a hint: a success at address 0 is of no use. */
        munmap(got, bytes);
        return ENOMEM;
    }
    *start = (uintptr_t)got;
    return 0;
}

/*
 * Cuts an aligned range out of a larger one and gives the rest back. The kernel's own alignment is
 * not counted on: it is that of the true pages, whatever a test says.
 */
static int map_aligned_anywhere(size_t bytes, size_t alignment, uintptr_t *start)
{
    uintptr_t raw = 0, aligned;
    int error;

    if (bytes + alignment < bytes)
        return ENOMEM;
    error = map_anonymous(0, bytes + alignment, PROT_NONE, MAP_NORESERVE, &raw);
    if (error != 0)
        return error;
    aligned = ter_align_up(raw, alignment);
    if (aligned != raw)
        unmap(raw, aligned - raw);
    if (aligned != raw + alignment)
        unmap(aligned + bytes, raw + alignment - aligned);
    *start = aligned;
    return 0;
}

/* Of a reservation: what is asked is in order, so EINVAL is about the place or the size. */
static ter_status status_of_reservation(int error)
{
    return error == ENOMEM || error == EINVAL ? TER_ERROR_NO_ADDRESS_SPACE : status_of_errno(error);
}

/* `call` says what for. */
static int map_at_hint(enum ter_os_call call, uintptr_t hint, size_t bytes, int protection,
                       uintptr_t *start)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(call);

    if (error == 0)
        error = ter_os_injected_placement(&hint, bytes);
    return error != 0 ? error : map_anonymous(hint, bytes, protection, MAP_NORESERVE, start);
}

ter_status ter_os_reserve(uintptr_t hint, size_t bytes, size_t alignment, uintptr_t *start)
{
    uintptr_t got = 0;
    int error;

    TER_CHECK(ter_is_power_of_two(alignment) && bytes > 0);
    if (alignment < ter_os_page_size())
        alignment = ter_os_page_size();
    error = map_at_hint(TER_OS_CALL_RESERVE, hint, bytes, PROT_NONE, &got);
    if (error == 0 && !ter_is_aligned(got, alignment)) {
        unmap(got, bytes);
        error = map_aligned_anywhere(bytes, alignment, &got);
    }
    if (error != 0)
        return status_of_reservation(error);
    *start = got;
    return TER_OK;
}

static void check_pages(uintptr_t start, size_t bytes)
{
    TER_CHECK(ter_is_aligned(start | bytes, ter_os_page_size()));
}

/*
 * 0, or errno; EEXIST when something lies there. A hint, and the answer compared: what
 * MAP_FIXED_NOREPLACE does is not the same under all tools.
 */
static int map_there(enum ter_os_call call, uintptr_t start, size_t bytes, int protection)
{
    uintptr_t got = 0;
    int error;

    TER_CHECK(start != 0 && bytes > 0);
    check_pages(start, bytes);
    if (protection != PROT_NONE && ter_os_unpark(start, bytes, &got))
        return 0;
    error = map_at_hint(call, start, bytes, protection, &got);
    if (error != 0 || got == start)
        return error;
    unmap(got, bytes);
    return EEXIST;
}

ter_status ter_os_reserve_at(uintptr_t start, size_t bytes)
{
    int error = map_there(TER_OS_CALL_RESERVE, start, bytes, PROT_NONE);

    if (error == EEXIST)
        return TER_ERROR_OWNED;
    return error == 0 ? TER_OK : status_of_reservation(error);
}

ter_status ter_os_commit_at(uintptr_t start, size_t bytes)
{
    int error = map_there(TER_OS_CALL_COMMIT, start, bytes, PROT_READ | PROT_WRITE);

    if (error == EEXIST)
        return TER_ERROR_OWNED;
    return error == 0 ? TER_OK : status_of_errno(error);
}

ter_status ter_os_uncommit(uintptr_t start, size_t bytes)
{
    int error = ter_os_injected_error(TER_OS_CALL_DECOMMIT);

    check_pages(start, bytes);
    if (error == 0 && munmap((void *)start, bytes) != 0)
        error = errno;
    return error == 0 ? TER_OK : status_of_errno(error);
}

static ter_status set_access(enum ter_os_call call, uintptr_t start, size_t bytes, int access)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(call);

    check_pages(start, bytes);
    if (error == 0 && mprotect((void *)start, bytes, access) != 0)
        error = errno;
    return error == 0 ? TER_OK : status_of_errno(error);
}

ter_status ter_os_commit(uintptr_t start, size_t bytes)
{
    return set_access(TER_OS_CALL_COMMIT, start, bytes, PROT_READ | PROT_WRITE);
}

static ter_status advise(enum ter_os_call call, uintptr_t start, size_t bytes, int advice)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(call);

    check_pages(start, bytes);
    if (error == 0 && madvise((void *)start, bytes, advice) != 0)
        error = errno;
    return error == 0 ? TER_OK : status_of_errno(error);
}

ter_status ter_os_decommit(uintptr_t start, size_t bytes)
{
    return advise(TER_OS_CALL_DECOMMIT, start, bytes, MADV_DONTNEED);
}

ter_status ter_os_populate(uintptr_t start, size_t bytes)
{
    return advise(TER_OS_CALL_POPULATE, start, bytes, MADV_POPULATE_WRITE);
}

ter_status ter_os_protect(uintptr_t start, size_t bytes)
{
    return set_access(TER_OS_CALL_PROTECT, start, bytes, PROT_NONE);
}

/* A new mapping: where pages were written to, neighbours that were too do not become one. */
ter_status ter_os_forbid(uintptr_t start, size_t bytes)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_PROTECT);

    check_pages(start, bytes);
    if (error == 0 && map_or_fail(start, bytes, PROT_NONE, MAP_NORESERVE | MAP_FIXED) == MAP_FAILED)
        error = errno;
    return error == 0 ? TER_OK : status_of_errno(error);
}

/* The start of what ter_os_allocate gave is not a multiple of pages that a test made larger. */
void ter_os_release(uintptr_t start, size_t bytes)
{
    check_pages(0, bytes);
    unmap(start, bytes);
}

void ter_os_retire(uintptr_t start, size_t bytes)
{
    if (!ter_os_park(start, bytes, false))
        ter_os_release(start, bytes);
}

void ter_os_retire_at(uintptr_t start, size_t bytes)
{
    if (!ter_os_park(start, bytes, true))
        ter_os_release(start, bytes);
}

void ter_os_park_gathered(void)
{
    ter_os_park_what_was_gathered(ter_os_release);
}

ter_status ter_os_allocate(size_t bytes, void **start)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_ALLOCATE);
    uintptr_t got = 0;

    check_pages(0, bytes);
    if (error == 0 && !ter_os_unpark(0, bytes, &got))
        error = map_anonymous(0, bytes, PROT_READ | PROT_WRITE, MAP_NORESERVE, &got);
    if (error != 0)
        return status_of_errno(error);
    *start = (void *)got;
    return TER_OK;
}

ter_status ter_os_allocate_named(size_t bytes, const char *name, void **start)
{
    ter_status status = ter_os_allocate(bytes, start);

    if (status == TER_OK)
        ter_os_name((uintptr_t)*start, bytes, name);
    return status;
}

ter_status ter_os_allocate_sparse(size_t bytes, const char *name, void **start)
{
    TER_KEEP_ERRNO;
    ter_status status = ter_os_allocate_named(bytes, name, start);

    /* A kernel that knows no huge pages refuses, which is as good. */
    if (status == TER_OK)
        (void)madvise(*start, bytes, MADV_NOHUGEPAGE);
    return status;
}

static ter_status remap(void **start, size_t old_bytes, size_t new_bytes)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_REALLOCATE);
    void *got = MAP_FAILED;

    check_pages(0, old_bytes | new_bytes);
    if (error == 0) {
        got = mremap(*start, old_bytes, new_bytes, MREMAP_MAYMOVE);
        error = got == MAP_FAILED ? errno : 0;
    }
    if (error != 0)
        return status_of_errno(error);
    *start = got;
    return TER_OK;
}

ter_status ter_os_reallocate(void **start, size_t old_bytes, size_t new_bytes)
{
    return old_bytes == 0 ? ter_os_allocate(new_bytes, start) : remap(start, old_bytes, new_bytes);
}

void ter_os_want_huge_pages(uintptr_t start, size_t bytes)
{
    TER_KEEP_ERRNO;
    /* A wish: kernels without them refuse. */
    (void)madvise((void *)start, bytes, MADV_HUGEPAGE);
}

void ter_os_name(uintptr_t start, size_t bytes, const char *name)
{
    static _Atomic bool refused;
    TER_KEEP_ERRNO;

    /* Kernels without CONFIG_ANON_VMA_NAME refuse; a name is a convenience. */
    if (!atomic_load_explicit(&refused, memory_order_relaxed) &&
        prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, start, bytes, name) != 0 && errno == EINVAL)
        atomic_store_explicit(&refused, true, memory_order_relaxed);
}

size_t ter_os_page_size(void)
{
    static _Atomic size_t page_size;
    size_t size = ter_os_injected_page_size();

    if (size != 0)
        return size;
    size = atomic_load_explicit(&page_size, memory_order_relaxed);
    if (size == 0) {
        size = (size_t)sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&page_size, size, memory_order_relaxed);
    }
    return size;
}

/*
 * The kernel puts stacks at the top of what it gives on its own: below 2^47 on x86-64, whatever the
 * processor could do. An emulator may put them lower than memory, so not below what is usual.
 */
unsigned ter_os_address_bits(void)
{
    unsigned all = (unsigned)sizeof(uintptr_t) * 8;
    unsigned stack = ter_log2(TER_FRAME_ADDRESS()) + 1;

    if (all <= 32)
        return all;
    return stack < 47 ? 47 : stack;
}

/* A number of /proc/self/statm, from 0, which counts pages, in bytes; 0 if unknown. */
static size_t read_statm(unsigned column)
{
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    size_t pages = 0;
    char text[64];
    ssize_t count;

    if (file < 0)
        return 0;
    count = read(file, text, sizeof text);
    close(file);
    for (ssize_t i = 0; i < count && (column > 0 || text[i] != ' '); i++)
        if (text[i] == ' ')
            column--;
        else if (column == 0)
            pages = pages * 10 + (size_t)(text[i] - '0');
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t ter_os_address_space_left(void)
{
    TER_KEEP_ERRNO;
    struct rlimit limit;
    struct ter_os_cancel before;
    size_t mapped;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur >= SIZE_MAX)
        return SIZE_MAX;
    before = ter_os_cancel_off();
    mapped = read_statm(0);
    ter_os_cancel_back(before);
    return mapped < limit.rlim_cur ? (size_t)limit.rlim_cur - mapped : 0;
}

size_t ter_os_peak_resident(void)
{
    TER_KEEP_ERRNO;
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (size_t)usage.ru_maxrss * 1024;
}

size_t ter_os_resident(void)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before = ter_os_cancel_off();
    size_t bytes = read_statm(1);

    ter_os_cancel_back(before);
    return bytes;
}
