# SPDX-License-Identifier: MIT
#
# The goals of the plans, and what heap.json says of them, as a table in Markdown. With values.awk.
# What there is no row for is not measured, and says so.

/"program"/ {
    key = value_of("program") "|" value_of("collector") "|" value_of("roots")
    if (value_of("mutators") == 2) key = key "|two"
    if (key !~ /^(smallest|equal-|trace)/) key = key "|" value_of("factor")
    status[key] = value_of("status")
    n = split("total_ms cpu_ms rss_mb nominal_mb minor_median_ms minor_max_ms ns factor live_mb " \
        "time memory part lost spread", names, " ")
    for (i = 1; i <= n; i++) figures[key, names[i]] = value_of(names[i])
    rows[++count] = key
}

# ---- What was measured ----

# figure(KEY, NAME): "" where there is none.
function figure(key, name,    value) {
    value = figures[key, name]
    return value == "-" ? "" : value
}

function ratio(a, b) { return a == "" || b + 0 == 0 ? "" : a / b }

function key_of(program, collector, roots, factor) {
    return program "|" collector "|" roots "|" factor
}

# Of libgc's time with a heap of the same size.
function to_libgc(collector, roots, factor) {
    return ratio(figure(key_of("gcbench", collector, roots, factor), "total_ms"),
        figure(key_of("gcbench", "libgc", "ambiguous", factor), "total_ms"))
}

# ---- The table ----

function shown(value, digits) {
    return value == "" ? "not measured" : sprintf("%." digits "f", value)
}

function verdict(known, met) { return !known ? "-" : met ? "met" : "**missed**" }

# A line: values and goals are lists with blanks between, the last goal that of all further values;
# "x" is no value.
function line_of(text, values, goals, digits, sign,    n, m, i, list, wanted, cells, all, known) {
    n = split(values, list, " ")
    m = split(goals, wanted, " ")
    all = known = 1
    for (i = 1; i <= n; i++) {
        if (i > m) wanted[i] = wanted[m]
        if (list[i] == "x") known = 0
        else if (sign == ">=" ? list[i] + 0 < wanted[i] + 0 : list[i] + 0 > wanted[i] + 0) all = 0
        cells = cells (i > 1 ? " / " : "")
        cells = cells (list[i] == "x" ? "-" : sprintf("%." digits "f", list[i]))
    }
    gsub(/ /, " / ", goals)
    print "| " text " | " sign " " goals " | " cells " | " verdict(known || !all, all) " |"
}

function some(value) { return value == "" ? "x" : value }

# What has no goal, and is known beside.
function note(text, cells) { print "| " text " | | " cells " | |" }

function plan_on_gcbench(plan, factors, goals,    n, list, i, values) {
    n = split(factors, list, " ")
    for (i = 1; i <= n; i++)
        values = values " " some(to_libgc("terrier/" plan, "exact", list[i]))
    gsub(/ /, "x / ", factors)
    line_of("GCBench, `" plan "`, exact, " factors "x, to libgc", values, goals, 2, "<=")
}

function ambiguous_on_gcbench(plan,    i, values) {
    for (i = 2; i <= 4; i++)
        values = values " " some(ratio(figure(key_of("gcbench", "terrier/" plan, "ambiguous", i),
            "total_ms"), figure(key_of("gcbench", "terrier/" plan, "exact", i), "total_ms")))
    line_of("the same, `" plan "`, scanned stacks to exact roots, 2x / 3x / 4x", values, "1.05", 2,
        "<=")
}

function two_mutators(    i, values) {
    for (i = 2; i <= 4; i++)
        values = values " " some(ratio(figure("gcbench|terrier/young-immix|exact|two|" i,
            "total_ms"), figure(key_of("gcbench", "libgc", "ambiguous", i), "total_ms")))
    line_of("GCBench, two mutators and workers, `young-immix`, 2x / 3x / 4x, to libgc's time with" \
        " one", values, "0.60 0.55 0.50", 2, "<=")
}

