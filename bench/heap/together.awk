# SPDX-License-Identifier: MIT
#
# Passes rows "together/SHAPE/MIB" on, and adds one "together/MIB" for each plan: the least part of
# all shapes of which two workers can do something together, and the most that any shape lost.

{
    print
    n = split(value_of("program"), word, "/")
    key = word[3] " " value_of("collector")
    if (!(key in lost)) {
        order[++count] = key
        part[key] = ""
        lost[key] = value_of("lost")
    }
    if (value_of("lost") + 0 > lost[key] + 0) lost[key] = value_of("lost")
    if (word[2] != "list" && (part[key] == "" || value_of("part") + 0 < part[key] + 0))
        part[key] = value_of("part")
}

END {
    for (i = 1; i <= count; i++) {
        split(order[i], word, " ")
        printf "  {\"program\": \"together/%s\", \"collector\": \"%s\", \"roots\": \"exact\", " \
            "\"part\": %s, \"lost\": %s}\n", word[1], word[2],
            part[order[i]] == "" ? "null" : part[order[i]], lost[order[i]]
    }
}
