#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What becomes of the loop (src/trace/loop.h) in each plan, with every compiler there is. A plan's
# loop is in the file of src/ that includes the template; its functions are the template's drains.
#
# - They call only what scanning needs out of line and what the plan's TER_LOOP_CALLS names, and
#   nothing through a pointer.
# - The forms for one worker have no locked instruction and no xchg with memory.
# - In the preprocessed source, an atomic operation that reads and writes stands behind the question
#   whether many workers mark, and a plan that moves nothing does not ask what is forwarded.
#
# The last holds for every machine, the others are for x86-64.

. "$(dirname "$0")/../lib/common.sh"

# What the template's own part of the loop may call.
common_calls='ter_scanning_save ter_scanning_push_slow ter_scanning_elsewhere ter_scanning_visit
ter_scanning_give_packet ter_scanning_find_kind ter_scanning_leave'

template=src/trace/loop.h
flags="-std=gnu11 -O2 -fPIC -fvisibility=hidden -fno-strict-aliasing -ffunction-sections
    -ftls-model=initial-exec -fno-stack-protector -fcf-protection=none
    -fno-asynchronous-unwind-tables -DTER_CHECKS=1"
case $(uname -m) in
x86_64) machine=yes ;;
*)
    machine=
    flags=$(echo "$flags" | sed 's/-fcf-protection=none//')
    ;;
esac

# plant_tree NAME FILE SED-SCRIPT: the tree with one file changed.
plant_tree() {
    mkdir -p "$plants/$1"
    cp -r "$root/include" "$root/src" "$plants/$1/" || exit 1
    sed "$3" "$root/$2" >"$plants/$1/$2"
    if cmp -s "$root/$2" "$plants/$1/$2"; then
        echo "$check: the fault '$1' changed nothing"
        exit 1
    fi
}

# saw NAME EXPECTED [COMPILER [FILE]]: with one compiler, in one plan's loop; or with none in all
# loops, for what the source alone says.
saw() {
    planted "$1" "$2" "TERRIER_COMPILERS=${3:-none}" \
        "TERRIER_LOOPS=${3:+${4:-src/plan/mark_sweep.c}}"
}

