#!/bin/sh
# SPDX-License-Identifier: MIT
#
# LilyPond, with a Guile of its own version, engraves the same music on both libraries.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v lilypond >/dev/null; then
    echo "SKIP: lilypond is not here"
    exit 77
fi

cat >"$temp/music.ly" <<'END'
\version "2.24.0"
\header { tagline = ##f }
{ \repeat unfold 6 { c'4 d' e' f' g'8 a' b' c'' } }
#(define (tree n) (if (= n 0) '() (cons (tree (- n 1)) (tree (- n 1)))))
#(define (count t) (if (null? t) 1 (+ (count (car t)) (count (cdr t)))))
#(begin (display (count (tree 13))) (newline))
END

# engrave NAME OPTION-OF-RUN...: the page is the same.
engrave() {
    title=$1
    shift
    status_is "$title" 0 run --report=json --report-file="$temp/report" "$@" \
        lilypond -s --ps -o "$temp/ours" "$temp/music.ly"
    check "writes the same page ($(wc -c <"$temp/stock.ps") bytes)" \
        cmp -s "$temp/ours.ps" "$temp/stock.ps"
    check "and the same text" out_is 8192
    rm -f "$temp/ours.ps"
}

lilypond -s --ps -o "$temp/stock" "$temp/music.ly" </dev/null >/dev/null 2>&1 || {
    echo "SKIP: lilypond does not run here"
    exit 77
}
# It allocates much before it comes to the page; a few collections of many objects take long.
engrave "a page in a small heap" --heap-initial=64K --free-space-divisor=5
few=$(collections_of "$temp/report")
collected "$few"
engrave "a page with a collection at every 10000 allocations" --stress=12000
many=$(collections_of "$temp/report")
stressed "$few" "$many"
finish
