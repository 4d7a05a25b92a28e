# SPDX-License-Identifier: MIT
# Lists, sets, strings and functions that are handed around, for Nix.
let
  inherit (builtins) genList foldl' listToAttrs attrNames attrValues toString length elemAt;
  range = a: b: genList (n: a + n) (b - a + 1);
  sum = foldl' (a: b: a + b) 0;
  mod = a: b: a - a / b * b;
  item = n: {
    name = "item${toString n}";
    value = rec {
      inherit n;
      text = "n${toString n}";
      twice = n * 2;
      depends = map (i: mod (n * 31 + i) 2000) (range 1 5);
    };
  };
  items = listToAttrs (map item (range 0 1999));
  weight = depth: n:
    if depth == 0 then 1
    else sum (map (weight (depth - 1)) items."item${toString n}".depends);
  merged = foldl' (a: b: a // { "k${toString (mod b 700)}" = b; }) { } (range 1 6000);
  fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2);
in {
  weights = sum (map (weight 4) (range 0 1999));
  merged = length (attrNames merged);
  names = builtins.stringLength
    (builtins.concatStringsSep "," (map (i: i.text) (attrValues items)));
  sorted = elemAt
    (builtins.sort (a: b: a < b) (map (n: mod (n * 7919) 100003) (range 1 150000))) 500;
  fib = fib 25;
}
