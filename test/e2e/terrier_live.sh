#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs that answer while they run: `terrier run --live`, `top`, `signal`, `why` on a process.
# They are asked while they sleep, by their own user, by others, by many; they fork, become other
# programs, are killed. `top` draws on a terminal of any size and leaves it as it was.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v python3 >/dev/null; then
    echo "SKIP: python3 is not here, which makes terminals"
    exit 77
fi
terminal=$source_dir/test/e2e/lib/terminal.py
mkdir -m 700 "$temp/run" || exit 1
export XDG_RUNTIME_DIR="$temp/run" LC_ALL=C.UTF-8 TERM=xterm
unset NO_COLOR

cat >"$temp/program.c" <<'END_OF_C'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void GC_init(void);
void *GC_malloc(size_t bytes);

void **program_list;

static void grow(int count)
{
    for (int i = 0; i < count; i++) {
        void **cell = GC_malloc(48);
        *cell = program_list;
        program_list = cell;
    }
}

/* For ever; a wait that a signal ends goes on. */
static void sleep_on(void)
{
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    (void)argc;
    GC_init();
    grow(1000);
    if (strcmp(argv[1], "fork") == 0 && fork() == 0) {
        grow(5000);
        sleep_on();
    }
    if (strcmp(argv[1], "exec") == 0)
        execlp("sleep", "sleep", "1000", (char *)NULL);
    if (strcmp(argv[1], "block") == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
    }
    if (strcmp(argv[1], "ask") == 0)
        for (;;) {
            struct timespec little = {0, 1000000};
            nanosleep(&little, NULL);
            for (int i = 0; i < 100; i++)
                GC_malloc(64);
        }
    sleep_on();
    return 0;
}
END_OF_C
if ! ${CC:-cc} -O1 -rdynamic -o "$temp/program" "$temp/program.c" "$build_dir/lib/libgc.so.1"; then
    echo "not ok: the program cannot be built"
    exit 1
fi

programs=
trap 'kill $programs 2>/dev/null; rm -rf "$temp"' EXIT

answers() {
    "$terrier" top -n 1 --lines "$1" >"$temp/look" 2>/dev/null
}

# start MODE [OPTIONS]: its process is $pid.
start() {
    mode=$1
    shift
    "$terrier" run "$@" "$temp/program" "$mode" >/dev/null 2>&1 </dev/null &
    pid=$!
    programs="$programs $pid"
}

# start_live MODE: and it answers.
start_live() {
    start "$1" --live
    check "a program answers ($1)" wait_for answers "$pid"
}

stop() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null
}

# ---- The command line ---------------------------------------------------------------------------

for command in top signal why; do
    status_is "help $command" 0 help "$command"
    check "is help on it" grep -q "^Usage: terrier $command" "$temp/out"
    status_is "$command --help" 0 $command --help
done
status_is "help run" 0 help run
check "names --live" grep -q -e '--live' "$temp/out"
for wrong in "top x" "top 0" "top 1 2" "top --count=0 1" "top --delay=0 1" "top --delay=x 1" \
    "top --nonsense 1" "top -n" "signal" "signal 1" "signal x dump" "signal 1 nonsense" \
    "signal 1 dump a b" "signal 1 collect a" "run --live=1 true"; do
    # Several words.
    # shellcheck disable=SC2086
    status_is "refused: $wrong" 2 $wrong
done
status_is "a process that does not answer" 125 top $$
check "is told how" err_has "process $$ does not answer: .*terrier run --live"
status_is "a process that is not there" 125 top 999999999
check "is said" err_has 'there is no process 999999999'
status_is "nobody answers" 0 top
check "is said" grep -q '^No process answers' "$temp/out"

# ---- A program that sleeps ----------------------------------------------------------------------

start_live sleep
check "only its user may open the folder" [ "$(stat -c %a "$XDG_RUNTIME_DIR/terrier")" = 700 ]
check "and the socket" [ "$(stat -c %a "$XDG_RUNTIME_DIR/terrier/$pid".*)" = 600 ]
status_is "figures in lines" 0 top -n 2 -d 0.1 --lines "$pid"
check "are a head and two lines" [ "$(grep -c -E 'allocated/s|KiB' "$temp/out")" -eq 3 ]
check "without sequences" sh -c "! grep -q '$(printf '\033')' '$temp/out'"
status_is "who answers" 0 top
check "is listed" grep -q "^ *$pid .* program\$" "$temp/out"
status_is "it collects" 0 signal "$pid" collect
check "and says nothing" is_silent
status_is "it reports" 0 signal "$pid" report
check "that it did" grep -q '^  because the program asked \.* 1$' "$temp/out"
status_is "it reports for machines" 0 signal "$pid" report=json "$temp/report.json"
check "in JSON" python3 -c 'import json, sys
heap = json.load(open(sys.argv[1]))
assert heap["statistics"]["collections_requested"] == 1, heap["statistics"]
assert heap["process"] == int(sys.argv[2])' "$temp/report.json" "$pid"
status_is "it dumps" 0 signal "$pid" dump "$temp/a.heapsnapshot"
check "all that it has" python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
import snapshot
s = snapshot.Snapshot(sys.argv[2])
assert sum(s.name(n) == "normal, 64 bytes" for n in range(s.count)) >= 1000' \
    "$source_dir/test/e2e/lib" "$temp/a.heapsnapshot"
