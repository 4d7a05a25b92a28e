#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Where another libgc.so.1 than Terrier's would be loaded (preloaded, by a path in the program,
# since the program gains rights), `terrier compare` refuses and `terrier run` says so. What does
# not stand in the way is kept and not spoken of.

. "$(dirname "$0")/lib/terrier.sh"

cc=${CC:-cc}
library_folder=$(readlink -f "$(dirname "${TERRIER_LIBGC:-$build_dir/lib/libgc.so.1}")")

cat >"$temp/program.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
void *GC_malloc(unsigned long bytes);
int main(void)
{
    for (int i = 0; i < 1000; i++)
        GC_malloc(64);
    puts(getenv("LD_PRELOAD") != NULL ? "with a preload" : "without");
    return 0;
}
C
cat >"$temp/harmless.c" <<'C'
int harmless(void) { return 1; }
C
$cc -o "$temp/program" "$temp/program.c" -lgc || {
    echo "SKIP: there is no libgc to link with"
    exit 77
}
stock=$(ldd "$temp/program" | sed -n 's/.*libgc.so.1 => \([^ ]*\).*/\1/p')
[ -n "$stock" ] || {
    echo "SKIP: the loader does not say which libgc.so.1 it takes"
    exit 77
}
$cc -shared -fPIC -o "$temp/harmless.so" "$temp/harmless.c" || exit 1
mkdir "$temp/copy" "$temp/bin"
cp "$(readlink -f "$stock")" "$temp/copy/libgc.so.1"
cp "$temp/copy/libgc.so.1" "$temp/copy/other-name.so"
$cc -o "$temp/rpath" "$temp/program.c" "$temp/copy/libgc.so.1" \
    -Wl,--disable-new-dtags,-rpath,"$temp/copy" || exit 1
$cc -o "$temp/runpath" "$temp/program.c" "$temp/copy/libgc.so.1" \
    -Wl,--enable-new-dtags,-rpath,"$temp/copy" || exit 1
$cc -o "$temp/ours" "$temp/program.c" "$library_folder/libgc.so.1" \
    -Wl,--disable-new-dtags,-rpath,"$library_folder" || exit 1
printf '#!/bin/sh\nexec "%s"\n' "$temp/program" >"$temp/script"
chmod 755 "$temp/script"

says() {
    err_has "^terrier: .*$1"
}

# in_the_way WHAT PART PROGRAM: compare refuses, run says so and runs it all the same.
in_the_way() {
    what=$1
    part=$2
    shift 2
    status_is "compare, $what" 2 compare -n 1 -- "$@"
    check "is refused for it" says "nothing to compare: .*$part"
    check "and prints no ratio" [ ! -s "$temp/out" ]
    for form in '--' '--report --' '--report=json --report-file=/dev/null --'; do
        # The words of $form are several.
        status_is "run $form $what" 0 run $form "$@"
        check "says so" says "$part"
        check "and runs" grep -q 'with' "$temp/out"
    done
}

fine() {
    what=$1
    shift
    status_is "compare, $what" 0 compare --json -n 1 -- "$@"
    check "has Terrier's collections" json_holds "$temp/out" 'd["heap"]["collections"] is not None'
    status_is "run, $what" 0 run -- "$@"
    check "says nothing" [ ! -s "$temp/err" ]
}

fine "nothing in the way" "$temp/program"
fine "a path that comes after LD_LIBRARY_PATH" "$temp/runpath"
fine "a script" "$temp/script"
export LD_PRELOAD="$temp/harmless.so"
fine "a preload that is no libgc" "$temp/program"
check "is kept" out_is "with a preload"
for preload in "$stock" "$temp/copy/libgc.so.1" "$temp/copy/other-name.so" \
    "$temp/harmless.so:$stock" "$stock $temp/harmless.so"; do
    export LD_PRELOAD="$preload"
    in_the_way "preloaded: $preload" "LD_PRELOAD loads .*libgc\|LD_PRELOAD loads .*other-name" \
        "$temp/program"
    in_the_way "preloaded into a script: $preload" 'LD_PRELOAD loads ' "$temp/script"
done
export LD_PRELOAD="$library_folder/libgc.so.1"
status_is "compare with Terrier's preloaded" 2 compare -n 1 "$temp/program"
check "is refused: there is no stock side" says "no run would be on the stock library"
unset LD_PRELOAD
in_the_way "a path in the program" "names where its libraries are and loads $temp/copy" \
    "$temp/rpath"
status_is "compare of a program that names Terrier's folder" 2 compare -n 1 "$temp/ours"
check "is refused: there is no stock side" says "no run would be on the stock library"
PATH=$temp/bin:$PATH
ln -s "$temp/rpath" "$temp/bin/found-in-path"
in_the_way "found in PATH" "names where its libraries are" found-in-path

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    cp "$temp/program" "$temp/raised"
    chmod 4755 "$temp/raised"
    chmod 755 "$temp"
    chmod 1777 "$temp/tmp"
    nobody=$(id -u nobody)
    command_file=$terrier
    printf '#!/bin/sh\nexec setpriv --reuid %s --regid %s --clear-groups "%s" "$@"\n' \
        "$nobody" "$nobody" "$command_file" >"$temp/as_nobody"
    chmod 755 "$temp/as_nobody"
    terrier=$temp/as_nobody
    if setpriv --reuid "$nobody" --regid "$nobody" --clear-groups \
        test -r "$library_folder/libgc.so.1"; then
        in_the_way "a program that gains rights" "gains rights when it is run" "$temp/raised"
    else
        echo "SKIP: another user cannot run the command where it was built"
    fi
    terrier=$command_file
else
    echo "SKIP: only root can make a program that gains rights"
fi
status_is "compare of a program without libgc" 0 compare -n 1 true
check "is told to show nothing about Terrier" \
    grep -q 'nothing says that Terrier was measured' "$temp/out"

finish
