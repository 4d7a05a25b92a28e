/* SPDX-License-Identifier: MIT */
#include "see/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "see/code_names.h"
#include "see/gzip.h"
#include "see/kind_name.h"
#include "see/message.h"

/* Fields of the messages. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE,
    PROFILE_MAPPING,
    PROFILE_LOCATION,
    PROFILE_FUNCTION,
    PROFILE_STRING,
    PROFILE_PERIOD_TYPE = 11,
    PROFILE_PERIOD,
    PROFILE_DEFAULT_TYPE = 14
};
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATIONS = 1, SAMPLE_VALUES, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_TEXT };
enum {
    MAPPING_ID = 1,
    MAPPING_START,
    MAPPING_END,
    MAPPING_OFFSET,
    MAPPING_FILE,
    MAPPING_BUILD_ID,
    MAPPING_HAS_FUNCTIONS
};
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_SYSTEM_NAME, FUNCTION_FILE };

/* X(field of struct stack_values, its type, its unit): in the order of the values. */
#define VALUES(X)                                                                                  \
    X(allocated_objects, "alloc_objects", "count")                                                 \
    X(allocated_bytes, "alloc_space", "bytes")                                                     \
    X(live_objects, "inuse_objects", "count")                                                      \
    X(live_bytes, "inuse_space", "bytes")

#define VALUE_FIELD(field, type, unit) double field;
struct stack_values {
    VALUES(VALUE_FIELD)
};
#undef VALUE_FIELD

#define MOST_NAME TER_CODE_NAME

/* What a location stands for: where a call returns to, or a frame that was told. */
struct place {
    uintptr_t word;
    uintptr_t told;
};

struct function {
    size_t name, file; /* texts */
};

struct ter_profile {
    const struct ter_collector *collector;
    size_t interval;
    struct ter_interned stacks, frames, texts; /* copies of the samples' */
    struct ter_weak_list values;               /* struct stack_values, by the number of the stack */
    /* While it is written: */
    struct ter_interned places;    /* struct place; their numbers and 1 are ids */
    struct ter_interned functions; /* struct function, likewise */
    struct ter_interned strings;   /* of the file */
    struct ter_code_names code;    /* likewise */
    bool failed;                   /* no memory */
    struct ter_message message, inner;
    struct ter_gzip gzip;
    struct ter_stream stream;
};

/* ---- The samples as they are ---- */

static bool copy_values(struct ter_profile *profile, const struct ter_samples *samples)
{
    const struct ter_weak_list *figures = &samples->figures;

    if (!ter_weak_list_reserve(&profile->values, figures->count + 1))
        return false;
    for (size_t i = 0; i < figures->count; i++) {
        const struct ter_stack_figures *of = ter_weak_list_at(figures, i);
        struct stack_values *values = ter_weak_list_add(&profile->values);

        *values =
            (struct stack_values){.allocated_objects = of->objects, .allocated_bytes = of->bytes};
    }
    return true;
}

static void add_live(struct ter_profile *profile, const struct ter_samples *samples)
{
    const struct ter_weak_table *table = &samples->followed.table;

    for (size_t bucket = 0; bucket < table->capacity; bucket++) {
        const struct ter_sample *sample = ter_weak_table_at(table, bucket);
        struct stack_values *values;
        double weight;

        if (sample == NULL || !ter_sample_is_live(samples, sample))
            continue;
        values = ter_weak_list_at(&profile->values, sample->stack);
        weight = ter_samples_weight(samples, sample->bytes);
        values->live_objects += weight;
        values->live_bytes += weight * (double)sample->bytes;
    }
}

static size_t profile_bytes(void)
{
    return ter_align_up(sizeof(struct ter_profile), ter_os_page_size());
}

