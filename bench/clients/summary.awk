# SPDX-License-Identifier: MIT
#
# Shows the rows of clients.json as a table, with the means and the goals, the halves apart.

# value(NAME): the number behind it in this line, or "".
function value(name,    at, rest)
{
    at = index($0, "\"" name "\": ")
    if (at == 0)
        return ""
    rest = substr($0, at + length(name) + 4)
    sub(/[,}].*/, "", rest)
    return rest == "null" ? "" : rest
}

# text(NAME): the string behind it in this line.
function text(name,    at, rest)
{
    at = index($0, "\"" name "\": \"")
    rest = substr($0, at + length(name) + 5)
    sub(/".*/, "", rest)
    return at == 0 ? "" : rest
}

function is_in(name, half)
{
    return half == "all" || halves[name] == half
}

function count(half,    i, found)
{
    for (i = 1; i <= workloads; i++)
        found += is_in(names[i], half)
    return found + 0
}

# The geometric mean of a ratio.
function mean(measure, half,    i, sum, terms)
{
    for (i = 1; i <= workloads; i++)
        if (is_in(names[i], half) && ratio[names[i], measure] > 0) {
            sum += log(ratio[names[i], measure])
            terms++
        }
    return terms == 0 ? 0 : exp(sum / terms)
}

function worst(measure, half,    i, most)
{
    for (i = 1; i <= workloads; i++)
        if (is_in(names[i], half) && ratio[names[i], measure] > most)
            most = ratio[names[i], measure]
    return most + 0
}

# The ratio of sums over rows.
function total(measure, half,    i, left, right)
{
    for (i = 1; i <= workloads; i++)
        if (is_in(names[i], half)) {
            left += ours[names[i], measure]
            right += stock[names[i], measure]
        }
    return right > 0 ? left / right : 0
}

# The library's own time as a share of the stock library's, over all rows: what is left of Terrier's
# processor time when that of the program without a library is taken off. So page faults and cache
# misses in the program's own code count too; of one row it would be mostly noise.
function own_time(half,    i, n, left, right, own)
{
    for (i = 1; i <= workloads; i++) {
        n = names[i]
        if (!is_in(n, half) || shares[n] == "")
            continue
        own = shares[n] * stock[n, "cpu_time"]
        left += ours[n, "cpu_time"] - stock[n, "cpu_time"] + own
        right += own
    }
    return right > 0 ? left / right : 0
}

function ratio_text(found)
{
    return found > 0 ? sprintf("%7.3f", found) : "      -"
}

function show_row(n)
{
    printf "%-20s %-5s %7.0f %4.0f%% %s %s %s %s %s %s", n, halves[n], stock[n, "wall_time"],
        100 * spread[n], ratio_text(ratio[n, "wall_time"]), ratio_text(ratio[n, "cpu_time"]),
        ratio_text(free[n]), ratio_text(ratio[n, "own"]), ratio_text(ratio[n, "peak_resident"]),
        ratio_text(ratio[n, "page_faults"])
    printf " %s %s %5.1f%% %6d %6d\n", ratio_text(ratio[n, "longest_pause"]),
        ratio_text(ratio[n, "all_pauses"]), 100 * shares[n], stock[n, "collections"],
        ours[n, "collections"]
}

function show_means(half)
{
    if (count(half) == 0)
        return
    printf "%-34s %3d %7s", "geometric means, " half, count(half), ""
    printf " %s %s %s %s %s", ratio_text(mean("wall_time", half)),
        ratio_text(mean("cpu_time", half)), ratio_text(mean("free", half)),
        ratio_text(mean("own", half)), ratio_text(mean("peak_resident", half))
    printf " %s %s %s\n", ratio_text(mean("page_faults", half)),
        ratio_text(mean("longest_pause", half)), ratio_text(mean("all_pauses", half))
}

# judge(WHAT, HALF, FOUND, GOAL)
function judge(what, half, found, goal)
{
    if (count(half) != 0 && found > 0)
        printf "%-58s %6.3f   goal %.2f   %s\n", what ", " half, found, goal,
            found <= goal ? "met" : "MISSED"
}

/"name"/ {
    full = text("name")
    at = index(full, "_")
    name = substr(full, 1, at - 1)
    measure = substr(full, at + 1)
    if (measure == "left_out" || measure == "failed") {
        notes[++noted] = sprintf("%-20s %-5s %s: %s", name, text("half"),
            measure == "failed" ? "FAILED" : "left out", text("reason"))
        next
    }
    if (!(name in halves)) {
        names[++workloads] = name
        halves[name] = "tuned"
        shares[name] = ""
    }
    if (measure == "library_share") {
        halves[name] = text("half")
        shares[name] = value("stock")
        our_shares[name] = value("terrier")
        next
    }
    ratio[name, measure] = value("ratio")
    stock[name, measure] = value("stock")
    ours[name, measure] = value("terrier")
    if (measure == "wall_time" && match($0, /"spread": \{"stock": [0-9.]+/))
        spread[name] = substr($0, RSTART + 20, RLENGTH - 20)
}

END {
    for (i = 1; i <= workloads; i++) {
        n = names[i]
        if (shares[n] == "")
            continue
        free[n] = ratio[n, "free"] = 1 - shares[n]
        own = shares[n] * stock[n, "cpu_time"]
        if (own > 0)
            ratio[n, "own"] = our_shares[n] * ours[n, "cpu_time"] / own
    }
    printf "%-20s %-5s %7s %5s %7s %7s %7s %7s %7s %7s %7s %7s %6s %13s\n", "workload", "half",
        "ms", "+-", "wall", "cpu", "free", "own", "memory", "faults", "pause", "pauses", "share",
        "collections"
    for (i = 1; i <= workloads; i++)
        show_row(names[i])
    for (i = 1; i <= noted; i++)
        print notes[i]
    print ""
    show_means("all")
    show_means("tuned")
    show_means("held")
    show_means("other")
    print ""
    print "Ratios are Terrier / stock, of medians. ms is the stock library's wall time, +- how far"
    print "its own runs lie apart (quartiles). free is what the processor time would be if the"
    print "library took none, own the time in the library's code and collections; pause is the"
    print "longest collection of a run, pauses all of them; share is the stock library's of"
    print "processor time."
    print ""
    judge("wall time, geometric mean", "all", mean("wall_time", "all"), 0.7)
    judge("wall time, geometric mean", "held", mean("wall_time", "held"), 0.75)
    judge("wall time, worst", "all", worst("wall_time", "all"), 1)
    judge("processor time, geometric mean", "all", mean("cpu_time", "all"), 0.72)
    judge("processor time, geometric mean", "held", mean("cpu_time", "held"), 0.77)
    judge("processor time, worst", "all", worst("cpu_time", "all"), 1.02)
    judge("the library's own time with faults, total", "all", own_time("all"), 0.3)
    judge("the library's own time with faults, total", "held", own_time("held"), 0.4)
    judge("peak memory, geometric mean", "all", mean("peak_resident", "all"), 1)
    judge("peak memory, worst", "all", worst("peak_resident", "all"), 1.1)
    judge("page faults, total", "all", total("page_faults", "all"), 1)
    judge("page faults, worst", "all", worst("page_faults", "all"), 1.5)
    judge("longest pause, geometric mean", "all", mean("longest_pause", "all"), 0.5)
}