if [ -z "${TERRIER_PLANTED:-}" ]; then
    many='if (marking == TER_MARKING_OF_MANY)'
    plant_tree guard src/trace/scan.h "s/$many/if (marking != TER_MARKING_OF_TWO)/"
    saw guard 'ter_scanning_mark: an atomic operation that others need not pay for'
    plant_tree hidden src/trace/scan.h \
        's/seen |= __atomic_load_n(\(.*\), __ATOMIC_RELAXED);/seen |= __atomic_fetch_or(\1, 0, 0);/'
    saw hidden 'ter_scanning_mark: an atomic operation that others need not pay for'
    plant_tree forward src/space/block_trace.h \
        's/^    if (!ter_scanning_mark/    if (is_forwarded(object)) return 0;\n&/
         s/^TER_INLINE void/TER_INLINE bool is_forwarded(uintptr_t o) { return o == 1; }\n&/'
    saw forward 'ter_block_trace: asks what is forwarded'
    mkdir -p "$plants/nothing/src"
    saw nothing 'there was nothing to look at'
    if [ "$machine" ] && command -v objdump >/dev/null; then
        saw guard 'drain_alone: a locked instruction' "$cc"
        # Of an exchange whose result nobody wants a compiler may make a store.
        plant_tree exchange src/trace/scan.h \
            's/__atomic_store_n(word, old | mask\(.*\));/\
                if (__atomic_exchange_n(word, old | mask\1) != old) return false;/'
        saw exchange 'drain_alone: an xchg with memory' "$cc"
        plant_tree call src/space/block_trace.h \
            's/^    if (!ter_scanning_mark/    ter_fatal("%zu", object);\n&/'
        saw call 'drain_of_many: calls ter_fatal' "$cc"
        plant_tree pointer src/trace/loop.h \
            's/ter_scanning_visit(.*);/how->visitor(how->context, NULL, entry.start, bytes);/'
        saw pointer 'drain_displaced_alone: calls through a pointer' "$cc"
        listing=$(cd "$root" &&
            grep -l '^#define TER_LOOP_CALLS .*trace_large' src/*/*.c | head -n 1)
        plant_tree listed "$listing" '/define TER_LOOP_CALLS/s/trace_large//'
        saw listed 'drain_alone: calls trace_large' "$cc" "$listing"
    fi
fi

# ---- The source ----

# closure PLAN: the preprocessed file on standard input; what the drains consist of, a function a
# line: its name, a tab, its body.
closure() {
    tr '\n\t' '  ' | awk -v start="${1}_loop_drain_as" '
        # Splits the text into functions: what stands before a brace of the outermost level is a
        # head, in which the name stands before the last list of parameters.
        {
            rest = $0
            while (match(rest, /[{};]/)) {
                c = substr(rest, RSTART, 1)
                text = text substr(rest, 1, RSTART)
                rest = substr(rest, RSTART + 1)
                if (c == "{" && depth++ == 0) { head = text; text = "" }
                else if (c == "}" && --depth == 0) { define(head, text); text = "" }
                else if (c == ";" && depth == 0) text = ""
            }
        }
        function define(head, body,    name) {
            if (head !~ /\) *\{$/ || head ~ /noinline/) return
            gsub(/__attribute__ *\(\([a-z_ ,()]*\)\)/, "", head)
            if (!match(head, /[A-Za-z_][A-Za-z_0-9]* *\(/)) return
            name = substr(head, RSTART, RLENGTH - 1)
            sub(/ *$/, "", name)
            bodies[name] = body
        }
        function visit(name,    body, word) {
            if (name in seen || !(name in bodies)) return
            seen[name] = 1
            body = bodies[name]
            print name "\t" body
            while (match(body, /[A-Za-z_][A-Za-z_0-9]*/)) {
                word = substr(body, RSTART, RLENGTH)
                body = substr(body, RSTART + RLENGTH)
                visit(word)
            }
        }
        END { visit(start) }'
}

# check_source FILE PLAN MOVES
check_source() {
    # The flags are words.
    # shellcheck disable=SC2086
    if ! (cd "$root" && $cc $flags -Iinclude -Isrc -E -P "$1") \
        >"$temp/source" 2>"$temp/errors"; then
        fault "$1: cannot be preprocessed"
        head -n 20 "$temp/errors"
        return
    fi
    closure "$2" <"$temp/source" >"$temp/functions"
    echo "$check: $1: the loop consists of $(wc -l <"$temp/functions") functions"
    grep -q "^${2}_loop_drain_as	" "$temp/functions" || fault "$1: ${2}_loop_drain_as is not there"
    awk -F '\t' -v moves="$3" '
        {
            if (moves == 0 && /forward/) print $1 ": asks what is forwarded"
            count = split($2, statements, /[;{}]/)
            for (i = 1; i <= count; i++)
                if (statements[i] ~ /__sync_|atomic_[a-z_]*(fetch|exchange|test_and_set)/ &&
                    statements[i] !~ /^ *if \(marking == TER_MARKING_OF_MANY\)/)
                    print $1 ": an atomic operation that others need not pay for"
        }' "$temp/functions" >"$temp/wrong"
    while read -r line; do
        fault "$1: $line"
    done <"$temp/wrong"
}

# ---- The machine code ----

# calls FUNCTION: in the disassembly in $temp/code: the functions that it calls or jumps to, and
# "pointer"; the names of sections and the suffixes of copies are taken off.
calls() {
    awk -v name="$1" '
        /^[0-9a-f]+ <.*>:$/ {
            of = substr($2, 2, length($2) - 3)
            sub(/\..*/, "", of)
            next
        }
        of != name { next }
        /\t(notrack )?(call|callq|jmp|jmpq) +\*/ { print "pointer" }
        /R_X86_64_(PLT32|PC32|GOTPCRELX|REX_GOTPCRELX|GOTPCREL)\t/ && branch {
            to = $NF
            sub(/^\.text\.(unlikely\.)?/, "", to)
            sub(/[-+]0x.*$/, "", to)
            sub(/\..*/, "", to)
            if (to != name) print to
        }
        { branch = /\t(call|callq|j[a-z]+) / }' "$temp/code" | sort -u
}

