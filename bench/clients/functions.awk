# SPDX-License-Identifier: MIT
#
# Prints a C program of many functions, for MesCC: awk -f functions.awk -v functions=800.

function work(i)
{
    printf "int\nwork%d (int a, int b, struct pair *p)\n{\n", i
    printf "  int i;\n  int sum = %d;\n", i
    print "  for (i = 0; i < a; i++)\n    {"
    print "      if (i > b && sum < 1000)\n        sum = sum + p->first * i;"
    print "      else\n        sum = sum - (p->second + b) / 2;"
    printf "    }\n  return sum + %s;\n}\n\n", i == 0 ? "b" : "work" i - 1 " (a - 1, b, p)"
}

BEGIN {
    print "struct pair\n{\n  int first;\n  int second;\n};\n"
    for (i = 0; i < functions; i++)
        work(i)
    print "int\nmain ()\n{\n  struct pair p;\n  p.first = 1;\n  p.second = 2;"
    printf "  return work%d (3, 4, &p);\n}\n", functions - 1
}
