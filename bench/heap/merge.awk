# SPDX-License-Identifier: MIT
#
# The rows of the second file that the first has not got, then those of the first. A row is known by
# what it is of; what was searched for is no part of that.

function key_of(    program, key) {
    program = value_of("program")
    key = program "|" value_of("mutators") "|" value_of("workers") "|" value_of("collector") "|" \
        value_of("roots")
    return program ~ /^(smallest|equal-)/ ? key : key "|" value_of("factor")
}

!/"program"/ { next }

NR == FNR {
    is_new[key_of()] = 1
    rows[++count] = $0
    next
}

!(key_of() in is_new) {
    sub(/,$/, "")
    print
}

END {
    for (i = 1; i <= count; i++) print rows[i]
}
