# SPDX-License-Identifier: MIT
#
# Rows that are searched for, for tools/bench-heap, with heap_runs.sh and heap_rows.sh: the smallest
# heap that a program finishes in, the heap that Java needs to be as fast as we are, and OCaml's
# time where it takes as much memory. Each function prints rows of heap.json.
# shellcheck disable=SC2154

# ---- The smallest heap ----

# finishes PROGRAM HUNDREDTHS COLLECTOR ROOTS: with a heap of so many hundredths of what lives?
finishes() {
    heap_run "$1" 1 1 "$(awk -v n="$2" 'BEGIN { print n / 100 }')" "$3" "$4" \
        >"$temp/out" 2>/dev/null </dev/null
}

# To a twentieth of what lives; searched as if every larger one would do.
find_smallest() {
    low=95 high=
    for size_tried in 150 300 600; do
        if finishes "$1" $size_tried "$2" "$3"; then
            high=$size_tried
            break
        fi
        low=$size_tried
    done
    [ "$high" ] || return 0
    while [ $((high - low)) -gt 5 ]; do
        middle=$(((low + high) / 10 * 5))
        if finishes "$1" $middle "$2" "$3"; then high=$middle; else low=$middle; fi
    done
    factor=1
    awk -v n="$high" -v program="$1" -v collector="$2" -v roots="$3" \
        -v live="$(heap_bytes)" 'BEGIN {
        printf "  {\"program\": \"smallest/%s\", \"collector\": \"%s\", \"roots\": \"%s\", " \
            "\"factor\": %s, \"live_mb\": %.4g}\n", program, collector, roots, n / 100, live / 1e6
    }'
}

collectors_of_smallest() {
    for plan in $(plans_that_collect); do
        echo "terrier/$plan exact"
    done
    for plan in mark-sweep immix young-immix; do
        echo "terrier/$plan ambiguous"
    done
    echo 'libgc ambiguous'
    echo 'java/serial exact'
}

find_all_smallest() {
    for program in $all_programs; do
        is_row_wanted "smallest/$program" || continue
        collectors_of_smallest | while read -r collector roots; do
            ! is_wanted "$collector" || ! has_collector "$program" "$collector" "$roots" ||
                (limit=${TERRIER_BENCH_LIMIT:-10} && find_smallest "$program" "$collector" "$roots")
        done
    done
}

# ---- At equal time, at equal memory ----

# median NAME FILE: of the figures NAME in the file of some runs.
median() {
    sed -n "s/^$1 //p" "$2" | sort -n |
        awk '{ list[NR] = $1 } END { printf "%.0f\n", list[int((NR + 1) / 2)] }'
}

# some_runs FILE RUN...: their figures into the file; false if one does not finish.
some_runs() {
    file_of_runs=$1
    shift
    : >"$file_of_runs"
    for repeat in 1 2 3; do
        heap_run "$@" >>"$file_of_runs" 2>/dev/null </dev/null || return
        [ "$quick" ] && return
    done
    [ "$repeat" ]
}

# What is compared with: young-immix in three times what lives.
run_ours() {
    some_runs "$temp/ours" "$1" 1 1 3 terrier/young-immix exact || return
    our_ns=$(median total_ns "$temp/ours") our_bytes=$(median rss_bytes "$temp/ours")
}

# theirs_in RUN...: the median of their times and of their memory.
theirs_in() {
    some_runs "$temp/theirs" "$@" || return
    their_ns=$(median total_ns "$temp/theirs") their_bytes=$(median rss_bytes "$temp/theirs")
}

# say_equal PROGRAM COLLECTOR STATUS NAME VALUE: a row, with what the search was over.
say_equal() {
    awk -v program="$1" -v collector="$2" -v status="$3" -v name="$4" -v value="$5" \
        -v ours="$our_ns" -v theirs="$their_ns" -v our_bytes="$our_bytes" \
        -v their_bytes="$their_bytes" 'BEGIN {
        printf "  {\"program\": \"%s\", \"collector\": \"%s\", \"roots\": \"exact\", " \
            "\"status\": \"%s\", \"%s\": %s, \"total_ms\": %.4g, \"rss_mb\": %.4g, " \
            "\"our_ms\": %.4g, \"our_rss_mb\": %.4g, \"time\": %.3f, \"memory\": %.3f}\n",
            program, collector, status, name, value, theirs / 1e6, their_bytes / 1e6, ours / 1e6,
            our_bytes / 1e6, ours / theirs, our_bytes / their_bytes }'
}

# smallest_that TEST SIZES...: the first of the sizes for which the test is true, if it is true for
# all after it; false if it is not for the last.
smallest_that() {
    test_of_size=$1
    shift
    eval "last=\${$#}"
    $test_of_size "$last" || return
    first=1 after=$#
    while [ "$first" -lt "$after" ]; do
        middle=$(((first + after) / 2))
        eval "tried=\${$middle}"
        if $test_of_size "$tried"; then after=$middle; else first=$((middle + 1)); fi
    done
    eval "found=\${$after}"
}

# heap_run has names of its own for what it runs: the search's are `of` and `rival`.
is_java_as_fast() {
    theirs_in "$of" 1 1 "$1" "$rival" exact && [ "$their_ns" -le "$our_ns" ]
}

# Which size does Java need for our time? Where none is enough, its row is that of the largest.
find_equal_time() {
    outcome=finished
    # shellcheck disable=SC2086 # sizes
    smallest_that is_java_as_fast $equal_factors || outcome='slower at every size' found=$last
    theirs_in "$of" 1 1 "$found" "$rival" exact || return
    say_equal "equal-time/$of" "$rival" "$outcome" factor "$found"
}

# Memory grows with the overhead, so the test is turned round.
is_ocaml_over() {
    ocaml_overhead=$1
    theirs_in "$of" 1 1 - ocaml exact && [ "$their_bytes" -gt "$our_bytes" ]
}

# How fast is OCaml with the largest overhead that takes no more memory than we do?
find_equal_memory() {
    outcome=finished below=''
    # shellcheck disable=SC2086 # overheads
    if smallest_that is_ocaml_over $ocaml_overheads; then
        for tried in $ocaml_overheads; do
            [ "$tried" != "$found" ] || break
            below=$tried
        done
        [ "$below" ] || outcome='more memory at every overhead' below=$found
    else
        below=$last
    fi
    ocaml_overhead=$below
    theirs_in "$of" 1 1 - ocaml exact || return
    say_equal "equal-memory/$of" ocaml "$outcome" overhead "$below"
}

# compare_with PROGRAM COLLECTOR: its row, if it is wanted and can be.
compare_with() {
    of=$1 rival=$2 row_of_search=equal-time/$1
    [ "$rival" != ocaml ] || row_of_search=equal-memory/$1
    is_row_wanted "$row_of_search" && is_wanted "$rival" && has_collector "$of" "$rival" exact ||
        return 0
    case $rival in
    ocaml) run_ours "$of" && find_equal_memory ;;
    *) run_ours "$of" && find_equal_time ;;
    esac || echo "bench-heap: no row $row_of_search, $rival: a run did not finish" >&2
}

find_all_equal() {
    for program in $all_programs; do
        compare_with "$program" java/serial
        compare_with "$program" java/g1
        compare_with "$program" ocaml
    done
}
