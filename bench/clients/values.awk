# SPDX-License-Identifier: MIT
#
# Prints definitions for values.tpl, for AutoGen: awk -f values.awk -v options=10000.

BEGIN {
    print "AutoGen Definitions values.tpl;"
    for (i = 0; i < options; i++)
        printf "option = { name = option_%d; number = %d; };\n", i, i * 7 % 1000
    for (i = 0; i < options / 10; i++) {
        printf "group = { name = group_%d;\n", i
        for (j = 0; j < 10; j++)
            printf "    member = { text = \"a member %d of %d\"; weight = %d; };\n", j, i, i * j
        print "};"
    }
}
