# SPDX-License-Identifier: MIT
#
# Prints an SVG of many shapes in groups, for Inkscape: awk -f drawing.awk -v shapes=9000.

function gradient(i)
{
    printf "<linearGradient id=\"l%d\"><stop offset=\"0\" stop-color=\"#%06x\"/>", i, i * 334211
    printf "<stop offset=\"1\" stop-color=\"#%06x\"/></linearGradient>\n", 16777215 - i * 223344
}

function shape(i)
{
    printf "<path id=\"p%d\" fill=\"url(#l%d)\" stroke=\"#222\" stroke-width=\"0.5\"", i, i % 40
    printf " d=\"M 0,0 C %d,%d %d,%d 40,40 L 10,60 Z\"/>\n", i % 50, i % 30, i % 20, i % 45
}

BEGIN {
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
    print " width=\"600\" height=\"600\" viewBox=\"0 0 600 600\">\n<defs>"
    for (i = 0; i < 40; i++)
        gradient(i)
    print "</defs>"
    for (i = 0; i < shapes; i++) {
        if (i % 20 == 0)
            printf "<g transform=\"translate(%d,%d) rotate(%d)\" opacity=\"0.7\">\n", i * 37 % 560,
                i * 91 % 560, i % 360
        shape(i)
        if (i % 5 == 0)
            printf "<use xlink:href=\"#p%d\" x=\"%d\" y=\"%d\"/>\n", i, i % 17, i % 13
        if (i % 20 == 19)
            print "</g>"
    }
    print "</svg>"
}
