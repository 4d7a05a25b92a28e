# SPDX-License-Identifier: MIT
#
# How one program of bench/heap runs on one collector, for tools/bench-heap. A run is a line
#
#   PROGRAM MUTATORS WORKERS FACTOR COLLECTOR ROOTS
#
# with - for what there is none of. `heap_run RUN...` runs it and prints "name value" lines; its
# status is 3 when memory was out, 124 when it took too long, 77 when it cannot be, 78 when the
# machine has too little memory for it. `bin` is the folder of the programs, `temp` one of our own,
# `limit` the seconds that a run may take.
#
# PROGRAM is a program's name, or says more:
#
#   itself/NAME, memory/NAME    NAME, for a row of its own
#   log-slot/NAME, log-object/NAME  stores are logged by a bit for each slot, or for each object
#   pause/MIB                   so much old data; pause/MIB/150us: and such pauses wanted
#   trace/MIB                   so many objects in order; trace/MIB/random: in none; MIB can be
#                               `half`: of the machine's memory
#   lisp/NAME                   a program of examples/lisp, in a process without size of its own
# shellcheck disable=SC2154

# Debian's, preloaded before malloc's programs.
mimalloc_library() {
    for file in /usr/lib/*/libmimalloc.so.2; do
        [ ! -e "$file" ] || echo "$file"
    done
}

# Of /proc/meminfo, in MiB.
memory_mib() {
    awk -v name="$1:" '$1 == name { print int($2 / 1024) }' /proc/meminfo
}

# read_program PROGRAM: sets name, size, more (options of the heap) and exact (that adapter).
read_program() {
    name=${1%%/*} size=${size_option:-} more='' exact=terrier_exact
    case $1 in
    itself/* | memory/* | log-slot/*) name=${1#*/} ;;
    log-object/*) name=${1#*/} exact=terrier_object ;;
    pause/*us) more=,young_pause=${1##*/} more=${more%us} ;;
    trace/*/random) name=scattered more=,barriers=0 ;; # what made the order is not to be traced
    lisp/*) name=$1 ;;
    esac
    case $1 in
    trace/half*) size=$(($(memory_mib MemTotal) / 2)) ;;
    pause/* | trace/*) size=${1#*/} size=${size%%/*} ;;
    esac
}

# The interpreter on a collector.
lisp_of() {
    case $1:$2 in
    terrier/*:exact) memory=exact ;;
    terrier/*) memory=terrier ;;
    *) memory=$1 ;;
    esac
    echo "$build/bin/lisp-$memory"
}

# has_collector PROGRAM COLLECTOR ROOTS: are program and collector here?
has_collector() {
    read_program "$1"
    case $name:$2:$3 in
    lisp/*) [ -x "$(lisp_of "$2" "$3")" ] ;;
    *:terrier/*:exact) [ -x "$bin/$name-$exact" ] ;;
    *:terrier/*) [ -x "$bin/$name-terrier" ] ;;
    *:libgc:*) [ -x "$bin/$name-libgc" ] ;;
    *:malloc:*) [ -x "$bin/$name-malloc" ] ;;
    *:mimalloc:*) [ -x "$bin/$name-malloc" ] && [ "$(mimalloc_library)" ] ;;
    *:ocaml:*) [ -x "$bin/$name-ocaml" ] ;;
    *:java/*) [ -f "$bin/java/$(java_class).class" ] ;;
    esac
}

java_class() {
    case $name in
    gcbench) echo GCBench ;;
    *) echo "$name" | awk '{ print toupper(substr($0, 1, 1)) substr($0, 2) }' ;;
    esac
}

# So many times what lives of the program's own data: what every collector's size is reckoned from.
heap_bytes() {
    "$bin/$name-malloc" --live --mutators "$mutators" ${size:+--size "$size"} |
        awk -v factor="$factor" '$1 == "live_bytes" { printf "%.0f\n", $2 * factor }'
}

# Is there a tenth more than the heap's size for what is large?
fits() {
    case $1 in
    trace/half* | pause/4096*) ;;
    *) return 0 ;;
    esac
    [ $((heap / 1024 * 11 / 10240)) -le "$(memory_mib MemAvailable)" ]
}

seconds_of() {
    case $1 in
    trace/half* | pause/4096*) echo 600 ;;
    trace/* | pause/*) echo 60 ;;
    *) echo "$limit" ;;
    esac
}

# in_c PROGRAM-ADAPTER WORKERS OPTIONS
in_c() {
    timeout "$seconds" "$bin/$1" --mutators "$mutators" --markers "$2" ${heap:+--heap "$heap"} \
        ${3:+--options "$3"} ${size:+--size "$size"}
}

# There is no fixed size: the free part that is aimed at is as large as it would be.
in_ocaml() {
    overhead=${ocaml_overhead:-80}
    [ "$factor" = - ] || overhead=$(awk -v f="$factor" 'BEGIN { print int((f - 1) * 100) }')
    OCAMLRUNPARAM="o=$overhead" timeout "$seconds" "$bin/$name-ocaml" ${size:+"$size"}
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
    timeout "$seconds" java "$flag" ${heap:+"-Xms$heap" "-Xmx$heap"} \
        "-XX:ParallelGCThreads=$workers" -XX:-UsePerfData "-Xlog:gc:file=$temp/java.log" \
        -cp "$bin/java" "$(java_class)" "$mutators" ${size:+"$size"} >"$temp/java.out" \
        2>"$temp/java.err"
    status=$?
    cat "$temp/java.out"
    grep -q 'OutOfMemoryError\|Too small maximum heap' "$temp/java.err" "$temp/java.out" && return 3
    [ $status -eq 0 ] && awk -f "$heap_sources/java_pauses.awk" "$temp/java.log"
    return $status
}

# in_lisp COLLECTOR ROOTS: its programs are short, so each is read several times.
in_lisp() {
    file=${name#lisp/}.lisp
    (
        cd "$root/examples/lisp/programs" || exit 1
        case $1 in terrier/*) export "TERRIER_OPTIONS=plan=${1#*/}" ;; esac
        timeout "$seconds" "$bin/process" "$(lisp_of "$1" "$2")" library.lisp \
            "$file" "$file" "$file" "$file" "$file"
    )
}

heap_run() {
    mutators=$2 workers=$3 factor=$4 collector=$5 roots=$6 heap=
    read_program "$1"
    seconds=$(seconds_of "$1")
    [ "$factor" = - ] || heap=$(heap_bytes)
    [ -z "$heap" ] || fits "$1" || return 78
    case $name:$collector:$roots in
    lisp/*) in_lisp "$collector" "$roots" ;;
    *:terrier/*:exact) in_c "$name-$exact" "$workers" "plan=${collector#*/}$more" ;;
    *:terrier/*) in_c "$name-terrier" "$workers" "plan=${collector#*/}$more" ;;
    *:libgc:*) in_c "$name-libgc" "$workers" ;;
    *:malloc:*) in_c "$name-malloc" "$workers" ;;
    *:mimalloc:*) (LD_PRELOAD=$(mimalloc_library) && export LD_PRELOAD && in_c "$name-malloc" 1) ;;
    *:ocaml:*) in_ocaml ;;
    *:java/*) in_java "${collector#*/}" ;;
    esac
}
