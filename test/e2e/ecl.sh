#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Common Lisp programs print the same in ECL on both libraries.

. "$(dirname "$0")/lib/terrier.sh"
. "$(dirname "$0")/lib/collecting.sh"

if ! command -v ecl >/dev/null; then
    echo "SKIP: ecl is not here"
    exit 77
fi

# same NAME STRESS <PROGRAM
same() {
    cat >"$temp/program.lisp"
    as_stock "$1" "$2" ecl --norc --load "$temp/program.lisp" --eval '(ext:quit)'
}

same "lists, hash tables and large numbers" 700 <<'END'
(defun tree (d) (if (= d 0) nil (cons (tree (1- d)) (tree (1- d)))))
(defun cnt (tr) (if (null tr) 1 (+ (cnt (car tr)) (cnt (cdr tr)))))
(format t "~a~%" (loop for i from 1 to 12 sum (cnt (tree 12))))
(let ((h (make-hash-table :test 'equal)))
  (dotimes (i 20000) (setf (gethash (format nil "k~d" (mod i 5003)) h) (list i (* i i))))
  (format t "~a ~a~%" (hash-table-count h) (gethash "k77" h)))
(format t "~a~%" (length (princ-to-string (expt 7 9000))))
(format t "~a~%" (reduce #'+ (sort (loop for i below 20000 collect (mod (* i 7919) 10007)) #'<)))
END

# Keys that live are looked for with maphash: in a weak table with dead keys, gethash of ECL 24.5
# may miss live ones, on either library, as it goes by where they lie.
same "finalizers, weak pointers and weak hash tables" 450 <<'END'
(defstruct cell a)
(defvar *fin* 0)
(defvar *weak* (make-hash-table :test 'eq :weakness :key))
(defvar *kept* (loop for i below 500 collect (make-cell :a i)))
(defvar *to-kept* (mapcar #'ext:make-weak-pointer *kept*))
(defvar *to-lost* nil)
(defun setup ()
  (dolist (k *kept*) (setf (gethash k *weak*) (cell-a k)))
  (setf *to-lost* (loop for i below 2000 collect (ext:make-weak-pointer (make-cell :a i))))
  (dotimes (i 2000)
    (setf (gethash (make-cell :a i) *weak*) (make-string 50))
    (ext:set-finalizer (make-cell :a i) (lambda (o) (declare (ignore o)) (incf *fin*)))))
(setup)
(dotimes (i 12) (ext:gc t) (make-list 10000))
(format t "~a ~a~%" (> *fin* 1500) (every #'eq (mapcar #'ext:weak-pointer-value *to-kept*) *kept*))
(format t "~a~%" (< (count-if #'ext:weak-pointer-value *to-lost*) 500))
(let ((n 0) (wrong 0) (live (make-hash-table)))
  (dolist (k *kept*) (setf (gethash k live) t))
  (maphash (lambda (k v)
             (when k (incf n) (unless (eql v (cell-a k)) (incf wrong)) (remhash k live))) *weak*)
  (format t "~a ~a ~a~%" (< n 2000) wrong (hash-table-count live)))
END

same "threads" 700 <<'END'
(defun job (s)
  (let ((h (make-hash-table :test 'equal)) (x s) (a 0))
    (dotimes (i 4000)
      (setf x (mod (+ (* x 1103515245) 12345) 2147483648))
      (setf (gethash (format nil "~d" (mod x 503)) h) (list i x)))
    (maphash (lambda (k v) (setf a (mod (+ a (length k) (first v) (second v)) 1000000007))) h)
    a))
(format t "~a~%" (mapcar #'mp:process-join
  (loop for s below 6 collect (let ((s s)) (mp:process-run-function (list :name s) #'job s)))))
(format t "~a~%" (reduce #'+ (mapcar #'mp:process-join
  (loop repeat 40 collect (mp:process-run-function 'short (lambda () (length (make-list 1000))))))))
END

same "classes, conditions and evaluation" 700 <<'END'
(defclass point () ((x :initarg :x :accessor x) (y :initarg :y :accessor y)))
(defgeneric norm (p)) (defmethod norm ((p point)) (+ (* (x p) (x p)) (* (y p) (y p))))
(format t "~a~%" (loop for i below 5000 sum (norm (make-instance 'point :x i :y (- i)))))
(format t "~a~%" (loop for i below 2000
                       count (handler-case (error "no ~a" i) (error (e) (princ-to-string e)))))
(defun expr (n) (if (= n 0) 1 `(+ ,(expr (1- n)) ,(expr (1- n)))))
(format t "~a~%" (eval (expr 9)))
(format t "~a~%" (length (with-output-to-string (s) (print (expr 11) s))))
(format t "~{~a~^,~}~%" (multiple-value-list (read-from-string "(1 . #(2 \"three\" #\\4))")))
END

# ---- The compiler -------------------------------------------------------------------------------

# With the C compiler left out, what it writes is C; the names in it have the time in them.
cat >"$temp/source.lisp" <<'END'
(defmacro twice (x) `(progn ,x ,x))
(defstruct point x y)
(defgeneric area (s))
(defmethod area ((p point)) (* (point-x p) (point-y p)))
END
i=0
while [ $i -lt 60 ]; do
    echo "(defun f$i (a b &key (c $i)) (let ((l (list a b c))) (twice (push $i l))
        (loop for x in l when (and (numberp x) (> x a)) collect (* x (+ b $i)))))"
    i=$((i + 1))
done >>"$temp/source.lisp"
same "the compiler" 700 <<END
(require :cmp)
(setf c::*cc* "true")
(let ((*standard-output* (make-broadcast-stream)) (*error-output* (make-broadcast-stream)))
  (ignore-errors (compile-file "$temp/source.lisp" :c-file "$temp/source.c" :h-file "$temp/source.h"
                               :data-file "$temp/source.data" :output-file "$temp/source.fas")))
(with-open-file (in "$temp/source.c")
  (loop for line = (read-line in nil) while line
        unless (or (search "ate" line) (search "ime" line) (search "tmp" line)
                   (search "_ecl" line))
          do (write-line line)))
END

finish
