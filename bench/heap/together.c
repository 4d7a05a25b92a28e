/* SPDX-License-Identifier: MIT */
/* What a second worker is worth, as a row of heap.json, with exact roots:
 *
 *     together PLAN SHAPE MIB [ROUNDS]
 *
 * Four processes have the same objects each: two whose heaps collect by one thread, one by two, and
 * one by as many of two as was measured to be faster. They collect all in turn, and the first two
 * at once: how much more is traced in that time is what two processors can do here (processes),
 * which includes what they take from each other. `part` is the speed-up of two workers to that.
 * Times are medians; `lost` is the time of the heap that measures to that of one worker, less one.
 * `object_ns` is what one worker takes for each object: they have 32 bytes, and lie in the order in
 * which they are traced but for those of the graph.
 *
 * SHAPE: trees (of 255 objects, below one table), tree (one), graph (four references each, to any),
 * list (one; nothing can be done together).
 */
#include <terrier/terrier.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "costs.h"

enum { ROUNDS_DEFAULT = 9, ROUNDS_MOST = 101, WARM_UP = 4, TREE_DEPTH = 7 };
enum member { ONE, OTHER, TWO, MEASURED, MEMBERS };

static const char *const options_of[MEMBERS] = {"markers=1", "markers=1", "markers=2",
                                                "markers=2,markers_measured=1"};

struct node {
    struct node *links[4];
};

static struct {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned node_kind;
    unsigned table_kind;
    struct node **table; /* an exact slot */
    size_t count;
} own;

static struct member_process {
    int to;
    int from;
    size_t objects;
    double times[ROUNDS_MOST];
} members[MEMBERS];

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "together: %s\n", what);
    exit(1);
}

static void check(ter_status status)
{
    if (status != TER_OK)
        fail(ter_status_message(status));
}

/* ---- Objects ---- */

static struct node *new_node(void)
{
    struct node *node = ter_allocate_inline(own.mutator, own.node_kind, sizeof *node);

    if (node == NULL)
        check(TER_ERROR_NO_MEMORY);
    own.count++;
    return node;
}

static void connect(struct node *node, unsigned place, struct node *to)
{
    TER_STORE(own.mutator, node, node->links[place], to);
}

static void root(size_t place, struct node *node)
{
    ter_write(own.mutator, own.table, (void **)&own.table[place], node);
    own.table[place] = node;
}

static struct node *new_tree(unsigned depth)
{
    struct node *tree;

    TER_ROOTS(own.mutator, r, struct node * left; struct node * right;);
    if (depth > 0) {
        r.left = new_tree(depth - 1);
        r.right = new_tree(depth - 1);
    }
    tree = new_node();
    connect(tree, 0, r.left);
    connect(tree, 1, r.right);
    TER_FRAME_END(own.mutator, r);
    return tree;
}

static void make_trees(size_t nodes)
{
    for (size_t i = 0; own.count < nodes; i++)
        root(i, new_tree(TREE_DEPTH));
}

static void make_tree(size_t nodes)
{
    unsigned depth = 0;

    while ((size_t)4 << depth <= nodes)
        depth++;
    root(0, new_tree(depth));
}

/* The table has all; later only the first is held, and what it leads to, which is nearly all. */
static void make_graph(size_t nodes)
{
    uint64_t random = 1;

    for (size_t i = 0; i < nodes; i++)
        root(i, new_node());
    for (size_t i = 0; i < nodes; i++)
        for (unsigned place = 0; place < 4; place++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            connect(own.table[i], place, own.table[(random >> 33) % nodes]);
        }
    for (size_t i = 1; i < nodes; i++)
        own.table[i] = NULL;
}

static void make_list(size_t nodes)
{
    for (size_t i = 0; i < nodes; i++) {
        struct node *node = new_node();
        connect(node, 0, own.table[0]);
        root(0, node);
    }
}

static const struct shape {
    const char *name;
    void (*make)(size_t nodes);
} shapes[] = {
    {"trees", make_trees}, {"tree", make_tree}, {"graph", make_graph}, {"list", make_list}};

static const struct shape *shape_named(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    fail("the shape is none of trees, tree, graph and list");
}

static void make_heap(const char *plan, const char *more)
{
    static const struct ter_object_layout node = {.header_bytes = sizeof(struct node),
                                                  .header = {.bitmap = 15}},
                                          table = {.element_bytes = sizeof(void *),
                                                   .element = {.bitmap = 1}};
    const struct ter_kind_description nodes = {.name = "node", .layout = &node},
                                      tables = {.name = "table", .layout = &table};
    char text[200];

    snprintf(text, sizeof text, "stacks=exact,plan=%s,%s", plan, more);
    check(ter_heap_new_with(text, &own.heap));
    check(ter_mutator_bind(own.heap, &own.mutator));
    check(ter_kind_define(own.heap, &nodes, &own.node_kind));
    check(ter_kind_define(own.heap, &tables, &own.table_kind));
    check(ter_roots_add_slots(own.heap, &own.table, 1, TER_ROOT_EXACT));
}