static void fini_profile(struct ter_profile *profile)
{
    ter_interned_fini(&profile->stacks);
    ter_interned_fini(&profile->frames);
    ter_interned_fini(&profile->texts);
    ter_interned_fini(&profile->places);
    ter_interned_fini(&profile->functions);
    ter_interned_fini(&profile->strings);
    ter_weak_list_fini(&profile->values);
    ter_code_names_close(&profile->code);
    ter_os_release((uintptr_t)profile, profile_bytes());
}

static void init_profile(struct ter_profile *profile, const struct ter_samples *samples)
{
    profile->collector = samples->collector;
    profile->interval = samples->sampling.interval;
    ter_interned_init(&profile->stacks);
    ter_interned_init(&profile->frames);
    ter_interned_init(&profile->texts);
    ter_interned_init(&profile->places);
    ter_interned_init(&profile->functions);
    ter_interned_init(&profile->strings);
    ter_weak_list_init(&profile->values, sizeof(struct stack_values));
    ter_weak_list_init(&profile->code.code, sizeof(struct ter_loaded_code));
}

ter_status ter_profile_begin(struct ter_profile **result, const struct ter_samples *samples)
{
    struct ter_profile *profile;
    void *memory;
    ter_status status = ter_os_allocate_named(profile_bytes(), "terrier:profile", &memory);

    if (status != TER_OK)
        return status;
    profile = memory;
    init_profile(profile, samples);
    if (!ter_interned_copy(&profile->stacks, &samples->stacks) ||
        !ter_interned_copy(&profile->frames, &samples->frames) ||
        !ter_interned_copy(&profile->texts, &samples->texts) || !copy_values(profile, samples)) {
        fini_profile(profile);
        return TER_ERROR_NO_MEMORY;
    }
    add_live(profile, samples);
    *result = profile;
    return TER_OK;
}

/* ---- Numbers of things in the file ---- */

static size_t number_or_fail(struct ter_profile *profile, struct ter_interned *interned,
                             const void *bytes, size_t size)
{
    size_t number = ter_interned_number(interned, bytes, size);

    if (number != TER_NOT_INTERNED)
        return number;
    profile->failed = true;
    return 0;
}

static size_t plain_string(struct ter_profile *profile, const char *text)
{
    return number_or_fail(profile, &profile->strings, text, strlen(text));
}

/* Of a name from outside, made harmless. */
static size_t name_string(struct ter_profile *profile, const char *name)
{
    char buffer[MOST_NAME];
    struct ter_text text;

    ter_text_init(&text, buffer, sizeof buffer);
    ter_text_add_name(&text, name);
    return plain_string(profile, buffer);
}

/* ---- Writing ---- */

static void write_field(struct ter_profile *profile, unsigned field, const void *bytes, size_t size)
{
    unsigned char head[2 * TER_MESSAGE_NUMBER];

    ter_gzip_put(&profile->gzip, head, ter_message_head(head, field, size));
    ter_gzip_put(&profile->gzip, bytes, size);
}

static void write_message(struct ter_profile *profile, unsigned field)
{
    TER_CHECK(!profile->message.cut && !profile->inner.cut);
    write_field(profile, field, profile->message.bytes, profile->message.used);
}

static struct ter_message *begin_message(struct ter_message *message)
{
    ter_message_begin(message);
    return message;
}

static void write_type(struct ter_profile *profile, unsigned field, const char *type,
                       const char *unit)
{
    struct ter_message *message = begin_message(&profile->message);

    ter_message_number(message, TYPE_TYPE, plain_string(profile, type));
    ter_message_number(message, TYPE_UNIT, plain_string(profile, unit));
    write_message(profile, field);
}

static void write_count(struct ter_profile *profile, unsigned field, uint64_t number)
{
    struct ter_message *message = begin_message(&profile->message);

    ter_message_number(message, field, number);
    ter_gzip_put(&profile->gzip, message->bytes, message->used);
}

