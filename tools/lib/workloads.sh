# SPDX-License-Identifier: MIT
#
# How each workload of bench/clients/workloads.txt runs, for tools/bench-clients: run_NAME, with an
# underscore for what is no letter, prepares in the current folder what is needed, with the system's
# own library, and calls `measure COMMAND...`. The same must come out of every run, so programs that
# write a file also print its checksum, without dates in it. `inputs` is the folder of inputs.
# What needs no more than a file is that kind's file_KIND (tools/lib/input_files.sh).
# shellcheck disable=SC2154

compile_guile() {
    quietly guile -c '(use-modules (system base compile))
        (compile-file (cadr (command-line)) #:output-file (caddr (command-line))
                      #:optimization-level 2)' "$1" "$2"
}

# measure_guile SOURCE: a program that was compiled before.
measure_guile() {
    compile_guile "$1" program.go
    measure guile --no-auto-compile -c "(load-compiled \"$PWD/program.go\")"
}

# The compiler at work on modules of Guile itself; what it writes must be the same to a byte.
measure_guile_compile() {
    cat >compile.scm <<'END_OF_SOURCE'
(use-modules (system base compile))
(compile-file (cadr (command-line)) #:output-file "out.go" #:optimization-level 2)
END_OF_SOURCE
    # Each in a process of its own: a module that is compiled is also defined, over the one in use.
    # shellcheck disable=SC2016
    measure sh -c 'for source in "$@"; do
            guile --no-auto-compile compile.scm "/usr/share/guile/3.0/$source" && cksum out.go ||
                exit 1
        done' sh "$@"
}

run_guile_trees() {
    measure_guile "$inputs/trees.scm"
}

run_guile_threads() {
    measure_guile "$inputs/threads.scm"
}

run_guile_documents() {
    measure_guile "$inputs/documents.scm"
}

run_guile_compile() {
    measure_guile_compile ice-9/psyntax-pp.scm
}

run_guile_compile_five() {
    measure_guile_compile ice-9/psyntax-pp.scm oop/goops.scm system/vm/assembler.scm \
        language/cps/types.scm srfi/srfi-19.scm
}

run_w3m_node() {
    page=/usr/share/doc/nodejs/api/all.html
    [ -f $page ] || {
        leave_out "$page of nodejs-doc is not there"
        return
    }
    measure w3m -dump -cols 80 -T text/html $page
}

run_w3m_tables() {
    awk -f "$inputs/tables.awk" -v rows=9000 >tables.html
    measure w3m -dump -cols 132 tables.html
}

run_ecl_threads() {
    cp "$inputs/threads.lisp" .
    quietly ecl --norc --eval '(compile-file "threads.lisp")' --eval '(ext:quit)'
    measure ecl --norc --load threads.fas --eval '(run-all)' --eval '(ext:quit)'
}

run_ecl_compile() {
    awk -f "$inputs/compile.awk" -v units=60 >units.lisp
    cat >compile.lisp <<'END_OF_SOURCE'
(require :cmp)
(setf c::*cc* "true")
(compile-file "units.lisp" :system-p t :c-file "units.c" :h-file "units.h" :data-file "units.data"
              :verbose nil :print nil)
END_OF_SOURCE
    measure sh -c '
        ecl --norc --load compile.lisp --eval "(ext:quit)" >/dev/null 2>&1
        sed "/Date:/d; s/_ecl[0-9A-Za-z]*_[0-9A-Za-z]*//g" units.c | cksum'
}

run_neko_programs() {
    quietly haxe -cp "$inputs" -main Programs -neko programs.n
    measure neko programs.n
}

run_nekoc() {
    awk -f "$inputs/neko.awk" -v functions=6000 >big.neko
    measure sh -c 'nekoc big.neko && cksum big.n'
}

run_asy_compute() {
    measure asy -noV "$inputs/compute.asy"
}

run_asy_draw() {
    measure sh -c "asy -noV -f eps -o drawing '$inputs/draw.asy' &&
        sed '/CreationDate/d' drawing.eps | cksum"
}

run_crystal() {
    quietly crystal build --release -o programs "$inputs/programs.cr"
    measure ./programs
}

run_crystal_threads() {
    quietly crystal build --release -Dpreview_mt -o programs "$inputs/programs.cr"
    measure env CRYSTAL_WORKERS=4 ./programs
}

run_lilypond() {
    measure sh -c "lilypond -s --ps -o score '$inputs/score.ly' && cksum score.ps"
}

run_nix() {
    file_nix "$inputs/sets.nix"
}

run_poke() {
    file_pk "$inputs/records.pk"
}

run_autogen() {
    cp "$inputs/values.tpl" .
    awk -f "$inputs/values.awk" -v options=10000 >values.def
    measure sh -c 'autogen --base-name=values values.def && cksum values.h'
}

run_fauhdlc() {
    awk -f "$inputs/circuit.awk" -v rings=400 >circuit.vhdl
    measure sh -c 'fauhdlc -o circuit.out circuit.vhdl && cksum circuit.out'
}

# GOO asks for what it is to evaluate.
run_goo() {
    measure sh -c "goo <'$inputs/words.goo'"
}

run_graphviz() {
    module=$(echo /usr/lib/*/graphviz/guile/libgv_guile.so)
    [ -f "$module" ] || {
        leave_out "libgv_guile.so of libgv-guile is not there"
        return
    }
    measure guile --no-auto-compile "$inputs/layout.scm" "$module"
}

run_inkscape() {
    awk -f "$inputs/drawing.awk" -v shapes=9000 >drawing.svg
    measure sh -c 'inkscape --export-type=png --export-filename=drawing.png drawing.svg &&
        cksum drawing.png'
}

run_lepton_netlist() {
    awk -f "$inputs/resistors.awk" -v resistors=200 >resistors.sch
    measure sh -c 'lepton-netlist -q -g tango -o resistors.net resistors.sch &&
        cksum resistors.net'
}

run_macaulay2() {
    file_m2 "$inputs/algebra.m2"
}

run_maxima() {
    file_mac "$inputs/calculus.mac"
}

# MesCC has a Scheme of its own beside Guile.
run_mescc() {
    awk -f "$inputs/functions.awk" -v functions=800 >functions.c
    measure sh -c 'SCHEME=guile mescc -S -o functions.s functions.c && cksum functions.s'
}

# All files get other names, and their own again.
run_mmv() {
    mkdir files
    (cd files && seq -f 'file_%.0f.a' 60000 | xargs touch)
    measure sh -c "cd files && mmv 'file_*.a' 'other_#1.b' && mmv 'other_*.b' 'file_#1.a' &&
        ls | cksum"
}

run_mpb() {
    measure sh -c "mpb '$inputs/bands.ctl' | awk -F', ' '
        /^tmfreqs:/ { for (i = 2; i <= NF; i++) printf \"%.4f \", \$i; print \"\" }
        /^widest/'"
}

run_parser3() {
    measure parser3 "$inputs/records.p"
}

run_remake() {
    awk -f "$inputs/rules.awk" -v targets=8000 >rules.mk
    measure remake -f rules.mk
}

run_stalin() {
    cp "$inputs/evaluator.sc" .
    measure sh -c 'stalin -On -c evaluator.sc >/dev/null 2>&1 && cksum evaluator.c'
}
