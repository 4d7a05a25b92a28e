# SPDX-License-Identifier: MIT
#
# For what reads rows of heap.json, one a line.

# Of the key in the line; "-" for null and where there is none.
function value_of(name,    text) {
    text = $0
    if (!sub(".*\"" name "\": ", "", text)) return "-"
    if (text ~ /^"/) {
        sub(/^"/, "", text)
        sub(/".*/, "", text)
        return text
    }
    sub(/[,}].*/, "", text)
    return text == "null" ? "-" : text
}
