;; SPDX-License-Identifier: MIT
;;
;; Eight threads with tables, trees, guarded objects and weak keys; then parallel maps and futures.
;; What is printed does not depend on the order in which threads run.

(use-modules (ice-9 threads) (ice-9 futures) (srfi srfi-1))

(define modulus 1000000007)

(define (next-random state)
  (modulo (+ (* state 1103515245) 12345) 2147483648))

(define (fill-table seed)
  (let ((table (make-hash-table 31)))
    (let loop ((i 0) (state seed))
      (when (< i 60000)
        (let ((state (next-random state)))
          (hashq-set! table (modulo state 5003) (list i state (number->string state)))
          (loop (+ i 1) state))))
    (hash-fold (lambda (key entry sum)
                 (modulo (+ sum (* key 31) (first entry) (second entry)
                            (string-length (third entry)))
                         modulus))
               0 table)))

(define (grow depth)
  (if (zero? depth) '() (cons (grow (- depth 1)) (grow (- depth 1)))))

(define (leaves tree)
  (if (null? tree) 1 (+ (leaves (car tree)) (leaves (cdr tree)))))

(define guard (make-guardian))
(define names (make-weak-key-hash-table 100))

(define (drop-guarded thread round)
  (do ((i 0 (+ i 1)))
      ((= i 200))
    (let ((object (list thread round i)))
      (guard object)
      (hashq-set! names object (make-string 100 #\n)))))

(define (work thread)
  (let loop ((round 0) (sum 0))
    (if (= round 40)
        sum
        (begin
          (drop-guarded thread round)
          (loop (+ round 1)
                (modulo (+ sum (fill-table (+ thread round)) (leaves (grow 14))) modulus))))))

(define (start thread)
  (call-with-new-thread (lambda () (work thread))))

(define (count-guarded)
  (let loop ((count 0))
    (if (guard) (loop (+ count 1)) count)))

(define (show value)
  (display value)
  (newline))

(show (map join-thread (map start (iota 8))))
(show (par-map fill-table (iota 64)))
(show (map touch (map (lambda (i) (future (leaves (grow 18)))) (iota 24))))
(gc)
(gc)
(gc)
(show (> (count-guarded) 9000))
(gc)
(gc)
(show (< (hash-fold (lambda (key value count) (+ count 1)) 0 names) 300))
