# SPDX-License-Identifier: MIT
#
# Which runs there are, for tools/bench-heap: `propose_runs` prints them, one a line as in
# heap_runs.sh, and `is_repeated RUN` says whether one is made more than once. What is left out for
# want of a program or collector goes to $temp/left_out. `rows` are the names that are wanted (all
# where there are none), `factors` and `collectors` what the command line says.
# shellcheck disable=SC2154

# The plans that there are, from the table of plans.
plans() {
    sed -n 's/^ *X([a-z_]*, "\([a-z-]*\)".*/\1/p' include/terrier/plans.h
}

# Those that end in a heap of a fixed size, and take about as long as others.
plans_that_collect() {
    plans | grep -vx 'no-gc\|page-protect'
}

# Collectors whose heap has a fixed size, each with its roots.
sized_collectors() {
    for plan in $(plans); do
        echo "terrier/$plan ambiguous"
        echo "terrier/$plan exact"
    done
    echo 'libgc ambiguous'
    echo 'ocaml exact'
    echo 'java/serial exact'
    echo 'java/g1 exact'
}

# And those that take what they need.
free_collectors() {
    echo 'terrier/no-gc ambiguous'
    echo 'terrier/no-gc exact'
    echo 'malloc -'
    echo 'mimalloc -'
}

is_wanted() {
    [ -z "$collectors" ] && return
    case " $collectors " in
    *" $1 "*) ;;
    *) return 1 ;;
    esac
}

# is_row_wanted PROGRAM: does one of `rows` say so, as it is, as a pattern, or by what is before /?
is_row_wanted() {
    [ "$rows" ] || return 0
    set -f
    for row in $rows; do
        # shellcheck disable=SC2254 # patterns
        case $1 in
        $row | $row/*)
            set +f
            return 0
            ;;
        esac
    done
    set +f
    return 1
}

# propose PROGRAM MUTATORS WORKERS FACTOR COLLECTOR ROOTS: a run, if it can be.
propose() {
    is_wanted "$5" && is_row_wanted "$1" || return
    if [ "$2" -gt 1 ] && [ "$5" = ocaml ]; then
        return
    fi
    if has_collector "$1" "$5" "$6"; then
        echo "$*"
    else
        echo "$5, $6 roots: $name" >>"$temp/left_out"
    fi
}

# propose_all PROGRAM MUTATORS WORKERS
propose_all() {
    is_row_wanted "$1" || return
    for factor in $factors; do
        sized_collectors | while read -r collector roots; do
            propose "$1" "$2" "$3" "$factor" "$collector" "$roots"
        done
    done
    free_collectors | while read -r collector roots; do
        propose "$1" "$2" "$3" - "$collector" "$roots"
    done
}

# One build against itself: what the machine adds.
propose_itself() {
    propose itself/gcbench 1 1 3 terrier/mark-sweep exact
    propose itself/gcbench 1 1 3 terrier/young-immix exact
}

propose_pauses() {
    for mib in $old_mib; do
        for plan in $(plans_that_collect); do
            propose "pause/$mib" 1 1 2 "terrier/$plan" exact
        done
        propose "pause/$mib" 1 1 2 libgc ambiguous
        propose "pause/$mib" 1 1 - malloc -
    done
    for plan in young-immix sticky-mark-sweep gen-copy; do
        for mib in $old_mib_short; do
            propose "pause/$mib/150us" 1 1 2 "terrier/$plan" exact
        done
    done
    for plan in young-immix sticky-mark-sweep; do
        for mib in $old_mib_most; do
            propose "pause/$mib" 1 1 2 "terrier/$plan" exact
            propose "pause/$mib/150us" 1 1 2 "terrier/$plan" exact
        done
    done
}

# What is half of the machine's memory has as little beside it as the plan can do with, and only one
# plan has it in no order, which takes minutes.
propose_traces() {
    for mib in $trace_mib; do
        for of in "trace/$mib" "trace/$mib/random"; do
            for plan in mark-sweep immix young-immix semispace mark-compact; do
                propose "$of" 1 1 3 "terrier/$plan" exact
            done
            propose "$of" 1 1 3 libgc ambiguous
        done
    done
    [ "$trace_half" ] || return 0
    for plan in mark-sweep immix young-immix; do
        propose trace/half 1 1 1.25 "terrier/$plan" exact
    done
    propose trace/half 1 1 2.2 terrier/semispace exact
    propose trace/half/random 1 1 1.2 terrier/mark-sweep exact
}

# Programs that are not ours to give a size: each takes what it likes.
propose_lisp() {
    for program in queens strings tables; do
        propose "lisp/$program" 1 1 - malloc -
        propose "lisp/$program" 1 1 - libgc ambiguous
        propose "lisp/$program" 1 1 - terrier/mark-sweep ambiguous
        for plan in $(plans | grep -vx page-protect); do
            propose "lisp/$program" 1 1 - "terrier/$plan" exact
        done
    done
}

# The same stores, logged by a bit for each slot and by a bit for each object.
propose_logs() {
    for program in gcbench splay server allocate stores; do
        for plan in young-immix sticky-mark-sweep gen-copy; do
            for form in slot object; do
                propose "log-$form/$program" 1 1 3 "terrier/$plan" exact
            done
        done
    done
}

# What plans take where nobody says how much (sizing=ratio).
propose_memory() {
    for program in $all_programs; do
        for plan in mark-sweep sticky-mark-sweep immix young-immix; do
            propose "memory/$program" 1 1 - "terrier/$plan" exact
        done
    done
}

propose_runs() {
    for program in $all_programs; do
        propose_all "$program" 1 1
        [ "$program" != gcbench ] || propose_all gcbench 2 2
    done
    propose_itself
    propose_pauses
    propose_traces
    propose_lisp
    propose_logs
    propose_memory
}

# is_repeated PROGRAM MUTATORS WORKERS FACTOR COLLECTOR ROOTS: more often than once is run what has
# a goal, and what is held against it; not the largest, not at the outer sizes, and with scanned
# stacks only GCBench.
is_repeated() {
    case $1 in trace/half* | pause/4096*) return 1 ;; esac
    case $4 in 1.5 | 6) return 1 ;; esac
    case $1:$5:$6 in
    gcbench:* | *:terrier/mark-sweep:ambiguous) ;;
    *:terrier/*:ambiguous) return 1 ;;
    esac
}