check "and no half of it is left" [ "$(ls "$temp"/*.part 2>/dev/null | wc -l)" -eq 0 ]
(cd "$temp" && "$terrier" signal "$pid" dump) >"$temp/out" 2>"$temp/err"
check "a dump without a name" [ -s "$temp/terrier-$pid.heapsnapshot" ]
check "has one that is said" out_is "terrier-$pid.heapsnapshot"
status_is "why" 0 why "$pid" 'normal, 64 bytes'
check "is told of the process" grep -q 'ambiguous program_list+0 -> normal, 64 bytes' "$temp/out"
status_is "an object that is not there" 1 why "$pid" 0x10
check "nothing of it is left" [ -z "$(ls "$TMPDIR")" ]
status_is "a dump where none can be" 125 signal "$pid" dump "$temp/no/file"
check "is said" err_has "cannot write '$temp/no/file"
status_is "a heap that is not there" 125 top -n 1 --lines --heap=7 "$pid"
check "is said" err_has 'there is no heap of that number'
(
    ulimit -f 8
    exec "$terrier" signal "$pid" dump "$temp/b.heapsnapshot"
) >"$temp/out" 2>"$temp/err"
status=$?
check "a limit of the caller's is not the program's (status $status)" [ $status -eq 0 ]
stop "$pid"
status_is "a program that was killed" 125 top "$pid"
check "is not there" err_has "there is no process $pid"
check "its name is" [ -e "$(echo "$XDG_RUNTIME_DIR/terrier/$pid".*)" ]
killed=$pid

# ---- Programs that do other things --------------------------------------------------------------

start_live ask
check "the name of one that was killed goes" [ ! -e "$(echo "$XDG_RUNTIME_DIR/terrier/$killed".*)" ]
status_is "one that allocates collects" 0 signal "$pid" collect
status_is "and dumps" 0 signal "$pid" dump "$temp/a.heapsnapshot"
stop "$pid"

start_live block
blocks_signals() {
    grep -q '^SigBlk:.*[1-9a-f]' "/proc/$pid/status"
}
wait_for blocks_signals
"$terrier" signal "$pid" collect >"$temp/out" 2>"$temp/err" &
waiting=$!
check "one that blocks all signals is named" \
    wait_for err_has "waiting: thread $pid (program) blocks the signal"
check "and goes on" answers "$pid"
kill $waiting
wait $waiting 2>/dev/null
stop "$pid"

start_live fork
child_answers() {
    child=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
    child=${child% }
    [ -n "$child" ] && answers "$child"
}
check "a forked child answers too" wait_for child_answers
programs="$programs $child"
check "it is another one" [ "$(ls "$XDG_RUNTIME_DIR/terrier" | wc -l)" -eq 2 ]
status_is "and collects by itself" 0 signal "$child" collect
kill -KILL "$child"
check "its parent answers as before" answers "$pid"
stop "$pid"

start exec --live
became_sleep() {
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sleep ]
}
check "a program becomes another one" wait_for became_sleep
status_is "which does not answer" 125 top "$pid"
check "is told so" err_has "does not answer"
stop "$pid"

