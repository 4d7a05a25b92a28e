# SPDX-License-Identifier: MIT
#
# For scripts that must leave nothing in the tree but below build/: they call tree_begin where the
# root of the tree is the current folder, and tree_end at their end.

# What git sees of the tree; nothing where it is no clone.
tree_state() {
    (cd "$tree" && HOME=$tree_home git status --porcelain --untracked-files=all 2>/dev/null | sort)
}

tree_begin() {
    tree=$PWD
    tree_home=${HOME:-/}
    tree_before=$(tree_state)
}

# Says what has changed since, and fails if anything has.
tree_end() {
    tree_left=$({ echo "$tree_before"; echo "$tree_before"; tree_state; } | sort | uniq -u)
    [ "$tree_left" ] || return 0
    echo "Changed in the tree $1:"
    echo "$tree_left"
    return 1
}
