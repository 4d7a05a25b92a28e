#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `terrier run --timeline`: what python3's parser reads in the file, of programs that end, crash,
# are killed, fork, become another program, have names with markup in them, or cannot write it.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v python3 >/dev/null; then
    echo "SKIP: python3 is not here, and nothing else reads the file"
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
void GC_gcollect(void);

static void *list;

static void collect(int count)
{
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < 100; j++) {
            void **cell = GC_malloc(64);
            *cell = i % 10 == 0 ? NULL : list;
            list = cell;
        }
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
    } else if (strcmp(argv[1], "fork") == 0) {
        for (int i = 0; i < 3; i++)
            if (fork() == 0) {
                if (chdir("/") != 0)
                    return 1;
                collect(count);
                return 0;
            }
        while (wait(NULL) > 0)
            continue;
    }
    return 0;
}
END_OF_C
cat >"$temp/look.py" <<'END_OF_PYTHON'
# look.py FILE [CONDITION]: reads the file, checks what holds of every timeline, then a condition on
# the events e, the collections c and the number of processes p.
import json
import sys

e = json.load(open(sys.argv[1]))
forms = {"X": {"cat", "ph", "pid", "name", "tid", "ts", "dur", "args"},
         "C": {"cat", "ph", "pid", "name", "id", "ts", "args"},
         "M": {"cat", "ph", "pid", "name", "args"}}
for event in e:
    assert set(event) - {"tid"} == forms[event["ph"]] - {"tid"}, event
    assert event["cat"] == "terrier", event
    assert event["ph"] == "M" or event["ts"] >= 0, event
    assert event["ph"] != "X" or event["dur"] >= 0, event
c = [x for x in e if x["ph"] == "X" and x["name"] in ("collection", "young collection")]
parts = ["prepare", "stop threads", "static roots", "other roots", "mark", "weak", "move",
         "release", "resume threads", "after the pause"]
slack = 0.002
for one in c:
    inside = [x for x in e if x["ph"] == "X" and x["name"] in parts and x["pid"] == one["pid"] and
              x["ts"] >= one["ts"] - slack and
              x["ts"] + x["dur"] <= one["ts"] + one["dur"] + slack] if len(c) < 200 else None
    assert inside is None or {x["name"] for x in inside} >= set(parts) - {"move"}, one
    assert one["args"]["pause_ns"] <= one["dur"] * 1000 + 1, one
p = len({x["pid"] for x in e})
named = {x["pid"] for x in e if x["name"] == "process_name"}
assert named == {x["pid"] for x in e}, "each process has a name"
for process in named:
    numbers = [x["args"]["number"] for x in c if x["pid"] == process]
    for before, after in zip(numbers, numbers[1:]):
        assert after == 1 or after > before, "in their order; from 1 in another program"
if len(sys.argv) > 2:
    assert eval(sys.argv[2]), (sys.argv[2], len(e), len(c), p)
END_OF_PYTHON

program=$temp/program
file=$temp/timeline.json
if ! ${CC:-cc} -O1 -o "$program" "$temp/program.c" "$build_dir/lib/libgc.so.1"; then
    echo "not ok: the program cannot be built"
    exit 1
fi

looks() {
    python3 "$temp/look.py" "$@"
}

# ---- The command line ---------------------------------------------------------------------------

status_is "help run" 0 help run
check "names --timeline" grep -q -e --timeline "$temp/out"
for wrong in --timeline= "--timeline=a,b" "--timeline=/$(printf '%0300d' 0)"; do
    status_is "refused: $(echo "$wrong" | cut -c 1-20)" 2 run "$wrong" true
done
status_is "where none can be written" 125 run --timeline "$temp/no/file" touch "$temp/ran"
check "is said" err_has "cannot write the timeline to '$temp/no/file': No such file or directory"
check "before the program runs" not test -e "$temp/ran"

# ---- Programs that end --------------------------------------------------------------------------

status_is "a program that ends" 0 run --timeline "$file" "$program" end 50
check "says nothing" [ ! -s "$temp/err" ]
check "and its collections are there" looks "$file" 'len(c) >= 50 and p == 1'
check "with counters of what is used and lives" looks "$file" \
    '{"heap limit", "used", "live", "slow allocations"} <= {x["name"] for x in e if x["ph"] == "C"}'
status_is "another run" 0 run --timeline "$file" "$program" end 5
check "takes the place of the first" looks "$file" '5 <= len(c) < 50'
(cd "$temp" && run run --timeline relative.json "$program" end 3)
check "a relative name" looks "$temp/relative.json" 'len(c) >= 3'
status_is "a report beside it" 0 run --report=json --report-file="$temp/report" \
    --timeline "$file" "$program" end 20
check "counts the same collections" python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))["heap"]["statistics"]
events = json.load(open(sys.argv[2]))
count = sum(1 for x in events if x["ph"] == "X" and x["name"] == "collection")
pauses = sum(x["args"]["pause_ns"] for x in events if x["ph"] == "X" and x["name"] == "collection")
assert count == report["collections"], (count, report["collections"])
assert pauses == report["pause_total_ns"], (pauses, report["pause_total_ns"])' \
    "$temp/report" "$file"
