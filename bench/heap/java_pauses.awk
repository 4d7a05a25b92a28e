# SPDX-License-Identifier: MIT
#
# From Java's log of collections the figures that the other programs print themselves. A pause is
# a line with "Pause" that ends with its time.

/Pause.*ms$/ {
    time = $NF
    sub(/ms$/, "", time)
    pauses[++count] = time + 0
    sum += time
    if (/Pause (Young|Full)/) collections++
}

function sort_pauses(    i, j, value) {
    for (i = 2; i <= count; i++) {
        value = pauses[i]
        for (j = i - 1; j > 0 && pauses[j] > value; j--) pauses[j + 1] = pauses[j]
        pauses[j + 1] = value
    }
}

END {
    sort_pauses()
    printf "stopped_ns %.0f\n", sum * 1e6
    printf "max_pause_ns %.0f\n", pauses[count] * 1e6
    printf "median_pause_ns %.0f\n", pauses[int((count + 1) / 2)] * 1e6
    printf "collections %d\n", collections
}
