// SPDX-License-Identifier: MIT
//
// bench/heap/allocate.c in Java.

public final class Allocate {
    static final int SIZE_DEFAULT = 40000, RING = 1 << 15;

    static final class Item {
        Item other;
        long number, word;
    }

    static long run(int size) {
        long count = size * 1000L, sum = 0;
        Item[] ring = new Item[RING];
        for (long i = 0; i < count; i++) {
            Item item = new Item();
            item.number = i;
            ring[(int) (i % RING)] = item;
        }
        for (int i = 0; i < RING; i++) {
            if (ring[i] == null)
                continue;
            Bench.check(ring[i].number % RING == i, "the number of an object");
            sum = Bench.sum(sum, ring[i].number);
        }
        return sum;
    }

    public static void main(String[] arguments) {
        Bench.run(arguments, SIZE_DEFAULT, Allocate::run);
    }
}
