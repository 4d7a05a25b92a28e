# SPDX-License-Identifier: MIT
#
# Prints VHDL of many small entities, wired in rings, for FAUhdlc: awk -f circuit.awk -v rings=400.

function process(ring, j)
{
    printf "    p%d : process (clock, s%d)\n", j, j
    print "        variable v : integer := 0;"
    print "    begin"
    printf "        v := s%d + %d;\n", j, j + 1
    print "        for k in 0 to 15 loop"
    printf "            if v > %d then v := v - s%d;", 1000 + ring, (j + 3) % 10
    print " else v := v * 2 + k; end if;"
    print "        end loop;"
    printf "        if clock = '1' then s%d <= v + s%d; end if;\n", (j + 1) % 10, j
    print "    end process;"
}

BEGIN {
    for (i = 0; i < rings; i++) {
        printf "entity ring%d is\n", i
        print "    port (clock : in bit; total : out integer);"
        print "end entity;\n"
        printf "architecture steps of ring%d is\n", i
        for (j = 0; j < 10; j++)
            printf "    signal s%d : integer := %d;\n", j, (i * 31 + j * 7) % 101
        print "begin"
        for (j = 0; j < 10; j++)
            process(i, j)
        print "    total <= s0 + s5;"
        print "end architecture;\n"
    }
}
