# SPDX-License-Identifier: MIT
#
# From lines "PROGRAM MUTATORS WORKERS FACTOR COLLECTOR ROOTS name value", one for each figure of
# each run, the rows of heap.json: medians of the runs. A run that did not finish has a figure
# "status", whose value is the rest of the line.

function median(name,    n, i, j, value) {
    n = split(values[key, name], list, " ")
    if (n == 0) return "null"
    for (i = 2; i <= n; i++) {
        value = list[i]
        for (j = i - 1; j > 0 && list[j] + 0 > value + 0; j--) list[j + 1] = list[j]
        list[j + 1] = value
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function scaled(name, divisor,    value) {
    value = median(name)
    return value == "null" ? value : sprintf("%.4g", value / divisor)
}

function milliseconds(name) { return sprintf("\"%s_ms\": %s", name, scaled(name "_ns", 1e6)) }

function text(value) { return value == "-" ? "null" : "\"" value "\"" }

function number(value) { return value == "-" ? "null" : value }

# From the first quartile to the third, as a part of the median.
function spread(    n, total) {
    total = median("total_ns")
    n = split(values[key, "total_ns"], list, " ")
    if (n < 3 || total == 0) return "null"
    median("total_ns")
    return sprintf("%.4f", (list[int((3 * n + 3) / 4)] - list[int((n + 3) / 4)]) / total)
}

function head() {
    split(key, part, " ")
    return sprintf("  {\"program\": \"%s\", \"mutators\": %s, \"workers\": %s, \"factor\": %s, " \
        "\"collector\": \"%s\", \"roots\": %s", part[1], part[2], part[3], number(part[4]), \
        part[5], text(part[6]))
}

function finish(    line) {
    line = head() ", \"status\": \"" (key in status ? status[key] : "finished") "\", "
    line = line milliseconds("total") ", " milliseconds("cpu") ", " milliseconds("stopped") ", "
    line = line milliseconds("max_pause") ", " milliseconds("median_pause") ", "
    line = line milliseconds("minor_median") ", " milliseconds("minor_max") ", "
    line = line "\"collections\": " median("collections") ", "
    line = line "\"nominal_mb\": " scaled("nominal_bytes", 1e6) ", "
    line = line "\"rss_mb\": " scaled("rss_bytes", 1e6) ", "
    if ((key, "longest_step_ns") in values) line = line milliseconds("longest_step") ", "
    print line "\"runs\": " split(values[key, "total_ns"], list, " ") ", \"spread\": " spread() "}"
}

# Of a program that only traces: the time of each object.
function finish_trace(    objects, traced) {
    objects = median("live_objects")
    traced = median("trace_ns")
    print head() ", \"status\": \"" (key in status ? status[key] : "finished") "\", \"ns\": " \
        (traced == "null" ? traced : sprintf("%.4g", traced / objects)) ", \"objects\": " \
        objects ", \"rss_mb\": " scaled("rss_bytes", 1e6) ", \"runs\": " \
        split(values[key, "trace_ns"], list, " ") "}"
}

{
    key = $1 " " $2 " " $3 " " $4 " " $5 " " $6
    if (!(key in seen)) {
        seen[key] = 1
        order[++count] = key
    }
    if ($7 == "status") {
        sub(/^.* status /, "")
        status[key] = $0
    } else if ($8 != "null")
        values[key, $7] = values[key, $7] " " $8
}

END {
    for (k = 1; k <= count; k++) {
        key = order[k]
        if (key ~ /^trace/) finish_trace()
        else finish()
    }
}
