#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `terrier run`: exit statuses, signals, arguments, the environment, reports; and w3m with and
# without it.

. "$(dirname "$0")/lib/terrier.sh"

# ---- Exit statuses ------------------------------------------------------------------------------

for wanted in 0 1 7 126 127 255; do
    status_is "exit status $wanted passes" $wanted run sh -c "exit $wanted"
    check "and nothing is printed" is_silent
done
status_is "a program that is not there" 127 run "$temp/no such program"
check "is named" err_has "cannot run '$temp/no such program': No such file or directory"
status_is "nor is one on PATH" 127 run terrier-no-such-program
echo 'exit 0' >"$temp/plain"
status_is "a file that is not executable" 126 run "$temp/plain"
check "is named too" err_has "cannot run '$temp/plain': Permission denied"
status_is "a folder is no program" 126 run "$temp"

# ---- Signals ------------------------------------------------------------------------------------

status_is "ended by SIGTERM" 143 run sh -c 'kill -TERM $$'
check "without a word" not err_has terrier:
status_is "ended by SIGKILL" 137 run sh -c 'kill -KILL $$'
check "without a word of terrier's" not err_has terrier:
status_is "ended by SIGKILL, with a report" 137 run --report sh -c 'kill -KILL $$'
check "with one line" err_has "'sh' ended by signal 9"
status_is "ended by SIGSEGV" 139 run sh -c 'kill -SEGV $$'

state_is() {
    [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null)" = "$2" ]
}

for name in TERM HUP USR1 USR2; do
    rm -f "$temp/ready"
    "$terrier" run sh -c "trap 'exit 9' $name; : >'$temp/ready'; while :; do sleep 0.05; done" &
    pid=$!
    wait_for test -f "$temp/ready"
    kill -s $name $pid
    wait $pid
    status=$?
    check "SIG$name to terrier reaches the program (status $status)" [ $status -eq 9 ]
done

"$terrier" run sh -c 'kill -STOP $$; exit 4' &
pid=$!
check "when the program stops, terrier stops" wait_for state_is $pid T
kill -s CONT $pid
wait $pid
status=$?
check "and continues with it (status $status)" [ $status -eq 4 ]

# ---- The command line ---------------------------------------------------------------------------

status_is "no command" 2
status_is "an unknown command" 2 frobnicate
status_is "no program" 2 run
status_is "no program after --" 2 run --
check "with a hint" err_has "terrier --help"
status_is "--help" 0 --help
status_is "--version" 0 --version
check "prints a version" grep -q '^terrier [0-9]' "$temp/out"
status_is "help run" 0 help run
mv "$temp/out" "$temp/help"
status_is "run --help" 0 run --help
check "says the same" cmp -s "$temp/out" "$temp/help"
for option in report report-file heap-initial heap-max stress free-space-divisor layout option; do
    check "help names --$option" grep -q -e "--$option" "$temp/help"
done
for wrong in --no-such -x --report=xml --heap-max=12Q --heap-max=0 --heap-max=-1 --heap-max= \
    --heap-max=99999999999999999999 --stress=0 --stress=many --free-space-divisor=1.5 \
    --layout=moon --layout=small:slots=4,log=3 --layout=smal --option=x --option=a=b,c=d \
    --option=report=text --help=yes --report-file= --json --runs=3; do
    status_is "refused: $wrong" 2 run "$wrong" true
done
status_is "an option without its value" 2 run --heap-max
status_is "a first heap above the maximum" 2 run --heap-initial=2M --heap-max=1M true

status_is "the first word that is no option is the program" 0 run sh -c 'echo "$1"' sh --report
check "later words are its arguments" out_is --report
status_is "-- ends the options" 0 run --stress=1 -- sh -c 'echo "$1"' sh --
check "only once" out_is --
ln -s "$(command -v sh)" "$temp/-sh" || exit 1
PATH=$temp:$PATH status_is "after -- a program may begin with -" 0 run -- -sh -c 'echo here'
check "and runs" out_is here
status_is "arguments with spaces, quotes and newlines" 0 run printf '<%s>' 'a  b' '' '"' '*' 'c
d'
check "arrive as they are" out_is '<a  b><><"><*><c
d>'

# ---- The environment ----------------------------------------------------------------------------

show='echo "$TERRIER_OPTIONS|$LD_LIBRARY_PATH|${LD_PRELOAD:-}"'
library_folder=$(readlink -f "$(dirname "${TERRIER_LIBGC:-$build_dir/lib/libgc.so.1}")")

status_is "without options" 0 run sh -c "$show"
check "only the library's folder is set" out_is "|$library_folder|"
status_is "with options" 0 run --heap-initial 64K --heap-max=1G --stress=7 --free-space-divisor=2 \
    --layout=small --option log=0 sh -c "$show"
sizes=heap_initial=65536,heap_max=1073741824
others=stress=7,free_space_divisor=2,layout=small,log=0
check "they are passed on in order" out_is "$sizes,$others|$library_folder|"
export TERRIER_OPTIONS=log=2,stress=9 LD_LIBRARY_PATH=/a:/b
status_is "with an environment" 0 run --stress=3 sh -c "$show"
check "options come after it, the folder before" out_is \
    "log=2,stress=9,stress=3|$library_folder:/a:/b|"
