#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Signals to `terrier run`, with and without a report, held against the program by itself (`env
# PROGRAM`): every signal, to the process and to its group, once each; values; what is ignored and
# blocked; job control on a terminal; a signal that comes while the program starts; SIGKILL.

. "$(dirname "$0")/lib/terrier.sh"

command -v python3 >/dev/null || {
    echo "SKIP: python3 is not here, to send signals"
    exit 77
}

# Says what it begins with, then each signal that it gets: its number, whether it has a value,
# which.
cat >"$temp/listen.c" <<'C'
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    char line[256];
    sigset_t all;
    siginfo_t got;
    FILE *status = fopen("/proc/self/status", "r");

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "SigBlk", 6) == 0 || strncmp(line, "SigIgn", 6) == 0)
            printf("%.16s ", line + 8);
    sigfillset(&all);
    sigdelset(&all, SIGTSTP);
    sigprocmask(SIG_SETMASK, &all, NULL);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        /* It is interrupted when the process goes on after a stop. */
        if (sigwaitinfo(&all, &got) < 0 || got.si_signo == SIGCONT || got.si_signo == SIGCHLD)
            continue;
        printf("%d %d %d\n", got.si_signo, got.si_code == SI_QUEUE,
               got.si_code == SI_QUEUE ? got.si_value.sival_int : 0);
        fflush(stdout);
        if (got.si_signo == SIGTERM)
            return 7;
    }
}
C
${CC:-cc} -o "$temp/listen" "$temp/listen.c" || exit 1

cat >"$temp/check.py" <<'P'
import ctypes, os, pty, random, re, select, signal, subprocess, sys, time
terrier, folder, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
random.seed(seed)
S = signal
listen = folder + '/listen'
forms = {'run': [terrier, 'run', '--'],
         'run --report': [terrier, 'run', '--report', '--report-file=' + folder + '/report', '--']}
libc = ctypes.CDLL(None, use_errno=True)
wrong = []

def start(form, program, **more):
    return subprocess.Popen(form + program, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, process_group=0, **more)

def members(group):
    """Processes of a group that have not ended, with their names."""
    found = []
    for entry in os.listdir('/proc'):
        try:
            with open('/proc/%d/stat' % int(entry)) as file:
                name, rest = file.read().rpartition(')')[::2]
            if int(rest.split()[2]) == group and rest.split()[0] not in 'ZX':
                found.append((int(entry), name.split('(', 1)[1]))
        except (ValueError, FileNotFoundError, ProcessLookupError):
            pass
    return found

def end(process):
    """Its status, or 'goes on'; nothing of its group stays."""
    try:
        status = process.wait(10)
    except subprocess.TimeoutExpired:
        status = 'goes on'
    limit = time.time() + 3
    while members(process.pid) and time.time() < limit and status != 'goes on':
        time.sleep(0.02)
    left = ', something is left' if members(process.pid) and status != 'goes on' else ''
    for pid, _ in members(process.pid):
        os.kill(pid, S.SIGKILL)
    process.wait()
    for file in (process.stdin, process.stdout, process.stderr):
        file.close()
    return str(status) + left

def state(pid):
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rpartition(')')[2].split()[0]
    except FileNotFoundError:
        return 'gone'

def wait_state(pid, wanted):
    limit = time.time() + 10
    while state(pid) not in wanted:
        if time.time() > limit:
            return state(pid)
        time.sleep(0.005)
    return 'as wanted'

def program_of(pid):
    """The process of the group that is the program: the one named so."""
    limit = time.time() + 10
    while time.time() < limit:
        for member, name in members(pid):
            if name in ('listen', 'sleep'):
                return member
        time.sleep(0.01)
    return 0

# ---- What a scenario sees ----

def one_to_sleep(form, number):
    """On a busy machine a short sleep may be over before the signal comes: once more, longer."""
    for seconds in ('0.4', '6'):
        process = start(form, ['sleep', seconds])
        program_of(process.pid)
        process.send_signal(number)
        status = end(process)
        if status != '0' or number in ignored:
            break
    return status

def queue(pid, number, value):
    class Value(ctypes.Union):
        _fields_ = [('number', ctypes.c_int), ('pointer', ctypes.c_void_p)]
    libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, Value]
    libc.sigqueue(pid, number, Value(number=value))

