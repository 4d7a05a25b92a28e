// SPDX-License-Identifier: MIT
//
// bench/heap/splay.c in Java.

public final class Splay {
    static final int SIZE_DEFAULT = 8000, STEPS_OF_ENTRY = 30, DATA_DEPTH = 4, LEAF_WORDS = 8;

    // Left and right are data too, or at the ends long[LEAF_WORDS].
    static final class Data {
        final Object left, right;

        Data(Object left, Object right) {
            this.left = left;
            this.right = right;
        }
    }

    static final class Entry {
        Entry left, right;
        final Object data;
        final long key;

        Entry(long key, Object data) {
            this.key = key;
            this.data = data;
        }
    }

    static Object newData(int depth, long key) {
        if (depth == 0) {
            long[] words = new long[LEAF_WORDS];
            for (int i = 0; i < LEAF_WORDS; i++)
                words[i] = key + i;
            return words;
        }
        Object left = newData(depth - 1, key);
        return new Data(left, newData(depth - 1, key + 1));
    }

    static long sumOfData(Object data, int depth) {
        if (depth == 0)
            return ((long[]) data)[LEAF_WORDS - 1];
        Data inner = (Data) data;
        return sumOfData(inner.left, depth - 1) + 3 * sumOfData(inner.right, depth - 1);
    }

    static Entry turnRight(Entry top) {
        Entry left = top.left;
        top.left = left.right;
        left.right = top;
        return left;
    }

    static Entry turnLeft(Entry top) {
        Entry right = top.right;
        top.right = right.left;
        right.left = top;
        return right;
    }

    // What was taken off on the way down hangs on a node of its own.
    static Entry splay(Entry top, long key) {
        Entry sides = new Entry(0, null), leftEnd = sides, rightEnd = sides;
        while (key != top.key) {
            if (key < top.key) {
                if (top.left != null && key < top.left.key)
                    top = turnRight(top);
                if (top.left == null)
                    break;
                rightEnd.left = top;
                rightEnd = top;
                top = top.left;
            } else {
                if (top.right != null && key > top.right.key)
                    top = turnLeft(top);
                if (top.right == null)
                    break;
                leftEnd.right = top;
                leftEnd = top;
                top = top.right;
            }
        }
        leftEnd.right = top.left;
        rightEnd.left = top.right;
        top.left = sides.right;
        top.right = sides.left;
        return top;
    }

    static Entry insert(Entry top, Entry entry) {
        if (entry.key > top.key) {
            entry.left = top;
            entry.right = top.right;
            top.right = null;
        } else {
            entry.right = top;
            entry.left = top.left;
            top.left = null;
        }
        return entry;
    }

    static Entry removeTop(Entry top) {
        if (top.left == null)
            return top.right;
        Entry rest = splay(top.left, top.key);
        rest.right = top.right;
        return rest;
    }

    static Entry addEntry(Bench.Random random, Entry tree) {
        long key = (long) random.next() << 23;
        key |= random.next();
        Entry entry = new Entry(key, newData(DATA_DEPTH, key));
        return tree == null ? entry : insert(splay(tree, key), entry);
    }

    static Entry removeBelow(Entry top) {
        if (top.left == null)
            return removeTop(top);
        Entry below = splay(top.left, top.key);
        top.left = below.left;
        return top;
    }

    static long sumAll(Entry tree, int size) {
        long sum = 0, last = 0;
        int count = 0;
        for (Entry top = tree; top != null; top = removeTop(top), count++) {
            top = splay(top, 0);
            Bench.check(top.key >= last, "the order of keys");
            last = top.key;
            sum = Bench.sum(sum, sumOfData(top.data, DATA_DEPTH));
        }
        Bench.check(count == size, "entries");
        return sum;
    }

    static long run(int size) {
        Bench.Random random = new Bench.Random(4711);
        Entry tree = null;
        for (int i = 0; i < size; i++)
            tree = addEntry(random, tree);
        for (int i = 0; i < STEPS_OF_ENTRY * size; i++)
            tree = removeBelow(addEntry(random, tree));
        return sumAll(tree, size);
    }

    public static void main(String[] arguments) {
        Bench.run(arguments, SIZE_DEFAULT, Splay::run);
    }
}
