#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Wrong options, on the command line and in TERRIER_OPTIONS, for every command: refused with status
# 2 and one line that names the option, before the program starts. Programs that cannot be run: 126,
# 127.

. "$(dirname "$0")/lib/terrier.sh"

# A program that leaves a trace when it starts.
printf '#!/bin/sh\n: >"%s/started"\n' "$temp" >"$temp/program"
chmod 755 "$temp/program"

# refused NAME ARGUMENTS...: by the line on standard error that names NAME, and at once.
refused() {
    wanted=$1
    shift
    rm -f "$temp/started"
    run "$@"
    check "refused: ${TERRIER_OPTIONS:-} $* (status $status)" was_refused
}

was_refused() {
    [ "$status" -eq 2 ] && [ ! -s "$temp/out" ] && [ ! -e "$temp/started" ] &&
        [ "$(wc -l <"$temp/err")" -le 2 ] && grep -q -e "^terrier: .*$wanted" "$temp/err"
}

accepted() {
    rm -f "$temp/started"
    run "$@"
    check "accepted: ${TERRIER_OPTIONS:-} $* (status $status)" [ "$status$(ls "$temp/started")" = \
        "0$temp/started" ]
}

for command in run 'compare -n 1'; do
    for pair in no_such_option=1 markers=17 markers=-1 markers= markers=+1 markers=0x1 \
        'markers= 1' 'markers=1 ' free_space_divisor=0 free_space_divisor=1000001 heap_max=1Q \
        heap_max=1KK \
        heap_max=K heap_max=-5 heap_max=1.5 heap_max=18446744073709551616 heap_max=17E \
        heap_max=20000000T heap_max=99999999999999999999 plan=copying plan=Mark-Sweep plan= \
        layout=nonsense layout=custom:slots=0 layout=small:slots=x layout=small: sft_map=radix \
        sft_trace=2 sft_trace_map=2 log=4 vm_space=yes objects=native2; do
        its_name=${pair%%=*}
        # Words of $command are its own.
        refused "$its_name" $command --option "$pair" -- "$temp/program"
        refused "$its_name" $command "--option=$pair" "$temp/program"
        refused "$its_name" $command --option log=2 --option "$pair" "$temp/program"
        TERRIER_OPTIONS=$pair refused "$its_name" $command -- "$temp/program"
        TERRIER_OPTIONS=log=2,$pair,stress=3 refused "$its_name" $command "$temp/program"
    done
    for word in stress '=5' 'A=5' '-' 'x,y=1' 'log=1,stress=2' 'log=1,' ''; do
        refused option $command --option "$word" "$temp/program"
    done
    TERRIER_OPTIONS=stress refused stress $command "$temp/program"
    TERRIER_OPTIONS='=5' refused option $command "$temp/program"
    for word in 1Q -1 +1 ' 1' '1 ' 0 '' 0x10 1.5 1e3 99999999999999999999 16777216T K; do
        refused heap-max $command --heap-max "$word" "$temp/program"
        refused heap-initial $command "--heap-initial=$word" "$temp/program"
    done
    for word in 0 -1 x 4294967296 99999999999999999999 1K ''; do
        refused stress $command --stress "$word" "$temp/program"
    done
    for word in 0 1000001 -3 3x ''; do
        refused free-space-divisor $command "--free-space-divisor=$word" "$temp/program"
    done
    for word in moon '' small, small:slots=4,log=3 custom:slots=999999; do
        refused layout $command --layout "$word" "$temp/program"
    done
    refused heap-initial $command --heap-initial=2M --heap-max=1M "$temp/program"
    refused heap-initial $command --option heap_initial=2M --option heap_max=1M "$temp/program"
    TERRIER_OPTIONS=heap_initial=2M refused heap-initial $command --heap-max=1M "$temp/program"
    refused 'unknown option' $command --no-such "$temp/program"
    refused '--stress needs' $command --stress
    # Of two with one name the later holds; what is accepted is at the edge.
    accepted $command --heap-max=1K --heap-max=64M "$temp/program"
    accepted $command --option markers=16 --option free_space_divisor=1000000 "$temp/program"
    accepted $command --option heap_max=18446744073709551615 --option heap_max=0 "$temp/program"
    accepted $command --option heap_max=16777215T "$temp/program"
    accepted $command --heap-max=4096 "$temp/program"
    TERRIER_OPTIONS=,,log=0,, accepted $command "$temp/program"
    TERRIER_OPTIONS='' accepted $command "$temp/program"
done
for word in 0 -1 x 1K 100001 ''; do
    refused runs compare -n "$word" "$temp/program"
    refused runs compare "--runs=$word" "$temp/program"
done
for word in xml TEXT ''; do
    refused report run "--report=$word" "$temp/program"
done
refused report-file run --report-file= "$temp/program"
for option in --report --report-file=x; do
    refused 'unknown option' compare $option "$temp/program"
done
refused 'takes no value' compare --json=yes "$temp/program"

# ---- Files ---------------------------------------------------------------------------------------

# ends STATUS PART ARGUMENTS...: with a line that has PART, the program not started.
ends() {
    wanted_status=$1
    wanted=$2
    shift 2
    rm -f "$temp/started"
    run "$@"
    check "$* ends with $wanted_status (status $status)" was_ended
}

was_ended() {
    [ "$status" -eq "$wanted_status" ] && [ ! -e "$temp/started" ] && err_has "^terrier: .*$wanted"
}

: >"$temp/plain"
chmod 644 "$temp/plain"
mkdir "$temp/folder"
printf '#!%s/no-interpreter\n' "$temp" >"$temp/orphan"
printf '\177ELF garbage' >"$temp/garbage"
chmod 755 "$temp/orphan" "$temp/garbage"
for command in run 'run --report' 'run --report=json --report-file=/dev/null' 'compare -n 1'; do
    ends 127 "cannot run '$temp/nothing'" $command "$temp/nothing"
    ends 127 "cannot run 'no-such-program-anywhere'" $command no-such-program-anywhere
    ends 127 "cannot run ''" $command ''
    ends 127 'cannot run' $command "$temp/orphan"
    ends 126 'Permission denied' $command "$temp/plain"
    ends 126 'Permission denied' $command "$temp/folder"
    ends 126 'cannot run' $command "$temp/plain/below"
done
status_is "run of a file that is no program, as by itself" \
    "$(env "$temp/garbage" >/dev/null 2>&1; echo $?)" run "$temp/garbage"
for form in text json; do
    ends 125 'no/report' run --report=$form --report-file="$temp/no/report" "$temp/program"
    ends 125 "$temp/folder" run --report=$form --report-file="$temp/folder" "$temp/program"
done

# ---- The library's own table ---------------------------------------------------------------------

status_is "help run" 0 help run
for option in $(sed -n 's/^    \(NUMBER\|TEXT\)(\([a-z_]*\),.*/\2/p' \
    "$source_dir/include/terrier/options.h"); do
    check "help lists the library's option $option" grep -q "^  $option " "$temp/out"
done
check "sft_trace_map among them" grep -q '^  sft_trace_map ' "$temp/out"

finish
