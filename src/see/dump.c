/* SPDX-License-Identifier: MIT */
/*
 * The form: https://github.com/v8/v8/blob/main/src/profiler/heap-snapshot-generator.cc. An object
 * of texts and numbers: which fields nodes and edges have; nodes, one behind the other; edges, in
 * the order of the nodes that they come from; texts, which the others have by their numbers.
 *
 * Objects are gone through twice: to see what is reached and how many references each has, and to
 * write these.
 */
#include "see/dump.h"

#include <errno.h>
#include <stdio.h>

#define NODE_FIELDS ((size_t)8)
/* References that a byte can count; of others the number is in a table. */
#define MANY 255u
/* Rounds in which values of ephemerons are waited for; then they count as reached. */
#define EPHEMERON_ROUNDS 16u

/* As the lists in the head have them. */
enum node_type { NODE_NATIVE = 8, NODE_OBJECT = 3, NODE_SYNTHETIC = 9 };
enum edge_type {
    EDGE_ELEMENT = 1,
    EDGE_PROPERTY = 2,
    EDGE_INTERNAL = 3,
    EDGE_HIDDEN = 4,
    EDGE_WEAK = 6
};

/* Nodes before those of groups. */
enum { NODE_ROOT, NODE_GC_ROOTS, NODE_GROUPS };

/* Texts that are always there, by their numbers. */
#define FIXED_TEXTS(X)                                                                             \
    X(EMPTY, "")                                                                                   \
    X(GC_ROOTS, "(GC roots)")                                                                      \
    X(REPORTED, "reported by its visitor")                                                         \
    X(EPHEMERON, "value of an ephemeron")                                                          \
    X(WEAK_FAR, "weak, far behind")                                                                \
    X(AMBIGUOUS_FAR, "ambiguous, far behind")
#define FIXED_TEXT_ENUM(identifier, text) TEXT_##identifier,
enum { FIXED_TEXTS(FIXED_TEXT_ENUM) TEXT_FIXED };
#undef FIXED_TEXT_ENUM

/* Offsets below have texts of their own, in steps. */
#define NEAR_OFFSETS TER_KIB(4)
#define NEAR_STEP sizeof(uint32_t)
#define NEAR_TEXTS (NEAR_OFFSETS / NEAR_STEP)
#define MOST_AMBIGUOUS TER_MIB(1)

/* Where the texts of each sort begin. */
struct text_bases {
    size_t exact, weak, ambiguous, groups, names, roots;
};

struct many {
    uintptr_t key; /* number of the object and 1 */
    size_t count;
};

struct ter_dump {
    struct ter_collector *collector;
    struct ter_edges *edges; /* while the world stands */
    struct ter_object_set set;
    struct ter_dump_roots roots;
    struct ter_dump_names names;
    struct ter_weak_list waiting; /* reached and not looked into: uintptr_t */
    uint8_t *counts;              /* of references, by the numbers of objects */
    struct ter_weak_table many;   /* those that are more than MANY */
    size_t unreached;
    uint64_t all_edges;
    size_t ambiguous_end;  /* one past the highest offset of an ambiguous word, up to the most */
    unsigned rounds;       /* that values of ephemerons are still waited for */
    bool keys_are_missing; /* a value was passed over */
    bool ids_by_address;
    /* The object that is looked into: */
    uintptr_t holder;
    size_t holder_number;
    size_t seen;
    size_t wanted; /* references that are to be written */
    const char *comma;
    struct text_bases texts;
    ter_status status;
    struct ter_stream stream;
};

static void fail_dump(struct ter_dump *dump)
{
    dump->status = TER_ERROR_NO_MEMORY;
}

static size_t groups_of(const struct ter_dump *dump)
{
    return dump->roots.groups.count + 1; /* the last one: what is not reached */
}

static size_t first_object(const struct ter_dump *dump)
{
    return NODE_GROUPS + groups_of(dump);
}

/* ---- All objects ---- */

static void add_object(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct ter_dump *dump = context;

    (void)bytes, (void)kind;
    if (!ter_object_set_add(&dump->set, object))
        fail_dump(dump);
}

static size_t counts_bytes(const struct ter_dump *dump)
{
    return ter_align_up(ter_max(dump->set.count, (size_t)1), ter_os_page_size());
}

