# SPDX-License-Identifier: MIT
#
# Writes a page of HTML with nested tables. usage: awk -f tables.awk -v rows=9000

function random(limit)
{
    state = (state * 1103 + 12345) % 1000003
    return state % limit
}

function text(count,    result)
{
    result = words[random(word_count) + 1]
    while (--count > 0)
        result = result " " words[random(word_count) + 1]
    return result
}

function row(number,    line, i)
{
    line = "<tr>"
    for (i = 0; i < 6; i++)
        line = line "<td>" text(random(5) + 1) "</td>"
    if (number % 5 == 0)
        line = line "<td><table><tr><td>left<td>right</tr><tr><td colspan=2>" number \
            "</td></tr></table></td>"
    print line "</tr>"
}

BEGIN {
    state = 1
    word_count = split("heap space chunk block line page cell object mark sweep root stack slot " \
                       "table thread plan", words, " ")
    print "<html><body><h1>Tables</h1>"
    for (table = 0; table < rows / 60; table++) {
        print "<table border=1>"
        for (i = 0; i < 60; i++)
            row(i)
        print "</table><p>" text(40) "</p>"
    }
    print "</body></html>"
}
