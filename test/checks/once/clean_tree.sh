#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Nothing is left in the tree: tools/check and tools/bench-clients fail when git sees a file after
# they ran that it did not see before, and measurements are written below build/.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"

command -v git >/dev/null || skip "git is not here"

# A clone with nothing to build, for which no sources of Lua can be had. Its one test leaves what
# LEAVES says, in the place of out.go.
tree=$temp/tree
mkdir -p "$tree/tools/lib" "$tree/bench/clients" "$tree/clients/lua" "$tree/build/release/bench" \
    "$tree/build/release/bin" "$temp/bin"
cp "$root/tools/check" "$root/tools/bench-sft" "$root/tools/bench-clients" "$tree/tools/"
cp "$root/tools/lib/"*.sh "$tree/tools/lib/"
cp "$root/bench/clients/summary.awk" "$root/bench/clients/workloads.txt" "$tree/bench/clients/"
printf '#!/bin/sh\necho here is none\nexit 77\n' >"$tree/clients/lua/build"
chmod +x "$tree/clients/lua/build"
echo /build/ >"$tree/.gitignore"
echo a >"$tree/file"
git -C "$tree" init --quiet
git -C "$tree" add .
git -C "$tree" -c user.name=a -c user.email=a@example.org commit --quiet --message=a || exit 1
cat >"$temp/bin/cmake" <<'END'
#!/bin/sh
exit 0
END
cat >"$temp/bin/ctest" <<'END'
#!/bin/sh
[ -z "$LEAVES" ] || echo b >>"$LEAVES"
echo b >build/release/log
echo '<testsuite tests="1" failures="0" disabled="0" skipped="0" >' >build/release/tests.xml
END
cat >"$tree/build/release/bench/sft" <<'END'
#!/bin/sh
echo "$@"
END
chmod +x "$temp/bin/"* "$tree/build/release/bench/sft"

# checked LEAVES STATUS EXPECTED
checked() {
    PATH=$temp/bin:$PATH LEAVES=$1 "$tree/tools/check" release >"$temp/out" 2>&1
    status=$?
    if [ $status -ne "$2" ] || ! grep -qF -- "$3" "$temp/out"; then
        fault "tools/check on a test that leaves '$1': status $status, and not '$3'"
        cat "$temp/out"
    fi
}

checked '' 0 '1 passed, 0 failed, 0 skipped'
checked out.go 1 '?? out.go'
# What was there before is not held against the tests.
checked '' 0 '1 passed, 0 failed, 0 skipped'
checked file 1 ' M file'
checked build/release/out.go 0 '1 passed, 0 failed, 0 skipped'
git -C "$tree" checkout --quiet file && rm "$tree/out.go"

# The same of tools/bench-clients, on programs that do nothing.
cat >"$tree/build/release/bin/terrier" <<'END'
#!/bin/sh
[ -z "$LEAVES" ] || echo b >>"$TREE/$LEAVES"
echo ' "exit_status": {"stock": 0, "terrier": 0},'
echo '  {"name": "cpu_time", "unit": "s", "stock": 1, "terrier": 1, "ratio": 1, "runs": 1}'
END
touch "$tree/build/release/bench/watch.so"
for program in guile w3m ecl nekoc neko haxe asy crystal; do
    cp "$tree/build/release/bench/sft" "$temp/bin/$program"
done
chmod +x "$tree/build/release/bin/terrier" "$tree/build/release/bench/watch.so"

# measured LEAVES STATUS EXPECTED
measured() {
    PATH=$temp/bin:$PATH TREE=$tree LEAVES=$1 TERRIER_BUILD_DIR=$tree/build/release \
        "$tree/tools/bench-clients" asy-compute >"$temp/out" 2>&1
    status=$?
    if [ $status -ne "$2" ] || ! grep -qF -- "$3" "$temp/out"; then
        fault "tools/bench-clients with programs that leave '$1': status $status, and not '$3'"
        cat "$temp/out"
    fi
}

measured '' 0 'asy-compute'
measured out.go 1 '?? out.go'
rm -f "$tree/out.go"
measured build/release/out.go 0 'asy-compute'

env -u TERRIER_BUILD_DIR -u TERRIER_BENCH_RESULTS "$tree/tools/bench-sft" >"$temp/out" 2>&1
[ "$(grep -o "$tree/build/results/" "$temp/out" | wc -l)" -eq 2 ] ||
    fault "tools/bench-sft writes elsewhere than below build/: $(cat "$temp/out")"
grep -l 'results=.*bench/results' "$root"/tools/* 2>/dev/null >"$temp/out"
[ ! -s "$temp/out" ] || fault "these write into bench/results by themselves: $(cat "$temp/out")"
finish