/* The world stands, under the loader's lock. */
static void begin_looking(void *context)
{
    struct ter_dump *dump = context;
    void *memory;

    ter_dump_roots_find_groups(&dump->roots, dump->collector);
    ter_collector_visit_objects(dump->collector, add_object, dump);
    (void)ter_object_set_number(&dump->set);
    if (ter_os_allocate(counts_bytes(dump), &memory) == TER_OK)
        dump->counts = memory;
    else
        fail_dump(dump);
}

/* ---- What is reached, and how many references there are ---- */

static void reach(struct ter_dump *dump, uintptr_t object)
{
    uintptr_t *place;

    if (!ter_object_set_mark(&dump->set, object))
        return;
    place = ter_weak_list_add(&dump->waiting);
    if (place == NULL)
        fail_dump(dump);
    else
        *place = object;
}

/* Whether the edge keeps what it leads to now. */
static bool keeps(struct ter_dump *dump, const struct ter_edge *edge)
{
    if (edge->weak)
        return false;
    if (edge->key == 0 || dump->rounds == 0 || ter_object_set_is_marked(&dump->set, edge->key))
        return true;
    dump->keys_are_missing = true;
    return false;
}

static void see_root(void *context, const struct ter_edge *edge)
{
    struct ter_dump *dump = context;

    if (dump->status != TER_OK || ter_object_set_find(&dump->set, edge->object) == TER_NO_OBJECT)
        return;
    ter_dump_roots_add(&dump->roots, edge);
    if (!edge->weak)
        reach(dump, edge->object);
}

static size_t offset_of(const struct ter_edge *edge)
{
    return (uintptr_t)edge->word - edge->holder;
}

static void count_edge(void *context, const struct ter_edge *edge)
{
    struct ter_dump *dump = context;

    if (ter_object_set_find(&dump->set, edge->object) == TER_NO_OBJECT)
        return;
    dump->seen++;
    if (!edge->exact && edge->word != NULL)
        dump->ambiguous_end = ter_max(dump->ambiguous_end, offset_of(edge) + 1);
    if (ter_object_set_is_marked(&dump->set, edge->holder) && keeps(dump, edge))
        reach(dump, edge->object);
}

static void note_count(struct ter_dump *dump, size_t number)
{
    struct many *many;

    dump->all_edges += dump->seen;
    dump->counts[number] = (uint8_t)ter_min(dump->seen, (size_t)MANY);
    if (dump->seen < MANY)
        return;
    many = ter_weak_table_insert(&dump->many, number + 1);
    if (many == NULL)
        fail_dump(dump);
    else
        many->count = dump->seen;
}

static size_t count_of(const struct ter_dump *dump, size_t number)
{
    const struct many *many;

    if (dump->counts[number] < MANY)
        return dump->counts[number];
    many = ter_weak_table_find(&dump->many, number + 1);
    return many->count;
}

static void look_into_object(struct ter_dump *dump, uintptr_t object)
{
    dump->seen = 0;
    ter_edges_of_object(dump->edges, object);
}

static void count_references(struct ter_dump *dump, uintptr_t object)
{
    look_into_object(dump, object);
    note_count(dump, ter_object_set_find(&dump->set, object));
}

static void drain_waiting(struct ter_dump *dump)
{
    while (dump->waiting.count > 0 && dump->status == TER_OK) {
        uintptr_t *last = ter_weak_list_at(&dump->waiting, --dump->waiting.count);

        count_references(dump, *last);
    }
}

static void look_for_values(void *context, uintptr_t object, bool is_reached)
{
    struct ter_dump *dump = context;
    unsigned kind = ter_collector_object_kind(dump->collector, object);

    if (is_reached && dump->collector->allocator.kinds[kind].ephemerons && dump->status == TER_OK)
        look_into_object(dump, object);
}

/* Values of ephemerons are reached when their keys are, which may come after them. */
static void reach_values(struct ter_dump *dump)
{
    while (dump->keys_are_missing && dump->rounds > 0 && dump->status == TER_OK) {
        dump->rounds--;
        dump->keys_are_missing = false;
        ter_object_set_for_each(&dump->set, look_for_values, dump);
        if (dump->waiting.count == 0)
            break;
        drain_waiting(dump);
    }
}

static void count_unreached(void *context, uintptr_t object, bool is_reached)
{
    struct ter_dump *dump = context;

    if (is_reached || dump->status != TER_OK)
        return;
    dump->unreached++;
    count_references(dump, object);
}

/* ---- Numbers that stay ---- */

#define ID_BITS_OF_SPACE 27u

