# SPDX-License-Identifier: MIT
#
# Prints a makefile whose rules use make's functions and Scheme, for remake:
# awk -f rules.awk -v targets=8000.

BEGIN {
    print "define code"
    print "(begin"
    print "  (define (words n)"
    print "    (map (lambda (i) (string-append \"w\" (number->string (modulo (* i 7919) 1009))))"
    print "         (iota n)))"
    print "  (define (sorted n) (string-join (sort (words n) string<?) \" \"))"
    print "  #t)"
    print "endef"
    print "ignored := $(guile $(code))"
    print "parts := alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu"
    print "pair = $(patsubst %a,%_$2,$1).$3"
    print "pairs = $(sort $(foreach a,$(parts),$(foreach b,$(parts),$(call pair,$a,$b,$1))))\n"
    printf "all:"
    for (i = 0; i < targets; i++)
        printf " t%d", i
    print ""
    for (i = 0; i < targets; i++) {
        printf "t%d: %s\n\t@:$(info $@ ", i, i < 7 ? "" : "t" i - 7
        printf "$(words $(guile (sorted %d))) $(words $(call pairs,$@)))\n", 20 + i % 50
    }
}
