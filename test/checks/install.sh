#!/bin/sh
# SPDX-License-Identifier: MIT
#
# An installed Terrier serves: a program is built against it by pkg-config, shared and static, and
# by find_package, and runs. Nothing is installed outside the places we name, and libgc.so.1 not
# where it would hide the system's.

. "$(dirname "$0")/lib/common.sh"

cmake=${TERRIER_CMAKE:-cmake}
stage=${TERRIER_STAGE:-$temp/stage}
consumer=$root/examples/hello/hello.c

if [ -z "${TERRIER_STAGE:-}" ]; then
    DESTDIR=$stage "$cmake" --install "$build" >"$temp/install" 2>&1 || {
        fault "cmake --install fails"
        cat "$temp/install"
        finish
    }
fi

files=$(cd "$stage" && find . -type f -o -type l | sed 's/^\.//' | sort)
pc=$(echo "$files" | grep '/pkgconfig/terrier\.pc$')
if [ -z "$pc" ]; then
    fault "terrier.pc is not installed"
    finish
fi
prefix=$(sed -n 's/^prefix=//p' "$stage$pc")
libdir=$(sed -n 's/^libdir=//p' "$stage$pc")
looked_at "$(echo "$files" | wc -l)" "installed files below $prefix"

for file in $files; do
    case $file in
    "$prefix"/include/terrier/*.h | "$prefix"/bin/terrier | "$prefix"/share/*) ;;
    "$libdir"/libterrier.a | "$libdir"/libterrier.so*) ;;
    "$libdir"/terrier/libgc.so.1) ;;
    "$libdir"/pkgconfig/terrier.pc | "$libdir"/cmake/terrier/*.cmake) ;;
    *) fault "$file: not expected" ;;
    esac
done
for file in "$prefix/include/terrier/terrier.h" "$prefix/bin/terrier" "$libdir/libterrier.a" \
    "$libdir/libterrier.so.0" "$libdir/terrier/libgc.so.1"; do
    [ -e "$stage$file" ] || fault "$file: not installed"
done
for header in $(c_files include); do
    [ -e "$stage$prefix/$header" ] || fault "$header: not installed"
done

# run NAME [VARIABLE=VALUE]: runs the consumer that was just built.
run() {
    name=$1
    shift
    if env "$@" "$temp/$name" </dev/null >"$temp/$name.out" 2>&1; then
        echo "$check: a consumer built by $name runs: $(head -n 1 "$temp/$name.out")"
    else
        fault "the consumer built by $name fails"
        tail -n 20 "$temp/$name.out"
    fi
}

build_with() {
    name=$1
    shift
    if ! "$@" >"$temp/$name.log" 2>&1; then
        fault "a consumer cannot be built by $name"
        tail -n 20 "$temp/$name.log"
        return 1
    fi
}

if command -v pkg-config >/dev/null; then
    PKG_CONFIG_PATH=$stage$libdir/pkgconfig
    PKG_CONFIG_SYSROOT_DIR=$stage
    export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
    shared_flags=$(pkg-config --cflags --libs terrier)
    static_flags=$(pkg-config --static --cflags --libs terrier)
    unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
    # The flags are words.
    # shellcheck disable=SC2086
    build_with pkg-config-shared $cc -o "$temp/pkg-config-shared" "$consumer" $shared_flags &&
        run pkg-config-shared "LD_LIBRARY_PATH=$stage$libdir"
    # shellcheck disable=SC2086
    build_with pkg-config-static $cc -static -o "$temp/pkg-config-static" "$consumer" \
        $static_flags && run pkg-config-static
else
    echo "SKIP: pkg-config is not here, terrier.pc is not tried"
fi

mkdir "$temp/project"
cp "$consumer" "$temp/project/hello.c"
cat >"$temp/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(hello LANGUAGES C)
find_package(terrier 0.1 REQUIRED)
add_executable(cmake-shared hello.c)
target_link_libraries(cmake-shared PRIVATE terrier::terrier)
add_executable(cmake-static hello.c)
target_link_libraries(cmake-static PRIVATE terrier::terrier_static)
END

# cmake_project SOURCE BUILD
cmake_project() {
    CC=$cc "$cmake" -S "$1" -B "$2" -DCMAKE_PREFIX_PATH="$stage$prefix" && "$cmake" --build "$2"
}

if build_with cmake cmake_project "$temp/project" "$temp"; then
    run cmake-shared
    run cmake-static
fi

# An example with a CMakeLists.txt of its own is a project that users may copy.
for project in "$root"/examples/*/CMakeLists.txt; do
    [ -e "$project" ] || continue
    project=$(dirname "$project")
    name=$(basename "$project")
    if build_with "$name" cmake_project "$project" "$temp/example-$name"; then
        echo "$check: examples/$name is built against the installed package"
    fi
done

# Show that a missing library is seen: the same check on a stage without it.
if [ -z "${TERRIER_PLANTED:-}" ] && [ "$faults" -eq 0 ]; then
    mkdir "$plants/incomplete"
    ln -s "$root/examples" "$root/include" "$plants/incomplete/"
    cp -a "$stage" "$plants/incomplete-stage"
    rm "$plants/incomplete-stage$libdir/libterrier.so.0"
    planted incomplete "$libdir/libterrier.so.0: not installed" \
        "TERRIER_STAGE=$plants/incomplete-stage"
fi
finish
