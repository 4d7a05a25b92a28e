#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tools/bench-clients: each workload has a half, a way to run and a package that is installed for
# it; the halves are as the rule in bench/clients/workloads.txt says; what cannot run or fails has a
# row of its own, and files of a folder are run by the program for their kind.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"

# faults_of TABLE: what is wrong with it, a line each.
faults_of() {
    sed '/^#/d; /^$/d' "$1" | while read -r name half package program; do
        case $half in
        tuned | held) ;;
        *) echo "$name: half '$half'" ;;
        esac
        grep -q "^run_$(echo "$name" | tr -c 'a-z0-9\n' _)() {" "$root/tools/lib/workloads.sh" ||
            echo "$name: no way to run"
        grep -q "^clients $package " "$root/tools/install-packages" ||
            echo "$name: $package is not installed for it"
        [ "$program" ] || echo "$name: no program"
    done
    sed '1,/^# Not run before/d' "$1" | awk '
        $1 <= last { print $1 ": not in the order of names" }
        $2 != (NR % 2 ? "held" : "tuned") { print $1 ": is " $2 }
        { last = $1 }'
}

table=$root/bench/clients/workloads.txt
sed 's/^mpb  *held/mpb tuned/; s/^nix .*/nix other nothing/' "$table" >"$temp/table"
for text in "nix: half 'other'" 'nix: nothing is not' 'nix: no program' 'mpb: is tuned'; do
    faults_of "$temp/table" | grep -qF "$text" || fault "not found in a wrong table: $text"
done
faults_of "$table" >"$temp/found"
[ ! -s "$temp/found" ] || fault "bench/clients/workloads.txt: $(cat "$temp/found")"
echo "$check: looked at $(sed '/^#/d; /^$/d' "$table" | wc -l) workloads"

# A tree with some programs, all of which do nothing, and a terrier that compares nothing.
tree=$temp/tree
mkdir -p "$tree/bench" "$tree/build/release/bin" "$tree/build/release/bench" "$temp/bin" \
    "$temp/files"
cp -R "$root/tools" "$tree/" && cp -R "$root/bench/clients" "$tree/bench/" || exit 1
printf '#!/bin/sh\nexit 0\n' >"$temp/bin/asy"
cp "$temp/bin/asy" "$temp/bin/poke"
cat >"$tree/build/release/bin/terrier" <<'END'
#!/bin/sh
case $* in
*poke*) exit 1 ;;
esac
for last; do :; done
echo "$last" >>"$MEASURED"
echo ' "exit_status": {"stock": 0, "terrier": 0},'
echo ' "library_share": {"stock": 0.5, "terrier": 0.25},'
echo '  {"name": "cpu_time", "unit": "ms", "stock": 4, "terrier": 3, "ratio": 0.75, "runs": 1},'
END
touch "$tree/build/release/bench/watch.so" "$temp/files/a_b.asy" "$temp/files/c.unknown"
chmod +x "$temp/bin/"* "$tree/build/release/bin/terrier" "$tree/build/release/bench/watch.so"

# clients STATUS ARGUMENT...
clients() {
    expected=$1
    shift
    PATH=$temp/bin:/usr/bin:/bin MEASURED=$temp/measured TERRIER_BUILD_DIR=$tree/build/release \
        TERRIER_BENCH_RESULTS=$temp/results "$tree/tools/bench-clients" "$@" >"$temp/out" 2>&1
    status=$?
    [ $status -eq "$expected" ] || {
        fault "bench-clients $*: status $status, and not $expected"
        cat "$temp/out"
    }
}

# says PATTERN: what came out has such a line.
says() {
    grep -q -- "$1" "$temp/out" || {
        fault "no line '$1'"
        cat "$temp/out"
    }
}

clients 0 asy-compute
says '^asy-compute  *tuned .* 0.750 .* 0.500 .* 0.375 .* 50.0%'
says '^geometric means, tuned  *1 .* 0.750 '
says '^processor time, worst, all  *0.750 '
clients 1 poke
says '^poke  *tuned FAILED: terrier compare ended with status 1'
clients 1 --half held asy-compute
says 'no such workload: asy-compute'
clients 0 --half other --inputs "$temp/files"
says '^a-b.asy  *other .* 0.750 '
says '^c.unknown  *other left out: no program for .unknown'
grep -q 'files/a_b.asy$' "$temp/measured" || fault "not run on the file: $(cat "$temp/measured")"
clients 0 --cpus 1 asy-compute
clients 2 --cpus 3
clients 2 --half
sed 's/^poke .*/poke tuned poke no-such-program/' "$table" >"$tree/bench/clients/workloads.txt"
clients 0 poke
says '^poke  *tuned left out: no-such-program is not installed'
clients 0 --list poke
says '^poke .* not installed$'
[ ! -e "$temp/results" ] || fault "results of a part are written"
finish