/*
 * By the address, so that two dumps of one heap can be compared: the number of the space and the
 * granule in it. Numbers have 32 bits there.
 */
static uint64_t id_by_address(const struct ter_dump *dump, uintptr_t object)
{
    const struct ter_collector *collector = dump->collector;
    const struct ter_space *space = ter_collector_space(collector, object);
    unsigned index = 0;
    size_t granule;

    while (index < collector->space_count && collector->spaces[index].space != space)
        index++;
    if (index == collector->space_count || !space->policy->in_layout)
        return 0;
    granule = (object - space->range.start) >> TER_LOG_BYTES_IN_GRANULE;
    return granule >> ID_BITS_OF_SPACE != 0 ? 0
                                            : (uint64_t)(index + 1) << ID_BITS_OF_SPACE | granule;
}

static void check_id(void *context, uintptr_t object, bool is_reached)
{
    struct ter_dump *dump = context;

    (void)is_reached;
    dump->ids_by_address = dump->ids_by_address && id_by_address(dump, object) != 0;
}

static uint64_t id_of(const struct ter_dump *dump, uintptr_t object, size_t node)
{
    return dump->ids_by_address ? id_by_address(dump, object) : node * 2 + 1;
}

/* ---- Writing: head and nodes ---- */

static const char head[] =
    "{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\","
    "\"edge_count\",\"trace_node_id\",\"detachedness\",\"address\"],\"node_types\":[[\"hidden\","
    "\"array\",\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\",\"native\","
    "\"synthetic\",\"concatenated string\",\"sliced string\",\"symbol\",\"bigint\","
    "\"object shape\"],\"string\",\"number\",\"number\",\"number\",\"number\",\"number\","
    "\"number\"],\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],\"edge_types\":[["
    "\"context\",\"element\",\"property\",\"internal\",\"hidden\",\"shortcut\",\"weak\"],"
    "\"string_or_number\",\"node\"],\"trace_function_info_fields\":[\"function_id\",\"name\","
    "\"script_name\",\"script_id\",\"line\",\"column\"],\"trace_node_fields\":[\"id\","
    "\"function_info_index\",\"count\",\"size\",\"children\"],\"sample_fields\":["
    "\"timestamp_us\",\"last_assigned_id\"],\"location_fields\":[\"object_index\",\"script_id\","
    "\"line\",\"column\"]},\"node_count\":";

static void write_number(struct ter_dump *dump, uint64_t number)
{
    ter_stream_end(&dump->stream, ter_put_number(ter_stream_begin(&dump->stream), number));
}

static void write_head(struct ter_dump *dump)
{
    ter_stream_text(&dump->stream, head);
    write_number(dump, first_object(dump) + dump->set.count);
    ter_stream_text(&dump->stream, ",\"edge_count\":");
    /* To each group twice, and to what is not reached. */
    write_number(dump, 1 + 2 * groups_of(dump) + dump->roots.roots.count + dump->unreached +
                           dump->all_edges);
    ter_stream_text(&dump->stream, ",\"trace_function_count\":0},\n\"nodes\":[");
}

struct node {
    unsigned type;
    size_t name;
    uint64_t id;
    size_t bytes, edges;
    uintptr_t address;
};

static void write_node(struct ter_dump *dump, const struct node *node)
{
    char *at = ter_stream_begin(&dump->stream);

    at = ter_put_bytes(at, dump->comma, strlen(dump->comma));
    at = ter_put_number(at, node->type);
    *at++ = ',';
    at = ter_put_number(at, node->name);
    *at++ = ',';
    at = ter_put_number(at, node->id);
    *at++ = ',';
    at = ter_put_number(at, node->bytes);
    *at++ = ',';
    at = ter_put_number(at, node->edges);
    at = ter_put_literal(at, ",0,0,");
    at = ter_put_number(at, node->address);
    ter_stream_end(&dump->stream, at);
    dump->comma = ",\n";
}

static void write_roots_and_groups(struct ter_dump *dump)
{
    size_t groups = groups_of(dump);

    write_node(dump, &(struct node){NODE_SYNTHETIC, TEXT_EMPTY, 1, 0, 1 + groups, 0});
    write_node(dump, &(struct node){NODE_SYNTHETIC, TEXT_GC_ROOTS, 3, 0, groups, 0});
    for (size_t i = 0; i < groups; i++) {
        bool last = i + 1 == groups;
        size_t edges = last ? dump->unreached : ter_dump_roots_group(&dump->roots, i)->count;

        write_node(dump, &(struct node){NODE_NATIVE, dump->texts.groups + i,
                                        2 * (NODE_GROUPS + i) + 1, 0, edges, 0});
    }
}

