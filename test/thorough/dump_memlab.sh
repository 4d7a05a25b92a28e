#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Dumps as memlab reads them, a public analyser of heap snapshots that is fetched for the run: the
# numbers of nodes and edges, and what each object retains, are those that snapshot.py computes.

. "$(dirname "$0")/../e2e/lib/terrier.sh"
. "$(dirname "$0")/lib/source.sh"

for command in node npm python3 w3m; do
    command -v $command >/dev/null || skip "$command is not here"
done
mkdir "$temp/analyser"
if ! (cd "$temp/analyser" && TMPDIR=$temp/analyser && echo '{"private": true}' >package.json &&
    npm install --no-audit --no-fund --ignore-scripts @memlab/core@2.0.5 \
        @memlab/heap-analysis@2.0.5) >"$temp/out" 2>"$temp/err"; then
    skip "memlab cannot be fetched: $(tail -n 1 "$temp/err")"
fi

cat >"$temp/analyser/look.js" <<'END_OF_JS'
const {getFullHeapFromFile} = require('@memlab/heap-analysis');
const {writeFileSync} = require('fs');

getFullHeapFromFile(process.argv[2]).then(heap => {
    const lines = [`${heap.nodes.length} ${heap.edges.length}`];
    heap.nodes.forEach(node => { lines.push(`${node.id} ${node.retainedSize}`); });
    writeFileSync(process.argv[3], lines.join('\n') + '\n');
}).catch(error => {
    console.error(error);
    process.exit(1);
});
END_OF_JS
cat >"$temp/compare.py" <<'END_OF_PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import snapshot

s = snapshot.Snapshot(sys.argv[2])
lines = open(sys.argv[3]).read().splitlines()
assert lines[0] == "%d %d" % (s.count, sum(len(edges) for edges in s.edges)), lines[0]
theirs = dict(tuple(map(int, line.split())) for line in lines[1:])
ours = s.retained()
wrong = [node for node in ours if theirs[s.field(node, "id")] != ours[node]]
assert len(ours) == s.count and not wrong, (len(wrong), [s.name(node) for node in wrong[:5]])
END_OF_PYTHON

# agrees FILE
agrees() {
    (cd "$temp/analyser" && TMPDIR=$temp/analyser && node look.js "$1" "$temp/memlab") \
        >"$temp/out" 2>"$temp/err" &&
        python3 "$temp/compare.py" "$source_dir/test/e2e/lib" "$1" "$temp/memlab"
}

awk 'BEGIN {
    print "<html><body>"
    for (i = 0; i < 300; i++)
        printf "<h2>Part %d</h2><table border><tr><td>a<td>%d</table>\n", i, i * i
}' >"$temp/page.html"
status_is "w3m" 0 run --dump "$temp/a.heapsnapshot" w3m -dump -T text/html "$temp/page.html"
check "retains what memlab says" agrees "$temp/a.heapsnapshot"
if command -v guile >/dev/null; then
    status_is "guile" 0 run --dump "$temp/a.heapsnapshot" guile --no-auto-compile -c '(iota 1000)'
    check "retains what memlab says" agrees "$temp/a.heapsnapshot"
fi
finish
