#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Threads are asked of the system in src/os, and what locks are made of stands in src/base: nothing
# else of src/ names the thread functions of the C library. But for libgc's functions that a program
# calls in their place: these are that interface.

. "$(dirname "$0")/lib/common.sh"

# The files of the exception.
in_their_place='src/libgc/(abi\.h|pthreads\.c|suspend\.c|threads\.[ch])'

if [ -z "${TERRIER_PLANTED:-}" ]; then
    for name in call header; do
        echo 'pthread_mutex_t lock;' | plant $name src/os/linux.c
        echo '/* pthread_mutex_lock */ int a;' | plant $name src/heap/heap.c
        echo 'int b(pthread_t thread);' | plant $name src/libgc/threads.c
    done
    echo '    pthread_mutex_lock(&lock);' | plant call src/heap/fork.c
    planted call 'src/heap/fork.c:1: pthread_mutex_lock'
    echo '#include <sched.h>' | plant header src/libgc/init.c
    planted header 'src/libgc/init.c:1: #include <sched.h>'
fi

names='(pthread|PTHREAD|sched|sem|thrd|mtx|cnd)_[A-Za-z_]*'
headers='#[ \t]*include[ \t]*<(pthread|sched|semaphore|threads)\.h>'

for file in $(c_files src | grep -vE "^(src/os/.*|src/base/.*|$in_their_place)\$"); do
    code_only "$root/$file" | grep -noE "\b$names\b|$headers" >"$temp/found"
    while IFS= read -r line; do
        fault "$file:${line%%:*}: ${line#*:}: ask src/os or src/base for it"
    done <"$temp/found"
done
looked_at "$(c_files src | wc -l)" "files"
finish
