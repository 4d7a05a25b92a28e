#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `terrier compare`: what is equal, what differs, and what it says of that.

. "$(dirname "$0")/lib/terrier.sh"

status_is "a program without output" 0 compare -n 2 true
check "has all its rows" grep -q 'page faults' "$temp/out"
check "a program without libgc is named as one" grep -q 'no report from Terrier' "$temp/out"
status_is "a program that fails alike" 0 compare -n 2 sh -c 'echo text; exit 3'
check "its status is shown" grep -q '^  exit status  *3  *3$' "$temp/out"
status_is "a program that a signal ends alike" 0 compare -n 2 sh -c 'kill -TERM $$'
status_is "an output of its own in each run" 1 compare -n 2 sh -c 'echo $$'
check "is told to be so on the stock library too" grep -q 'on the stock library too' "$temp/out"
status_is "another output on Terrier" 1 compare -n 2 sh -c 'echo "${LD_LIBRARY_PATH:-}"'
check "is not" not grep -q 'on the stock library too' "$temp/out"
status_is "another exit status on Terrier" 1 compare -n 2 sh -c '[ -z "${LD_LIBRARY_PATH:-}" ]'
check "is named" grep -q 'exit status .*DIFFERENT' "$temp/out"
status_is "another standard error" 0 compare -n 2 sh -c 'echo "${LD_LIBRARY_PATH:-}" >&2'
check "is a note" grep -q 'note: what went to standard error differs' "$temp/out"
status_is "standard input is empty" 0 compare -n 1 sh -c '[ -z "$(cat)" ]'

status_is "a program that is not there" 127 compare "$temp/no such program"
status_is "no program" 2 compare
status_is "no runs" 2 compare -n 0 true
status_is "nothing to watch with" 2 compare --watch="$temp/nothing" true
status_is "an option of run" 2 compare --report true
library_folder=$(readlink -f "$(dirname "${TERRIER_LIBGC:-$build_dir/lib/libgc.so.1}")")
LD_LIBRARY_PATH=/x:$library_folder status_is "Terrier on both sides" 2 compare true
check "is refused with its reason" err_has 'LD_LIBRARY_PATH already names'

status_is "JSON" 0 compare --json -n 3 --heap-initial=1M sh -c 'echo text'
check "is JSON" is_json "$temp/out"
check "has a measure on a line" [ "$(grep -c '^  {"name": ' "$temp/out")" -eq 4 ]
check "has what it says" json_holds "$temp/out" \
    'd["outputs_equal"] and d["output_bytes"] == 5
     and d["exit_status"] == {"stock": 0, "terrier": 0}
     and [m["name"] for m in d["measures"]] ==
         ["wall_time", "cpu_time", "peak_resident", "page_faults"]
     and all(m["runs"] == 3 and m["stock"] > 0 and m["terrier"] > 0 for m in d["measures"])'
status_is "a program taken off" 0 compare --json -n 3 --over=true sleep 0.1
check "leaves the rest" json_holds "$temp/out" '95 < d["measures"][0]["stock"] < 5000'

"$terrier" compare -n 1000 sleep 0.2 >"$temp/out" 2>"$temp/err" &
pid=$!
sleep 0.5
kill -s TERM $pid
wait $pid
status=$?
check "a signal ends all of it (status $status)" [ $status -eq 143 ]
check "without a result" [ ! -s "$temp/out" ]

if command -v w3m >/dev/null; then
    echo '<p>Some text.' >"$temp/page.html"
    status_is "w3m" 0 compare --json -n 2 w3m -dump -T text/html "$temp/page.html"
    check "has collections" json_holds "$temp/out" 'd["heap"]["collections"] is not None'
    if [ -e "$build_dir/bench/watch.so" ]; then
        awk 'BEGIN { for (i = 0; i < 20000; i++) print "<p>Text with <b>words</b>, " i "." }' \
            >"$temp/long.html"
        status_is "watched w3m" 0 compare --json -n 2 --watch="$build_dir/bench/watch.so" \
            w3m -dump -T text/html "$temp/long.html"
        check "has pauses of both" json_holds "$temp/out" \
            'all(0 < m["stock"] and 0 < m["terrier"] for m in d["measures"])
             and {"longest_pause", "longest_stop", "all_pauses", "collections"}
                 < {m["name"] for m in d["measures"]}
             and all(0 <= s <= 1 for s in d["library_share"].values())'
    fi
else
    echo "SKIP: w3m is not here, it is not compared"
fi

finish