function pauses(plan, more,    key, values, i, list, n, least, most, value) {
    key = key_of("pause/1024" more, "terrier/" plan, "exact", 2)
    line_of("young pause beside 1 GiB, `" plan "`" (more ? ", `young_pause=150`" : "") \
        ", ms: median / longest", some(figure(key, "minor_median_ms")) " " \
        some(figure(key, "minor_max_ms")), "0.15 2", 2, "<=")
    n = split("64 1024 4096", list, " ")
    for (i = 1; i <= n; i++) {
        value = figure(key_of("pause/" list[i] more, "terrier/" plan, "exact", 2),
            "minor_median_ms")
        values = values (i > 1 ? " / " : "") shown(value, 2)
        if (least == "" || value != "" && value + 0 < least + 0) least = value
        if (value + 0 > most + 0) most = value
    }
    print "| its median beside 64 MiB / 1 GiB / 4 GiB | equal (to a fifth) | " values " | " \
        verdict(values !~ /not/, least != "" && most + 0 <= 1.2 * least) " |"
}

# The plan of all that has the least time at three times what lives.
function best_plan(program,    i, part, best, time) {
    for (i = 1; i <= count; i++) {
        split(rows[i], part, "|")
        if (part[1] != program || part[2] !~ /^terrier/ || part[3] != "exact" || part[4] != 3)
            continue
        time = figure(rows[i], "total_ms")
        if (time != "" && (best == "" || time + 0 < figure(best, "total_ms") + 0)) best = rows[i]
    }
    return best
}

function against_malloc(program, goal,    free, mi, best, part) {
    free = figure(key_of(program, "malloc", "-", "-"), "total_ms")
    mi = figure(key_of(program, "mimalloc", "-", "-"), "total_ms")
    line_of(program ", `young-immix`, exact, 3x, to malloc and free", some(ratio(figure(key_of( \
        program, "terrier/young-immix", "exact", 3), "total_ms"), free)), goal, 2, "<=")
    best = best_plan(program)
    if (best == "") return
    split(best, part, "|")
    sub("terrier/", "", part[2])
    note("the same, the fastest plan to malloc / to mimalloc; `young-immix` to mimalloc",
        "`" part[2] "` " shown(ratio(figure(best, "total_ms"), free), 2) " / " \
        shown(ratio(figure(best, "total_ms"), mi), 2) "; " shown(ratio(figure(key_of(program,
        "terrier/young-immix", "exact", 3), "total_ms"), mi), 2))
}

function lisp(program,    key, base, i, list, n, cells) {
    key = "lisp/" program
    base = figure(key_of(key, "libgc", "ambiguous", "-"), "total_ms")
    n = split("young-immix mark-sweep semispace", list, " ")
    for (i = 1; i <= n; i++)
        cells = cells "`" list[i] "` " shown(ratio(figure(key_of(key, "terrier/" list[i], "exact",
            "-"), "total_ms"), base), 2) ", "
    cells = cells "scanned stacks " shown(ratio(figure(key_of(key, "terrier/mark-sweep",
        "ambiguous", "-"), "total_ms"), base), 2)
    note("Lisp, " program ", to libgc", cells ", malloc without freeing " \
        shown(ratio(figure(key_of(key, "malloc", "-", "-"), "total_ms"), base), 2))
}

function equal(program, collector, name, goal, text,    key) {
    key = program "|" collector "|exact"
    line_of(text (!(key in status) || status[key] == "finished" ? "" : " (" status[key] ")"),
        some(figure(key, name)), goal, 2, "<=")
}

function traces(plan,    values, n, list, i) {
    n = split("12 1024 half", list, " ")
    for (i = 1; i <= n; i++)
        values = values " " some(figure("trace/" list[i] "|terrier/" plan "|exact", "ns"))
    line_of("tracing, `" plan "`, ns an object of 32 bytes in order: 12 MiB / 1 GiB / half", values,
        "12 20 20", 1, "<=")
    note("the same in no order", shown(figure("trace/12/random|terrier/" plan "|exact", "ns"), 1) \
        " / " shown(figure("trace/1024/random|terrier/" plan "|exact", "ns"), 1) " / " \
        shown(figure("trace/half/random|terrier/" plan "|exact", "ns"), 1))
}

