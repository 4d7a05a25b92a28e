/* SPDX-License-Identifier: MIT */
/*
 * The SFT map alone: two spaces of our own over our own mmaps, no heap and no collector.
 *
 *   cells  8 MiB of cells of 64 bytes; a bitmap says which are in use
 *   files  files mapped into memory; each mapping is one object
 *
 * The map tells for any word which of them owns it, and their functions do the rest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <terrier/sft.h>

/* ---- A space of cells ---- */

enum { CELL_BYTES = 64, CELLS_BYTES = 8 << 20, CELL_COUNT = CELLS_BYTES / CELL_BYTES };

/* A space is a record that begins with its functions; what follows is ours. */
struct cell_space {
    struct ter_sft functions;
    uintptr_t start;
    unsigned char in_use[CELL_COUNT / 8];
};

static ter_object find_cell(const struct ter_sft *functions, uintptr_t word)
{
    const struct cell_space *space = (const struct cell_space *)(const void *)functions;
    uintptr_t cell = (word - space->start) / CELL_BYTES;

    /* The map's unit is a chunk of 4 MiB, so a word may be ours and yet lie beside our memory. */
    if (cell >= CELL_COUNT || (space->in_use[cell / 8] >> cell % 8 & 1) == 0)
        return ter_object_none();
    return ter_object_at(space->start + cell * CELL_BYTES);
}

static const struct ter_sft cell_functions = {
    .kind = TER_SPACE_OTHER,
    .name = "cells",
    .find_object_from_interior = find_cell,
};

static uintptr_t allocate_cell(struct cell_space *space)
{
    for (size_t cell = 0; cell < CELL_COUNT; cell++)
        if ((space->in_use[cell / 8] >> cell % 8 & 1) == 0) {
            space->in_use[cell / 8] |= (unsigned char)(1 << cell % 8);
            return space->start + cell * CELL_BYTES;
        }
    return 0;
}

/* ---- A space of mapped files ---- */

enum { MAX_FILES = 16 };

struct file_space {
    struct ter_sft functions;
    unsigned count;
    struct {
        const char *path;
        uintptr_t start;
        size_t bytes;
    } file[MAX_FILES];
};

static int index_of_file(const struct ter_sft *functions, uintptr_t word)
{
    const struct file_space *space = (const struct file_space *)(const void *)functions;

    for (unsigned i = 0; i < space->count; i++)
        if (word - space->file[i].start < space->file[i].bytes)
            return (int)i;
    return -1;
}

static ter_object find_file(const struct ter_sft *functions, uintptr_t word)
{
    const struct file_space *space = (const struct file_space *)(const void *)functions;
    int i = index_of_file(functions, word);

    return i < 0 ? ter_object_none() : ter_object_at(space->file[i].start);
}

static void print_file(const struct ter_sft *functions, ter_object object, char *text, size_t size)
{
    const struct file_space *space = (const struct file_space *)(const void *)functions;
    int i = index_of_file(functions, object.bits);

    snprintf(text, size, "file %s, %zu bytes", i < 0 ? "none" : space->file[i].path,
             i < 0 ? 0 : space->file[i].bytes);
}

static const struct ter_sft file_functions = {
    .kind = TER_SPACE_OTHER + 1,
    .name = "files",
    .find_object_from_interior = find_file,
    .print_object = print_file,
};

/* ---- Memory, and who owns it ---- */

static void stop_on(ter_status status, const char *what)
{
    if (status == TER_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, ter_status_message(status));
    exit(1);
}

/*
 * The unit of ownership is a chunk, so each space takes whole ones: reserve a chunk more than
 * needed and begin at the first multiple.
 */
