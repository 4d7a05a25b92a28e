#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Dumps: of a known graph under every plan, with scanned stacks and with exact roots, where python3
# computes what each object retains in two ways; and `terrier run --dump` of programs that end, get
# signals, fork, or cannot write the file.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v python3 >/dev/null; then
    echo "SKIP: python3 is not here, and nothing else reads the file"
    exit 77
fi
snapshot=$source_dir/test/e2e/lib/snapshot.py
file=$temp/a.heapsnapshot

looks() {
    python3 "$snapshot" "$@"
}

# ---- A known graph, under every plan ------------------------------------------------------------

cat >"$temp/graph.c" <<'END_OF_C'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <terrier/inspect.h>
#include <terrier/terrier.h>
#include <unistd.h>

struct pair {
    struct pair *left, *right;
};

enum { MANY = 300 };

static const struct ter_object_layout layout = {.header_bytes = sizeof(struct pair),
                                                .header = {.bitmap = 3}};
static const struct ter_kind_description described = {.name = "pair \"<&>\"", .layout = &layout};
struct pair *graph_root; /* in no register or stack when it is dumped */
static void **graph_many;
static void *graph_pinned;

/* root -> a, b; a -> c; b -> c; c <-> d; an array -> many pairs; one that nothing leads to. */
__attribute__((noinline)) void build(struct ter_mutator *mutator, unsigned kind)
{
    TER_ROOTS(mutator, local, struct pair *root, *a, *b, *c, *d, *many;);

    local.root = ter_allocate(mutator, kind, sizeof(struct pair));
    local.a = ter_allocate(mutator, kind, sizeof(struct pair));
    local.b = ter_allocate(mutator, kind, sizeof(struct pair));
    local.c = ter_allocate(mutator, kind, sizeof(struct pair));
    local.d = ter_allocate(mutator, kind, sizeof(struct pair));
    TER_STORE(mutator, local.root, local.root->left, local.a);
    TER_STORE(mutator, local.root, local.root->right, local.b);
    TER_STORE(mutator, local.a, local.a->left, local.c);
    TER_STORE(mutator, local.b, local.b->right, local.c);
    TER_STORE(mutator, local.c, local.c->left, local.d);
    TER_STORE(mutator, local.d, local.d->right, local.c);
    graph_root = local.root;
    local.many = ter_allocate(mutator, TER_KIND_UNCOLLECTABLE, MANY * sizeof(void *));
    for (int i = 0; i < MANY; i++)
        ((void **)local.many)[i] = ter_allocate(mutator, TER_KIND_ATOMIC, 16);
    graph_many = (void **)local.many;
    graph_pinned = ter_allocate(mutator, TER_KIND_ATOMIC, 100);
    TER_FRAME_END(mutator, local);
}

static __attribute__((noinline)) void clear_stack(void)
{
    volatile char room[4096];

    for (unsigned i = 0; i < sizeof room; i++)
        room[i] = 0;
}

int main(int argc, char **argv)
{
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned kind;
    int file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);

    (void)argc;
    if (ter_heap_new_with(argv[1], &heap) != TER_OK ||
        ter_mutator_bind(heap, &mutator) != TER_OK ||
        ter_kind_define(heap, &described, &kind) != TER_OK ||
        ter_roots_add_slots(heap, &graph_root, 1, TER_ROOT_EXACT) != TER_OK)
        return 2;
    build(mutator, kind);
    if (ter_pin(heap, graph_pinned) != TER_OK)
        return 2;
    clear_stack();
    ter_collect(mutator);
    if (ter_heap_dump(heap, file) != TER_OK)
        return 1;
    printf("%#zx %#zx %#zx\n", (size_t)graph_root, (size_t)graph_many, (size_t)graph_pinned);
    ter_unpin(heap, graph_pinned);
    ter_free(mutator, graph_many);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}
END_OF_C
cat >"$temp/graph.py" <<'END_OF_PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import snapshot

s = snapshot.Snapshot(sys.argv[2])
snapshot.check(s, naive_below=1000)
root, many, pinned = (s.by_address[int(word, 16)] for word in sys.argv[3:6])
exact = sys.argv[6] == "exact"
retained = s.retained()
pair = s.size(root)


def to(node, name):
    [found] = [there for _, edge, there in s.edges[node] if edge == name]
    return found


assert s.name(root) == 'pair "<&>"' and s.type(root) == "object", s.name(root)
a, b = to(root, "+0"), to(root, "+8")
c = to(a, "+0")
d = to(c, "+0")
assert to(b, "+8") == c and to(d, "+8") == c and len({root, a, b, c, d}) == 5
assert all(len(s.edges[node]) == n for node, n in ((root, 2), (a, 1), (b, 1), (c, 1), (d, 1)))
slots = s.group("root slots")
assert [edge[1:] for edge in s.edges[slots]] == [("graph_root+0", root)], s.edges[slots]
assert many in [there for _, _, there in s.edges[s.group("uncollectable object")]]
assert pinned in [there for _, _, there in s.edges[s.group("pin")]]
assert len(s.edges[many]) == 300
assert all(kind == "internal" and name == "ambiguous +%d" % (8 * i)
           for i, (kind, name, _) in enumerate(s.edges[many])), s.edges[many]