static void write_types(struct ter_profile *profile)
{
#define WRITE_TYPE(field, type, unit) write_type(profile, PROFILE_SAMPLE_TYPE, type, unit);
    VALUES(WRITE_TYPE)
#undef WRITE_TYPE
    write_type(profile, PROFILE_PERIOD_TYPE, "space", "bytes");
    write_count(profile, PROFILE_PERIOD, profile->interval);
    write_count(profile, PROFILE_DEFAULT_TYPE, plain_string(profile, "inuse_space"));
}

/* ---- Samples ---- */

static void add_kind_label(struct ter_profile *profile, unsigned kind)
{
    struct ter_message *label = begin_message(&profile->inner);
    char buffer[MOST_NAME];
    struct ter_text text;

    ter_text_init(&text, buffer, sizeof buffer);
    ter_kind_add_name(&text, profile->collector, kind);
    ter_message_number(label, LABEL_KEY, plain_string(profile, "kind"));
    ter_message_number(label, LABEL_TEXT, name_string(profile, buffer));
    ter_message_string(&profile->message, SAMPLE_LABEL, label->bytes, label->used);
}

static void add_values(struct ter_profile *profile, const struct stack_values *values)
{
#define ROUNDED(field, type, unit) (uint64_t)(values->field + 0.5),
    const uint64_t rounded[] = {VALUES(ROUNDED)};
#undef ROUNDED

    ter_message_numbers(&profile->message, SAMPLE_VALUES, rounded, TER_ARRAY_LENGTH(rounded));
}

static void write_stack(struct ter_profile *profile, size_t number)
{
    size_t size, count;
    const struct ter_stack_head *head = ter_interned_at(&profile->stacks, number, &size);
    const uintptr_t *words = (const uintptr_t *)(head + 1);
    uint64_t ids[TER_OS_MOST_FRAMES];

    count = (size - sizeof *head) / sizeof *words;
    for (size_t i = 0; i < count; i++) {
        struct place place = {.word = words[i], .told = head->told};

        ids[i] = 1 + number_or_fail(profile, &profile->places, &place, sizeof place);
    }
    ter_message_begin(&profile->message);
    ter_message_numbers(&profile->message, SAMPLE_LOCATIONS, ids, count);
    add_values(profile, ter_weak_list_at(&profile->values, number));
    add_kind_label(profile, head->kind);
    write_message(profile, PROFILE_SAMPLE);
}

/* ---- What is loaded ---- */