static void make_objects(const struct shape *shape, size_t bytes)
{
    size_t nodes = bytes / sizeof(struct node);

    own.table = ter_allocate(own.mutator, own.table_kind, nodes * sizeof(void *));
    if (own.table == NULL)
        check(TER_ERROR_NO_MEMORY);
    shape->make(nodes);
}

/* ---- Processes ---- */

static double collect_ns(void)
{
    double start = costs_now_ns();

    ter_collect(own.mutator);
    return costs_now_ns() - start;
}

/* Collects for each byte that comes, and answers with the time. */
static _Noreturn void serve(int in, int out)
{
    struct ter_statistics figures;
    size_t objects;
    char command;

    for (unsigned i = 0; i < WARM_UP; i++)
        collect_ns();
    ter_heap_statistics(own.heap, &figures, sizeof figures);
    objects = (size_t)figures.live_objects;
    if (write(out, &objects, sizeof objects) != sizeof objects)
        fail("nobody listens");
    while (read(in, &command, 1) == 1) {
        double ns = collect_ns();
        if (write(out, &ns, sizeof ns) != sizeof ns)
            fail("nobody listens");
    }
    _exit(0);
}

static void start(enum member member, const char *plan, const struct shape *shape, size_t bytes)
{
    int to[2], from[2];

    if (pipe(to) != 0 || pipe(from) != 0)
        fail("no pipe");
    switch (fork()) {
    case -1: fail("no process");
    case 0:
        /* Or the pipes of those before would stay open when the parent ends. */
        for (unsigned i = 0; i < (unsigned)member; i++)
            close(members[i].to);
        close(to[1]);
        make_heap(plan, options_of[member]);
        make_objects(shape, bytes);
        serve(to[0], from[1]);
    default: break;
    }
    close(to[0]);
    close(from[1]);
    members[member].to = to[1];
    members[member].from = from[0];
    if (read(from[0], &members[member].objects, sizeof(size_t)) != sizeof(size_t))
        fail("a process ended");
}

static void ask(enum member member)
{
    if (write(members[member].to, "c", 1) != 1)
        fail("a process ended");
}

static double answer(enum member member)
{
    double ns;

    if (read(members[member].from, &ns, sizeof ns) != sizeof ns)
        fail("a process ended");
    return ns;
}

/* The times of the first two at once are OTHER's: the mean, as each works all of its own time. */
static void take_round(unsigned round)
{
    static const enum member by_turns[] = {ONE, TWO, MEASURED};
    double first;

    for (unsigned i = 0; i < sizeof by_turns / sizeof by_turns[0]; i++) {
        ask(by_turns[i]);
        members[by_turns[i]].times[round] = answer(by_turns[i]);
    }
    ask(ONE);
    ask(OTHER);
    first = answer(ONE);
    members[OTHER].times[round] = (first + answer(OTHER)) / 2;
}

static void say(const char *plan, const char *shape, const char *mib, unsigned rounds)
{
    double ms[MEMBERS];

    for (unsigned i = 0; i < MEMBERS; i++)
        ms[i] = costs_median(members[i].times, rounds) / 1e6;
    printf("  {\"program\": \"together/%s/%s\", \"collector\": \"terrier/%s\", \"roots\": "
           "\"exact\", \"objects\": %zu, \"object_ns\": %.1f, \"one_ms\": %.3f, "
           "\"two_ms\": %.3f, \"measured_ms\": %.3f, \"speed_up\": %.3f, "
           "\"processes\": %.3f, \"part\": %.3f, \"lost\": %.3f}\n",
           shape, mib, plan, members[ONE].objects, ms[ONE] * 1e6 / (double)members[ONE].objects,
           ms[ONE], ms[TWO], ms[MEASURED], ms[ONE] / ms[TWO], 2 * ms[ONE] / ms[OTHER],
           ms[OTHER] / (2 * ms[TWO]), ms[MEASURED] / ms[ONE] - 1);
}

int main(int count, char **arguments)
{
    const struct shape *shape;
    unsigned long mib, rounds;

    if (count < 4 || count > 5) {
        fputs("usage: together PLAN trees|tree|graph|list MIB [ROUNDS]\n", stderr);
        return 2;
    }
    shape = shape_named(arguments[2]);
    mib = strtoul(arguments[3], NULL, 10);
    rounds = count == 5 ? strtoul(arguments[4], NULL, 10) : ROUNDS_DEFAULT;
    if (mib == 0 || mib > 16384 || rounds == 0 || rounds > ROUNDS_MOST)
        fail("MIB is 1 to 16384, and ROUNDS 1 to 101");
    for (enum member i = ONE; i < MEMBERS; i++)
        start(i, arguments[1], shape, (size_t)mib << 20);
    for (enum member i = OTHER; i < MEMBERS; i++)
        if (members[i].objects != members[ONE].objects)
            fail("heaps of the same objects have different numbers of them");
    for (unsigned i = 0; i < rounds; i++)
        take_round(i);
    for (enum member i = ONE; i < MEMBERS; i++)
        close(members[i].to);
    while (wait(NULL) > 0)
        ;
    say(arguments[1], arguments[2], arguments[3], (unsigned)rounds);
    return 0;
}
