/* SPDX-License-Identifier: MIT */
/*
 * The memory limits of the process's control group, of version 2 of the kernel's interface.
 *
 * Invariant: whatever the files hold, nothing is believed but a number, or "max", with an end of
 * line behind it; what is missing or anything else sets no limit. Nothing here allocates, is a
 * point where a thread is cancelled, or changes errno. Where the hierarchy is mounted is looked up
 * once, which group the process is in every time: it may be moved.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Above the mount point, and the number of ancestors looked at. */
#define MOST_LEVELS 32u

static const char *_Atomic injected_root;

void ter_os_set_cgroup_root(const char *root)
{
    atomic_store_explicit(&injected_root, root, memory_order_release);
}

bool ter_os_is_cgroup_injected(void)
{
    return atomic_load_explicit(&injected_root, memory_order_acquire) != NULL;
}

/* ---- Files ---- */

/* -1: there is none. */
static int open_in_root(const char *path)
{
    const char *root = atomic_load_explicit(&injected_root, memory_order_acquire);
    char name[2 * TER_OS_CGROUP_PATH];
    int length = snprintf(name, sizeof name, "%s%s", root == NULL ? "" : root, path);

    if (length < 0 || (size_t)length >= sizeof name)
        return -1;
    return open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

struct line_reader {
    int file;
    size_t next, filled;
    char buffer[512];
};

static int next_byte(struct line_reader *reader)
{
    ssize_t got;

    if (reader->next == reader->filled) {
        do
            got = read(reader->file, reader->buffer, sizeof reader->buffer);
        while (got < 0 && errno == EINTR);
        if (got <= 0)
            return -1;
        reader->next = 0;
        reader->filled = (size_t)got;
    }
    return (unsigned char)reader->buffer[reader->next++];
}

/* The next line without its end; one that is too long, or has a zero, reads as empty. */
static bool read_line(struct line_reader *reader, char *line, size_t size)
{
    size_t length = 0;
    bool good = true;
    int byte = next_byte(reader);

    if (byte < 0)
        return false;
    for (; byte >= 0 && byte != '\n'; byte = next_byte(reader)) {
        good = good && byte != 0 && length + 1 < size;
        if (good)
            line[length++] = (char)byte;
    }
    line[good ? length : 0] = '\0';
    return true;
}

/* ---- Where the group is ---- */

/* The next field of a line, cut off; NULL: there is none. */
static char *take_field(char **line)
{
    char *field = *line, *end;

    if (field == NULL || *field == '\0')
        return NULL;
    end = strchr(field, ' ');
    if (end != NULL)
        *end++ = '\0';
    *line = end;
    return field;
}

static bool is_octal(const char *digits)
{
    for (unsigned i = 0; i < 3; i++)
        if (digits[i] < '0' || digits[i] > '7')
            return false;
    return true;
}

/* The kernel writes a space as \040. */
static void decode_octal(char *text)
{
    char *to = text;

    while (*text != '\0') {
        if (*text == '\\' && is_octal(text + 1)) {
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 4;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

/*
 * A line of mountinfo: number, parent, device, root, mount point, options, any number of others, a
 * dash, and what is mounted.
 */
static bool is_cgroup_mount(char *line, struct ter_os_cgroup *group)
{
    const char *field = "";
    char *root = NULL, *mount = NULL;

    for (unsigned i = 0; i < 5 && field != NULL; i++) {
        root = mount;
        field = mount = take_field(&line);
    }
    while (field != NULL && strcmp(field, "-") != 0)
        field = take_field(&line);
    if (field == NULL || (field = take_field(&line)) == NULL || strcmp(field, "cgroup2") != 0)
        return false;
    decode_octal(root);
    decode_octal(mount);
    snprintf(group->root, sizeof group->root, "%s", strcmp(root, "/") == 0 ? "" : root);
    snprintf(group->mount, sizeof group->mount, "%s", mount);
    return true;
}

static bool find_mount(struct ter_os_cgroup *group)
{
    struct line_reader reader = {.file = open_in_root("/proc/self/mountinfo")};
    char line[TER_OS_CGROUP_PATH];

    group->mount[0] = '\0';
    /* For want of descriptors, say: the next time it may be read. */
    if (reader.file < 0)
        return false;
    group->looked = true;
    while (group->mount[0] == '\0' && read_line(&reader, line, sizeof line))
        (void)is_cgroup_mount(line, group);
    close(reader.file);
    return group->mount[0] != '\0';
}

/* Is ".." one of its names? As in a group that lies outside of the process's own namespace. */
static bool goes_up(const char *path)
{
    for (const char *name = strchr(path, '/'); name != NULL; name = strchr(name + 1, '/'))
        if (strncmp(name, "/..", 3) == 0 && (name[3] == '/' || name[3] == '\0'))
            return true;
    return false;
}

/* What comes behind the mount point: without what is mounted there, if it begins with that. */
static const char *path_in_mount(const struct ter_os_cgroup *group, const char *path)
{
    size_t length = strlen(group->root);

    if (strncmp(path, group->root, length) == 0 && (path[length] == '/' || path[length] == '\0'))
        path += length;
    else
        path = "";
    return goes_up(path) || strcmp(path, "/") == 0 ? "" : path;
}

/* The folder of the process's group; false: there is none of version 2. */
static bool find_group(const struct ter_os_cgroup *group, char *path, size_t size)
{
    struct line_reader reader = {.file = open_in_root("/proc/self/cgroup")};
    char line[TER_OS_CGROUP_PATH];
    bool found = false;
    int length = 0;

    if (reader.file < 0)
        return false;
    while (!found && read_line(&reader, line, sizeof line))
        found = strncmp(line, "0::/", 4) == 0;
    close(reader.file);
    if (found)
        length = snprintf(path, size, "%s%s", group->mount, path_in_mount(group, line + 3));
    return found && length > 0 && (size_t)length < size;
}

/* ---- What it says ---- */

static bool first_line(const char *folder, const char *file, char *line, size_t size)
{
    struct line_reader reader = {0};
    char path[TER_OS_CGROUP_PATH];
    int length = snprintf(path, sizeof path, "%s/%s", folder, file);
    bool found;

    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    reader.file = open_in_root(path);
    if (reader.file < 0)
        return false;
    found = read_line(&reader, line, size);
    close(reader.file);
    return found;
}

/* Digits alone: no sign, no unit. */
static bool read_digits(const char *text, uint64_t *number)
{
    uint64_t value = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *number = value;
    return true;
}

/* UINT64_MAX: none. */
static uint64_t limit_in(const char *folder, const char *file)
{
    char line[32];
    uint64_t number;

    return first_line(folder, file, line, sizeof line) && read_digits(line, &number) ? number
                                                                                     : UINT64_MAX;
}

static bool is_either(const char *name, const char *first, const char *second)
{
    return strcmp(name, first) == 0 || strcmp(name, second) == 0;
}

/*
 * Of files, and as on the disk: the kernel takes these pages before it throttles or kills. Others
 * have to be written first.
 */
static uint64_t reclaimable_in(const char *folder)
{
    struct line_reader reader = {0};
    char path[TER_OS_CGROUP_PATH], line[128];
    uint64_t sum = 0, unwritten = 0, number;

    if ((size_t)snprintf(path, sizeof path, "%s/memory.stat", folder) >= sizeof path)
        return 0;
    reader.file = open_in_root(path);
    if (reader.file < 0)
        return 0;
    while (read_line(&reader, line, sizeof line)) {
        char *value = strchr(line, ' ');

        if (value == NULL)
            continue;
        *value++ = '\0';
        if (!read_digits(value, &number))
            continue;
        if (is_either(line, "inactive_file", "active_file") && number <= UINT64_MAX - sum)
            sum += number;
        if (is_either(line, "file_dirty", "file_writeback") && number <= UINT64_MAX - unwritten)
            unwritten += number;
    }
    close(reader.file);
    return sum - (unwritten < sum ? unwritten : sum);
}

/* "some avg10=1.23 avg60=...": the 123, of 10,000; 0 where there is no such line. */
static unsigned pressure_in(const char *folder)
{
    static const char key[] = "some avg10=";
    char line[128];
    const char *text = line + sizeof key - 1;
    unsigned value = 0;

    if (!first_line(folder, "memory.pressure", line, sizeof line) ||
        strncmp(line, key, sizeof key - 1) != 0 || *text < '0' || *text > '9')
        return 0;
    for (; *text >= '0' && *text <= '9' && value <= 100; text++)
        value = value * 10 + (unsigned)(*text - '0');
    if (value > 100 || text[0] != '.' || text[1] < '0' || text[1] > '9' || text[2] < '0' ||
        text[2] > '9')
        return 0;
    return value * 100 + (unsigned)(text[1] - '0') * 10 + (unsigned)(text[2] - '0');
}

/* Room below the limit less a tenth of it; less than nothing when that is used up. */
static int64_t left_below(uint64_t limit, uint64_t used)
{
    uint64_t wanted = limit - limit / 10;

    if (used > wanted)
        return used - wanted > INT64_MAX ? INT64_MIN : -(int64_t)(used - wanted);
    return wanted - used > INT64_MAX ? INT64_MAX : (int64_t)(wanted - used);
}

static void add_level(const char *folder, struct ter_os_cgroup_memory *memory)
{
    uint64_t high = limit_in(folder, "memory.high"), max = limit_in(folder, "memory.max");
    uint64_t limit = high < max ? high : max, used, reclaimable;
    unsigned pressure;
    int64_t left;

    if (limit == UINT64_MAX)
        return;
    used = limit_in(folder, "memory.current");
    if (used == UINT64_MAX)
        return;
    reclaimable = reclaimable_in(folder);
    left = left_below(limit, used > reclaimable ? used - reclaimable : 0);
    pressure = pressure_in(folder);
    if (!memory->limited || left < memory->left_bytes) {
        memory->limit_bytes = limit;
        memory->left_bytes = left;
    }
    if (pressure > memory->pressure)
        memory->pressure = pressure;
    memory->limited = true;
}

static void read_levels(struct ter_os_cgroup *group, struct ter_os_cgroup_memory *memory)
{
    char folder[2 * TER_OS_CGROUP_PATH];
    size_t least = strlen(group->mount);

    if (!find_group(group, folder, sizeof folder))
        return;
    for (unsigned level = 0; level < MOST_LEVELS; level++) {
        char *slash = strrchr(folder, '/');

        add_level(folder, memory);
        if (strlen(folder) <= least || slash == NULL)
            break;
        *slash = '\0';
    }
}

void ter_os_read_cgroup(struct ter_os_cgroup *group, struct ter_os_cgroup_memory *memory)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before = ter_os_cancel_off();

    *memory = (struct ter_os_cgroup_memory){0};
    if (group->looked ? group->mount[0] != '\0' : find_mount(group))
        read_levels(group, memory);
    ter_os_cancel_back(before);
}
