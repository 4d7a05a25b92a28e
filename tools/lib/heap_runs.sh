# SPDX-License-Identifier: MIT
#
# How one program of bench/heap runs on one collector, for tools/bench-heap. A run is a line
#
#   PROGRAM MUTATORS WORKERS FACTOR COLLECTOR ROOTS
#
# with - for what there is none of. `heap_run RUN...` runs it and prints "name value" lines; its
# status is 3 when memory was out, 124 when it took too long, 77 when it cannot be. `bin` is the
# folder of the programs, `temp` one of our own, `limit` the seconds that a run may take.
# shellcheck disable=SC2154

# Debian's, preloaded before malloc's programs.
mimalloc_library() {
    for file in /usr/lib/*/libmimalloc.so.2; do
        [ ! -e "$file" ] || echo "$file"
    done
}

# has_collector PROGRAM COLLECTOR ROOTS: are program and collector here?
has_collector() {
    case $2:$3 in
    terrier/*:exact) [ -x "$bin/$1-terrier_exact" ] ;;
    terrier/*) [ -x "$bin/$1-terrier" ] ;;
    libgc:*) [ -x "$bin/$1-libgc" ] ;;
    malloc:*) [ -x "$bin/$1-malloc" ] ;;
    mimalloc:*) [ -x "$bin/$1-malloc" ] && [ "$(mimalloc_library)" ] ;;
    ocaml:*) [ -x "$bin/$1-ocaml" ] ;;
    java/*) [ -f "$bin/java/$(java_class "$1").class" ] ;;
    esac
}

# Of the program's own data: what every collector's size is reckoned from.
live_bytes() {
    "$bin/$(plain_program "$1")-malloc" --live --mutators "$2" ${3:+--size "$3"} |
        sed -n 's/^live_bytes //p'
}

# itself/gcbench is gcbench, pause/64 is pause.
plain_program() {
    case $1 in
    itself/*) echo "${1#itself/}" ;;
    *) echo "${1%%/*}" ;;
    esac
}

# The size that a program's name asks for: of pause/64 it is 64.
size_of() {
    case $1 in
    pause/*) echo "${1#pause/}" ;;
    *) echo "${size_option:-}" ;;
    esac
}

java_class() {
    case $1 in
    gcbench) echo GCBench ;;
    *) echo "$1" | awk '{ print toupper(substr($0, 1, 1)) substr($0, 2) }' ;;
    esac
}

# heap_bytes PROGRAM MUTATORS FACTOR
heap_bytes() {
    live=$(live_bytes "$1" "$2" "$(size_of "$1")")
    awk -v live="$live" -v factor="$3" 'BEGIN { printf "%d\n", live * factor }'
}

# in_c PROGRAM-ADAPTER WORKERS OPTIONS
in_c() {
    timeout "$limit" "$bin/$1" --mutators "$mutators" --markers "$2" ${heap:+--heap "$heap"} \
        ${3:+--options "$3"} ${size:+--size "$size"}
}

# There is no fixed size: the free part that is aimed at is as large as it would be.
in_ocaml() {
    overhead=80
    [ "$factor" = - ] || overhead=$(awk -v f="$factor" 'BEGIN { print int((f - 1) * 100) }')
    OCAMLRUNPARAM="o=$overhead" timeout "$limit" "$bin/$name-ocaml" ${size:+"$size"}
    status=$?
    [ $status -eq 2 ] && return 3
    return $status
}

# in_java COLLECTOR: pauses are what its log says.
in_java() {
    case $1 in
    serial) flag=-XX:+UseSerialGC ;;
    parallel) flag=-XX:+UseParallelGC ;;
    g1) flag=-XX:+UseG1GC ;;
    esac
    rm -f "$temp/java.log"
    timeout "$limit" java "$flag" ${heap:+"-Xms$heap" "-Xmx$heap"} \
        "-XX:ParallelGCThreads=$workers" -XX:-UsePerfData "-Xlog:gc:file=$temp/java.log" \
        -cp "$bin/java" "$(java_class "$name")" "$mutators" ${size:+"$size"} >"$temp/java.out" \
        2>"$temp/java.err"
    status=$?
    cat "$temp/java.out"
    grep -q 'OutOfMemoryError\|Too small maximum heap' "$temp/java.err" "$temp/java.out" && return 3
    [ $status -eq 0 ] && awk -f "$heap_sources/java_pauses.awk" "$temp/java.log"
    return $status
}

heap_run() {
    name=$(plain_program "$1") mutators=$2 workers=$3 factor=$4 collector=$5 roots=$6
    size=$(size_of "$1")
    heap=
    [ "$factor" = - ] || heap=$(heap_bytes "$1" "$mutators" "$factor")
    case $collector:$roots in
    terrier/*:exact) in_c "$name-terrier_exact" "$workers" "plan=${collector#*/}" ;;
    terrier/*) in_c "$name-terrier" "$workers" "plan=${collector#*/}" ;;
    libgc:*) in_c "$name-libgc" "$workers" ;;
    malloc:*) in_c "$name-malloc" "$workers" ;;
    mimalloc:*) (LD_PRELOAD=$(mimalloc_library) && export LD_PRELOAD && in_c "$name-malloc" 1) ;;
    ocaml:*) in_ocaml ;;
    java/*) in_java "${collector#*/}" ;;
    esac
}
