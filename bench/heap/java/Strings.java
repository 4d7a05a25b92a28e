// SPDX-License-Identifier: MIT
//
// bench/heap/strings.c in Java.

public final class Strings {
    static final int SIZE_DEFAULT = 30, SHELF = 64, LINES = 400, WORDS = 12, BUFFER_FIRST = 16;

    // StringBuilder grows as this does; it is written out as it is in C.
    static final class Buffer {
        byte[] bytes = new byte[BUFFER_FIRST];
        int length;

        void append(byte[] from, int count) {
            makeRoom(count);
            System.arraycopy(from, 0, bytes, length, count);
            length += count;
        }

        byte[] finish() {
            return java.util.Arrays.copyOf(bytes, length);
        }

        private void makeRoom(int count) {
            int room = bytes.length;
            if (length + count <= room)
                return;
            while (room < length + count)
                room *= 2;
            bytes = java.util.Arrays.copyOf(bytes, room);
        }
    }

    // What one mutator works with.
    static final class Work {
        final Bench.Random random = new Bench.Random(42);
        final byte[] word = new byte[16];
        final byte[][] shelf = new byte[SHELF][];
        long sum;

        // Puts a word into the scratch bytes and returns its length with the blank.
        int makeWord() {
            int length = 1 + random.next() % 12;
            byte letter = (byte) ('a' + random.next() % 26);
            java.util.Arrays.fill(word, 0, length, letter);
            word[length] = ' ';
            return length + 1;
        }

        byte[] makeLine() {
            Buffer buffer = new Buffer();
            for (int i = 0; i < WORDS; i++)
                buffer.append(word, makeWord());
            return buffer.finish();
        }

        byte[] makePage() {
            Buffer buffer = new Buffer();
            for (int i = 0; i < LINES; i++) {
                byte[] line = makeLine();
                buffer.append(line, line.length);
            }
            return buffer.finish();
        }

        void put(int place, byte[] page) {
            byte[] old = shelf[place];
            if (old != null) {
                for (int i = 0; i < old.length; i += 61)
                    sum = Bench.sum(sum, old[i]);
                sum = Bench.sum(sum, old.length);
            }
            shelf[place] = page;
        }
    }

    static long run(int size) {
        Work work = new Work();
        for (int i = 0; i < size * 100; i++)
            work.put(i % SHELF, work.makePage());
        for (int i = 0; i < SHELF; i++)
            work.put(i, null);
        return work.sum;
    }

    public static void main(String[] arguments) {
        Bench.run(arguments, SIZE_DEFAULT, Strings::run);
    }
}