def to_listener(form, send):
    """What the listener wrote after send(process id), and how it ended."""
    process = start(form, [listen])
    process.stdout.readline()
    send(process.pid)
    time.sleep(0.05) # so that the end overtakes nothing; standard signals have no order
    process.send_signal(S.SIGTERM)
    written = process.stdout.read()
    return written, end(process)

def each_to_listener(form, send):
    """All signals, each sent when the one before has arrived."""
    process = start(form, [listen])
    seen = [process.stdout.readline()[-6:]]
    for number in numbers:
        if number not in stops + (S.SIGCONT, S.SIGCHLD, S.SIGTERM):
            send(process.pid, number)
            seen.append(process.stdout.readline())
    process.send_signal(S.SIGTERM)
    seen.append(process.stdout.read())
    return seen, end(process)

def beginning(form):
    def change():
        for number in (S.SIGHUP, S.SIGUSR1, S.SIGCHLD, S.SIGTSTP, S.SIGRTMIN + 3):
            S.signal(number, S.SIG_IGN)
        S.pthread_sigmask(S.SIG_BLOCK, [S.SIGUSR2, S.SIGALRM, S.SIGRTMIN + 1, S.SIGCONT])
    process = start(form, [listen], preexec_fn=change, restore_signals=False)
    line = process.stdout.readline()
    process.send_signal(S.SIGTERM)
    return line, end(process)

def stop_and_go(form, stop, go):
    process = start(form, ['sleep', '20'])
    program = program_of(process.pid)
    seen = []
    for _ in range(3):
        stop(process.pid, program)
        seen += [wait_state(process.pid, 'T'), wait_state(program, 'T')]
        go(process.pid, program)
        seen += [wait_state(process.pid, 'SR'), wait_state(program, 'SR')]
    process.send_signal(S.SIGINT)
    return seen, end(process)

def quickly(form):
    """Stop and go without waiting; the program must go on."""
    process = start(form, ['sleep', '0.5'])
    program_of(process.pid)
    for _ in range(50):
        os.killpg(process.pid, S.SIGTSTP)
        os.killpg(process.pid, S.SIGCONT)
    return end(process)

def stopped_group(form):
    """All stopped by SIGSTOP; the first process and the program go on one by one, then a signal."""
    process = start(form, [listen])
    process.stdout.readline()
    program = program_of(process.pid)
    os.killpg(process.pid, S.SIGSTOP)
    wait_state(program, 'T')
    for pid in (program, process.pid):
        os.kill(pid, S.SIGCONT)
    wait_state(program, 'SR')
    process.send_signal(S.SIGUSR1)
    seen = process.stdout.readline()
    os.killpg(process.pid, S.SIGCONT)
    os.killpg(process.pid, S.SIGUSR2)
    seen += process.stdout.readline()
    process.send_signal(S.SIGTERM)
    seen += process.stdout.read()
    return seen, end(process)

def killed(form):
    process = start(form, [listen])
    process.stdout.readline()
    program = program_of(process.pid)
    process.kill()
    status = process.wait()
    return status, wait_state(program, ('gone', 'Z')), end(process)

def while_starting(form):
    """The signal comes at any time from fork on; python takes a while to call exec itself."""
    delay = random.uniform(0, 0.008)
    process = start(form, ['sleep', '20'])
    time.sleep(delay)
    random.choice((os.killpg, os.kill))(process.pid, S.SIGTERM)
    return end(process)

def read_until(master, pattern, text):
    limit = time.time() + 10
    while not re.search(pattern, text[0]) and time.time() < limit:
        if select.select([master], [], [], 0.1)[0]:
            try:
                text[0] += os.read(master, 4096).decode('utf-8', 'replace')
            except OSError:
                break
    found = re.search(pattern, text[0])
    text[0] = text[0][found.end():] if found else ''
    return found is not None

