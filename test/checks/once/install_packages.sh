#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tools/install-packages asks for each package once, gets package lists where there are none, leaves
# out what a release does not have but for the first commands, and tells others than root what to
# run. All on a package system of our own.

: "${TERRIER_SOURCE_DIR:=$(cd "$(dirname "$0")/../../.." && pwd)}"
. "$(dirname "$0")/../lib/common.sh"

tool=$root/tools/install-packages

# ---- The table ----

sed -n "/^table='/,/^'/p" "$tool" | grep -v "^table='\|^'" | awk 'NF' >"$temp/table"
looked_at "$(wc -l <"$temp/table")" "rows of packages"
wrong=$(awk 'NF != 3' "$temp/table")
[ -z "$wrong" ] || fault "not a group, a package and a sign: $wrong"
twice=$(awk '{ print $1, $2 }' "$temp/table" | sort | uniq -d)
[ -z "$twice" ] || fault "more than once: $twice"
for group in $(sed -n 's,.*tools/install-packages \([a-z]*\).*,\1,p' "$root/Makefile") \
    $(sed -n 's/.*PACKAGES *:*= *\([a-z]*\).*/\1/p' "$root/Makefile"); do
    grep -q "^$group " "$temp/table" || fault "the Makefile asks for $group, which has no packages"
done

# ---- A system with nothing ----

# The programs that the tool itself uses, and stand-ins for those of the package system.
mkdir "$temp/bin" "$temp/lists"
for program in awk cat cut env grep head ls mktemp rm sed sh sort tail tr; do
    ln -s "$(command -v $program)" "$temp/bin/$program"
done
stand_in() {
    {
        echo "#!$(command -v sh)"
        cat
    } >"$temp/bin/$1"
    chmod +x "$temp/bin/$1"
}
stand_in id <<END
echo \${USER_ID:-0}
END
stand_in dpkg-query <<END
exit 1
END
stand_in apt-cache <<END
case \$2 in
\$ABSENT) exit 100 ;;
gcc) echo 'Depends: cpp, gcc-77 (>= 77.1)' ;;
esac
exit 0
END
stand_in apt-get <<END
echo "\$*" >>"$temp/calls"
case \$1 in
update) echo >"$temp/lists/a_Packages" ;;
esac
END

# installs GROUP [VARIABLE=VALUE...]
installs() {
    group=$1
    shift
    rm -f "$temp/calls" "$temp/lists/"*
    : >"$temp/calls"
    env -i "PATH=$temp/bin" "TERRIER_APT_LISTS=$temp/lists" "TMPDIR=$temp" "$@" \
        sh "$tool" "$group" >"$temp/out" 2>&1
    status=$?
}

# expect WHAT CONDITION...
expect() {
    what=$1
    shift
    "$@" && return
    fault "not so: $what"
    cat "$temp/out" "$temp/calls"
}

installs demo
expect "a new system gets package lists first" [ "$(head -n 1 "$temp/calls")" = update ]
expect "then what is needed" grep -q '^--yes.* install .*cmake.* gcc .*w3m' "$temp/calls"
expect "once" [ "$(grep -c install "$temp/calls")" -eq 1 ]
expect "and that is all right" [ $status -eq 0 ]
installs check
expect "packages go by the version of gcc" grep -q gcc-77-multilib "$temp/calls"
installs proof ABSENT=frama-c-base
expect "what is not to be had is named" grep -q 'frama-c-base is not among' "$temp/out"
expect "and not asked for" sh -c "grep install '$temp/calls' | grep -v frama-c | grep -q why3"
expect "and that is all right" [ $status -eq 0 ]
installs demo ABSENT=w3m
expect "but what the first commands need must be there" [ $status -eq 1 ]
installs demo USER_ID=1000
expect "who is not root is told to get package lists" grep -q '^    apt-get update' "$temp/out"
expect "and packages" grep -q '^    apt-get install --no-install-recommends .*w3m' "$temp/out"
expect "and nothing is run" [ ! -s "$temp/calls" ]
expect "which is a failure" [ $status -eq 1 ]
rm "$temp/bin/apt-get"
installs build
expect "elsewhere the packages are named" grep -q '^    ninja-build' "$temp/out"
installs nothing
expect "a group that is none is refused" [ $status -eq 2 ]

if [ -z "${TERRIER_PLANTED:-}" ] && [ "$faults" -eq 0 ]; then
    mkdir -p "$plants/twice/tools" "$plants/group/tools"
    cp "$root/Makefile" "$plants/twice/"
    sed 's/^demo    w3m .*/&\n&/' "$tool" >"$plants/twice/tools/install-packages"
    planted twice 'more than once: demo w3m'
    sed 's/PACKAGES=bench/PACKAGES=benches/' "$root/Makefile" >"$plants/group/Makefile"
    cp "$tool" "$plants/group/tools/"
    planted group 'the Makefile asks for benches'
fi
finish
