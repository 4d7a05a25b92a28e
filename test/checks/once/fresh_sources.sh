#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tools/fresh finds where this machine's packages come from, in both forms that apt reads.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"

apt=$temp/apt
printf 'ID=debian\nVERSION_CODENAME=trixie\n' >"$temp/os-release"
asked=0

# finds WHAT EXPECTED [VARIABLE=VALUE...]: in what $apt has now.
finds() {
    what=$1 expected=$2
    shift 2
    env -u MIRROR "TERRIER_APT=$apt" "TERRIER_OS_RELEASE=$temp/os-release" "$@" \
        "$root/tools/fresh" --where >"$temp/out" 2>&1
    grep -qxF -- "$expected" "$temp/out" || {
        fault "$what: not '$expected' but"
        cat "$temp/out"
    }
    asked=$((asked + 1))
}

# begin: no sources at all.
begin() {
    rm -rf "$apt"
    mkdir -p "$apt/sources.list.d"
}

begin
cat >"$apt/sources.list" <<'END'
# deb http://no.example.org/debian trixie main
deb-src http://no.example.org/debian trixie main
deb http://other.example.org/tool stable contrib
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://a.example.org/debian trixie main contrib
deb	http://b.example.org/debian   trixie-updates	main
deb [trusted=yes] https://c.example.org/security trixie-security contrib main
END
finds "lines" 'archive http://a.example.org/debian trixie /usr/share/keyrings/a.gpg'
finds "lines" 'updates http://b.example.org/debian trixie-updates -'
finds "lines" 'security https://c.example.org/security trixie-security trusted'

begin
cat >"$apt/sources.list.d/debian.sources" <<'END'
# A comment.
Types: deb deb-src
URIs: http://a.example.org/debian
# Another.
Suites: trixie
 trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://no.example.org/debian
Suites: trixie-security
Components: main

types: deb
uris: http://c.example.org/security
suites: trixie-security
components: contrib main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
END
finds "paragraphs" 'archive http://a.example.org/debian trixie -'
finds "paragraphs" 'updates http://a.example.org/debian trixie-updates -'
finds "paragraphs" 'security http://c.example.org/security trixie-security -'

begin
printf '# A list.\nhttp://m.example.org/debian priority:1\nhttp://n.example.org\n' >"$apt/mirrors"
echo "deb mirror+file:$apt/mirrors trixie main" >"$apt/sources.list.d/a.list"
finds "a list of mirrors" 'archive http://m.example.org/debian trixie -'
finds "a suite that is not there" 'updates '
echo "deb http://s.example.org/debian stable main" >"$apt/sources.list.d/a.list"
finds "a suite by another name" 'archive http://s.example.org/debian stable -'

begin
finds "nothing" \
    'fresh: apt knows no Debian archive here; please give its address as MIRROR'
finds "nothing, with a word of the user" 'archive http://u.example.org - -' \
    MIRROR=http://u.example.org
echo 'ID=other' >"$temp/os-release"
echo "deb http://o.example.org/other stable main" >"$apt/sources.list"
finds "another system's archive" \
    'fresh: apt knows no Debian archive here; please give its address as MIRROR'
looked_at $asked "questions"

if [ -z "${TERRIER_PLANTED:-}" ] && [ "$faults" -eq 0 ]; then
    mkdir -p "$plants/enabled/tools"
    sed 's/value\["enabled"\] !~/value["enabled"] ~/' "$root/tools/fresh" \
        >"$plants/enabled/tools/fresh"
    chmod +x "$plants/enabled/tools/fresh"
    planted enabled "paragraphs: not 'archive"
fi
finish
