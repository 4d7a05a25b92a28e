/* SPDX-License-Identifier: MIT */
/* Random seeds, faults, mappings. Invariant: nothing here is used by two threads at once. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- Random tests ---- */

struct ter_random test_random(void)
{
    const char *text = getenv("TERRIER_TEST_SEED");
    struct timespec now;
    struct ter_random random;

    clock_gettime(CLOCK_REALTIME, &now);
    random.state = ((uint64_t)now.tv_sec << 20) ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 40;
    if (text != NULL)
        random.state = strtoull(text, NULL, 0);
    print_message("TERRIER_TEST_SEED=%llu\n", (unsigned long long)random.state);
    return random;
}

static bool is_thorough(void)
{
    const char *text = getenv("TERRIER_THOROUGH");

    /* That is for the machine at hand. */
    return !test_is_emulated() && text != NULL && strcmp(text, "1") == 0;
}

/* By how much a slow way of running makes the work smaller. */
static uint64_t check_divisor(void)
{
    const char *text = getenv("CHECK_DIVISOR");

    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

unsigned test_iterations(unsigned count)
{
    bool is_slow = check_divisor() > 20; /* ThreadSanitizer */

    return is_thorough() ? count * (is_slow ? 4 : 20) : count;
}

uint64_t test_count(uint64_t usual, uint64_t thorough)
{
    uint64_t divisor = check_divisor();
    uint64_t count = is_thorough() ? thorough : usual;

    return divisor > 1 ? count / divisor + 1 : count;
}

unsigned test_count_not_below(unsigned usual, unsigned least)
{
    unsigned count = (unsigned)test_count(usual, usual);

    return count > least ? count : least;
}

/* ---- Emulators ---- */

bool test_is_emulated(void)
{
    return getenv("TERRIER_TEST_EMULATED") != NULL;
}

/* ---- Faults ---- */

/* Helpers of a collector may ask too. */
static struct {
    unsigned calls;
    int error;
    uint64_t first, count;
    _Atomic uint64_t seen, failed;
} fault = {.error = ENOMEM};

static int answer(enum ter_os_call call)
{
    uint64_t number;

    if ((fault.calls & (1u << call)) == 0)
        return 0;
    number = atomic_fetch_add(&fault.seen, 1);
    if (number < fault.first || number - fault.first >= fault.count)
        return 0;
    atomic_fetch_add(&fault.failed, 1);
    return fault.error;
}

void test_fail_calls(unsigned calls, uint64_t first, uint64_t count)
{
    fault.calls = calls;
    fault.first = first;
    fault.count = count;
    fault.seen = 0;
    fault.failed = 0;
    ter_os_set_fault(answer);
}

void test_fail_with(int error)
{
    fault.error = error;
}

uint64_t test_stop_failing(uint64_t *failed)
{
    ter_os_set_fault(NULL);
    if (failed != NULL)
        *failed = fault.failed;
    return fault.seen;
}

/* ---- The log ---- */

static FILE *log_lines;

void test_log_begin(void)
{
    log_lines = tmpfile();
    assert_non_null(log_lines);
    ter_log_set_file(fileno(log_lines));
}

size_t test_log_end(const char *part)
{
    char line[1024];
    size_t count = 0;

    ter_log_set_file(STDERR_FILENO);
    rewind(log_lines);
    for (; fgets(line, sizeof line, log_lines) != NULL; count++)
        if (strstr(line, part) == NULL)
            fail_msg("the log says \"%s\", without \"%s\"", line, part);
    fclose(log_lines);
    return count;
}

/* ---- Mappings ---- */

/* Reads by read(2) into static memory: the reading itself must map nothing. */
static const char *read_mappings(void)
{
    static char text[1 << 20];
    size_t used = 0;
    ssize_t count;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

    assert_true(file >= 0);
    while ((count = read(file, text + used, sizeof text - used - 1)) > 0)
        used += (size_t)count;
    assert_true(count == 0 && used < sizeof text - 1);
    close(file);
    text[used] = '\0';
    return text;
}

size_t test_count_mappings(const char *part)
{
    const char *line = read_mappings();
    size_t found = 0;

    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        const char *at = strstr(line, part);

        found += at != NULL && at + strlen(part) <= line + length;
        line += length;
        line += *line == '\n';
    }
    return found;
}

/* The list of an emulator of 32 bits lacks what has no access. A place that is taken is not given.
 */
static bool is_given(uintptr_t start, size_t bytes)
{
    void *got =
        mmap((void *)start, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (got == MAP_FAILED)
        return false;
    munmap(got, bytes);
    return (uintptr_t)got == start;
}

bool test_is_mapped(uintptr_t start, size_t bytes)
{
    const size_t page = ter_os_page_size();
    const char *line = read_mappings();

    if (test_is_emulated())
        return !is_given(ter_align_down(start, page),
                         ter_align_up(start + bytes, page) - ter_align_down(start, page));
    while (*line != '\0') {
        char *next;
        uintptr_t low = (uintptr_t)strtoull(line, &next, 16);
        uintptr_t high = (uintptr_t)strtoull(next + 1, NULL, 16);

        if (low < start + bytes && start < high)
            return true;
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return false;
}

/* ---- Conservative scanning ---- */

/* No other variable, so that the array reaches up to the caller's frame. */
TER_NO_SANITIZE TER_NOINLINE void test_clear_stack_by_call(void)
{
    unsigned char bytes[32768];

    memset(bytes, 0, sizeof bytes);
    __asm__ volatile("" ::"r"(bytes) : "memory");
}