def terminal(form):
    """An interactive shell: stop, background, foreground, interrupt, quit, window size."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ['PS1'], os.environ['TERM'] = 'pro' 'mpt> ', 'dumb'
        os.execvp('bash', ['bash', '--norc', '--noprofile', '--noediting', '-i'])
    text, seen = [''], []
    def step(keys, pattern):
        os.write(master, keys.encode())
        seen.append(read_until(master, pattern, text))
    seen.append(read_until(master, 'prompt> ', text))
    step("stty -echo; ulimit -c 0\n", 'prompt> ')
    step(' '.join(form) + ' cat\n', '')
    time.sleep(0.3)
    step('one\n', 'one')
    step('\x1a', 'Stopped[^\n]*\n(.|\n)*prompt> ')
    step('fg\n', 'cat')
    step('two\n', 'two')
    step('\x1a', 'Stopped[^\n]*\n(.|\n)*prompt> ')
    step('bg\n', 'prompt> ')       # reads the terminal in the background: stops again
    time.sleep(0.3)
    step('jobs\n', 'Stopped[^\n]*\n(.|\n)*prompt> ')
    step('fg\n', 'cat')
    step('three\n', 'three')
    step('\x03', 'prompt> ')
    step('echo status $?\n', 'status 130')
    step(' '.join(form) + ' sleep 20\n', '')
    time.sleep(0.5)
    step('\x1c', 'prompt> ')
    step('echo status $?\n', 'status 131')
    step(' '.join(form) + " sh -c 'read a; echo got $a'\n", '')
    time.sleep(0.3)
    step('four\n', 'got four')
    step('echo status $?\n', 'status 0')
    os.close(master) # which hangs up on all that is there
    time.sleep(0.2)
    os.kill(pid, S.SIGKILL)
    os.waitpid(pid, 0)
    return seen

# ---- Comparing ----

def check(what, act):
    want = act(['env'])
    for name, form in forms.items():
        got = act(form)
        if got != want:
            wrong.append('%s, %s: %r, by itself %r' % (what, name, got, want))

numbers = [n for n in range(1, 65) if n not in (S.SIGKILL, S.SIGSTOP, 32, 33, 34)]
stops = (S.SIGTSTP, S.SIGTTIN, S.SIGTTOU)
ignored = (S.SIGURG, S.SIGWINCH) # by default, as SIGCONT and SIGCHLD
for number in numbers:
    if number in stops + (S.SIGCONT, S.SIGCHLD):
        continue
    check('signal %d to sleep' % number, lambda form: one_to_sleep(form, number))
check('each signal to a listener', lambda form: each_to_listener(form, os.kill))
check('each signal to its group', lambda form: each_to_listener(form, os.killpg))
for number in (S.SIGUSR1, S.SIGRTMIN + 1, S.SIGRTMAX):
    check('signal %d with a value' % number,
          lambda form: to_listener(form, lambda pid: queue(pid, number, 4711)))
check('five in order, one value each', lambda form: to_listener(
    form, lambda pid: [queue(pid, S.SIGRTMIN + 2, i) for i in range(5)]))
check('SIGTERM to sleep', lambda form: one_to_sleep(form, S.SIGTERM))
check('what is ignored and blocked', beginning)
check('stop and go of the process', lambda form: stop_and_go(
    form, lambda pid, _: os.kill(pid, S.SIGTSTP), lambda pid, _: os.kill(pid, S.SIGCONT)))
check('stop and go of the group', lambda form: stop_and_go(
    form, lambda pid, _: os.killpg(pid, S.SIGTSTP), lambda pid, _: os.killpg(pid, S.SIGCONT)))
check('the program stops itself', lambda form: stop_and_go(
    form, lambda _, program: os.kill(program, S.SIGSTOP), lambda pid, _: os.kill(pid, S.SIGCONT)))
check('SIGSTOP and SIGCONT of the group', lambda form: stop_and_go(
    form, lambda pid, _: os.killpg(pid, S.SIGSTOP), lambda pid, _: os.killpg(pid, S.SIGCONT)))
check('stop and go at once', quickly)
check('a stopped group goes on one by one', stopped_group)
check('SIGKILL', killed)
for _ in range(25):
    check('SIGTERM while it starts', while_starting)
check('a terminal', terminal)
print('\n'.join(wrong[:20]))
sys.exit(len(wrong) > 0)
P
seed=${TERRIER_TEST_SEED:-$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed"
check "signals act as on the program by itself" python3 "$temp/check.py" "$terrier" "$temp" "$seed"
finish