# As a part of what lives, or over it where that is little.
function smallest(program, plan, most, more,    key, live, goal) {
    key = "smallest/" program "|terrier/" plan "|exact"
    live = figure(key, "live_mb")
    goal = live == "" || live + 0 >= 8 ? most : sprintf("%.2f", 1 + more / live)
    line_of("smallest heap, " program (live == "" ? "" : sprintf(" (%.1f MB)", live)) ", `" plan \
        "`", some(figure(key, "factor")), goal, 2, "<=")
}

function resident(only,    i, part, over, most, of) {
    for (i = 1; i <= count; i++) {
        n = split(rows[i], part, "|")
        if (part[2] !~ /^terrier/ || part[3] != "exact" || part[1] ~ /[\/]/ || \
            only != "" && part[1] != only)
            continue
        if (figure(rows[i], "nominal_mb") == "" || figure(rows[i], "rss_mb") == "") continue
        over = figure(rows[i], "rss_mb") - figure(rows[i], "nominal_mb")
        if (of == "" || over > most) {
            most = over
            of = part[1] ", `" part[2] "`, " part[n] "x"
        }
    }
    gsub("terrier/", "", of)
    line_of("resident over the heap's size, MB, the most of " (only == "" ? "all programs" : \
        "GCBench's") " with exact roots (" of ")", of == "" ? "x" : most, "2", 1, "<=")
}