assert s.type(pinned) == "native" and s.name(pinned).startswith("atomic, ")
if exact:  # else words on the stack and static data lead to some of them too
    assert retained[c] == 2 * pair and retained[a] == retained[b] == pair
    assert retained[root] == 5 * pair and retained[slots] == 5 * pair
    assert retained[many] == s.size(many) + sum(s.size(there) for _, _, there in s.edges[many])
END_OF_PYTHON

if ! ${CC:-cc} -std=gnu11 -O1 -rdynamic -I"$source_dir/include" -o "$temp/graph" "$temp/graph.c" \
    "$build_dir/lib/libterrier.a" -pthread; then
    echo "not ok: the program cannot be built"
    exit 1
fi

# graph PLAN ROOTS
graph() {
    "$temp/graph" "plan=$1,stacks=$2" "$file" >"$temp/out" 2>"$temp/err" &&
        python3 "$temp/graph.py" "$(dirname "$snapshot")" "$file" $(cat "$temp/out") "$2"
}

plans=$(sed -n 's/.*X([a-z_]*, "\([a-z-]*\)".*/\1/p' "$source_dir/include/terrier/plans.h")
check "there are plans" [ -n "$plans" ]
for plan in $plans; do
    for roots in exact ambiguous; do
        check "a known graph, $plan, $roots" graph "$plan" $roots
    done
done
check "with origins" env TERRIER_OPTIONS=origins=1 "$temp/graph" plan=mark-sweep "$file"
check "names say who allocated" looks "$file" \
    'any("allocated by build+" in s.name(node) for node in range(s.count))'
check "a file that is full" not sh -c "ulimit -f 8; exec '$temp/graph' plan=mark-sweep '$file'"

# ---- The command --------------------------------------------------------------------------------

status_is "help run" 0 help run
for option in dump dump-signal; do
    check "names --$option" grep -q -e "--$option" "$temp/out"
done
for wrong in --dump= --dump=a,b --dump-signal=NONE --dump-signal=0 --dump-signal=65; do
    status_is "refused: $wrong" 2 run $wrong true
done
status_is "where none can be written" 125 run --dump "$temp/no/file" touch "$temp/ran"
check "is said" err_has "cannot write the dump to '$temp/no/file': No such file or directory"
check "before the program runs" not test -e "$temp/ran"

cat >"$temp/program.c" <<'END_OF_C'
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void GC_init(void);
void *GC_malloc(size_t bytes);
void *GC_malloc_uncollectable(size_t bytes);

static void **program_list; /* which the loader does not know */
static void *kept;