static void write_mapping(struct ter_profile *profile, size_t number)
{
    const struct ter_loaded_code *code = ter_code_names_at(&profile->code, number);
    struct ter_message *message = begin_message(&profile->message);
    char text[2 * TER_CODE_BUILD + 1] = "";

    for (size_t i = 0; i < code->build_id_bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", code->build_id[i]);
    ter_message_number(message, MAPPING_ID, number);
    ter_message_number(message, MAPPING_START, code->start);
    ter_message_number(message, MAPPING_END, code->end);
    ter_message_number(message, MAPPING_OFFSET, code->offset);
    ter_message_number(message, MAPPING_FILE, name_string(profile, code->file));
    ter_message_number(message, MAPPING_BUILD_ID, plain_string(profile, text));
    ter_message_number(message, MAPPING_HAS_FUNCTIONS, 1);
    write_message(profile, PROFILE_MAPPING);
}

static void write_mappings(struct ter_profile *profile)
{
    ter_code_names_open(&profile->code);
    profile->failed = profile->failed || profile->code.failed;
    for (size_t i = 0; i < profile->code.code.count; i++)
        write_mapping(profile, i + 1);
}

/* ---- Locations and functions ---- */

static void add_line(struct ter_profile *profile, const struct function *function, uint32_t line)
{
    struct ter_message *inner = begin_message(&profile->inner);
    size_t id = 1 + number_or_fail(profile, &profile->functions, function, sizeof *function);

    ter_message_number(inner, LINE_FUNCTION, id);
    ter_message_number(inner, LINE_LINE, line);
    ter_message_string(&profile->message, LOCATION_LINE, inner->bytes, inner->used);
}

/* Of a call that returns to `word`: the call itself lies before that. */
static void add_code_at(struct ter_profile *profile, uintptr_t word)
{
    uintptr_t address = word - 1;
    size_t mapping = ter_code_names_number(&profile->code, address);
    struct function function = {0, 0};
    char name[TER_CODE_NAME];

    ter_code_names_find(&profile->code, address, name, sizeof name);
    function.name = name_string(profile, name);
    if (mapping != 0)
        function.file = name_string(profile, ter_code_names_at(&profile->code, mapping)->file);
    ter_message_number(&profile->message, LOCATION_MAPPING, mapping);
    ter_message_number(&profile->message, LOCATION_ADDRESS, address);
    add_line(profile, &function, 0);
}

static size_t told_string(struct ter_profile *profile, uint32_t text)
{
    char buffer[MOST_NAME];
    size_t size;
    const char *bytes = ter_interned_at(&profile->texts, text, &size);

    snprintf(buffer, sizeof buffer, "%.*s", (int)ter_min(size, sizeof buffer), bytes);
    return name_string(profile, buffer);
}

static void add_told(struct ter_profile *profile, uintptr_t word)
{
    size_t size;
    const struct ter_told_frame *frame = ter_interned_at(&profile->frames, word, &size);
    struct function function = {.name = told_string(profile, frame->function),
                                .file = told_string(profile, frame->file)};

    add_line(profile, &function, frame->line);
}

static void write_location(struct ter_profile *profile, size_t number)
{
    size_t size;
    struct place place;

    memcpy(&place, ter_interned_at(&profile->places, number, &size), sizeof place);
    ter_message_begin(&profile->message);
    ter_message_number(&profile->message, LOCATION_ID, number + 1);
    if (place.told != 0)
        add_told(profile, place.word);
    else
        add_code_at(profile, place.word);
    write_message(profile, PROFILE_LOCATION);
}

static void write_function(struct ter_profile *profile, size_t number)
{
    struct ter_message *message = begin_message(&profile->message);
    size_t size;
    struct function function;

    memcpy(&function, ter_interned_at(&profile->functions, number, &size), sizeof function);
    ter_message_number(message, FUNCTION_ID, number + 1);
    ter_message_number(message, FUNCTION_NAME, function.name);
    ter_message_number(message, FUNCTION_SYSTEM_NAME, function.name);
    ter_message_number(message, FUNCTION_FILE, function.file);
    write_message(profile, PROFILE_FUNCTION);
}

static void write_strings(struct ter_profile *profile)
{
    for (size_t i = 0; i < ter_interned_count(&profile->strings); i++) {
        size_t size;
        const void *bytes = ter_interned_at(&profile->strings, i, &size);

        write_field(profile, PROFILE_STRING, bytes, size);
    }
}

/* Each part finds out what the next ones have to say. */
static void write_all(struct ter_profile *profile)
{
    (void)plain_string(profile, ""); /* the first one, as the form wants */
    write_types(profile);
    for (size_t i = 0; i < profile->values.count; i++)
        write_stack(profile, i);
    write_mappings(profile);
    for (size_t i = 0; i < ter_interned_count(&profile->places); i++)
        write_location(profile, i);
    for (size_t i = 0; i < ter_interned_count(&profile->functions); i++)
        write_function(profile, i);
    write_strings(profile);
}

ter_status ter_profile_finish(struct ter_profile *profile, int file)
{
    ter_status status = TER_OK;
    int error;

    ter_stream_init(&profile->stream, file);
    ter_gzip_begin(&profile->gzip, &profile->stream);
    write_all(profile);
    ter_gzip_end(&profile->gzip);
    error = profile->stream.error;
    if (profile->failed)
        status = TER_ERROR_NO_MEMORY;
    else if (error != 0)
        status = TER_ERROR_SYSTEM;
    fini_profile(profile);
    if (status == TER_ERROR_SYSTEM)
        errno = error;
    return status;
}
