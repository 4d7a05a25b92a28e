# SPDX-License-Identifier: MIT
#
# Reads first what there is, a line each: "path FILE", "word NAME" of the code, "option NAME" of the
# library, "command NAME" of an option of the command, "target NAME" of make, "foreign NAME". Then
# documents: each name that is not among them is a line.

FILENAME == ARGV[1] {
    known[$1, $2] = 1
    if ($1 == "path") {
        base = $2
        sub(/.*\//, "", base)
        known["base", base] = 1
        if ($2 !~ /\//) top[$2] = 1
        if ($2 ~ /^src\/[^\/]*$/) top[base] = 1
    }
    next
}

function wrong(what, name) {
    n++
    if (!(("foreign", name) in known)) print FILENAME ":" FNR ": no such " what ": " name
}

function has(kind, name) {
    n++
    return (kind, name) in known
}

function is_path(name) {
    sub(/\/$/, "", name)
    return has("path", name) || has("path", "src/" name) || has("path", "include/" name) ||
        has("path", "test/" name) || has("path", folder name)
}

# A word between backquotes that looks like a file.
function look_at_file(name,    first) {
    if (name ~ /[…*<>$%{}]/ || name ~ /^(\/|~|\.\.)/ || name ~ /^build\//) return
    if (name ~ /^[A-Za-z0-9_.-]+\//) {
        first = name
        sub(/\/.*/, "", first)
        if (first in top && !is_path(name)) wrong("file", name)
    } else if (name ~ /^[A-Za-z0-9_-]+\.(c|h|sh|awk|md|cmake|txt|pml|smt2)$/ && !has("base", name))
        wrong("file", name)
}

function look_at_test(name,    part) {
    split(name, part, ".")
    if (part[1] ~ /^(check|e2e|thorough)$/) {
        if (!has("base", part[2] ".sh")) wrong("test", name)
    } else if (!has("path", "test/" part[1] "/" part[2] ".c")) wrong("test", name)
}

# What a command line of ours says, or what is said of an option.
function look_at_span(span,    count, word, i, name) {
    count = split(span, word, /[ \t,;()]+/)
    for (i = 1; i <= count; i++) {
        name = word[i]
        look_at_file(name)
        if (name ~ /^(check|e2e|thorough)\.[a-z_0-9][a-z_0-9]+$|^[a-z_]+\.test_[a-z_0-9]+$/)
            look_at_test(name)
        if (word[1] == "terrier" && name ~ /^--[a-z-]+(=.*)?$/) {
            sub(/^--/, "", name)
            sub(/=.*/, "", name)
            option = name
            gsub(/-/, "_", option)
            if (!has("command", name) && !has("option", option)) wrong("option", "--" name)
        }
        if (word[1] == "terrier" && name == "--") return
        if (i > 1 && word[1] == "make" && name ~ /^[a-z-]+$/ && !has("target", name))
            wrong("target of make", name)
    }
}

FNR == 1 {
    folder = FILENAME
    if (!sub(/[^\/]*$/, "", folder)) folder = ""
}

{
    text = $0
    # Links.
    while (match(text, /\]\([^)#:]+[)#]/)) {
        name = substr(text, RSTART + 2, RLENGTH - 3)
        text = substr(text, RSTART + RLENGTH)
        path = folder name
        while (sub(/[^\/]+\/\.\.\//, "", path)) continue
        sub(/\/$/, "", path)
        if (!has("path", path)) wrong("file", name)
    }
    # Names of functions and macros, wherever they stand.
    text = $0
    while (match(text, /(ter|GC|TER|TERRIER)_[A-Za-z0-9_]+[…*]?/)) {
        name = substr(text, RSTART, RLENGTH)
        before = RSTART > 1 ? substr(text, RSTART - 1, 1) : " "
        text = substr(text, RSTART + RLENGTH)
        if (name ~ /(_|[…*]|\342)$/ || substr(text, 1, 1) ~ /[<{]/ || before ~ /[A-Za-z0-9_]/)
            continue
        if (!has("word", name)) wrong("name", name)
    }
    # Programs for any libgc.
    text = $0
    while (match(text, /gc_[a-z0-9_]+/)) {
        name = substr(text, RSTART, RLENGTH)
        before = RSTART > 1 ? substr(text, RSTART - 1, 1) : " "
        text = substr(text, RSTART + RLENGTH)
        if (before ~ /[A-Za-z0-9_]/ || name ~ /_$/ || text ~ /^\.[a-z]/) continue
        if (!has("base", name ".c") && !has("base", name ".sh") && !has("word", name))
            wrong("test", name)
    }
    # Between backquotes; in a manual page, and where code is indented, the line.
    text = $0
    prose = text
    while (match(text, /`[^`]+`/)) {
        span = substr(text, RSTART + 1, RLENGTH - 2)
        look_at_span(span)
        name = span
        sub(/=.*/, "", name)
        if (substr(text, 1, RSTART - 1) ~ /(^|[^a-z])options? $/ && name ~ /^[a-z_]+$/ &&
            !has("option", name)) wrong("option", name)
        text = substr(text, RSTART + RLENGTH)
    }
    if ($0 ~ /^    (make|terrier) /) {
        span = substr($0, 5)
        sub(/ ( |#).*/, "", span)
        look_at_span(span)
    }
    if (FILENAME ~ /\.1$/ && match($0, /\.It Fl -[a-z-]+/)) {
        name = substr($0, RSTART + 8, RLENGTH - 8)
        if (!has("command", name) && !has("option", name)) wrong("option", "--" name)
    }
}

END { print "names", n + 0 }
