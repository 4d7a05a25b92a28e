# SPDX-License-Identifier: MIT
#
# Shows the rows of clients.json as a table, with the geometric means and the goals.

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

function mean(measure,    i, sum, count)
{
    for (i = 1; i <= workloads; i++)
        if (ratio[names[i], measure] > 0) {
            sum += log(ratio[names[i], measure])
            count++
        }
    return count == 0 ? 0 : exp(sum / count)
}

# The largest ratio among workloads with at least this share of the library's.
function worst(measure, share,    i, most)
{
    for (i = 1; i <= workloads; i++)
        if (shares[names[i]] > share && ratio[names[i], measure] > most)
            most = ratio[names[i], measure]
    return most
}

function judge(what, found, goal)
{
    printf "%-58s %6.3f   goal %.2f   %s\n", what, found, goal, found <= goal ? "met" : "MISSED"
}

/"name"/ {
    full = $0
    sub(/.*"name": "/, "", full)
    sub(/".*/, "", full)
    at = index(full, "_")
    name = substr(full, 1, at - 1)
    measure = substr(full, at + 1)
    if (!(name in shares)) {
        names[++workloads] = name
        shares[name] = 0
    }
    if (measure == "library_share") {
        shares[name] = value("stock")
        our_shares[name] = value("terrier")
    } else {
        ratio[name, measure] = value("ratio")
        stock[name, measure] = value("stock")
        ours[name, measure] = value("terrier")
    }
}

END {
    printf "%-20s %9s %7s %7s %7s %7s %7s %9s %15s %7s\n", "workload", "stock ms", "wall", "cpu",
        "memory", "pause", "pauses", "in stock", "collections", "in ours"
    for (i = 1; i <= workloads; i++) {
        n = names[i]
        printf "%-20s %9.0f %7.3f %7.3f %7.3f %7.3f %7.3f %7.1f %% %7d %7d %5.1f %%\n", n,
            stock[n, "wall_time"], ratio[n, "wall_time"], ratio[n, "cpu_time"],
            ratio[n, "peak_resident"], ratio[n, "longest_pause"], ratio[n, "all_pauses"],
            100 * shares[n], stock[n, "collections"], ours[n, "collections"], 100 * our_shares[n]
    }
    print ""
    print "Ratios are Terrier / stock, of medians; pause is the longest collection of a run, pauses"
    print "all of them together; then the library's share of processor time, and how many"
    print "collections there were."
    print ""
    judge("wall time, geometric mean", mean("wall_time"), 0.75)
    judge("wall time, worst", worst("wall_time", -1), 1)
    judge("wall time, worst with over 40 % in the library", worst("wall_time", 0.4), 0.65)
    judge("peak memory, geometric mean", mean("peak_resident"), 1)
    judge("peak memory, worst", worst("peak_resident", -1), 1.2)
    judge("longest pause, geometric mean", mean("longest_pause"), 0.6)
    printf "%-58s %6.3f\n", "processor time, geometric mean", mean("cpu_time")
    printf "%-58s %6.3f\n", "all pauses, geometric mean", mean("all_pauses")
}
