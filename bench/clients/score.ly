% SPDX-License-Identifier: MIT
% Two pages of music that Scheme makes up, for LilyPond.
\version "2.24.0"
\header { tagline = ##f title = "Rounds" }
#(define (note n)
   (make-music 'NoteEvent
     'duration (ly:make-duration (+ 2 (modulo n 3)) 0)
     'pitch (ly:make-pitch (modulo (quotient n 7) 2) (modulo (* n 5) 7) 0)))
#(define (voice from count)
   (make-music 'SequentialMusic 'elements (map (lambda (i) (note (+ from (* i i)))) (iota count))))
upper = #(voice 3 240)
lower = #(voice 8 240)
\score {
  <<
    \new Staff { \time 4/4 \upper }
    \new Staff { \clef bass \lower }
  >>
  \layout { }
}
