;; SPDX-License-Identifier: MIT
;;
;; Writes an XML document, reads it, asks for parts of it, writes it again; then digits of pi with
;; large numbers.

(use-modules (sxml simple) (sxml xpath) (srfi srfi-1))

(define items 20000)

(define (write-item port i)
  (format port
    "<item id=\"~a\" class=\"c~a\"><name>n~a</name><value>~a</value>some &amp; more ~a</item>~%"
          i (modulo i 7) (* i i) (modulo (* i 7919) 10007) i))

(define text
  (call-with-output-string
    (lambda (port)
      (display "<list>" port)
      (for-each (lambda (i) (write-item port i)) (iota items))
      (display "</list>" port))))

(define document (xml->sxml text))

(define (show value)
  (display value)
  (newline))

(show (length ((sxpath '(list item)) document)))
(show (fold + 0 (map string->number ((sxpath '(// value *text*)) document))))
(show (string-length (call-with-output-string (lambda (port) (sxml->xml document port)))))

;; A spigot of digits, after Gibbons.
(define (digits-of-pi wanted)
  (let next ((q 1) (r 0) (t 1) (k 1) (n 3) (l 3) (found 0) (digits '()))
    (cond
     ((= found wanted)
      (string-concatenate (map number->string (reverse digits))))
     ((< (- (+ (* 4 q) r) t) (* n t))
      (next (* 10 q) (* 10 (- r (* n t))) t k
            (- (quotient (* 10 (+ (* 3 q) r)) t) (* 10 n))
            l (+ found 1) (cons n digits)))
     (else
      (next (* q k) (* (+ (* 2 q) r) l) (* t l) (+ k 1)
            (quotient (+ (* q (+ (* 7 k) 2)) (* r l)) (* t l))
            (+ l 2) found digits)))))

(show (digits-of-pi 1500))
