# SPDX-License-Identifier: MIT
#
# For scripts that run tests of other projects; after terrier.sh. Nothing of these enters this one:
# a source package of Debian's is unpacked in the temporary folder and removed with it.

skip() {
    echo "SKIP: $1"
    exit 77
}

[ -n "${TERRIER_THOROUGH:-}" ] || skip "only in thorough runs (make check-thorough)"

# apt_get ARGUMENTS...: with package lists of its own, in which each line of the system's stands for
# sources: the system's need not have any, and none of it is changed.
apt_get() {
    timeout 300 apt-get -q -o Dir::Etc::SourceList="$temp/apt/sources.list" \
        -o Dir::Etc::SourceParts="$temp/apt/parts" -o Dir::State::Lists="$temp/apt/lists" \
        -o Dir::Cache="$temp/apt/cache" -o APT::Sandbox::User= "$@" >>"$temp/log" 2>&1
}

make_lists() {
    mkdir -p "$temp/apt/parts" "$temp/apt/lists/partial" "$temp/apt/cache/archives/partial"
    sed -n 's/^deb[[:space:]]/deb-src /p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        >"$temp/apt/sources.list" 2>/dev/null
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        sed 's/^Types:.*/Types: deb-src/' "$file" >"$temp/apt/parts/$(basename "$file")"
    done
}

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
    make_lists
    apt_get update ||
        skip "the lists of sources cannot be read: $(grep '^E:' "$temp/log" | head -n 1)"
    mkdir "$temp/fetch"
    (cd "$temp/fetch" && apt_get source "$built_from") ||
        skip "apt-get source $built_from: $(grep '^E:' "$temp/log" | head -n 1)"
    set -- "$2" "$temp"/fetch/*/
    mv "$2" "$source" || exit 1
    [ -f "$source/$1" ] || skip "the source $built_from has no $1"
}
