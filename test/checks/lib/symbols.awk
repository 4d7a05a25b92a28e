# SPDX-License-Identifier: MIT
#
# Reads one C file without comments and strings, a header if `header` is 1. Prints what it defines
# and what it uses:
#
#   defines NAME     a function or object that other files may use, a struct, or a header's macro
#   local NAME       a function or object that they may not
#   uses NAME LINE   a name in a body, an initialiser or a macro; in a source also a struct anywhere
#
# A struct's name is "struct:NAME". At the outermost level, the name that a statement declares is no
# use. Layout is clang-format's.

function use_structs(text, number) {
    while (match(text, /struct [A-Za-z_][A-Za-z_0-9]*/)) {
        print "uses", "struct:" substr(text, RSTART + 7, RLENGTH - 7), number
        text = substr(text, RSTART + RLENGTH)
    }
}

function use_all(text, number,    before) {
    while (match(text, /[A-Za-z_][A-Za-z_0-9]*/)) {
        before = substr(text, 1, RSTART - 1)
        name = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (before ~ /[.0-9]$|->$/ || tag) { tag = 0; continue }
        tag = name ~ /^(struct|union|enum)$/
        if (name ~ /_/ || length(name) > 3) print "uses", name, number
    }
}

# The head of a statement at the outermost level, up to its `;`, `{` or `=`.
function declare(head, body,    is_static) {
    gsub(/[ \t\n]+/, " ", head)
    is_static = !header && head ~ /(^| )(static|TER_INLINE)( |$)/
    if (body == "{" && match(head, /^ *struct [A-Za-z_0-9]+ *$/)) {
        gsub(/struct| /, "", head)
        print (header ? "defines" : "local"), "struct:" head
        return
    }
    if (head ~ /(^| )typedef |^ *(struct|union|enum)( [A-Za-z_0-9]+)? *$/) return
    gsub(/(__attribute__|__asm__|asm|_Alignas|TER_[A-Z_0-9]+) ?\(([^()]|\([^()]*\))*\)/, "", head)
    if (match(head, /[A-Za-z_][A-Za-z_0-9]* ?\(/)) {
        name = substr(head, RSTART, RLENGTH - 1)
        if (body != "{") return
    } else {
        if (head ~ /(^| )extern /) return
        sub(/ ?\[.*/, "", head)
        sub(/ +$/, "", head)
        name = head
        sub(/.*[ *]/, "", name)
    }
    gsub(/ /, "", name)
    if (name ~ /^[A-Za-z_][A-Za-z_0-9]*$/) print (is_static ? "local" : "defines"), name
}

!header { use_structs($0, NR) }

continued || /^[ \t]*#/ {
    line = $0
    continued = line ~ /\\$/
    if (line ~ /^[ \t]*#[ \t]*include/) next
    if (match(line, /^[ \t]*#[ \t]*define[ \t]+[A-Za-z_0-9]+/)) {
        name = substr(line, 1, RLENGTH)
        sub(/.*[ \t]/, "", name)
        print (header ? "defines" : "local"), name
        line = substr(line, RLENGTH + 1)
    }
    use_all(line, NR)
    next
}

{
    text = ""
    for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (depth == 0 && !initial) {
            if (c == "{" || c == "=" || c == ";") {
                declare(head, c)
                head = ""
                if (c == "{") depth++
                else initial = c == "="
            } else head = head c
        } else {
            text = text c
            if (c == "{") depth++
            else if (c == "}") depth--
            else if (c == ";" && depth == 0) initial = 0
            if (depth == 0 && !initial) head = ""
        }
    }
    head = head " "
    use_all(text, NR)
}
