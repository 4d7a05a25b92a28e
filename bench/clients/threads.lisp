;;;; SPDX-License-Identifier: MIT
;;;;
;;;; Threads with hash tables, lists and large numbers; weak keys, finalizers, short-lived threads.
;;;; What is printed does not depend on the order in which threads run.

(defconstant +modulus+ 1000000007)

(defstruct token number)

(defvar *names* (make-hash-table :test 'eq :weakness :key))
(defvar *finalized* 0)

(defun note-finalized (token)
  (declare (ignore token))
  (incf *finalized*))

(defun grow (depth)
  (if (= depth 0) nil (cons (grow (1- depth)) (grow (1- depth)))))

(defun leaves (tree)
  (if (null tree) 1 (+ (leaves (car tree)) (leaves (cdr tree)))))

(defun next-random (state)
  (mod (+ (* state 1103515245) 12345) 2147483648))

(defun fill-table (seed)
  (let ((table (make-hash-table :test 'equal)) (state seed) (sum 0))
    (dotimes (i 20000)
      (setf state (next-random state))
      (setf (gethash (format nil "~d" (mod state 5003)) table) (list i state)))
    (maphash (lambda (key entry)
               (setf sum (mod (+ sum (length key) (first entry) (second entry)) +modulus+)))
             table)
    sum))

(defun product (from count)
  (let ((result 1))
    (dotimes (i count result)
      (setf result (* result (+ i from))))))

(defun work (thread)
  (let ((sum 0))
    (dotimes (round 8)
      (setf sum (mod (+ sum (fill-table (+ thread round)) (leaves (grow 14))) +modulus+)))
    (mod (+ sum (product 3 400)) +modulus+)))

(defun make-tokens ()
  (dotimes (i 2000)
    (setf (gethash (make-token :number i) *names*) (make-string 50))
    (ext:set-finalizer (make-token :number i) #'note-finalized)))

(defun start (thread)
  (mp:process-run-function (list :name thread) #'work thread))

(defun start-short ()
  (mp:process-run-function 'short (lambda () (leaves (grow 10)))))

(defun count-names ()
  (hash-table-count *names*))

(defun run-all ()
  (make-tokens)
  (print (mapcar #'mp:process-join (loop for thread below 8 collect (start thread))))
  (print (reduce #'+ (mapcar #'mp:process-join (loop repeat 100 collect (start-short)))))
  (dotimes (i 10)
    (ext:gc t)
    (make-list 10000))
  (print (> *finalized* 1500))
  (print (< (count-names) 1950))
  (terpri))