static __attribute__((noinline)) void grow(int count)
{
    for (int i = 0; i < count; i++) {
        void **cell = GC_malloc(48);
        *cell = program_list;
        program_list = cell;
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    GC_init();
    grow(100);
    kept = GC_malloc_uncollectable(64);
    if (strcmp(argv[1], "ask") == 0) {
        for (int i = 0; i < 2; i++) {
            raise(SIGUSR2);
            grow(2000);
        }
    } else if (strcmp(argv[1], "own") == 0) {
        signal(SIGUSR2, SIG_IGN);
        raise(SIGUSR2);
        grow(2000);
    } else if (strcmp(argv[1], "leave") == 0) {
        _exit(3);
    } else if (strcmp(argv[1], "fork") == 0) {
        if (fork() == 0) {
            program_list = NULL;
            return 0;
        }
        wait(NULL);
    }
    return 0;
}
END_OF_C
if ! ${CC:-cc} -O1 -o "$temp/program" "$temp/program.c" "$build_dir/lib/libgc.so.1"; then
    echo "not ok: the program cannot be built"
    exit 1
fi

list='[to for _, name, to in s.edges[s.group("static data of program")] if "program_list" in name]'
status_is "a program that ends" 0 run --dump "$file" "$temp/program" end
check "says nothing" is_silent
check "and its list hangs on its variable" looks "$file" \
    "len($list) == 1 and s.retained()[$list[0]] >= 99 * s.size($list[0])"
status_is "with a profile beside it" 0 run --dump "$temp/s.heapsnapshot" \
    --profile "$temp/s.pb.gz" --profile-interval=1 "$temp/program" end
check "objects say who allocated them" looks "$temp/s.heapsnapshot" \
    'sum(s.name(node).endswith("allocated by grow") for node in range(s.count)) >= 99'
cp "$temp/program" "$temp/stripped"
if strip "$temp/stripped" 2>/dev/null; then
    status_is "a stripped program" 0 run --dump "$temp/s.heapsnapshot" "$temp/stripped" end
    check "has the place in its file" looks "$temp/s.heapsnapshot" \
        'any("stripped+0x" in name for _, name, to in s.edges[s.group("static data of stripped")])'
fi
check "uncollectable objects are roots" looks "$file" 's.group("uncollectable object") is not None'
check "nothing else is left" [ "$(ls "$temp"/*.part 2>/dev/null | wc -l)" -eq 0 ]
rm -f "$file"
status_is "after a signal" 0 run --dump "$file" --dump-signal USR2 "$temp/program" ask
check "too" looks "$temp/a.1.heapsnapshot" \
    'any("program_list" in str(e[1]) for g in s.edges for e in g)'
check "twice" looks "$temp/a.2.heapsnapshot"
check "and at the end" looks "$file"
check "numbers of objects stay" python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
import snapshot
one, two = (snapshot.Snapshot(name) for name in sys.argv[2:4])
both = [a for a in one.by_address if a in two.by_address]
assert len(both) > 100
for a in both:
    assert one.field(one.by_address[a], "id") == two.field(two.by_address[a], "id")' \
    "$(dirname "$snapshot")" "$temp/a.1.heapsnapshot" "$temp/a.2.heapsnapshot"
rm -f "$temp"/a.*
status_is "a signal that the program takes itself" 0 run --dump "$file" --dump-signal 12 \
    "$temp/program" own
check "is the program's" not test -e "$temp/a.1.heapsnapshot"
rm -f "$temp"/a.*
status_is "a program that leaves by _exit" 3 run --dump "$file" "$temp/program" leave
check "leaves none" not test -e "$file"
status_is "a program that forks" 0 run --dump "$file" "$temp/program" fork
check "dumps itself, not its child" looks "$file" "len($list) == 1"
odd="$temp/a\"b<c>&d.heapsnapshot"
status_is "a name with quotes and markup" 0 run --dump "$odd" "$temp/program" end
check "is a file as any" looks "$odd"
rm -f "$temp"/a.*
(
    ulimit -f 8
    exec "$terrier" run --dump "$file" "$temp/program" end
) >"$temp/out" 2>"$temp/err"
status=$?
check "no room for it (status $status)" [ $status -eq 0 ]
check "is said" err_has "cannot write the dump to '$file': File too large"
check "and no half of one is left" [ "$(ls "$temp"/a.* 2>/dev/null | wc -l)" -eq 0 ]

# ---- Why is it kept? ----------------------------------------------------------------------------

"$temp/graph" plan=mark-sweep,stacks=exact "$file" >"$temp/addresses"
status_is "help why" 0 help why
status_is "why is the root kept" 0 why "$file" "$(cut -d ' ' -f 1 "$temp/addresses")"
check "by its variable" out_is "root slots
  graph_root+0 -> pair \"<&>\" ($(cut -d ' ' -f 1 "$temp/addresses"), 16 bytes)"
status_is "an object by its name" 0 why "$file" 'atomic, 16 bytes'
check "has a path through its holder" grep -q '^  ambiguous +0 -> atomic, 16 bytes' "$temp/out"
check "as one of many" grep -q '^It is the nearest to a root of 300 so named' "$temp/out"
number=$(python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
import snapshot
s = snapshot.Snapshot(sys.argv[2])
print(s.field(s.by_address[int(sys.argv[3], 16)], "id"))' "$(dirname "$snapshot")" "$file" \
    "$(cut -d ' ' -f 3 "$temp/addresses")")
status_is "an object by its number" 0 why "$file" "@$number"
check "is pinned" grep -q '^pin$' "$temp/out"
status_is "an object that is not there" 1 why "$file" 0x10
for wrong in "$file" "$file 0x" "$file @x" "$file a b"; do
    # Several words.
    # shellcheck disable=SC2086
    status_is "refused: why ${wrong#"$file"}" 2 why $wrong
done
for bytes in 0 1 100 2000 6000 12000; do
    head -c $bytes "$file" >"$temp/cut"
    status_is "a dump cut after $bytes bytes" 125 why "$temp/cut" pair
    check "is named" err_has "'$temp/cut' is no heap snapshot"
done
status_is "a dump that is not there" 125 why "$temp/none" pair
if command -v node >/dev/null; then
    (cd "$temp" && node -e 'require("v8").writeHeapSnapshot("node.heapsnapshot")' >/dev/null)
    number=$(python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
n, f = d["nodes"], d["snapshot"]["meta"]["node_fields"]
print(n[len(f) * (d["snapshot"]["node_count"] // 2) + f.index("id")])' "$temp/node.heapsnapshot")
    status_is "a snapshot of V8" 0 why "$temp/node.heapsnapshot" "@$number"
fi

finish
