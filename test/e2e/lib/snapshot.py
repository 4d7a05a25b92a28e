# SPDX-License-Identifier: MIT
"""Reads a heap snapshot of V8's form and holds it to what the form promises.

Used by tests, and independent of what writes snapshots: dominators are computed twice, by
Cooper, Harvey and Kennedy's iteration and by taking each node away.
"""
import json
import sys

NODE_FIELDS = ["type", "name", "id", "self_size", "edge_count", "trace_node_id", "detachedness"]
EDGE_FIELDS = ["type", "name_or_index", "to_node"]


class Snapshot:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            whole = json.load(file)
        meta = whole["snapshot"]["meta"]
        self.fields = meta["node_fields"]
        assert self.fields[:7] == NODE_FIELDS and meta["edge_fields"] == EDGE_FIELDS
        self.width = len(self.fields)
        assert len(meta["node_types"]) == self.width
        self.node_types, self.edge_types = meta["node_types"][0], meta["edge_types"][0]
        self.raw, self.raw_edges, self.strings = whole["nodes"], whole["edges"], whole["strings"]
        self.count = whole["snapshot"]["node_count"]
        assert len(self.raw) == self.count * self.width
        assert len(self.raw_edges) == whole["snapshot"]["edge_count"] * 3
        assert all(isinstance(text, str) for text in self.strings)
        self.read_edges()
        ids = [self.field(node, "id") for node in range(self.count)]
        assert len(set(ids)) == self.count and max(ids) < 2**32
        addresses = [self.field(node, "address") for node in range(self.count)]
        self.by_address = {address: node for node, address in enumerate(addresses) if address}

    def field(self, node, name):
        return self.raw[node * self.width + self.fields.index(name)]

    def name(self, node):
        return self.strings[self.field(node, "name")]

    def type(self, node):
        return self.node_types[self.field(node, "type")]

    def size(self, node):
        return self.field(node, "self_size")

    def read_edges(self):
        at = 0
        self.edges = []  # of each node: (type, name, node)
        for node in range(self.count):
            of_node = []
            for _ in range(self.field(node, "edge_count")):
                kind, name, to = self.raw_edges[at:at + 3]
                at += 3
                assert to % self.width == 0 and 0 <= to < len(self.raw)
                kind = self.edge_types[kind]
                name = name if kind in ("element", "hidden") else self.strings[name]
                of_node.append((kind, name, to // self.width))
            self.edges.append(of_node)
        assert at == len(self.raw_edges), "each edge belongs to a node"

    def strong(self, node):
        return [to for kind, _, to in self.edges[node] if kind != "weak"]

    def reached(self, without=None):
        seen = {0} - {without}
        waiting = list(seen)
        while waiting:
            for to in self.strong(waiting.pop()):
                if to not in seen and to != without:
                    seen.add(to)
                    waiting.append(to)
        return seen

    def retained_naively(self, node):
        gone = self.reached() - self.reached(node)
        return sum(self.size(other) for other in gone)

    def order(self):
        done, seen, stack = [], {0}, [(0, iter(self.strong(0)))]
        while stack:
            node, rest = stack[-1]
            for to in rest:
                if to not in seen:
                    seen.add(to)
                    stack.append((to, iter(self.strong(to))))
                    break
            else:
                done.append(node)
                stack.pop()
        return done

    def retained(self):
        """Retained size of each node that is reached, by dominators."""
        order = self.order()
        number = {node: i for i, node in enumerate(order)}
        before = {node: [] for node in order}
        for node in order:
            for to in self.strong(node):
                before[to].append(node)
        dominator = {0: 0}
        changed = True
        while changed:
            changed = False
            for node in reversed(order[:-1]):
                new = None
                for other in before[node]:
                    if other not in dominator:
                        continue
                    while new is not None and other != new:
                        if number[other] < number[new]:
                            other = dominator[other]
                        else:
                            new = dominator[new]
                    new = other
                if dominator.get(node) != new:
                    dominator[node] = new
                    changed = True
        sizes = {node: self.size(node) for node in order}
        for node in order[:-1]:
            sizes[dominator[node]] += sizes[node]
        return sizes

    def group(self, start):
        """The root whose name begins so; None: there is none."""
        for _, name, to in self.edges[0]:
            if isinstance(name, str) and name.startswith(start):
                return to
        return None


def check(snapshot, naive_below=400):
    """What holds of every dump."""
    assert snapshot.name(0) == "" and snapshot.type(0) == "synthetic"
    assert snapshot.name(snapshot.edges[0][0][2]) == "(GC roots)"
    assert snapshot.reached() == set(range(snapshot.count)), "all hangs on the root"
    if snapshot.count < naive_below:
        for node, size in snapshot.retained().items():
            assert node == 0 or size == snapshot.retained_naively(node), snapshot.name(node)


if __name__ == "__main__":
    # snapshot.py FILE [CONDITION]: a condition on the snapshot s.
    s = Snapshot(sys.argv[1])
    check(s)
    if len(sys.argv) > 2:
        assert eval(sys.argv[2]), sys.argv[2]
