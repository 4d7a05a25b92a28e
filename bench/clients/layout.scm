;; SPDX-License-Identifier: MIT
;; A graph that Graphviz lays out, called from Guile. The argument is the module of Debian's
;; libgv-guile.
(load-extension (cadr (command-line)) "SWIG_init")
(define g (digraph "G"))
(define (name i) (string-append "n" (number->string i)))
(do ((i 0 (+ i 1))) ((= i 3000)) (edge g (name i) (name (modulo (* i 7919) 1009))))
(layout g "dot")
(display (renderdata g "plain"))