# check_function COMPILER FUNCTION ALLOWED
check_function() {
    grep -q "<$2>:\$" "$temp/code" || {
        fault "$1: $2 is not there"
        return
    }
    for call in $(calls "$2"); do
        case " $(echo $3) " in
        *" $call "*) ;;
        *)
            [ "$call" != pointer ] || call='through a pointer'
            fault "$1: $2: calls $call"
            ;;
        esac
    done
    case $2 in
    *_alone)
        awk -v name="$2" '
            /^[0-9a-f]+ <.*>:$/ {
                of = substr($2, 2, length($2) - 3)
                sub(/\..*/, "", of)
                next
            }
            of != name { next }
            /\tlock/ { print "a locked instruction" }
            /\txchg[a-z]* .*\(/ { print "an xchg with memory" }' "$temp/code" |
            sort -u >"$temp/wrong"
        while read -r line; do
            fault "$1: $2: $line"
        done <"$temp/wrong"
        ;;
    esac
    functions=$((functions + 1))
}

# check_code COMPILER FILE PLAN CALLS
check_code() {
    # shellcheck disable=SC2086
    if ! (cd "$root" && $1 $flags -Iinclude -Isrc -c -o "$temp/loop.o" "$2") 2>"$temp/errors"; then
        fault "$1: $2 does not compile"
        head -n 20 "$temp/errors"
        return
    fi
    objdump -dr --no-show-raw-insn "$temp/loop.o" >"$temp/code"
    for drain in $drains; do
        check_function "$1" "$3_loop_$drain" "$common_calls $4"
    done
}

# define_of FILE NAME: one line, however many it stands on.
define_of() {
    sed -e ':more' -e '/\\$/{N;s/\\\n/ /;b more' -e '}' "$root/$1" |
        sed -n "s/^#define TER_LOOP_$2 *//p"
}

grep -ls '^#include "trace/loop.h"' "$root"/src/*/*.c | sed "s,^$root/,," |
    grep -F "${TERRIER_LOOPS:-}" >"$temp/files"
drains=$(sed -n 's/^LOOP_DRAIN(\([a-z_]*\),.*/\1/p' "$root/$template" 2>/dev/null)
: >"$temp/compilers"
compilers=
for compiler in ${TERRIER_COMPILERS:-$cc gcc gcc-12 gcc-14 clang clang-14 clang-19}; do
    [ "$compiler" != none ] && command -v "$compiler" >/dev/null || continue
    version=$($compiler --version | head -n 1 | sed 's/^[^ ]* //')
    case $compilers in
    *"|$version|"*) ;;
    *)
        compilers="$compilers|$version|"
        echo "$compiler" >>"$temp/compilers"
        ;;
    esac
done

functions=0
while read -r file; do
    plan=$(define_of "$file" PLAN)
    check_source "$file" "$plan" "$(define_of "$file" MOVES)"
    [ "$machine" ] && command -v objdump >/dev/null || continue
    while read -r compiler; do
        check_code "$compiler" "$file" "$plan" "$(define_of "$file" CALLS)"
    done <"$temp/compilers"
done <"$temp/files"

if [ -z "$machine" ]; then
    echo "SKIP: the compiled loop is looked at on x86-64 only"
elif ! command -v objdump >/dev/null; then
    echo "SKIP: there is no objdump to look at the compiled loop with"
else
    echo "$check: looked at $functions drains, compiled with $(tr '\n' ' ' <"$temp/compilers")"
fi
looked_at "$(wc -l <"$temp/files")" "plans' loops"
finish
