#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `terrier run --page` and `terrier compare --page`: what is on a page, of programs that end, crash,
# are killed, fork, collect very often, have names with markup in them, or cannot write it; and what
# a browser makes of it, without a network.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v python3 >/dev/null; then
    echo "SKIP: python3 is not here, and nothing else reads the page"
    exit 77
fi

# ---- A build without charts ---------------------------------------------------------------------

command_without_charts() {
    cmake=${TERRIER_CMAKE:-cmake}
    "$cmake" -D page="$source_dir/tools/terrier/page" -D charts="$temp/none" -D has_charts=OFF \
        -D output="$temp/template.c" -P "$source_dir/cmake/page_template.cmake" &&
        ${CC:-cc} -std=gnu11 -o "$temp/bare" "$source_dir"/tools/terrier/*.c \
            "$temp/template.c" -I"$source_dir/include" -I"$source_dir/src" \
            -I"$source_dir/tools/terrier" "$build_dir/lib/libterrier.a" -pthread
}

if command_without_charts >"$temp/out" 2>"$temp/err"; then
    "$temp/bare" run --page "$temp/bare.html" touch "$temp/ran" >"$temp/out" 2>"$temp/err"
    status=$?
    check "a build without charts has no pages (status $status)" [ $status -eq 125 ]
    check "says in a line what adds them" err_has '^terrier: this build has no pages: install npm'
    check "in no more" [ "$(wc -l <"$temp/err")" -eq 1 ]
    check "before the program runs" [ ! -e "$temp/ran" ]
    check "and writes none" [ ! -e "$temp/bare.html" ]
    check "but runs programs" env "TERRIER_LIBGC=${TERRIER_LIBGC:-$build_dir/lib/libgc.so.1}" \
        "$temp/bare" run true
else
    check "a command without charts is built" false
fi

run run --page "$temp/page.html" true
if [ $status -eq 125 ] && err_has 'this build has no pages'; then
    echo "SKIP: this build has no pages, since npm was not there or could not fetch uPlot"
    [ "$failed" -eq 0 ] || finish
    exit 77
fi

# ---- A program ----------------------------------------------------------------------------------

cat >"$temp/program.c" <<'END_OF_C'
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void GC_init(void);
void *GC_malloc(size_t bytes);
void *GC_malloc_atomic(size_t bytes);
void *GC_malloc_uncollectable(size_t bytes);
void GC_gcollect(void);

static void *list, *volatile large[4];

static void collect(int count)
{
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < 200; j++) {
            void **cell = GC_malloc(16 << j % 8);
            *cell = i % 10 == 0 ? NULL : list;
            list = cell;
            cell = GC_malloc_atomic(100);
        }
        large[i % 4] = GC_malloc_atomic(100000);
        GC_gcollect();
    }
}

int main(int argc, char **argv)
{
    int count = atoi(argv[2]);

    (void)argc;
    printf("%ld\n", (long)getpid());
    fflush(stdout);
    GC_init();
    *(void **)GC_malloc_uncollectable(64) = NULL;
    collect(count);
    if (strcmp(argv[1], "wait") == 0) {
        puts("ready");
        fflush(stdout);
        for (;;)
            pause();
    } else if (strcmp(argv[1], "crash") == 0) {
        raise(SIGSEGV);
    } else if (strcmp(argv[1], "leave") == 0) {
        _exit(3);
    } else if (strcmp(argv[1], "become") == 0) {
        execl(argv[0], argv[0], "end", argv[2], NULL);
    } else if (strcmp(argv[1], "close") == 0) {
        for (int file = 3; file < 100; file++)
            close(file);
        collect(count);
    } else if (strncmp(argv[1], "fork", 4) == 0) {
        for (int i = 0; i < atoi(argv[1] + 4); i++)
            if (fork() == 0) {
                if (chdir("/") != 0)
                    return 1;
                collect(count + i);
                return 0;
            }
        while (wait(NULL) > 0)
            continue;
    }
    return 0;
}
END_OF_C
program=$temp/program
page=$temp/page.html
if ! ${CC:-cc} -O1 -o "$program" "$temp/program.c" "$build_dir/lib/libgc.so.1"; then
    echo "not ok: the program cannot be built"
    exit 1
fi

cat >"$temp/look.py" <<'END_OF_PYTHON'
# look.py PAGE [CONDITION]: takes the data out of a page as a browser would, checks what holds of
# every page, then a condition on the data d, the runs, the recordings r and the first of them, f.
import html.parser
import json
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.inside = None
        self.scripts = {}
        self.elements = []

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        attributes = dict(attributes)
        assert not any(key in attributes for key in ("src", "srcset")), attributes
        assert tag != "link" or attributes["href"].startswith("data:"), attributes
        self.inside = attributes.get("id", "code") if tag == "script" else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside is not None:
            self.scripts[self.inside] = self.scripts.get(self.inside, "") + data


reader = Reader()
reader.feed(text)
assert text.rstrip().endswith("</html>"), "it is whole"
assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", text), "it loads nothing"
data = reader.scripts["data"]
assert not re.search("[<>&\u2028\u2029]", data), "nothing in the data is markup"
d = json.loads(data)
runs = d["runs"]
r = [one for run in runs for one in run["recordings"]]
f = r[0] if r else None


def total(one):
    return sum(one["collections"]["count"])


def figure(one, name):
    return one["figures"][[row[0] for row in d["statistics"]].index(name)]


def lived(one, number):
    return one["collections"]["objects"][one["collections"]["number"].index(number)]


for one in r:
    c, s = one["collections"], one["samples"]
    assert len({len(column) for key, column in c.items() if key != "stride"}) == 1
    assert len({len(column) for key, column in s.items() if key != "stride"}) == 1
    assert sum(row[3] + row[4] for row in one["pauses"]) == total(one), "each pause is counted"
    assert c["start"] == sorted(c["start"]) and s["start"] == sorted(s["start"])
    assert all(low <= high for low, high in zip(s["least"], s["most"]))
    assert len(c["start"]) <= 1024 and len(s["start"]) <= 2048 and len(one["snapshots"]) <= 48
    assert all(count <= c["stride"] for count in c["count"])
    # A part may go on after the pause, where the thread had to wait for a processor.
    for parts, whole in zip(c["parts"], c["total"]):
        assert sum(parts) <= whole, (parts, whole)
    for snapshot in one["snapshots"]:
        assert len(snapshot["map"]) == 2 * sum(snapshot["tiles"])
        assert sum(snapshot["tiles"]) <= 2048
        assert sum(snapshot["parcels"]) >= sum(snapshot["tiles"]) or snapshot["gather"] > 1
    numbers = [x["collection"] for x in one["snapshots"]]
    assert numbers == sorted(numbers)
    assert len(one["settings"]) == len(d["options"])
    assert len(one["figures"]) == len(d["statistics"])
if len(sys.argv) > 2:
    assert eval("(" + sys.argv[2] + ")"), (sys.argv[2], [total(one) for one in r])
END_OF_PYTHON

looks() {
    python3 "$temp/look.py" "$@"
}

# No half of a page is left beside it, and nothing in the folder for temporary files.
left_nothing() {
    [ -z "$(ls "$temp" | grep '\.part$')" ] && is_empty "$temp/tmp"
}

# ---- The command line ---------------------------------------------------------------------------

status_is "help run" 0 help run
check "names --page" grep -q -e --page "$temp/out"
status_is "help compare" 0 help compare
check "names --page and --against" grep -q -e --against "$temp/out"
status_is "no name" 2 run --page= true
status_is "where none can be written" 125 run --page "$temp/no/page.html" touch "$temp/ran"
check "is said" err_has "cannot write the page to '$temp/no/page.html': No such file or directory"
check "before the program runs" [ ! -e "$temp/ran" ]
status_is "a folder" 125 run --page "$temp" true
check "is none" err_has 'Is a directory'
status_is "options of nobody" 2 compare --against plan=nobody true
status_is "no options" 2 compare --against '' true

# ---- Programs that end --------------------------------------------------------------------------

status_is "a program that ends" 0 run --page "$page" "$program" end 60
check "says nothing" [ ! -s "$temp/err" ]
check "leaves nothing else" left_nothing
check "its collections are there" looks "$page" 'total(f) >= 60 and len(r) == 1 and f["ended"]'
check "as the figures have them" looks "$page" \
    'total(f) == figure(f, "collections")'
check "with sizes" looks "$page" 'max(f["samples"]["most"]) > 100000
    and max(f["samples"]["resident"]) > 1000000 and min(f["samples"]["limit"]) > 0'
check "with parts" looks "$page" 'all(sum(parts) > 0 for parts in f["collections"]["parts"])'
check "with blocks before and after collections, and at the end" looks "$page" \
    '[x["moment"] for x in f["snapshots"]][:2] == ["before", "after"]
     and f["snapshots"][-1]["moment"] == "last" and len(f["snapshots"]) > 20'
check "with what lives" looks "$page" \
    'any({"normal", "atomic"} <= {f["kinds"][k] for k in x["kinds"]} for x in f["snapshots"])'
check "in all sizes" looks "$page" \
    'any({32, 64, 128, 1024, 2048, 4096, 131072} <= set(x["most"]) for x in f["snapshots"])'
check "counted as the collection did, but for what threads have at hand" looks "$page" 'all(
    0 <= sum(x["objects"]) - lived(f, x["collection"]) < 4096
    for x in f["snapshots"] if x["kinds"])'
status_is "another run" 0 run --page "$page" --heap-initial 3M "$program" end 5
check "takes the place of the first" looks "$page" '5 <= total(f) < 60'
check "and has its settings" looks "$page" \
    'f["settings"][[x[0] for x in d["options"]].index("heap_initial")] == "3145728"'
(cd "$temp" && run run --page relative.html "$program" end 3)
check "a relative name" looks "$temp/relative.html" 'total(f) >= 3'
ln -s relative.html "$temp/link.html"
status_is "a link" 0 run --page "$temp/link.html" "$program" end 30
check "stays one" [ -h "$temp/link.html" ]
check "and what it names is the page" looks "$temp/relative.html" 'total(f) >= 30'
status_is "a report and a timeline beside it" 0 run --report=json --report-file="$temp/report" \
    --timeline "$temp/timeline" --page "$page" "$program" end 20
check "count the same collections" python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))["heap"]["statistics"]["collections"]
events = json.load(open(sys.argv[2]))
assert report == sum(1 for x in events if x["ph"] == "X" and x["name"] == "collection")' \
    "$temp/report" "$temp/timeline"
status_is "a program without a heap" 0 run --page "$page" true
check "has a page that says so" looks "$page" 'r == [] and runs[0]["status"] == 0'
status_is "a program that closes all files" 0 run --page "$page" "$program" close 20
check "goes on being seen" looks "$page" 'total(f) >= 40'
status_is "another plan" 0 run --page "$page" --option plan=immix "$program" end 20
check "is named" looks "$page" 'f["plan"] == "immix" and total(f) >= 20'

# ---- Programs that end otherwise ----------------------------------------------------------------

status_is "a program that leaves by _exit" 3 run --page "$page" "$program" leave 20
check "has all that it did" looks "$page" 'total(f) >= 20 and not f["ended"]'
status_is "a program that crashes" 139 run --page "$page" "$program" crash 20
check "has it too" looks "$page" 'total(f) >= 20 and runs[0]["signal"] == "Segmentation fault"'
status_is "a program that becomes another" 0 run --page "$page" "$program" become 20
check "has both" looks "$page" 'len(r) == 2 and r[0]["process"] == r[1]["process"]'
status_is "a program that forks" 0 run --page "$page" "$program" fork3 20
check "has each process" looks "$page" \
    'len({x["process"] for x in r}) == 4 and all(total(x) >= 20 for x in r)'
check "its own collections alone" looks "$page" 'all(total(x) < 40 for x in r)'
status_is "a program that forks often" 0 run --page "$page" "$program" fork90 2
check "has those that collected most" looks "$page" 'len(r) == 16 and runs[0]["left_out"] == 48'
check "and nothing was said" [ ! -s "$temp/err" ]
check "nothing is left" left_nothing

# killed COUNT WORD PAUSE: when it has said the word and after the pause.
killed() {
    : >"$temp/ready"
    "$terrier" run --page "$page" "$program" wait "$1" >"$temp/ready" 2>"$temp/err" &
    pid=$!
    wait_for grep -q "$2" "$temp/ready"
    sleep "$3"
    kill -KILL "$(head -n 1 "$temp/ready")"
    wait $pid 2>/dev/null
    status=$?
}

killed 20 ready 0
check "a program that is killed (status $status)" [ $status -eq 137 ]
check "has all that it did" looks "$page" 'total(f) >= 20 and not f["ended"]'
for pause in 0.02 0.05 0.11 0.23; do
    killed 1000000 . $pause
    check "and after $pause s, in the middle" looks "$page" 'len(r) == 1'
done
rm "$page"
"$terrier" run --page "$page" "$program" wait 20 >"$temp/ready" 2>"$temp/err" &
pid=$!
wait_for grep -q ready "$temp/ready"
kill -KILL $pid
wait $pid 2>/dev/null
wait_for is_empty "$temp/tmp"
check "terrier itself is killed: nothing is left" left_nothing
check "nor is there half a page" [ ! -e "$page" ]

# ---- Very many collections ----------------------------------------------------------------------

status_is "thousands of collections" 0 run --page "$page" "$program" end 9000
check "are all counted" looks "$page" 'total(f) >= 9000 and f["collections"]["stride"] >= 8'
check "the longest pause is there" looks "$page" \
    'max(f["collections"]["pause"]) == figure(f, "pause_max_ns")'
check "and what all of them took" looks "$page" \
    'sum(f["collections"]["pauses"]) == figure(f, "pause_total_ns")'
check "snapshots are of all of the time" looks "$page" \
    'f["snapshots"][-3]["collection"] > 6000 and f["snapshots"][0]["collection"] < 1000'
check "the page stays small" [ "$(wc -c <"$page")" -lt 1500000 ]

# ---- Names --------------------------------------------------------------------------------------

odd="a\"b<b>c<b>&d'</script><!--$(printf '\342\200\250')e"
cp "$program" "$temp/odd"
# A slash cannot be in the name of a program, but in what it is told.
status_is "words with quotes and markup" 0 run --page "$temp/odd.html" \
    sh -c '"$0" end 3 # $1' "$temp/odd" "$odd"
check "are on the page as they are" looks "$temp/odd.html" \
    'runs[0]["command"][-1] == "a\"b<b>c<b>&d'\''</script><!--\u2028e"'
marked='a"b<b>c&d'
cp "$program" "$temp/$marked"
status_is "a name with markup" 0 run --page "$temp/$marked.html" "$temp/$marked" end 3
check "is there as it is" looks "$temp/$marked.html" 'f["program"] == "a\"b<b>c&d"'

# ---- Files that cannot be written to ------------------------------------------------------------

status_is "a page to a device" 0 run --page /dev/null "$program" end 3
status_is "a page to a full one" 0 run --page /dev/full "$program" end 3
check "is said" err_has "cannot write the page to '/dev/full': No space left on device"
echo precious >"$temp/precious.html"
(
    ulimit -f 40
    exec "$terrier" run --page "$temp/precious.html" true
) >"$temp/out" 2>"$temp/err"
status=$?
check "a limit on files harms nobody (status $status)" [ $status -eq 0 ]
check "is said" err_has "cannot write the page to '$temp/precious.html': File too large"
check "and what was there stays" [ "$(cat "$temp/precious.html")" = precious ]
check "nothing is left" left_nothing
(
    ulimit -f 40
    exec "$terrier" run --page "$temp/precious.html" "$program" end 20
) >"$temp/out" 2>"$temp/err"
status=$?
check "nor does one the program (status $status)" [ $status -eq 0 ]
check "of which nothing is recorded" err_has 'nothing is recorded for a page'
if mkdir "$temp/disk" && mount -t tmpfs -o size=200k none "$temp/disk" 2>/dev/null; then
    run run --page "$temp/disk/page.html" "$program" end 2000
    check "a full disk (status $status)" [ $status -eq 0 ]
    check "is said" err_has "No space left on device"
    check "and no half of a page is there" is_empty "$temp/disk"
    TMPDIR=$temp/disk run run --page "$page" "$program" end 20
    check "one for temporary files (status $status)" [ $status -eq 0 ]
    check "is said too" err_has "nothing is recorded for a page"
    check "and the page says that there is nothing" looks "$page" 'r == []'
    umount "$temp/disk"
else
    echo "SKIP: no file system can be mounted here, none is filled"
fi
TERRIER_OPTIONS=recording=$temp/no/file LD_LIBRARY_PATH=$build_dir/lib "$program" end 20 \
    >"$temp/out" 2>"$temp/err"
status=$?
check "a folder that went harms nobody (status $status)" [ $status -eq 0 ]
check "and nothing is said" [ ! -s "$temp/err" ]

# ---- Two programs side by side ------------------------------------------------------------------

status_is "compare" 0 compare -n 1 --page "$temp/stock.html" sh -c 'sleep 0.05'
check "has a page" looks "$temp/stock.html" '[x["title"] for x in runs] == ["stock", "Terrier"]
    and d["comparison"]["measures"] and all(x["resident"]["bytes"] for x in runs)'
# The same output in each run, unlike the program of above.
sed 's/printf("%ld\\n", (long)getpid());/printf("1\\n");/' "$temp/program.c" >"$temp/same.c"
${CC:-cc} -O1 -o "$temp/same" "$temp/same.c" "$build_dir/lib/libgc.so.1" || exit 1
status_is "two plans" 0 compare -n 2 --against plan=immix --option plan=mark-sweep \
    --page "$temp/plans.html" "$temp/same" end 200
check "are named" grep -q 'against Terrier with plan=immix' "$temp/out"
check "each has its plan" looks "$temp/plans.html" \
    '[x["plan"] for x in r] == ["immix", "mark-sweep"]'
check "and its collections" looks "$temp/plans.html" 'all(total(x) >= 200 for x in r)'
status_is "as JSON" 0 compare --json -n 1 --against plan=immix "$temp/same" end 5
check "it is said too" json_holds "$temp/out" 'd["against"] == "plan=immix"'

# ---- In a browser -------------------------------------------------------------------------------

browser=
for one in chromium chromium-browser google-chrome; do
    command -v $one >/dev/null && browser=${browser:-$one}
done

# browse PAGE WIDTH: what the browser made of it is in $temp/looked, its log in $temp/err.
browse() {
    python3 - "$1" "$source_dir/test/e2e/lib/look_at_page.js" >"$temp/looked.html" <<'END_OF_PYTHON'
import sys
page = open(sys.argv[1], encoding="utf-8").read()
early = """<script>window.lookedErrors = [];
for (const name of ["error", "unhandledrejection", "securitypolicyviolation"])
    addEventListener(name, (event) =>
        lookedErrors.push(String(event.message || event.reason || name)));
for (const name of ["error", "warn"])
    console[name] = (...words) => lookedErrors.push(words.join(" "));</script>"""
alone = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; " \
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">"
late = "<script>" + open(sys.argv[2], encoding="utf-8").read() + "</script>"
page = page.replace("<head>", "<head>" + alone + early, 1)
sys.stdout.write(page.replace("</body>", late + "</body>"))
END_OF_PYTHON
    # With its own folder for temporary files, where it may leave some.
    mkdir -p "$temp/browser.tmp"
    TMPDIR=$temp/browser.tmp timeout 100 "$browser" --headless --no-sandbox --disable-gpu \
        --disable-dev-shm-usage \
        --user-data-dir="$temp/browser" --no-first-run --disable-extensions \
        --window-size="$2,1200" --virtual-time-budget=8000 --enable-logging=stderr \
        --dump-dom "file://$temp/looked.html" >"$temp/dom" 2>"$temp/err"
    python3 - "$temp/dom" >"$temp/looked" <<'END_OF_PYTHON'
import html
import re
import sys
found = re.search('<pre id="looked">(.*?)</pre>', open(sys.argv[1], encoding="utf-8").read(), re.S)
print(html.unescape(found.group(1)) if found else "{}")
END_OF_PYTHON
}

no_console_error() {
    ! grep 'CONSOLE' "$temp/err"
}

# drawn PAGE WIDTH CANVASES MAPS [CONDITION]
drawn() {
    browse "$1" "$2"
    [ -s "$temp/dom" ] || browse "$1" "$2" # a browser that could not start on a busy machine
    check "$(basename "$1") at $2 has no errors" json_holds "$temp/looked" 'd["errors"] == []'
    check "nor has the console" no_console_error
    check "its charts are drawn" json_holds "$temp/looked" \
        "len(d['canvases']) == $3 and all(x > 1500 for x in d['canvases'])"
    check "its maps and treemaps too" json_holds "$temp/looked" \
        "len(d['maps']) == $4 and all(x >= 2 for x in d['maps'])
         and len(d['treemaps']) == $4 and all(x >= 3 for x in d['treemaps'])"
    check "all have names" json_holds "$temp/looked" 'd["unnamed"] == 0 and all(d["stepped"])'
    check "nothing is wider than the window" json_holds "$temp/looked" 'd["wide"] <= 0'
    [ -z "${5:-}" ] || check "and $5" json_holds "$temp/looked" "$5"
}

if [ -z "$browser" ]; then
    echo "SKIP: no Chromium is here, pages are not drawn"
    finish
fi
status_is "a page for the browser" 0 run --page "$page" "$program" end 60
drawn "$page" 1600 3 1 'd["title"] == "program on Terrier"'
drawn "$page" 500 3 1
drawn "$temp/plans.html" 1600 7 2
drawn "$temp/odd.html" 900 3 1 'd["bold"] == 0'
drawn "$temp/$marked.html" 900 3 1 'd["heading"] == "a\"b<b>c&d" and d["bold"] == 0'
status_is "a page without a heap" 0 run --page "$page" true
browse "$page" 900
check "is drawn without errors" json_holds "$temp/looked" \
    'd["errors"] == [] and d["text"] > 100 and d["canvases"] == []'

finish
