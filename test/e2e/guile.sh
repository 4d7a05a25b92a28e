#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Small Guile programs print the same on both libraries.

. "$(dirname "$0")/lib/terrier.sh"

if ! command -v guile >/dev/null; then
    echo "SKIP: guile is not here"
    exit 77
fi
export GUILE_AUTO_COMPILE=0

# same NAME [OPTION-OF-RUN...] <PROGRAM
same() {
    title=$1
    shift
    cat >"$temp/program.scm"
    timeout 60 guile --no-auto-compile "$temp/program.scm" </dev/null >"$temp/stock" 2>&1
    status_is "$title" 0 run "$@" timeout 60 guile --no-auto-compile "$temp/program.scm"
    check "as on the stock library" cmp -s "$temp/out" "$temp/stock"
    check "and something" test -s "$temp/stock"
}

same "arithmetic" <<'END'
(display (+ 1/3 (sqrt 2) (expt 2 100) (exact->inexact 22/7)))
(newline)
(display (let loop ((i 0) (sum 0)) (if (= i 100000) sum (loop (+ i 1) (+ sum (* i i))))))
END

same "a factorial of many digits" <<'END'
(define (factorial n) (if (= n 0) 1 (* n (factorial (- n 1)))))
(display (factorial 2000))
(newline)
(display (string-length (number->string (expt 3 20000))))
END

same "long lists" <<'END'
(use-modules (srfi srfi-1))
(define l (iota 300000))
(display (fold + 0 (map (lambda (x) (* x 2)) (filter even? l))))
(newline)
(display (length (sort (map (lambda (x) (modulo (* x 7919) 100003)) l) <)))
(newline)
(display (list-head (reverse l) 10))
END

same "strings and symbols" <<'END'
(use-modules (rnrs bytevectors))
(define s (string-concatenate (map number->string (iota 20000))))
(display (string-length s))
(display (substring s 5000 5100))
(newline)
(display (length (map (lambda (i) (string->symbol (string-append "s" (number->string i))))
                      (iota 50000))))
(display (string->utf8 "größer"))
END

same "hash tables" <<'END'
(define t (make-hash-table))
(do ((i 0 (+ i 1))) ((= i 100000)) (hashv-set! t i (list i (* i i))))
(do ((i 0 (+ i 2))) ((>= i 100000)) (hashv-remove! t i))
(display (hash-count (const #t) t))
(newline)
(display (hashv-ref t 777))
(display (hash-fold (lambda (k v sum) (+ sum k)) 0 t))
END

same "weak hash tables" <<'END'
(define t (make-weak-key-hash-table))
(define kept (map (lambda (i) (string #\a (integer->char (+ 32 (modulo i 90))))) (iota 500)))
(for-each (lambda (k) (hashq-set! t k (string-length k))) kept)
(define (fill n) (if (> n 0) (begin (hashq-set! t (make-string 3) n) (fill (- n 1)))))
(fill 20000)
(gc) (gc)
(display (and-map (lambda (k) (= 2 (hashq-ref t k))) kept))
(newline)
(display (< (hash-fold (lambda (k v n) (+ n 1)) 0 t) 2000))
END

same "continuations" <<'END'
(define k #f)
(define count 0)
(display (+ 1 (call/cc (lambda (c) (set! k c) 1))))
(set! count (+ count 1))
(if (< count 5) (k count))
(newline)
(define (generate l)
  (let ((tag (make-prompt-tag)))
    (call-with-prompt tag
      (lambda () (for-each (lambda (x) (abort-to-prompt tag x)) l) 'end)
      (lambda (resume x) (cons x (call-with-prompt tag resume (lambda (r y) (list y))))))))
(display (generate '(1 2 3)))
(display (catch 'oops (lambda () (throw 'oops 1 2)) list))
END

same "guardians" <<'END'
(define g (make-guardian))
(define (make n) (if (> n 0) (begin (g (list 'guarded n)) (make (- n 1)))))
(make 1000)
(gc) (gc)
(define (count n) (if (g) (count (+ n 1)) n))
(display (> (count 0) 900))
END

same "records, closures and vectors" <<'END'
(use-modules (srfi srfi-9))
(define-record-type point (make-point x y) point? (x point-x set-point-x!) (y point-y))
(define v (make-vector 50000 #f))
(do ((i 0 (+ i 1))) ((= i 50000))
  (vector-set! v i (let ((p (make-point i (- i)))) (lambda () (+ (point-x p) 1)))))
(gc)
(display (let loop ((i 0) (sum 0)) (if (= i 50000) sum (loop (+ i 1) (+ sum ((vector-ref v i)))))))
END

same "evaluation and ports" <<'END'
(define (tree n) (if (= n 0) 1 `(+ ,(tree (- n 1)) ,(tree (- n 1)))))
(display (eval (tree 10) (interaction-environment)))
(newline)
(display (string-length (with-output-to-string (lambda () (write (tree 12))))))
(display (call-with-input-string "(a (b . c) #(1 2))" read))
END

same "threads" <<'END'
(use-modules (ice-9 threads))
(define (work n) (let loop ((i 0) (l '())) (if (= i n) (length l) (loop (+ i 1) (cons i l)))))
(define threads (map (lambda (i) (call-with-new-thread (lambda () (work (* 10000 i))))) (iota 8)))
(display (map join-thread threads))
(newline)
(display (par-map (lambda (i) (work (* 100 i))) (iota 50)))
END

same "many collections" --stress=5000 <<'END'
(define (tree n) (if (= n 0) '() (cons (tree (- n 1)) (tree (- n 1)))))
(define (count t) (if (null? t) 1 (+ (count (car t)) (count (cdr t)))))
(display (count (tree 12)))
END

same "no collections" --option=plan=no-gc <<'END'
(use-modules (srfi srfi-1))
(display (fold + 0 (map string-length (map number->string (iota 100000)))))
(gc)
(display (length (sort (map (lambda (x) (modulo (* x 7919) 10007)) (iota 100000)) <)))
END

same "the small layout" --layout=small <<'END'
(display (length (map (lambda (i) (make-string 100 #\x)) (iota 50000))))
END

finish
