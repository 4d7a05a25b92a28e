// SPDX-License-Identifier: MIT
//
// bench/heap/puzzle.c in Java.

public final class Puzzle {
    static final int SIZE_DEFAULT = 11, SEARCHES = 4;

    static final class Cell {
        final Cell next;
        final long value;

        Cell(long value, Cell next) {
            this.value = value;
            this.next = next;
        }
    }

    static final class Solution {
        final Solution next;
        final Cell columns;

        Solution(Cell columns, Solution next) {
            this.columns = columns;
            this.next = next;
        }
    }

    static Cell copy(Cell list) {
        return list == null ? null : new Cell(list.value, copy(list.next));
    }

    static boolean equal(Cell a, Cell b) {
        while (a != null && b != null && a.value == b.value) {
            a = a.next;
            b = b.next;
        }
        return a == b;
    }

    static boolean isSafe(Cell queens, long column) {
        for (long distance = 1; queens != null; queens = queens.next, distance++)
            if (queens.value == column || queens.value == column + distance
                    || queens.value + distance == column)
                return false;
        return true;
    }

    static Cell safeColumns(int size, Cell queens) {
        Cell columns = null;
        for (long column = size; column > 0; column--)
            if (isSafe(queens, column))
                columns = new Cell(column, columns);
        return columns;
    }

    static Solution search(int size, Cell queens, int row, Solution found) {
        if (row == size)
            return new Solution(copy(queens), found);
        Cell columns = safeColumns(size, queens);
        for (; columns != null; columns = columns.next)
            found = search(size, new Cell(columns.value, queens), row + 1, found);
        return found;
    }

    static long sumOf(Solution found, Solution before) {
        long sum = 0;
        for (; found != null; found = found.next, before = before.next) {
            for (Cell cell = found.columns; cell != null; cell = cell.next)
                sum = Bench.sum(sum, cell.value);
            Bench.check(equal(found.columns, before.columns), "a solution");
        }
        return sum;
    }

    static long run(int size) {
        Solution first = search(size, null, 0, null);
        long sum = 0;
        for (int i = 1; i < SEARCHES; i++)
            sum += sumOf(search(size, null, 0, null), first);
        return sum;
    }

    public static void main(String[] arguments) {
        Bench.run(arguments, SIZE_DEFAULT, Puzzle::run);
    }
}