unset TERRIER_OPTIONS LD_LIBRARY_PATH
status_is "a layout of one's own" 0 run --layout=custom:extent=1G:slots=4 sh -c "$show"
check "is passed on whole" out_is "layout=custom:extent=1G:slots=4|$library_folder|"
LD_PRELOAD=libm.so.6 status_is "LD_PRELOAD" 0 run sh -c "$show"
check "is kept" out_is "|$library_folder|libm.so.6"

# ---- Finding the library ------------------------------------------------------------------------

TERRIER_LIBGC=$temp/libgc.so.1 status_is "TERRIER_LIBGC without a file" 125 run true
: >"$temp/other.so"
TERRIER_LIBGC=$temp/other.so status_is "TERRIER_LIBGC with a wrong name" 125 run true

# An installed tree; its files are copies.
(
    failed=0
    terrier=$temp/tree/bin/terrier
    mkdir -p "$temp/tree/bin" "$temp/tree/lib/terrier"
    cp "$build_dir/bin/terrier" "$terrier"
    unset TERRIER_LIBGC
    echo 'the stock library' >"$temp/tree/lib/libgc.so.1"
    run sh -c 'echo "$LD_LIBRARY_PATH"'
    if [ $status -eq 125 ]; then
        check "the places it looked in are named" err_has "$temp/tree/bin/../lib/terrier/libgc.so.1"
    fi
    check "another libgc.so.1 in ../lib is not taken" [ "$(cat "$temp/out")" != "$temp/tree/lib" ]
    echo 'this one reads TERRIER_OPTIONS' >"$temp/tree/lib/terrier/libgc.so.1"
    status_is "the library of an installed tree" 0 run sh -c 'echo "$LD_LIBRARY_PATH"'
    check "is found beside the command" out_is "$(readlink -f "$temp/tree/lib/terrier")"
    [ $failed -eq 0 ]
) || failed=$((failed + 1))

# ---- Reports ------------------------------------------------------------------------------------

report=$temp/report
no_heap='did not use libgc.so.1'
status_is "a report on a program without libgc" 3 run --report sh -c 'echo out; exit 3'
check "leaves its output alone" out_is out
check "says so" err_has "$no_heap"
check "and tells of the process" err_has '^  exit status \.* 3$'
status_is "a report to a file" 0 run --report=json --report-file="$report" true
check "keeps standard error clean" is_silent
check "is JSON" is_json "$report"
check "tells what there is" json_holds "$report" \
    'd["heap"] is None and d["other_processes"] == [] and d["process"]["exit_status"] == 0'
status_is "a file alone means text" 0 run --report-file="$report" true
check "as it should" grep -q "$no_heap" "$report"
status_is "a report on a program that a signal ended" 143 run --report=json \
    --report-file="$report" sh -c 'kill -TERM $$'
check "names the signal" json_holds "$report" 'd["process"]["signal"] == 15'
status_is "a report where none can be written" 125 run --report-file="$temp/no/report" true
status_is "a program that is not there, with a report" 127 run --report "$temp/no such program"
odd=$temp/$(printf 'odd \377 "name"\\')
ln -s "$(command -v env)" "$odd" || exit 1
status_is "a program with an odd name" 0 run --report=json --report-file="$report" "$odd" true
check "makes no bad JSON" is_json "$report"

# ---- w3m ----------------------------------------------------------------------------------------

if command -v w3m >/dev/null; then
    awk 'BEGIN {
        print "<html><title>Test</title><body>"
        for (i = 0; i < 2000; i++)
            printf "<h2>Part %d</h2><table border><tr><td>a<td>%d<tr><td>b</table><p>%s\n",
                i, i * i,
                "Some text that is <b>long</b> enough for a line to be broken here and there."
    }' >"$temp/page.html"
    document=/usr/share/doc/nodejs/api/all.html
    [ -f "$document" ] || document=
    for page in "$temp/page.html" $document; do
        name=$(basename "$page")
        w3m -dump -cols 80 -T text/html "$page" </dev/null >"$temp/stock" 2>/dev/null
        status_is "w3m renders $name" 0 run --report=json --report-file="$report" \
            w3m -dump -cols 80 -T text/html "$page"
        check "as on the stock library ($(wc -c <"$temp/stock") bytes)" \
            cmp -s "$temp/out" "$temp/stock"
        check "the report is JSON" is_json "$report"
        check "and has the heap's figures" json_holds "$report" \
            'd["heap"]["statistics"]["allocated_bytes"] > 0'
    done
    status_is "a text report" 0 run --report w3m -dump -T text/html "$temp/page.html"
    check "begins with the heap" grep -q '^Terrier [0-9]' "$temp/err"
    check "and ends with the process" err_has '^  peak resident memory'
    status_is "a report on a script that runs w3m" 0 run --report=json --report-file="$report" \
        sh -c "w3m -dump -T text/html '$temp/page.html'; exit 0"
    check "has it among the other processes" json_holds "$report" \
        'd["heap"] is None and len(d["other_processes"]) == 1'
else
    echo "SKIP: w3m is not here, it is not run on Terrier"
fi

finish