start ask --dump "$temp/signalled.heapsnapshot" --dump-signal USR2
catches() {
    [ $((0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") >> 11 & 1)) -eq 1 ]
}
check "a program that takes a signal for dumps" wait_for catches
status_is "gets that" 0 signal "$pid" dump
check "and dumps" wait_for [ -s "$temp/signalled.1.heapsnapshot" ]
status_is "but does not collect" 125 signal "$pid" collect
check "is said" err_has 'does not answer'
stop "$pid"

many=
for number in $(seq 40); do
    start sleep --live
    many="$many $pid"
done
all_listed() {
    run top
    [ "$(grep -c ' program$' "$temp/out")" -eq 40 ]
}
check "forty answer at once" wait_for all_listed
# Several words.
# shellcheck disable=SC2086
kill -KILL $many

# ---- Other users --------------------------------------------------------------------------------

as_nobody() {
    $become_nobody "$@"
}
become_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
their_python=$(PATH=/usr/bin:/bin command -v python3)
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null ||
    [ -z "$their_python" ] || ! as_nobody test -x "$terrier" -a -x "$build_dir/lib"; then
    echo "SKIP: other users are left out: not root, no setpriv, or the build is not theirs to run"
else
    start_live sleep
    chmod 711 "$temp" "$temp/run"
    as_nobody "$terrier" top -n 1 "$pid" >"$temp/out" 2>"$temp/err"
    check "another user is refused" err_has "process $pid may not be looked at by this user"
    cat >"$temp/call.py" <<'END_OF_PYTHON'
import socket
import sys

line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try:
    line.connect(sys.argv[1])
except PermissionError:
    print("no way in")
    sys.exit()
try:
    line.send(b"terrier 1 figures 0")
    print("%d bytes" % len(line.recv(65536)))
except (BrokenPipeError, ConnectionResetError):
    print("0 bytes")
END_OF_PYTHON
    socket=$(echo "$temp/run/terrier/$pid".*)
    as_nobody "$their_python" "$temp/call.py" "$socket" >"$temp/out" 2>"$temp/err"
    check "the system keeps it out" out_is 'no way in'
    chmod 711 "$temp/run/terrier"
    chmod 666 "$socket"
    as_nobody "$their_python" "$temp/call.py" "$socket" >"$temp/out" 2>"$temp/err"
    check "where it does not, the program hangs up" out_is '0 bytes'
    python3 "$temp/call.py" "$socket" >"$temp/out" 2>"$temp/err"
    check "but not on its own user" grep -q '^[0-9]\{3,\} bytes' "$temp/out"
    stop "$pid"
    chmod 700 "$temp/run/terrier"

    mkdir -m 700 "$temp/nobody"
    chown 65534:65534 "$temp/nobody"
    chmod 755 "$temp/program"
    # Several words; a function would be a process of its own.
    # shellcheck disable=SC2086
    env XDG_RUNTIME_DIR="$temp/nobody" TERRIER_OPTIONS=live=1 LD_LIBRARY_PATH="$build_dir/lib" \
        $become_nobody "$temp/program" sleep >/dev/null 2>&1 &
    pid=$!
    programs="$programs $pid"
    check "root may look at others, wherever they listen" wait_for answers "$pid"
    as_nobody env XDG_RUNTIME_DIR= "$terrier" top -n 1 --lines "$pid" >"$temp/out" 2>"$temp/err"
    check "so may they themselves" grep -q KiB "$temp/out"
    stop "$pid"
fi

# ---- The screen ---------------------------------------------------------------------------------

# draws STEPS...: `top` of $pid in a terminal.
draws() {
    printf '%s\n' "$@" >"$temp/steps"
    python3 "$terminal" "$temp/steps" "$terrier" top -d 0.2 "$pid" >"$temp/out" 2>"$temp/err"
}

start_live ask
wide=$(printf 'terrier top: program (%s), mark-sweep, up' "$pid")
for size in "80 24" "200 50" "40 10" "20 4" "12 1" "1 1" "30 2" "500 100"; do
    draws "size $size" "written ?1049h" "key q" "end"
    check "a terminal of $size" [ "$(tail -n 1 "$temp/out")" = 'status 0, as before' ]
done
draws "size 80 24" "wait normal, 64 bytes" "show" "key q" "end"
check "has a title" grep -q "^ $wide" "$temp/out"
for word in heap live memory alloc gc pause; do
    check "has a row: $word" grep -q "^$word  " "$temp/out"
done
check "has kinds" grep -q ' %  .*  normal, 64 bytes$' "$temp/out"
draws "size 80 24" "wait $wide" "size 30 12" "wait terrier top: program" "size 120 40" \
    "wait normal, 64 bytes" "show" "key q" "end"
check "another size is drawn anew" grep -q '^ .*kind, garbage included$' "$temp/out"
check "and left as it was" [ "$(tail -n 1 "$temp/out")" = 'status 0, as before' ]
draws "size 80 24" "wait heap" "raw \\x1b\\[3[0-9]m" "key q" "end"
check "has colours" [ "$(head -n 1 "$temp/out")" = yes ]
NO_COLOR=1 draws "size 80 24" "wait heap" "raw \\x1b\\[[0-9;]*m" "key q" "end"
check "NO_COLOR: has none" [ "$(head -n 1 "$temp/out")" = no ]
LC_ALL=C draws "size 80 24" "wait heap" "wait |" "raw [\\x80-\\xff]" "key q" "end"
check "a locale without UTF-8: plain bars" [ "$(head -n 1 "$temp/out")" = no ]
for signal in TERM INT HUP; do
    draws "size 80 24" "wait heap" "signal $signal" "end"
    check "SIG$signal leaves the terminal as it was" \
        grep -q '^signal [0-9]*, as before$' "$temp/out"
done
draws "size 80 24" "wait heap" "signal-child KILL" "end"
check "so does a kill of the one that draws" [ "$(tail -n 1 "$temp/out")" = 'signal 9, as before' ]
draws "size 80 24" "wait heap" "signal KILL" "end"
check "and of the other" [ "$(tail -n 1 "$temp/out")" = 'signal 9, as before' ]
TERM=dumb draws "size 80 24" "raw x" "written KiB" "raw \\x1b" "signal INT" "end"
check "TERM=dumb: lines, no sequences" [ "$(sed -n 2p "$temp/out")" = no ]
(
    sleep 1
    kill -KILL "$pid"
) &
draws "size 80 24" "wait heap" "end"
check "a program that ends, ends it" [ "$(tail -n 1 "$temp/out")" = 'status 0, as before' ]

finish