static void write_object(void *context, uintptr_t object, bool is_reached)
{
    struct ter_dump *dump = context;
    const struct ter_collector *collector = dump->collector;
    unsigned kind = ter_collector_object_kind(collector, object);
    size_t bytes = ter_collector_object_bytes(collector, object);
    size_t number = dump->holder_number++;
    enum ter_scan scan = collector->allocator.kinds[kind].scan;

    (void)is_reached;
    if (dump->stream.error != 0)
        return;
    write_node(dump,
               &(struct node){
                   .type = scan == TER_SCAN_NONE ? NODE_NATIVE : NODE_OBJECT,
                   .name = dump->texts.names + ter_dump_names_of(&dump->names, object, kind, bytes),
                   .id = id_of(dump, object, first_object(dump) + number),
                   .bytes = bytes,
                   .edges = count_of(dump, number),
                   .address = object,
               });
}

/* ---- Writing: edges ---- */

static void write_edge(struct ter_dump *dump, enum edge_type type, size_t name, size_t node)
{
    char *at = ter_stream_begin(&dump->stream);

    at = ter_put_bytes(at, dump->comma, strlen(dump->comma));
    *at++ = (char)('0' + type);
    *at++ = ',';
    at = ter_put_number(at, name);
    *at++ = ',';
    at = ter_put_number(at, node * NODE_FIELDS);
    ter_stream_end(&dump->stream, at);
    dump->comma = ",\n";
}

static void write_to_groups(struct ter_dump *dump)
{
    size_t groups = groups_of(dump);

    write_edge(dump, EDGE_ELEMENT, 1, NODE_GC_ROOTS);
    for (size_t i = 0; i < groups; i++)
        write_edge(dump, EDGE_PROPERTY, dump->texts.groups + i, NODE_GROUPS + i);
    for (size_t i = 0; i < groups; i++)
        write_edge(dump, EDGE_ELEMENT, i, NODE_GROUPS + i);
}

static size_t node_of(struct ter_dump *dump, uintptr_t object)
{
    return first_object(dump) + ter_object_set_find(&dump->set, object);
}

/* Those in words have texts of their own, in their order. */
static void write_group(struct ter_dump *dump, size_t group)
{
    size_t word = 0, element = 0;

    for (size_t i = 0; i < dump->roots.roots.count; i++) {
        const struct ter_dump_root *root = ter_dump_roots_at(&dump->roots, i);
        size_t node = node_of(dump, root->object);

        if (root->group == group && root->word == NULL)
            write_edge(dump, EDGE_ELEMENT, element++, node);
        else if (root->group == group)
            write_edge(dump,
                       root->weak    ? EDGE_WEAK
                       : root->exact ? EDGE_PROPERTY
                                     : EDGE_INTERNAL,
                       dump->texts.roots + word, node);
        word += root->word != NULL;
    }
}

static void write_to_unreached(void *context, uintptr_t object, bool is_reached)
{
    struct ter_dump *dump = context;

    if (!is_reached && dump->stream.error == 0)
        write_edge(dump, EDGE_ELEMENT, dump->seen++, node_of(dump, object));
}

static void write_weak(struct ter_dump *dump, size_t offset, size_t node)
{
    if (offset < NEAR_OFFSETS)
        write_edge(dump, EDGE_WEAK, dump->texts.weak + offset / NEAR_STEP, node);
    else
        write_edge(dump, EDGE_WEAK, TEXT_WEAK_FAR, node);
}

static void write_ambiguous(struct ter_dump *dump, size_t offset, size_t node)
{
    if (offset < dump->ambiguous_end)
        write_edge(dump, EDGE_INTERNAL, dump->texts.ambiguous + offset / sizeof(uintptr_t), node);
    else
        write_edge(dump, EDGE_INTERNAL, TEXT_AMBIGUOUS_FAR, node);
}

static void write_exact(struct ter_dump *dump, size_t offset, size_t node)
{
    if (offset < NEAR_OFFSETS)
        write_edge(dump, EDGE_PROPERTY, dump->texts.exact + offset / NEAR_STEP, node);
    else
        write_edge(dump, EDGE_ELEMENT, offset, node);
}

