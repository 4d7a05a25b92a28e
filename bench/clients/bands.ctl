; SPDX-License-Identifier: MIT
; Bands of two-dimensional photonic crystals, and what Scheme makes of them, for MPB.
(set! deterministic? true)
(set! num-bands 6)
(set! resolution 40)
(set! geometry-lattice (make lattice (size 1 1 no-size)))
(set! k-points (interpolate 8 (list (vector3 0) (vector3 0.5 0) (vector3 0.5 0.5) (vector3 0))))

(define gaps '())
(define (rods n r)
  (map (lambda (i)
         (make cylinder (center (/ i (* 2 n)) (/ i n)) (radius r) (height infinity)
               (material (make dielectric (epsilon (+ 8 i))))))
       (arith-sequence 0 1 n)))

(define (measure r)
  (set! geometry (rods 3 r))
  (run-tm)
  (set! gaps (cons (map (lambda (below above) (- (caar above) (cadr below)))
                        (list-head band-range-data 5) (cdr band-range-data))
                   gaps)))

(for-each measure '(0.1 0.15 0.2))
(print "widest " (map (lambda (g) (/ (round (* 10000 (apply max g))) 10000)) gaps) "\n")
