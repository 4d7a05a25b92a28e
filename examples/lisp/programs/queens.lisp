; Queens on a board, by lists and closures: the number of solutions for boards of 4 to 8.
(define (safe? column others)
  (let loop ((others others) (distance 1))
    (cond ((null? others) #t)
          ((= (car others) column) #f)
          ((= (car others) (+ column distance)) #f)
          ((= (car others) (- column distance)) #f)
          (else (loop (cdr others) (+ distance 1))))))
(define (place row size others columns)
  (if (= row 0)
      1
      (fold (lambda (found column)
              (if (safe? column others)
                  (+ found (place (- row 1) size (cons column others) columns))
                  found))
            0
            columns)))
(define (queens size) (place size size '() (numbers 1 size)))
(print (map queens '(4 5 6 7 8)))