function sticky_memory(    i, part, over, most, of) {
    for (i = 1; i <= count; i++) {
        split(rows[i], part, "|")
        if (part[1] !~ /^memory\// || part[2] != "terrier/sticky-mark-sweep") continue
        over = ratio(figure(rows[i], "rss_mb"), figure(key_of(part[1], "terrier/mark-sweep",
            "exact", "-"), "rss_mb"))
        if (over == "") continue
        note("memory of `sticky-mark-sweep` to `mark-sweep`'s, " substr(part[1], 8), shown(over, 2))
        if (of == "" || over > most) { most = over; of = substr(part[1], 8) }
    }
    line_of("the worst of these (" of ")", of == "" ? "x" : most, "1.10", 2, "<=")
}

function together(plan) {
    line_of("two workers, `" plan "`, 256 MiB: part of two processes' speed-up",
        some(figure("together/256|terrier/" plan "|exact|-", "part")), "0.85", 2, ">=")
    line_of("the same, 1 MiB / 12 MiB: slower than one by", some(figure("together/1|terrier/" plan \
        "|exact|-", "lost")) " " some(figure("together/12|terrier/" plan "|exact|-", "lost")),
        "0.05", 2, "<=")
}

# The most of all plans of a family.
function cost(name, text, goal, plans,    n, list, i, values) {
    n = split(plans, list, " ")
    for (i = 1; i <= n; i++)
        values = values " " some(figure("cost/" name "|terrier/" list[i] "|exact|-", "ns"))
    gsub(/ /, "` / `", plans)
    line_of(text ", ns, `" plans "`", values, goal, 2, "<=")
}

function memory_cost(name, text, unit, scale, goals,    key, ns) {
    key = "cost/" name "|terrier/young-immix|exact|-"
    ns = figure(key, "ns")
    line_of(text ", `young-immix`: " unit " / KiB", (ns == "" ? "x" : ns / scale) " " \
        (ns == "" ? "x" : figure(key, "rss_mb") * 1e6 / 1024), goals, 2, "<=")
}

function logs(program,    n, list, i, cells, slot, object) {
    n = split("young-immix sticky-mark-sweep gen-copy", list, " ")
    for (i = 1; i <= n; i++) {
        slot = figure(key_of("log-slot/" program, "terrier/" list[i], "exact", 3), "total_ms")
        object = figure(key_of("log-object/" program, "terrier/" list[i], "exact", 3), "total_ms")
        cells = cells (i > 1 ? ", " : "") "`" list[i] "` " shown(ratio(slot, object), 2)
    }
    note("a bit for each slot to a bit for each object, time, " program ", 3x", cells)
}

function noise(plan,    again, first) {
    again = figure(key_of("itself/gcbench", "terrier/" plan, "exact", 3), "total_ms")
    first = figure(key_of("gcbench", "terrier/" plan, "exact", 3), "total_ms")
    note("the machine: one build against itself, GCBench, `" plan "`, 3x; spread of its runs",
        shown(ratio(again, first), 3) "; " shown(figure(key_of("gcbench", "terrier/" plan, "exact",
        3), "spread"), 3))
}

function table_of_gcbench() {
    plan_on_gcbench("young-immix", "2 3 4", "0.43 0.40 0.36")
    ambiguous_on_gcbench("young-immix")
    ambiguous_on_gcbench("sticky-mark-sweep")
    ambiguous_on_gcbench("gen-copy")
    two_mutators()
    plan_on_gcbench("immix", "2 3 4", "0.85 0.65 0.60")
    plan_on_gcbench("mark-sweep", "2 3 4", "1.0 0.85 0.80")
    plan_on_gcbench("sticky-mark-sweep", "2 3 4", "0.80 0.65 0.60")
    plan_on_gcbench("gen-copy", "3 4", "0.60 0.54")
    plan_on_gcbench("semispace", "4", "0.60")
}

function table_of_others(    n, list, i) {
    against_malloc("gcbench", "0.6")
    against_malloc("splay", "0.6")
    against_malloc("puzzle", "0.6")
    against_malloc("server", "1.0")
    against_malloc("strings", "1.0")
    lisp("queens")
    lisp("strings")
    lisp("tables")
    n = split("gcbench splay puzzle", list, " ")
    for (i = 1; i <= n; i++)
        equal("equal-memory/" list[i], "ocaml", "time", "1.0", list[i] \
            ", time to OCaml's in as much memory")
    n = split("gcbench splay puzzle allocate", list, " ")
    for (i = 1; i <= n; i++) {
        equal("equal-time/" list[i], "java/serial", "memory", "0.5", list[i] \
            ", memory to Java's (serial) in as much time")
        equal("equal-time/" list[i], "java/g1", "memory", "0.5", "the same, G1")
    }
}

function table_of_heaps(    n, list, i, k) {
    n = split("mark-sweep immix young-immix semispace", list, " ")
    for (i = 1; i <= n; i++) traces(list[i])
    for (i = 1; i <= 2; i++) {
        k = i == 1 ? "12" : "1024"
        line_of("a collection of `mark-compact` to one of `semispace`, " k " MiB",
            some(ratio(figure("trace/" k "|terrier/mark-compact|exact", "ns"),
            figure("trace/" k "|terrier/semispace|exact", "ns"))), "2.5", 2, "<=")
    }
    n = split("gcbench splay server strings puzzle allocate ephemeron stores", list, " ")
    for (i = 1; i <= n; i++) {
        smallest(list[i], "immix", "1.25", 2)
        smallest(list[i], "young-immix", "1.25", 2)
        smallest(list[i], "mark-compact", "1.10", 1)
    }
    resident("gcbench")
    resident("")
    sticky_memory()
    n = split("mark-sweep immix young-immix semispace", list, " ")
    for (i = 1; i <= n; i++) together(list[i])
}

function table_of_costs(    young, n, list, i) {
    young = "young-immix sticky-mark-sweep gen-copy"
    cost("allocate", "32 bytes inline", "1.5", "mark-sweep semispace immix " young)
    cost("poll", "poll", "0.3", "mark-sweep semispace immix " young)
    cost("barrier", "a store into a young object", "0.8", "mark-sweep semispace immix " young)
    cost("barrier-logged", "a store into an old object, logged before", "0.8", young)
    cost("root-frame", "a frame of one slot", "1.0", "mark-sweep semispace " young)
    memory_cost("start-up", "first heap and object", "ms", 1e6, "0.3 1024")
    memory_cost("heap", "a further heap, 1,000 objects", "us", 1e3, "20 64")
    n = split("gcbench splay server allocate stores", list, " ")
    for (i = 1; i <= n; i++) logs(list[i])
}

END {
    print "| | goal | measured | |\n|---|---|---|---|"
    table_of_gcbench()
    pauses("young-immix", "")
    pauses("young-immix", "/150us")
    pauses("sticky-mark-sweep", "/150us")
    table_of_others()
    table_of_heaps()
    table_of_costs()
    noise("mark-sweep")
    noise("young-immix")
}
