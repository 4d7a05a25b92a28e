# SPDX-License-Identifier: MIT
#
# Prints heap.json as tables: for each program the collectors at each size of the heap, with the
# ratio of the time to libgc's at that size. With values.awk.

/"total_ms".*"spread"/ {
    program = value_of("program") ", " value_of("mutators") " mutator" \
        (value_of("mutators") == 1 ? "" : "s")
    if (!(program in seen)) {
        seen[program] = 1
        programs[++count] = program
    }
    factor = value_of("factor")
    name = value_of("collector")
    if (value_of("roots") == "exact" && name ~ /^terrier/) name = name ", exact"
    if (name == "libgc") libgc[program, factor] = value_of("total_ms")
    line = ++lines[program]
    factors[program, line] = factor
    names[program, line] = name
    totals[program, line] = value_of("total_ms")
    rest[program, line] = value_of("status") != "finished" ? value_of("status") : \
        sprintf("%9s %9s %9s %9s %6s %8s %8s", totals[program, line], value_of("cpu_ms"),
        value_of("stopped_ms"), value_of("max_pause_ms"), value_of("collections"),
        value_of("rss_mb"), "RATIO")
}

function start_of_row() {
    return sprintf("%-24s %-30s ", value_of("program"), value_of("collector") \
        (value_of("roots") == "exact" ? ", exact" : ""))
}

/"ns"/ {
    short[++shorts] = start_of_row() (value_of("ns") != "-" ? \
        sprintf("%10s ns", value_of("ns")) : value_of("status"))
}

/"program": "equal/ {
    short[++shorts] = start_of_row() sprintf("%9s ms, %9s MB; ours %9s, %9s: time %6s, memory %6s" \
        " (%s)", value_of("total_ms"), value_of("rss_mb"), value_of("our_ms"),
        value_of("our_rss_mb"), value_of("time"), value_of("memory"), value_of("status"))
}

/"program": "together/ {
    short[++shorts] = start_of_row() sprintf("%6s ns, one %9s ms, two %9s, processes %6s, " \
        "part %6s, lost %6s", value_of("object_ns"),
        value_of("one_ms"), value_of("two_ms"), value_of("processes"), value_of("part"),
        value_of("lost"))
}

/"program": "smallest/ {
    short[++shorts] = start_of_row() sprintf("%10s", value_of("factor"))
}

function ratio(program, line,    stock) {
    stock = libgc[program, factors[program, line]]
    if (stock + 0 == 0 || totals[program, line] == "-") return "-"
    return sprintf("%.2f", totals[program, line] / stock)
}

END {
    for (p = 1; p <= count; p++) {
        program = programs[p]
        printf "\n%s\n%-7s %-28s %9s %9s %9s %9s %6s %8s %8s\n", program, "factor", "collector",
            "total ms", "cpu ms", "stopped", "longest", "colls", "rss MB", "/ libgc"
        for (line = 1; line <= lines[program]; line++) {
            text = rest[program, line]
            sub(/RATIO/, sprintf("%5s", ratio(program, line)), text)
            printf "%-7s %-28s %s\n", factors[program, line], names[program, line], text
        }
    }
    print ""
    for (i = 1; i <= shorts; i++) print short[i]
}
