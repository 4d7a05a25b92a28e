# SPDX-License-Identifier: MIT
#
# Writes a Lisp program for a compiler to work on: structures, macros, generic functions, loops and
# closures. usage: awk -f compile.awk -v units=60

function unit(n)
{
    printf "(defstruct shape-%d (width 0 :type fixnum) (height 0) (parts nil) name)\n", n
    printf "(defclass item-%d () ((key :initarg :key :accessor key-%d) (items :initform nil)))\n",
        n, n
    printf "(defmacro with-sum-%d ((var start) &body body)\n", n
    printf "  `(let ((,var ,start)) (declare (type fixnum ,var)) (block nil ,@body) ,var))\n"
    printf "(defgeneric visit-%d (thing function &key deep limit))\n", n
    printf "(defmethod visit-%d ((thing item-%d) function &key deep (limit %d))\n", n, n, n + 10
    printf "  (with-slots (items) thing\n"
    printf "    (loop for item in items for i from 0 below limit\n"
    printf "          when deep do (visit-%d item function :deep deep :limit (1- limit))\n", n
    printf "          collect (funcall function item i))))\n"
    printf "(defmethod visit-%d ((thing list) function &key deep (limit 5))\n", n
    printf "  (declare (ignorable deep))\n"
    printf "  (mapcar (lambda (part) (if (consp part) (visit-%d part function :limit limit)\n", n
    printf "                             (funcall function part limit))) thing))\n"
    printf "(defun count-%d (list &optional (test #'identity) &rest more)\n", n
    printf "  (labels ((walk (rest depth)\n"
    printf "             (cond ((null rest) depth)\n"
    printf "                   ((and (consp (car rest)) (< depth %d))\n", n % 50 + 5
    printf "                    (max (walk (car rest) (1+ depth)) (walk (cdr rest) depth)))\n"
    printf "                   ((funcall test (car rest)) (walk (cdr rest) (+ depth %d)))\n", n % 7
    printf "                   (t (walk (cdr rest) depth)))))\n"
    printf "    (with-sum-%d (sum (walk list 0))\n", n
    printf "      (dolist (m more) (incf sum (if (numberp m) (floor m) (length (string m))))\n"
    printf "        (when (> sum %d) (return))))))\n", n * 100
    printf "(defun describe-%d (shape stream)\n", n
    printf "  (handler-case\n"
    printf "      (multiple-value-bind (q r) (floor (shape-%d-width shape) %d)\n", n, n % 9 + 2
    printf "        (case r ((0 1) (format stream \"~a of ~d~%%\" (shape-%d-name shape) q))\n", n
    printf "          (2 (unwind-protect (print (shape-%d-parts shape) stream)\n", n
    printf "               (setf (shape-%d-parts shape)", n
    printf " (remove-if #'null (shape-%d-parts shape)))))\n", n
    printf "          (t (destructuring-bind (a &key (b %d) (c (list a b)))", n
    printf " (shape-%d-parts shape)\n", n
    printf "               (let ((table (make-hash-table :test 'equal)))\n"
    printf "                 (setf (gethash a table) b (gethash c table) (lambda (x) (+ x b r)))\n"
    printf "                 (maphash (lambda (k v) (format stream \"~s ~s\" k v)) table))))))\n"
    printf "    (error (e) (warn \"shape %d: ~a\" e) nil)))\n", n
    printf "(defparameter *table-%d* '((:a . %d) (:b \"text %d\" #(1 2 %d)) (:c sym-%d)))\n",
        n, n, n, n, n
}

BEGIN {
    for (n = 0; n < units; n++)
        unit(n)
}
