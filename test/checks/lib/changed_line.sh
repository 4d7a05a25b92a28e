# SPDX-License-Identifier: MIT
#
# For checks that change one line of src/ and show that a program sees it: the current folder has a
# copy of src/, $objects are the program's, $library the library that is right. After common.sh.

# link FILE [LIBRARY...]: the program ./planted with that file of src/, from the copy, in place of
# the library's own.
link() {
    linked=$1
    shift
    # The objects are words.
    # shellcheck disable=SC2086
    $cc -std=gnu11 -O1 -w -fPIC -fno-strict-aliasing -ftls-model=initial-exec -pthread \
        -DTER_CHECKS=1 -DTER_AUTO_LAYOUT='""' -DTERRIER_VERSION='"planted"' \
        -I"$root/include" -Isrc -c "src/$linked" -o planted.o &&
        $cc -o planted $objects planted.o "$library" "$@" -pthread -lm && return
    fault "src/$linked cannot be compiled and linked"
    return 1
}

# changed LINE OTHER: in the one file of the copy that has this line, which is $file then, it has
# the other text for it.
changed() {
    file=$(cd src && grep -rlF -- "$1" . | sed 's|^./||')
    if [ "$(echo "$file" | grep -c .)" -ne 1 ] || [ "$(grep -cF -- "$1" "src/$file")" -ne 1 ]; then
        fault "src/ has not exactly one line with '$1': say here how it reads now"
        return 1
    fi
    awk -v line="$1" -v other="$2" '
        (at = index($0, line)) {
            $0 = substr($0, 1, at - 1) other substr($0, at + length(line))
        }
        { print }' "$root/src/$file" >"src/$file"
}

# unit_program TEST: the program is that unit test, with cmocka. After common.sh; in a folder of its
# own with a copy of src/ from then on.
unit_program() {
    library=$build/lib/libterrier.a
    objects=$(find "$build" -path "*$1.dir/*" -name '*.o'
        find "$build" \( -path '*unit_support.dir/*' -o -path '*own_cmocka.dir/*' \) -name '*.o')
    [ -x "$build/test/$1" ] && [ -e "$library" ] || {
        fault "the test is not built in $build"
        finish
    }
    cmocka=-lcmocka
    case $objects in
    *own_cmocka*) cmocka= ;;
    esac
    cd "$temp" || exit 1
    cp -r "$root/src" src || exit 1
}

# link_unit FILE: as link, of such a program.
link_unit() {
    # shellcheck disable=SC2086
    link "$1" $cmocka
}

# passes_unchanged FILE SECONDS: without a change this way of building sees nothing.
passes_unchanged() {
    link_unit "$1" || finish
    timeout "$2" ./planted >planted.out 2>&1 || {
        fault "without a fault the test fails:"
        cat planted.out
    }
}
