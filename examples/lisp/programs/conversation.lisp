; What is typed, and an error in between.
(define (twice f) (lambda (x) (f (f x))))
((twice (lambda (n) (* n n))) 3)
'(a "b" . c)
(twice
(car '())
)
"still here"
(let loop ((n 3)) (if (= n 0) 'done
  (loop (- n 1))))