static uintptr_t reserve_chunks(size_t bytes)
{
    char *start = mmap(NULL, bytes + TER_SFT_BYTES_IN_CHUNK, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (start == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return ((uintptr_t)start + TER_SFT_BYTES_IN_CHUNK - 1) & ~(TER_SFT_BYTES_IN_CHUNK - 1);
}

static void claim(const struct ter_sft_map *map, const struct ter_sft *space, uintptr_t start,
                  size_t bytes)
{
    struct ter_sft_conflict conflict;
    char text[200];
    ter_status status = ter_sft_map_claim(map, space, start, bytes, &conflict);

    if (status == TER_ERROR_OWNED) {
        ter_sft_conflict_print(&conflict, text, sizeof text);
        printf("refused: %s\n", text);
        return;
    }
    stop_on(status, "claim");
}

static struct cell_space *make_cells(const struct ter_sft_map *map)
{
    struct ter_sft *functions;
    struct cell_space *cells;

    stop_on(ter_sft_map_add_space(map, &cell_functions, &functions), "space of cells");
    cells = (struct cell_space *)(void *)functions;
    cells->start = reserve_chunks(CELLS_BYTES);
    if (mprotect((void *)cells->start, CELLS_BYTES, PROT_READ | PROT_WRITE) != 0) {
        perror("mprotect");
        exit(1);
    }
    /* The record is filled in, the memory is there: from now on others may see it. */
    claim(map, functions, cells->start, CELLS_BYTES);
    return cells;
}

static void map_file(const struct ter_sft_map *map, struct file_space *files, const char *path)
{
    int file = open(path, O_RDONLY);
    struct stat status;
    uintptr_t start;

    if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0 || files->count == MAX_FILES) {
        fprintf(stderr, "cannot map %s\n", path);
        exit(1);
    }
    start = reserve_chunks((size_t)status.st_size);
    if (mmap((void *)start, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) ==
        MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    close(file);
    files->file[files->count].path = path;
    files->file[files->count].start = start;
    files->file[files->count].bytes = (size_t)status.st_size;
    files->count++;
    claim(map, &files->functions, start, (size_t)status.st_size);
}

/* ---- Questions ---- */

static void ask(const struct ter_sft_map *map, const char *what, uintptr_t word)
{
    const struct ter_sft *space = ter_sft_map_get(map, word);
    ter_object object = space->find_object_from_interior(space, word);
    char text[200];

    if (ter_object_is_none(object)) {
        printf("%-26s %#18zx  %-6s no object\n", what, (size_t)word, space->name);
        return;
    }
    space->print_object(space, object, text, sizeof text);
    printf("%-26s %#18zx  %-6s offset %zu in %s\n", what, (size_t)word, space->name,
           (size_t)(word - object.bits), text);
}

int main(int argc, char **argv)
{
    struct ter_sft_map_options options = {
        .kind = TER_SFT_DENSE_MAP, /* our mmaps may lie anywhere: a byte for each chunk there is */
        .record_bytes = sizeof(struct cell_space),
    };
    struct ter_sft_map map;
    struct cell_space *cells;
    struct ter_sft *functions;
    struct file_space *files;
    static char text[4096];
    uintptr_t cell;

    stop_on(ter_sft_map_create(&map, &options), "map");
    cells = make_cells(&map);
    stop_on(ter_sft_map_add_space(&map, &file_functions, &functions), "space of files");
    files = (struct file_space *)(void *)functions;
    for (int i = 1; i < argc; i++)
        map_file(&map, files, argv[i]);
    if (argc == 1)
        map_file(&map, files, argv[0]);

    allocate_cell(cells);
    cell = allocate_cell(cells);
    ask(&map, "a cell", cell);
    ask(&map, "inside it", cell + 40);
    ask(&map, "the cell behind it", cell + CELL_BYTES);
    ask(&map, "a mapped file", files->file[0].start + 1000);
    ask(&map, "a local variable", (uintptr_t)&map);
    ask(&map, "NULL", 0);
    ask(&map, "a tagged word", cell | (uintptr_t)1 << (sizeof(uintptr_t) * 8 - 2));
    ask(&map, "all ones", UINTPTR_MAX);

    claim(&map, functions, cells->start, 1);
    ter_sft_map_print(&map, text, sizeof text);
    printf("\n%s", text);

    stop_on(ter_sft_map_release(&map, &cells->functions, cells->start, CELLS_BYTES, NULL),
            "release");
    printf("\n");
    ask(&map, "the cell, given up", cell);
    ter_sft_map_destroy(&map);
    return 0;
}
