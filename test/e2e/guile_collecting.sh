#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Guile under many collections: trees, threads with guardians, weak tables and finalizers, and its
# compiler at work on one of its own modules.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v guile >/dev/null; then
    echo "SKIP: guile is not here"
    exit 77
fi
export GUILE_AUTO_COMPILE=0

# same NAME STRESS <PROGRAM
same() {
    cat >"$temp/program.scm"
    as_stock "$1" "$2" guile --no-auto-compile "$temp/program.scm"
}

same "trees that live long and short" 1000 <<'END'
(define (make-tree d) (if (= d 0) (cons '() '()) (cons (make-tree (- d 1)) (make-tree (- d 1)))))
(define (check t) (if (null? (car t)) 1 (+ 1 (check (car t)) (check (cdr t)))))
(define kept (make-tree 13))
(let loop ((d 4) (sum 0))
  (if (> d 13)
      (begin (display sum) (newline))
      (loop (+ d 3)
            (let again ((i 0) (sum sum))
              (if (= i (ash 1 (- 16 d))) sum (again (+ i 1) (+ sum (check (make-tree d)))))))))
(display (check kept))
END

same "threads, guardians, weak tables and finalizers" 800 <<'END'
(use-modules (ice-9 threads) (system foreign) (rnrs bytevectors))
(define guardian (make-guardian))
(define weak (make-weak-key-hash-table 100))
(define lock (make-mutex))
(define (work seed)
  (let ((table (make-hash-table 31)))
    (let loop ((i 0) (x seed))
      (if (< i 3000)
          (let ((y (modulo (+ (* x 1103515245) 12345) 2147483648)))
            (hashq-set! table (modulo y 503) (list i x (number->string y)))
            (if (= 0 (modulo i 30))
                (let ((o (list seed i)))
                  (guardian o)
                  (with-mutex lock (hashq-set! weak o (make-string 100 #\x)))))
            (loop (+ i 1) y))
          (hash-fold (lambda (k v sum) (modulo (+ sum k (car v) (cadr v) (string-length (caddr v)))
                                               1000000007)) 0 table)))))
(display (map join-thread (map (lambda (s) (call-with-new-thread (lambda () (work s)))) (iota 8))))
(newline)
(display (par-map work (iota 8)))
(newline)
(define free (dynamic-func "free" (dynamic-link)))
(define malloc (pointer->procedure '* (dynamic-func "malloc" (dynamic-link)) (list size_t)))
(define (finalize n)
  (if (> n 0)
      (begin (set-pointer-finalizer! (make-pointer (pointer-address (malloc 16))) free)
             (finalize (- n 1)))))
(finalize 2000)
(gc) (gc) (gc)
(define count (let loop ((n 0)) (if (guardian) (loop (+ n 1)) n)))
(display (> count 1300))
(gc) (gc)
(display (< (hash-fold (lambda (k v n) (+ n 1)) 0 weak) 300))
END

# compile NAME OPTION-OF-RUN...: the file that it writes is the same.
compile() {
    title=$1
    shift
    status_is "$title" 0 run --report=json --report-file="$temp/report" "$@" \
        guile --no-auto-compile "$temp/compile.scm" "$module" "$temp/ours.go"
    check "writes the same file ($(wc -c <"$temp/stock.go") bytes)" \
        cmp -s "$temp/ours.go" "$temp/stock.go"
    rm -f "$temp/ours.go"
}

module=/usr/share/guile/3.0/srfi/srfi-19.scm
cat >"$temp/compile.scm" <<'END'
(use-modules (system base compile))
(compile-file (cadr (command-line)) #:output-file (caddr (command-line)) #:optimization-level 1)
END
if [ -f $module ] && guile --no-auto-compile "$temp/compile.scm" $module "$temp/stock.go" \
    >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    compile "the compiler in a small heap" $small_heap
    few=$(collections_of "$temp/report")
    collected "$few"
    compile "the compiler with a collection at every 2000 allocations" --stress=2000
    many=$(collections_of "$temp/report")
    stressed "$few" "$many"
else
    echo "SKIP: Guile's own modules are not here, none is compiled"
fi
finish
