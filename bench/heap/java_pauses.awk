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
    if (/Pause Young/) minor[++minors] = time + 0
}

function sort_list(list, length_of,    i, j, value) {
    for (i = 2; i <= length_of; i++) {
        value = list[i]
        for (j = i - 1; j > 0 && list[j] > value; j--) list[j + 1] = list[j]
        list[j + 1] = value
    }
}

function say(name, list, length_of) {
    sort_list(list, length_of)
    printf name "\n", "max", list[length_of] * 1e6
    printf name "\n", "median", list[int((length_of + 1) / 2)] * 1e6
}

END {
    printf "stopped_ns %.0f\n", sum * 1e6
    say("%s_pause_ns %.0f", pauses, count)
    if (minors > 0) say("minor_%s_ns %.0f", minor, minors)
    printf "collections %d\n", collections
}