status_is "a program without a heap" 0 run --timeline "$file" true
check "leaves an empty timeline" looks "$file" 'e == []'
status_is "thousands of collections" 0 run --timeline "$file" "$program" end 5000
check "are all there" looks "$file" 'len(c) >= 5000'
status_is "a program that closes all files" 0 run --timeline "$file" "$program" close 20
check "goes on being seen" looks "$file" 'len(c) >= 40'

# ---- Programs that end otherwise ----------------------------------------------------------------

status_is "a program that leaves by _exit" 3 run --timeline "$file" "$program" leave 20
check "has a whole file" looks "$file" 'len(c) >= 1'
status_is "a program that crashes" 139 run --timeline "$file" "$program" crash 20
check "has one too" looks "$file" 'len(c) >= 1'
status_is "a program that becomes another" 0 run --timeline "$file" "$program" become 20
check "has both" looks "$file" 'len(c) >= 20'
status_is "a program that forks" 0 run --timeline "$file" "$program" fork 20
check "has those of its children" looks "$file" 'p == 4 and len(c) >= 60'
mkdir "$temp/each"
status_is "a file for each process" 0 run --timeline "$temp/each/%p.json" "$program" fork 20
for one in "$temp"/each/*; do
    check "is a timeline of one" looks "$one" 'p == 1'
done
check "and there are four" [ "$(ls "$temp/each" | wc -l)" -eq 4 ]

# killed COUNT WORD PAUSE: a program that collects so often is killed when it has said the word and
# after the pause. The kernel may cut the write that it is in, which is mended.
killed() {
    : >"$temp/ready"
    "$terrier" run --timeline "$file" "$program" wait "$1" >"$temp/ready" 2>"$temp/err" &
    pid=$!
    wait_for grep -q "$2" "$temp/ready"
    sleep "$3"
    kill -KILL "$(head -n 1 "$temp/ready")"
    wait $pid 2>/dev/null
    status=$?
}

killed 20 ready 0
check "a program that is killed (status $status)" [ $status -eq 137 ]
check "has a whole file" looks "$file" 'len(c) >= 1'
for pause in 0.01 0.02 0.03 0.04 0.05 0.06 0.07 0.08; do
    killed 100000 . $pause
    check "and after $pause s, in the middle" looks "$file"
done

# ---- Names --------------------------------------------------------------------------------------

odd='a"b<c>&d'\''\e'
cp "$program" "$temp/$odd"
status_is "a name with quotes and markup" 0 run --timeline "$temp/$odd.json" "$temp/$odd" end 3
check "is in the file as it is" looks "$temp/$odd.json" \
    'any(x["name"] == "process_name" and x["args"]["name"] == """a"b<c>&d'"'"'\\e""" for x in e)'

# ---- Files that cannot be written to ------------------------------------------------------------

# with_option PATH: a program that is asked by the library's option alone.
with_option() {
    TERRIER_OPTIONS=timeline=$1 LD_LIBRARY_PATH=$build_dir/lib "$program" end 200 \
        >"$temp/out" 2>"$temp/err"
    status=$?
}

with_option "$temp/no/file"
check "an option that names no file harms nobody (status $status)" [ $status -eq 0 ]
check "is said once" [ "$(grep -c 'cannot write the timeline' "$temp/err")" -eq 1 ]
echo precious >"$temp/precious"
with_option "$temp/precious"
check "a file that is no timeline is spared (status $status)" [ $status -eq 0 ]
check "is said" err_has 'there is a file that is no timeline'
check "stays as it is" [ "$(cat "$temp/precious")" = precious ]
with_option /dev/full
check "nor is a device written to (status $status)" [ $status -eq 0 ]
rm -f "$file"
with_option "$file"
with_option "$file"
check "two runs are added up" looks "$file" 'p == 2 and len(c) >= 400'

# As a full disk: the limit on files is said, kills nobody, and what fitted is whole.
rm -f "$file"
(
    ulimit -f 64
    exec "$terrier" run --timeline "$file" "$program" end 2000
) >"$temp/out" 2>"$temp/err"
status=$?
check "no room for more (status $status)" [ $status -eq 0 ]
check "is said" err_has "cannot write the timeline to '$file': File too large"
check "and what fitted is a timeline" looks "$file" 'len(c) >= 1'
if mkdir "$temp/disk" && mount -t tmpfs -o size=64k none "$temp/disk" 2>/dev/null; then
    run run --timeline "$temp/disk/file" "$program" end 2000
    check "a full disk (status $status)" [ $status -eq 0 ]
    check "is said too" err_has "No space left on device"
    check "and leaves a timeline" looks "$temp/disk/file" 'len(c) >= 1'
    umount "$temp/disk"
else
    echo "SKIP: no file system can be mounted here, none is filled"
fi

finish
