-- SPDX-License-Identifier: MIT
-- Groebner bases, resolutions and factors in Macaulay2's kernel and in its own language.

cyclic = n -> (
    R := ZZ/32003[vars(0 .. n - 1)];
    ideal for k from 1 to n list
        if k < n then sum(n, i -> product(k, j -> R_((i + j) % n)))
        else product(n, i -> R_i) - 1
    )
print degree cyclic 6;
print betti gens gb cyclic 6;

-- The twisted form of a matrix of variables, and what its minors resolve to.
S = QQ[x_(0,0) .. x_(3,4)];
M = transpose genericMatrix(S, x_(0,0), 5, 4);
I = minors(3, M);
print numgens I;
print betti res minors(4, M);
print dim I;

-- The language: hash tables, lists, strings.
primes = select(2 .. 60000, isPrime);
print length primes;
H = new MutableHashTable;
for i from 1 to 400000 do (
    k := (i * 7919) % 10007;
    H#k = (i, toString i, if H#?k then first H#k else 0));
print sum(values H, first);
partitionsOf = memoize((n, k) -> (
    if n == 0 then {{}}
    else flatten for i from 1 to min(n, k) list
        apply(partitionsOf(n - i, i), p -> prepend(i, p))));
print length partitionsOf(34, 34);
print tally apply(partitionsOf(30, 30), length);
