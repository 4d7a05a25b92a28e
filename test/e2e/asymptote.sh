#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Asymptote computes and draws the same on both libraries.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v asy >/dev/null; then
    echo "SKIP: asy is not here"
    exit 77
fi

cat >"$temp/compute.asy" <<'END'
struct node { node left; node right; int value; }
node tree(int depth) {
    node n = new node;
    n.value = depth;
    if (depth > 0) { n.left = tree(depth - 1); n.right = tree(depth - 1); }
    return n;
}
int count(node n) { return n.value == 0 ? 1 : 1 + count(n.left) + count(n.right); }
node kept = tree(12);
int sum = 0;
for (int i = 0; i < 600; ++i) sum += count(tree(8));
write(sum, count(kept));
real[][] a = new real[50][50];
for (int i = 0; i < 50; ++i) for (int j = 0; j < 50; ++j)
  a[i][j] = 1/(i + j + 1) + (i == j ? 1 : 0);
write(format("%.6f", sum(solve(a, sequence(new real(int i) { return i; }, 50)))));
string text = "";
for (int i = 0; i < 1500; ++i) text += string(i);
write(length(text));
int[] numbers = sort(map(new int(int i) { return (i*7919) % 20011; }, sequence(20000)));
write(numbers[100], numbers[19999]);
path p;
for (int i = 0; i < 500; ++i) p = p..(cos(i), i*sin(i));
write(format("%.4f", arclength(p)));
write(intersectionpoints(subpath(p, 0, 50), subpath(p, 60, 120)).length);
END
# It sets a free space divisor itself.
small_heap="--heap-initial=64K --heap-max=11M"
as_stock "trees, arrays, strings and paths" 3000 asy -noV "$temp/compute.asy"
finish
