# SPDX-License-Identifier: MIT
#
# Any files as workloads, for tools/bench-clients: `measure_file PATH` runs the program that the
# kind of a file, which is the end of its name, is for. Each kind is a row of file_kinds and a
# function that is called in an empty folder. What a Python script prints is a file again, of
# HTML if it begins with `<`, else of neko.

file_kinds='
asy asymptote asy
cr crystal crystal
hx haxe haxe
html w3m w3m
lisp ecl ecl
ly lilypond lilypond
m2 macaulay2 M2
mac maxima-sage maxima-sage
neko neko nekoc
nix nix-bin nix-instantiate
pk poke poke
py python3 python3
sc stalin stalin
scm guile-3.0 guile
svg inkscape inkscape
'

# What it draws is compared too, without the date.
file_asy() {
    # shellcheck disable=SC2016
    measure sh -c 'asy -noV "$0" && for drawing in *.eps; do
            [ ! -f "$drawing" ] || sed "/CreationDate/d" "$drawing" | cksum
        done' "$1"
}

file_cr() {
    quietly crystal build --release -o program "$1"
    measure ./program
}

file_hx() {
    quietly haxe -cp "$(dirname "$1")" -main "$(basename "$1" .hx)" -neko program.n
    measure neko program.n
}

file_html() {
    measure w3m -dump -cols 132 "$1"
}

# Compiled and loaded; (main) is called if there is one.
file_lisp() {
    cp "$1" program.lisp
    quietly ecl --norc --eval '(compile-file "program.lisp")' --eval '(ext:quit)'
    measure ecl --norc --load program.fas \
        --eval '(when (fboundp (quote main)) (funcall (quote main)))' --eval '(ext:quit)'
}

file_ly() {
    # shellcheck disable=SC2016
    measure sh -c 'lilypond -s --ps -o page "$0" && cksum page.ps' "$1"
}

file_m2() {
    measure M2 --script "$1"
}

file_mac() {
    measure maxima-sage --very-quiet --batch "$1"
}

file_neko() {
    cp "$1" program.neko
    measure sh -c 'nekoc program.neko && cksum program.n'
}

file_nix() {
    export NIX_CONFIG='build-users-group ='
    measure nix-instantiate --store "$PWD/store" --eval --strict "$1"
}

file_pk() {
    measure poke -q -L "$1"
}

file_py() {
    python3 "$1" >printed || fail "$1 fails"
    case $(head -c 1 printed) in
    '<') kind=html ;;
    *) kind=neko ;;
    esac
    mv printed "printed.$kind"
    if has_program "$kind"; then
        "file_$kind" "$PWD/printed.$kind"
    fi
}

file_sc() {
    cp "$1" program.sc
    measure sh -c 'stalin -On -c program.sc >/dev/null 2>&1 && cksum program.c'
}

file_scm() {
    measure_guile "$1"
}

file_svg() {
    # shellcheck disable=SC2016
    measure sh -c 'inkscape --export-type=png --export-filename=page.png "$0" && cksum page.png' \
        "$1"
}

# has_program KIND: or the workload is left out.
has_program() {
    # shellcheck disable=SC2046 # two words
    set -- $(echo "$file_kinds" | awk -v kind="$1" '$1 == kind { print $2, $3 }')
    is_there "$1" "$2"
}

measure_file() {
    kind=${1##*.}
    if ! echo "$file_kinds" | grep -q "^$kind "; then
        leave_out "no program for .$kind"
    elif has_program "$kind"; then
        "file_$kind" "$1"
    fi
}