static void write_seen_edge(struct ter_dump *dump, const struct ter_edge *edge, size_t node)
{
    if (edge->key != 0)
        write_edge(dump, EDGE_INTERNAL, TEXT_EPHEMERON, node);
    else if (edge->word == NULL)
        write_edge(dump, EDGE_PROPERTY, TEXT_REPORTED, node);
    else if (edge->weak)
        write_weak(dump, offset_of(edge), node);
    else if (edge->exact)
        write_exact(dump, offset_of(edge), node);
    else
        write_ambiguous(dump, offset_of(edge), node);
}

static void write_counted_edge(void *context, const struct ter_edge *edge)
{
    struct ter_dump *dump = context;
    size_t number = ter_object_set_find(&dump->set, edge->object);

    if (number == TER_NO_OBJECT || dump->seen == dump->wanted)
        return;
    dump->seen++;
    write_seen_edge(dump, edge, first_object(dump) + number);
}

/* As many as were counted, though a thread that nobody knows of may have written meanwhile. */
static void write_edges_of(void *context, uintptr_t object, bool is_reached)
{
    struct ter_dump *dump = context;
    size_t number = dump->holder_number++;

    (void)is_reached;
    if (dump->stream.error != 0)
        return;
    dump->wanted = count_of(dump, number);
    look_into_object(dump, object);
    for (; dump->seen < dump->wanted; dump->seen++)
        write_edge(dump, EDGE_HIDDEN, 0, first_object(dump) + number);
}

static void write_edges(struct ter_dump *dump)
{
    ter_stream_text(&dump->stream, "],\n\"edges\":[");
    dump->comma = "";
    write_to_groups(dump);
    for (size_t i = 0; i + 1 < groups_of(dump); i++)
        write_group(dump, i);
    dump->seen = 0;
    ter_object_set_for_each(&dump->set, write_to_unreached, dump);
    dump->edges->visit = write_counted_edge;
    dump->holder_number = 0;
    ter_object_set_for_each(&dump->set, write_edges_of, dump);
}

/* ---- While the world stands ---- */

static size_t ambiguous_texts(const struct ter_dump *dump)
{
    return dump->ambiguous_end / sizeof(uintptr_t) + 1;
}

static void place_texts(struct ter_dump *dump)
{
    struct text_bases *texts = &dump->texts;

    dump->ambiguous_end = ter_min(dump->ambiguous_end, MOST_AMBIGUOUS);
    texts->exact = TEXT_FIXED;
    texts->weak = texts->exact + NEAR_TEXTS;
    texts->ambiguous = texts->weak + NEAR_TEXTS;
    texts->groups = texts->ambiguous + ambiguous_texts(dump);
    texts->names = texts->groups + groups_of(dump);
}

static void write_objects(struct ter_dump *dump)
{
    ter_object_set_for_each(&dump->set, check_id, dump);
    place_texts(dump);
    write_head(dump);
    dump->comma = "";
    write_roots_and_groups(dump);
    dump->holder_number = 0;
    ter_object_set_for_each(&dump->set, write_object, dump);
    dump->texts.roots = dump->texts.names + dump->names.keys.count;
    write_edges(dump);
}

static void look_at_all(void *context, struct ter_edges *edges)
{
    struct ter_dump *dump = context;

    dump->edges = edges;
    if (dump->roots.failed)
        fail_dump(dump);
    ter_dump_roots_drop_empty(&dump->roots);
    edges->visit = count_edge;
    drain_waiting(dump);
    reach_values(dump);
    ter_object_set_for_each(&dump->set, count_unreached, dump);
    if (dump->status == TER_OK)
        write_objects(dump);
    if (dump->names.failed)
        fail_dump(dump);
    dump->edges = NULL;
}

/* ---- Texts ---- */

static void write_text(struct ter_dump *dump, const char *text)
{
    char *at = ter_stream_begin(&dump->stream);

    at = ter_put_bytes(at, dump->comma, strlen(dump->comma));
    at = ter_put_name(at, text, TER_STREAM_PIECE - 8);
    ter_stream_end(&dump->stream, at);
    dump->comma = ",\n";
}

static void write_offsets(struct ter_dump *dump, const char *sort, size_t step, size_t count)
{
    char text[64];

    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%s+%zu", sort, i * step);
        write_text(dump, text);
    }
}

