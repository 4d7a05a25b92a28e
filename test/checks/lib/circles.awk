# SPDX-License-Identifier: MIT
#
# Reads first the listed circles of one folder, then, for each of its files, "file PATH" and the
# lines of symbols.awk and "includes STEM LINE". Prints each circle that is not listed, with what
# makes it, and each listed one that is none.

# "a b" of the names in backquotes after the first.
function listed_names(line,    names) {
    sub(/^Circle in `[^`]*`: */, "", line)
    while (match(line, /^`[^`]*`(, )?/)) {
        name = substr(line, 2)
        sub(/`.*/, "", name)
        names = names (names == "" ? "" : " ") name
        line = substr(line, RSTART + RLENGTH)
    }
    return names
}

function edge(from, to, why) {
    if (from == to || !(to in known)) return
    reach[from, to] = 1
    if (!((from, to) in reasons)) reasons[from, to] = why
}

NR == FNR && /^Circle in / { expected[listed_names($0)] = 1; next }

$1 == "file" {
    path = $2
    stem = path
    sub(/.*\//, "", stem)
    sub(/\.[ch]$/, "", stem)
    if (!(stem in known)) { known[stem] = 1; stems[++count] = stem }
    next
}
$1 == "defines" { definitions[$2]++; owner[$2] = stem; next }
$1 == "local" { local[$2, path] = 1; next }
{ n++; kind[n] = $1; subject[n] = $2; user[n] = stem; file[n] = path; at[n] = $3 }

END {
    for (i = 1; i <= n; i++) {
        where = file[i] ":" at[i] ": "
        name = subject[i]
        if (kind[i] == "includes") edge(user[i], name, where "includes " name)
        else if (definitions[name] == 1 && !((name, file[i]) in local))
            edge(user[i], owner[name], where "uses " name " of " owner[name])
    }
    for (k = 1; k <= count; k++)
        for (i = 1; i <= count; i++)
            if (reach[stems[i], stems[k]])
                for (j = 1; j <= count; j++)
                    if (reach[stems[k], stems[j]]) reach[stems[i], stems[j]] = 1
    for (i = 1; i <= count; i++) {
        a = stems[i]
        if (!reach[a, a] || a in told) continue
        names = a
        told[a] = 1
        for (j = i + 1; j <= count; j++)
            if (reach[a, stems[j]] && reach[stems[j], a]) {
                names = names " " stems[j]
                told[stems[j]] = 1
            }
        if (names in expected) { found[names] = 1; continue }
        print folder ": a circle: " names
        m = split(names, member, " ")
        for (x = 1; x <= m; x++)
            for (y = 1; y <= m; y++)
                if ((member[x], member[y]) in reasons) print reasons[member[x], member[y]]
    }
    for (names in expected)
        if (!(names in found)) print "no such circle in " folder ": " names
}
