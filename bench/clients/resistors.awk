# SPDX-License-Identifier: MIT
#
# Prints a schematic of resistors in rows, for Lepton EDA: awk -f resistors.awk -v resistors=200.

BEGIN {
    print "v 20200604 2"
    for (i = 0; i < resistors; i++) {
        x = 40000 + i % 20 * 3000
        y = 40000 + int(i / 20) * 3000
        printf "C %d %d 1 0 0 resistor-1.sym\n{\n", x, y
        printf "T %d %d 5 10 1 1 0 0 1\nrefdes=R%d\n", x, y + 300, i + 1
        printf "T %d %d 5 10 1 1 0 0 1\nvalue=%dk\n}\n", x, y + 500, i % 97 + 1
        if (i % 20 < 19)
            printf "N %d %d %d %d 4\n", x + 900, y + 100, x + 3000, y + 100
    }
}
