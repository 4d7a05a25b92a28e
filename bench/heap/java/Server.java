// SPDX-License-Identifier: MIT
//
// bench/heap/server.c in Java.

public final class Server {
    static final int SIZE_DEFAULT = 32, REQUESTS_OF_TEXT = 80, BUCKET_TEXTS = 2, TEXT_MOST = 512;

    static final class Text {
        final int number;
        final byte[] bytes;

        Text(int number, byte[] bytes) {
            this.number = number;
            this.bytes = bytes;
        }
    }

    static final class Entry {
        final Entry next;
        Text text;
        final long key;
        long reads;

        Entry(Entry next, Text text, long key) {
            this.next = next;
            this.text = text;
            this.key = key;
        }
    }

    // Of the answers, so that the compiler cannot leave them out.
    static Text lastAnswer;

    static int textLength(long key, int number) {
        long mixed = key * 40503 + number * 9973L;
        return 16 + (int) (mixed % 16 * (mixed / 16 % 16)) * (TEXT_MOST - 16) / 225;
    }

    static Text newText(long key, int number) {
        byte[] bytes = new byte[textLength(key, number)];
        java.util.Arrays.fill(bytes, (byte) (key % 251));
        return new Text(number, bytes);
    }

    static int bucketOf(Entry[] table, long key) {
        return (int) (key * 2654435761L % table.length);
    }

    static Entry find(Entry[] table, long key) {
        Entry entry = table[bucketOf(table, key)];
        while (entry != null && entry.key != key)
            entry = entry.next;
        return entry;
    }

    static long answer(Entry[] table, long key, long sum) {
        Entry entry = find(table, key);
        entry.reads++;
        Text copy = new Text(entry.text.number, entry.text.bytes.clone());
        lastAnswer = copy;
        int length = copy.bytes.length;
        return Bench.sum(sum, length + copy.number + (copy.bytes[length - 1] & 0xff));
    }

    static void replace(Entry[] table, long key) {
        Entry entry = find(table, key);
        entry.text = newText(key, entry.text.number + 1);
    }

    static long sumAll(Entry[] table, int texts, long sum) {
        for (long key = 0; key < texts; key++) {
            Entry entry = find(table, key);
            Bench.check(entry.text.bytes.length == textLength(key, entry.text.number),
                        "the length of a text");
            sum = Bench.sum(sum, entry.reads + entry.text.number);
        }
        return sum;
    }

    static long run(int size) {
        int texts = size * 1000;
        Entry[] table = new Entry[texts / BUCKET_TEXTS];
        for (long key = 0; key < texts; key++) {
            int bucket = bucketOf(table, key);
            table[bucket] = new Entry(table[bucket], newText(key, 0), key);
        }
        Bench.Random random = new Bench.Random(815);
        long sum = 0;
        for (long i = 0; i < (long) texts * REQUESTS_OF_TEXT; i++) {
            long key = random.next() % texts;
            if (random.next() % 10 == 0)
                replace(table, key);
            else
                sum = answer(table, key, sum);
        }
        return sumAll(table, texts, sum);
    }

    public static void main(String[] arguments) {
        Bench.run(arguments, SIZE_DEFAULT, Server::run);
    }
}
