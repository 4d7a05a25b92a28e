// SPDX-License-Identifier: MIT
//
// bench/heap/gcbench.c in Java.

public final class GCBench {
    static final int DEPTH_MIN = 4, DEPTH_DEFAULT = 16, STRETCH = 2;
    static final int ARRAY_COUNT = 500000, PLACES = 256, NODE_BYTES = 32;

    static final class Node {
        Node left, right;
        int i, depth;
    }

    static final class Work {
        long place, nodes, arrays, bytes;
        int[] lengths = new int[PLACES];
        long[] garbage; // so that no compiler leaves the last one out

        Work() {
            double more = 0.8594;
            int at = 0;
            for (int k = 0; k < PLACES; k++) {
                double rest = 1 - (k + 0.5) / PLACES, share = more;
                for (; share >= rest; share *= more)
                    lengths[at]++;
                at = (at * 133 + 59) % PLACES;
            }
        }

        void makeGarbage() {
            int length = lengths[(int) (place++ % PLACES)];
            if (length == 0)
                return;
            garbage = new long[length];
            arrays++;
            bytes += 16 + 8 * length;
        }

        Node node() {
            nodes++;
            return new Node();
        }

        void growDown(int depth, Node node) {
            if (depth == 0)
                return;
            makeGarbage();
            Node left = node();
            makeGarbage();
            Node right = node();
            node.left = left;
            node.right = right;
            node.depth = depth;
            growDown(depth - 1, left);
            growDown(depth - 1, right);
        }

        Node treeDown(int depth) {
            Node node = node();
            growDown(depth, node);
            return node;
        }

        Node treeUp(int depth) {
            if (depth == 0)
                return node();
            Node left = treeUp(depth - 1), right = treeUp(depth - 1);
            makeGarbage();
            Node node = node();
            node.left = left;
            node.right = right;
            node.depth = depth;
            return node;
        }
    }

    static long treeNodes(int depth) {
        return (2L << depth) - 1;
    }

    static long countNodes(Node node, int depth) {
        Bench.check(node.depth == depth, "the depth of a node");
        if (depth == 0)
            return node.left == null && node.right == null ? 1 : 2;
        return 1 + countNodes(node.left, depth - 1) + countNodes(node.right, depth - 1);
    }

    static void checkTree(Node tree, int depth) {
        Bench.check(countNodes(tree, depth) == treeNodes(depth), "nodes of a tree");
    }

    static void round(Work work, int depth, int size) {
        long count = 2 * treeNodes(size + STRETCH) / treeNodes(depth);
        for (long i = 0; i < count; i++)
            checkTree(work.treeDown(depth), depth);
        for (long i = 0; i < count; i++)
            checkTree(work.treeUp(depth), depth);
    }

    static long run(int size) {
        Work work = new Work();
        Node tree = work.treeDown(size);
        int count = size < DEPTH_DEFAULT ? ARRAY_COUNT >> DEPTH_DEFAULT - size : ARRAY_COUNT;
        double[] array = new double[count];
        for (int i = 0; i < count / 2; i++)
            array[i] = 1.0 / (i + 1);
        for (int depth = DEPTH_MIN; depth <= size; depth += 2)
            round(work, depth, size);
        for (int i = 0; i < count / 2; i++)
            Bench.check(array[i] == 1.0 / (i + 1), "the array's number");
        checkTree(tree, size);
        work.bytes += work.nodes * NODE_BYTES + count * 8L;
        return Bench.sum(Bench.sum(work.nodes, work.arrays), work.bytes);
    }

    public static void main(String[] arguments) {
        Bench.run(arguments, DEPTH_DEFAULT, GCBench::run);
    }
}
