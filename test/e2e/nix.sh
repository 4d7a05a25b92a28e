#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Nix evaluates the same on both libraries, in coroutines too: a filter of builtins.path runs in one
# while a folder is added to the store.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v nix-instantiate >/dev/null; then
    echo "SKIP: nix is not here"
    exit 77
fi

# A store of our own. Nix would take a quarter of the memory for the heap at once.
export NIX_CONFIG='build-users-group =
sandbox = false' GC_INITIAL_HEAP_SIZE=1048576

# evaluates NAME STRESS <EXPRESSION: the same as it is, and with a collection at every so many
# allocations.
evaluates() {
    cat >"$temp/expression.nix"
    title=$1 stress=$2
    set -- nix-instantiate --store "$temp/store" --read-write-mode --eval --strict \
        "$temp/expression.nix"
    timeout 60 "$@" </dev/null >"$temp/stock" 2>/dev/null
    check "$title: something is printed" test -s "$temp/stock"
    status_is "$title" 0 run "$@"
    check "is as on the stock library ($(wc -c <"$temp/stock") bytes)" \
        cmp -s "$temp/out" "$temp/stock"
    status_is "$title, with a collection at every $stress allocations" 0 run --report=json \
        --report-file="$temp/report" --stress="$stress" "$@"
    check "is as on the stock library" cmp -s "$temp/out" "$temp/stock"
    many=$(collections_of "$temp/report")
    check "after ${many:-no} collections" [ "${many:-0}" -ge 200 ]
}

evaluates "lists, sets and strings" 1000 <<'END'
let
  range = a: b: builtins.genList (n: a + n) (b - a + 1);
  sum = builtins.foldl' (a: b: a + b) 0;
  fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2);
  attrs = builtins.listToAttrs (map (n: {
    name = "k${toString n}"; value = { n = n; s = builtins.hashString "sha256" (toString n); };
  }) (range 1 8000));
in {
  f = fib 21;
  s = sum (map (x: x * x) (range 1 50000));
  c = builtins.length (builtins.attrNames attrs);
  h = builtins.hashString "sha256" (builtins.toJSON attrs);
  r = builtins.replaceStrings [ "1" ] [ "one" ] (toString (range 1 300));
}
END

mkdir "$temp/folder"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo $i >"$temp/folder/$i"
done
evaluates "a folder with a filter" 400 <<END
let
  range = a: b: builtins.genList (n: a + n) (b - a + 1);
  sum = builtins.foldl' (a: b: a + b) 0;
  live = map (n: { n = n; s = toString n; }) (range 1 4000);
  work = p: sum (map (x: x.n + builtins.stringLength (x.s + p)) live);
  folder = builtins.path {
    name = "folder"; path = $temp/folder;
    filter = p: t: work (baseNameOf p) > 3 && baseNameOf p != "7";
  };
in [ (builtins.attrNames (builtins.readDir folder)) (sum (map (x: x.n) live)) (work "a") ]
END
finish
