# SPDX-License-Identifier: MIT
#
# For scripts that run tests of other projects; after terrier.sh. Nothing of these enters this one:
# a source package of Debian's is unpacked in the temporary folder and removed with it.

skip() {
    echo "SKIP: $1"
    exit 77
}

[ -n "${TERRIER_THOROUGH:-}" ] || skip "only in thorough runs (make check-thorough)"

sources=$temp
. "$source_dir/tools/lib/sources.sh"

# fetch_source PACKAGE FILE: the sources that the installed PACKAGE was built from, in the folder
# $source, in which FILE lies; $version is theirs.
fetch_source() {
    source=$temp/source
    command -v apt-get >/dev/null || skip "there is no apt-get"
    command -v dpkg-source >/dev/null || skip "dpkg-source (of dpkg-dev) is not here"
    # shellcheck disable=SC2016
    built_from=$(dpkg-query -W -f '${source:Package}=${source:Version}' "$1" 2>/dev/null) ||
        skip "$1 is not here"
    version=${built_from#*=}
    sources_make_lists
    sources_apt_get update ||
        skip "the lists of sources cannot be read: $(grep '^E:' "$temp/log" | head -n 1)"
    mkdir "$temp/fetch"
    (cd "$temp/fetch" && sources_apt_get source "$built_from") ||
        skip "apt-get source $built_from: $(grep '^E:' "$temp/log" | head -n 1)"
    set -- "$2" "$temp"/fetch/*/
    mv "$2" "$source" || exit 1
    [ -f "$source/$1" ] || skip "the source $built_from has no $1"
}
