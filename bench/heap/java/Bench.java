// SPDX-License-Identifier: MIT
//
// What the programs in Java have in common: the same numbers and sums as bench.h has, and how they
// are run and say what they did. A program's main calls run(arguments, default size, its work).

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Paths;

public final class Bench {
    interface Work {
        long run(int size);
    }

    static final class Random {
        private long state;

        Random(long seed) {
            state = seed;
        }

        int next() {
            state = (state * 1103515245L + 12345L) & 0x7fffffffL;
            return (int) (state >>> 8);
        }
    }

    static long sum(long sum, long value) {
        return (sum * 31 + (value & 0xffffff)) & 0x7fffffffL;
    }

    static void check(boolean right, String what) {
        if (!right) {
            System.err.println("bench: " + what);
            Runtime.getRuntime().halt(1);
        }
    }

    private static long processorTime() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory
                .getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static long peakResidentBytes() {
        try {
            for (String line : Files.readAllLines(Paths.get("/proc/self/status")))
                if (line.startsWith("VmHWM:"))
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
        } catch (java.io.IOException e) {
            System.err.println("bench: " + e);
        }
        return 0;
    }

    private static long runAll(int mutators, int size, Work work) {
        long[] sums = new long[mutators];
        Thread[] threads = new Thread[mutators];
        Throwable[] failure = new Throwable[1];
        for (int i = 0; i < mutators; i++) {
            int number = i;
            threads[i] = new Thread(null, () -> sums[number] = work.run(size), "", 64 << 20);
            threads[i].setUncaughtExceptionHandler((thread, error) -> failure[0] = error);
            threads[i].start();
        }
        for (int i = 0; i < mutators; i++) {
            try {
                threads[i].join();
            } catch (InterruptedException e) {
                check(false, "interrupted");
            }
        }
        if (failure[0] != null) {
            System.err.println(failure[0]);
            Runtime.getRuntime().halt(failure[0] instanceof OutOfMemoryError ? 3 : 1);
        }
        for (long sum : sums)
            check(sum == sums[0], "the sum of another mutator");
        return sums[0];
    }

    // Arguments: mutators, size.
    static void run(String[] arguments, int defaultSize, Work work) {
        int mutators = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1;
        int size = arguments.length > 1 ? Integer.parseInt(arguments[1]) : defaultSize;
        long start = System.nanoTime(), cpuStart = processorTime();
        long sum = runAll(mutators, size, work);
        System.out.println("total_ns " + (System.nanoTime() - start));
        System.out.println("cpu_ns " + (processorTime() - cpuStart));
        System.out.println("rss_bytes " + peakResidentBytes());
        System.out.println("sum " + sum);
    }
}
