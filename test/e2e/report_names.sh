#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs with names of all kinds write reports: the JSON is read back by Python and holds the
# name, the text has the rows it has for a plain name. The same for what the command writes itself.

. "$(dirname "$0")/lib/terrier.sh"

command -v python3 >/dev/null || {
    echo "SKIP: python3 is not here, to read JSON back"
    exit 77
}

cat >"$temp/program.c" <<'C'
#include <terrier/terrier.h>
int main(int count, char **arguments)
{
    struct ter_heap *heap;

    (void)arguments;
    if (ter_heap_new(NULL, &heap) != TER_OK)
        return 3;
    ter_heap_report(heap, 1, count > 1 ? TER_REPORT_TEXT : TER_REPORT_JSON);
    ter_heap_free(heap);
    return 0;
}
C
${CC:-cc} -o "$temp/program" "$temp/program.c" -I"$source_dir/include" \
    "$build_dir/lib/libterrier.a" -pthread -lm || exit 1

cat >"$temp/names.py" <<'P'
import json, os, random, subprocess, sys
folder, terrier, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
random.seed(seed)
names = [b'we"ird', b'two\nlines', b'back\\slash', b'tab\tand\x01\x7f', 'größe'.encode(),
         b'\xff\xfe', b'%s%n', '日本語 🌍'.encode(), 'a\u202eb\u2028c\u0085d'.encode(),
         b'cut \xe2\x80', b' ', b'\x1b[2J', ('ö' * 120).encode(), b'x' * 250,
         b'\nfigures\n  fake ....... 1', b'\xed\xa0\x80', b'"},{"a":"']

def some_bytes():
    return bytes(random.randrange(1, 256) for _ in range(random.randrange(1, 40)))

names += [some_bytes().replace(b'/', b'-') for _ in range(60)]
wrong = []

def output(name, *more):
    program = folder + '/program'
    return subprocess.run([name, *more], executable=program, stdout=-1, check=True).stdout

def shape(text):
    return text.decode().split('\n')

rows = len(shape(output(b'plain', b'text')))
for name in names:
    wanted = name.decode('utf-8', 'replace')
    try:
        got = json.loads(output(name).decode())['program']
        if got != wanted:
            wrong.append('%r comes back as %r' % (name, got))
    except ValueError as error:
        wrong.append('%r: no JSON: %s' % (name, error))
    text = output(name, b'text')
    try:
        lines = shape(text)
        if len(lines) != rows or len(text.decode().splitlines()) != rows - 1:
            wrong.append('%r forges rows' % name)
        if '�' in text.decode() and '�' not in wanted:
            wrong.append('%r: no UTF-8 in the text' % name)
        plain = wanted.isprintable() and '�' not in wanted and '\\' not in wanted
        if plain and wanted not in lines[0]:
            wrong.append('%r is not written as it is' % name)
    except UnicodeDecodeError:
        wrong.append('%r: the text is no UTF-8' % name)

# The command: the same names as files, links to a program that does nothing.
def command(*arguments):
    return subprocess.run([terrier, *arguments], stdout=-1, stderr=-1, stdin=subprocess.DEVNULL)

def compare_rows(path):
    result = command('compare', '-n', '1', '--over', path, '--', path)
    return len(result.stdout.decode().splitlines())

report = folder + '/report'
compared = compare_rows('/bin/true')
for name in names[:17]:
    path = folder.encode() + b'/tmp/' + name
    if len(name) > 255 or b'/' in name:
        continue
    os.symlink('/bin/true', path)
    wanted = path.decode('utf-8', 'replace')
    command('run', '--report=json', '--report-file=' + report, '--', path)
    with open(report, 'rb') as file:
        if json.loads(file.read().decode())['process']['program'] != wanted:
            wrong.append('%r: run --report=json' % name)
    command('run', '--report', '--report-file=' + report, '--', path)
    with open(report, 'rb') as file:
        text = file.read().decode()
    if len(text.splitlines()) != 9:
        wrong.append('%r forges rows of run --report: %r' % (name, text))
    if compare_rows(path) != compared:
        wrong.append('%r forges rows of compare' % name)
    result = command('compare', '--json', '-n', '1', '--', path)
    if json.loads(result.stdout.decode())['program'] != wanted:
        wrong.append('%r: compare --json' % name)
    os.unlink(path)
    for arguments in (['run', '--', path], ['run', b'--no' + name, 'true'], [b'no' + name],
                      ['run', b'--option=' + name, 'true'], ['help', name],
                      ['run', '--heap-max', name, 'true'],
                      ['run', b'--report-file=' + path + b'/no', 'true']):
        result = command(*arguments)
        lines = result.stderr.decode().splitlines()
        if result.returncode in (0, -6, -11) or not 1 <= len(lines) <= 2 or \
                not lines[0].startswith('terrier: ') or \
                not lines[-1].startswith(('terrier: ', 'Try ')):
            wrong.append('%r: the line for %r is %r' % (name, arguments, result.stderr))
print('\n'.join(wrong))
sys.exit(len(wrong) > 0)
P
seed=${TERRIER_TEST_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed"
check "names of all kinds" python3 "$temp/names.py" "$temp" "$terrier" "$seed"
finish
