# SPDX-License-Identifier: MIT
#
# Source packages of Debian's, for scripts that run or build other projects: by the ordinary client
# and the system's own lists, of which each line stands for sources here. The system need not have
# any, and none of it is changed. Everything lies below the folder $sources, which the script sets.

# sources_apt_get ARGUMENTS...: what it says goes to $sources/log.
sources_apt_get() {
    timeout 300 apt-get -q -o Dir::Etc::SourceList="$sources/apt/sources.list" \
        -o Dir::Etc::SourceParts="$sources/apt/parts" -o Dir::State::Lists="$sources/apt/lists" \
        -o Dir::Cache="$sources/apt/cache" -o APT::Sandbox::User= "$@" >>"$sources/log" 2>&1
}

# sources_make_lists [RELEASE]: of another release of Debian's than this system's, if one is given.
sources_make_lists() {
    mkdir -p "$sources/apt/parts" "$sources/apt/lists/partial" \
        "$sources/apt/cache/archives/partial"
    sed -n 's/^deb[[:space:]]/deb-src /p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        >"$sources/apt/sources.list" 2>/dev/null
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        sed 's/^Types:.*/Types: deb-src/' "$file" >"$sources/apt/parts/$(basename "$file")"
    done
    [ -z "${1:-}" ] || sources_change_release "$1"
}

# This system's own release stands in the lists by its name, or as what it is to Debian today.
sources_change_release() {
    own=$(sed -n 's/^VERSION_CODENAME=//p' "${TERRIER_OS_RELEASE:-/etc/os-release}")
    for file in "$sources/apt/sources.list" "$sources"/apt/parts/*; do
        [ ! -f "$file" ] || sed -i -E "/^[^#]/s/([[:space:]])(${own:-stable}|(old)*stable)\
(-[a-z]+)?([[:space:]]|\$)/\\1$1\\4\\5/g" "$file"
    done
}
