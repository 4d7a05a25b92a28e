;; SPDX-License-Identifier: MIT
;;
;; Builds and drops binary trees of all sizes beside a large one that stays.

(define (grow depth)
  (if (= depth 0)
      (cons '() '())
      (let ((below (- depth 1)))
        (cons (grow below) (grow below)))))

(define (leaves tree)
  (if (null? (car tree))
      1
      (+ 1 (leaves (car tree)) (leaves (cdr tree)))))

(define (grow-many count depth)
  (let loop ((left count) (sum 0))
    (if (= left 0)
        sum
        (loop (- left 1) (+ sum (leaves (grow depth)))))))

(define lasting (grow 20))

(do ((depth 4 (+ depth 2)))
    ((> depth 20))
  (display (grow-many (ash 1 (- 24 depth)) depth))
  (newline))
(display (leaves lasting))
(newline)