static void write_names_of_roots(struct ter_dump *dump, struct ter_code_names *code)
{
    char text[TER_CODE_NAME];

    for (size_t i = 0; i < dump->roots.roots.count; i++) {
        const struct ter_dump_root *root = ter_dump_roots_at(&dump->roots, i);

        if (root->word == NULL)
            continue;
        ter_dump_root_name(&dump->roots, root, code, text, sizeof text);
        write_text(dump, text);
    }
}

static void write_names(struct ter_dump *dump)
{
    struct ter_code_names code;
    char text[TER_CHECK_TEXT];

    ter_code_names_open(&code);
    for (size_t i = 0; i + 1 < groups_of(dump); i++) {
        ter_dump_group_name(ter_dump_roots_group(&dump->roots, i), text, sizeof text);
        write_text(dump, text);
    }
    write_text(dump, "not reached: garbage of the next collection");
    for (size_t i = 0; i < dump->names.keys.count; i++) {
        ter_dump_names_text(&dump->names, &code, i, text, sizeof text);
        write_text(dump, text);
    }
    write_names_of_roots(dump, &code);
    ter_code_names_close(&code);
}

static void write_texts(struct ter_dump *dump)
{
#define FIXED_TEXT(identifier, text) text,
    static const char *const fixed[] = {FIXED_TEXTS(FIXED_TEXT)};
#undef FIXED_TEXT

    ter_stream_text(&dump->stream, "],\n\"trace_function_infos\":[],\n\"trace_tree\":[],\n"
                                   "\"samples\":[],\n\"locations\":[],\n\"strings\":[");
    dump->comma = "";
    for (size_t i = 0; i < TER_ARRAY_LENGTH(fixed); i++)
        write_text(dump, fixed[i]);
    write_offsets(dump, "", NEAR_STEP, NEAR_TEXTS);
    write_offsets(dump, "weak ", NEAR_STEP, NEAR_TEXTS);
    write_offsets(dump, "ambiguous ", sizeof(uintptr_t), ambiguous_texts(dump));
    write_names(dump);
    ter_stream_text(&dump->stream, "]}\n");
    ter_stream_flush(&dump->stream);
}

/* ---- Life ---- */

static size_t dump_bytes(void)
{
    return ter_align_up(sizeof(struct ter_dump), ter_os_page_size());
}

static void init_dump(struct ter_dump *dump, struct ter_collector *collector,
                      struct ter_dump_origins origins, int file)
{
    dump->collector = collector;
    dump->status = TER_OK;
    dump->rounds = EPHEMERON_ROUNDS;
    dump->ids_by_address = true;
    ter_object_set_init(&dump->set);
    ter_dump_roots_init(&dump->roots);
    ter_dump_names_init(&dump->names, collector, origins);
    ter_weak_list_init(&dump->waiting, sizeof(uintptr_t));
    ter_weak_table_init(&dump->many, sizeof(struct many));
    ter_stream_init(&dump->stream, file);
}

static void fini_dump(struct ter_dump *dump)
{
    if (dump->counts != NULL)
        ter_os_release((uintptr_t)dump->counts, counts_bytes(dump));
    ter_weak_table_fini(&dump->many);
    ter_weak_list_fini(&dump->waiting);
    ter_dump_names_fini(&dump->names);
    ter_dump_roots_fini(&dump->roots);
    ter_object_set_fini(&dump->set);
    ter_os_release((uintptr_t)dump, dump_bytes());
}

ter_status ter_dump_begin(struct ter_dump **result, struct ter_collector *collector,
                          struct ter_dump_origins origins, int file)
{
    struct ter_look look = {.begin = begin_looking, .edge = see_root, .end = look_at_all};
    struct ter_dump *dump;
    void *memory;
    ter_status status = ter_os_allocate_named(dump_bytes(), "terrier:dump", &memory);

    *result = NULL;
    if (status != TER_OK)
        return status;
    *result = dump = look.context = memory;
    init_dump(dump, collector, origins, file);
    status = ter_look(collector, &look);
    if (status == TER_OK)
        status = dump->status;
    dump->status = status;
    return status;
}

ter_status ter_dump_finish(struct ter_dump *dump)
{
    ter_status status = dump->status;
    int error;

    if (status == TER_OK)
        write_texts(dump);
    error = dump->stream.error;
    if (error != 0)
        status = TER_ERROR_SYSTEM;
    fini_dump(dump);
    if (error != 0)
        errno = error;
    return status;
}
