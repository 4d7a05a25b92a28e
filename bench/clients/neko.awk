# SPDX-License-Identifier: MIT
#
# Writes a large neko program of small functions. usage: awk -f neko.awk -v functions=6000

function random(limit)
{
    state = (state * 1103 + 12345) % 1000003
    return state % limit
}

BEGIN {
    state = 3
    print "f0 = function(n) { return n; }"
    for (i = 1; i < functions; i++) {
        printf "f%d = function(n, m) { var list = $array(n, m, %d); ", i, i
        printf "var object = { first => list, name => \"name %d\" }; ", i
        printf "if( n > %d ) { return f%d(n - 1) } ", i % 97, random(i)
        printf "else { var k = 0; while( k < %d ) { k = k + 1; ", i % 13
        printf "list[0] = list[0] + k * %d; } }; ", i % 7
        print "return try object.first[0] catch e { $throw(e) }; }"
    }
    print "$print(\"done\\n\");"
}
