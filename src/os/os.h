/* SPDX-License-Identifier: MIT */
/*
 * Floor `os`: the one portability contract. A new system is one new file that implements this.
 *
 * Memory: a range is reserved (addresses only), committed (readable, writable, zero at first),
 * decommitted (contents given back, reads zero again), protected (no access) and released.
 * `start` and `bytes` are multiples of ter_os_page_size(). All functions here may be called by any
 * thread; none takes a lock of ours; none allocates from malloc unless it says so.
 * After any status but TER_OK nothing has changed.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "os/asan.h"
#include "os/valgrind.h"

/* Of glibc since 2.32; other C libraries do not have it. */
extern char __libc_single_threaded __attribute__((weak));

/* ---- Memory ---- */

/*
 * Reserves `bytes` of addresses aligned to `alignment` (a power of two), at `hint` when that is
 * free and not 0, elsewhere otherwise. The answer of the kernel is checked, not trusted.
 */
ter_status ter_os_reserve(uintptr_t hint, size_t bytes, size_t alignment, uintptr_t *start);
/* The same at `start` and nowhere else; TER_ERROR_OWNED when something lies there already. */
ter_status ter_os_reserve_at(uintptr_t start, size_t bytes);
ter_status ter_os_commit(uintptr_t start, size_t bytes);
/* Reserves and commits in one; TER_ERROR_OWNED when something lies there already. */
ter_status ter_os_commit_at(uintptr_t start, size_t bytes);
/* Undoes that: contents and addresses go back. */
ter_status ter_os_uncommit(uintptr_t start, size_t bytes);
ter_status ter_os_decommit(uintptr_t start, size_t bytes);
ter_status ter_os_protect(uintptr_t start, size_t bytes);
/*
 * Takes memory and access from part of a range, as if that had just been reserved and never used:
 * only so does it become one mapping with what lies beside it and was treated alike. ter_os_commit
 * gives access again.
 */
ter_status ter_os_forbid(uintptr_t start, size_t bytes);
/* Should the system refuse, the range stays reserved, which the log says: nobody can do more. */
void ter_os_release(uintptr_t start, size_t bytes);

/*
 * The same, of memory that ter_os_allocate gave, or ter_os_commit_at, and that the next heap is
 * likely to want again: it may be parked until then. Not of memory that was given back in part.
 */
void ter_os_retire(uintptr_t start, size_t bytes);
void ter_os_retire_at(uintptr_t start, size_t bytes);
/*
 * What this thread retires from here on is gathered, and looked at together by
 * ter_os_park_gathered, which is to be called then. False: nothing is parked, or another thread
 * gathers.
 */
bool ter_os_gather_retired(void);
void ter_os_park_gathered(void);
/* Is memory for ter_os_commit_at parked there? */
bool ter_os_is_parked(uintptr_t start, size_t bytes);
/* Whether memory is parked at all; false, at first, also gives back what is. */
void ter_os_set_parking(bool wanted);
/* In the child of a fork, where only the calling thread lives. */
void ter_os_reset_parked_after_fork(void);

/* Committed memory anywhere, for our own structures; zero at first. */
ter_status ter_os_allocate(size_t bytes, void **start);
/* The same with a name in /proc/self/maps, where the kernel can. */
ter_status ter_os_allocate_named(size_t bytes, const char *name, void **start);
/* That for a large table of which little is ever touched: in small pages only. */
ter_status ter_os_allocate_sparse(size_t bytes, const char *name, void **start);
/*
 * Grows such memory, moving it if need be; the new part is zero. With 0 old bytes there was none,
 * and it is allocated. *start changes only on success.
 */
ter_status ter_os_reallocate(void **start, size_t old_bytes, size_t new_bytes);

/*
 * Gives committed memory its pages now, as writing to each would. Whatever the system answers, what
 * it holds stays as it is: a wish, which kernels before Linux 5.14 do not know.
 */
ter_status ter_os_populate(uintptr_t start, size_t bytes);

/* Asks for huge pages where the system has them. */
void ter_os_want_huge_pages(uintptr_t start, size_t bytes);

/*
 * The C library's malloc: `bytes` bytes (> 0) aligned to 16, zero if wanted. It takes locks of its
 * own, which a stopped thread may hold: neither is called while threads are stopped.
 */
ter_status ter_os_malloc(size_t bytes, bool zeroed, void **memory);
void ter_os_malloc_free(void *memory);

/* Shows `name` (static storage) for the range in /proc/self/maps, where the kernel can. */
void ter_os_name(uintptr_t start, size_t bytes, const char *name);

/* Memory and swap of the machine in bytes; SIZE_MAX if unknown. */
size_t ter_os_memory_bytes(void);

/*
 * Does the machine, with its swap, have so much memory at all? Says yes to everything where the
 * system was told to (overcommit_memory).
 */
bool ter_os_can_promise(size_t bytes);

size_t ter_os_page_size(void);
/* Memory that the system gives without being asked for a place lies below 2 to this power. */
unsigned ter_os_address_bits(void);
/* Bytes of addresses that a limit of the process leaves it; SIZE_MAX without a limit. */
size_t ter_os_address_space_left(void);
/* How many mappings the system lets a process have, each a stretch of one sort of access. */
size_t ter_os_most_mappings(void);
/*
 * Counts mappings that there are because neighbours differ in access, of all heaps: `more` come, or
 * go when it is negative. Returns how many there are then.
 */
size_t ter_os_count_mappings(ptrdiff_t more);
/* Peak resident memory of the process in bytes, 0 if unknown. */
size_t ter_os_peak_resident(void);
/* Resident memory of the process now, 0 if unknown. Three system calls. */
size_t ter_os_resident(void);

/* ---- Limits of the process's control group ---- */

/* Longest path in it that is followed. */
#define TER_OS_CGROUP_PATH 1024u

/* What was found out of where the group is; zero at first. */
struct ter_os_cgroup {
    bool looked;
    char root[TER_OS_CGROUP_PATH];  /* which group of the hierarchy is mounted */
    char mount[TER_OS_CGROUP_PATH]; /* where; empty: nowhere */
};

/* Of all groups that the process is in, one inside the other: */
struct ter_os_cgroup_memory {
    bool limited;         /* one of them has a limit, memory.high or memory.max */
    uint64_t limit_bytes; /* of the one with the least left: the smaller of the two */
    int64_t left_bytes;   /* there, up to nine tenths of it; what the kernel can take does not count
                             as used; less than nothing: it is over that */
    unsigned pressure;    /* hundredths of a percent of the last 10 s in which a thread waited for
                             memory, in the worst of those with a limit; at most 10,000 */
};

/*
 * Reads all of that anew. `memory` is zero where there is no such group, none with a limit, or
 * nothing of it can be read. Some ten system calls where there is no limit.
 */
void ter_os_read_cgroup(struct ter_os_cgroup *group, struct ter_os_cgroup_memory *memory);

/* ---- Time, process ---- */

uint64_t ter_os_now_ns(void);
/* Processor time of the process, and of the calling thread. */
uint64_t ter_os_process_cpu_ns(void);
uint64_t ter_os_thread_cpu_ns(void);
unsigned ter_os_process_id(void);
/* What the kernel calls the calling thread; no other thread of the system has the number. */
unsigned ter_os_thread_number(void);
/* The short name of the program, which may hold any bytes and be of any length. */
const char *ter_os_program_name(void);

/* ---- What the starter of the program chose ---- */

/* Does the program have rights that whoever started it does not have (AT_SECURE)? */
bool ter_os_has_raised_rights(void);
/* The value of a variable; NULL if there is none, and for all of them in a program with such
 * rights. */
const char *ter_os_environment(const char *name);
/*
 * Opens a file that is made if need be and written to at its end; -1 with errno. In a folder where
 * others may put files it must be new or a plain file of this user's: no link is followed.
 */
int ter_os_open_to_append(const char *path);
/* The same to read it and to write anywhere in it. */
int ter_os_open_to_change(const char *path);
/* May this process make a file so large? Who writes beyond that limit gets a signal that kills. */
bool ter_os_may_grow_file(uint64_t bytes);
/*
 * Makes a file of so many zeros, for this user alone, and maps it: it is what is stored in the
 * memory. NULL with errno: there is such a file (EEXIST), or no room for all of it. The memory
 * goes, in whole pages, by ter_os_release. A forked child has it too.
 */
void *ter_os_map_new_file(const char *path, size_t bytes);

/* ---- What can be read ---- */

typedef void ter_os_range_visitor(void *context, uintptr_t start, uintptr_t end);

/*
 * Are all pages of [start, end) mapped and readable? One system call, which does what a first read
 * would do to the pages. None of these allocates, locks, or changes errno: they are asked while
 * threads are stopped. Other threads that run may change the answer.
 */
bool ter_os_is_readable(uintptr_t start, uintptr_t end);
/* The same of whole pages that are mapped, whatever may be done with them, and none is touched. */
bool ter_os_is_mapped(uintptr_t start, uintptr_t end);
/*
 * Visits what can be read of [start, end), but for private memory that was never touched and so
 * reads zero. Returns how many bytes can be read. Takes long: it reads the list of mappings.
 */
size_t ter_os_for_each_readable(uintptr_t start, uintptr_t end, ter_os_range_visitor *visitor,
                                void *context);
/* The mapping that holds `address`, with parts of it that advice split off. False: none readable.
 */
bool ter_os_find_mapping(uintptr_t address, uintptr_t *start, uintptr_t *end);

/* ---- Stacks ---- */

/* A thread's stack, as the system gave it. */
struct ter_os_stack {
    uintptr_t start;
    uintptr_t end;
    bool grows; /* there may be more below `start`: the main thread's comes as it is used */
};

/* That of the calling thread, wherever it stands now. May allocate from malloc. False: unknown. */
bool ter_os_find_stack(struct ter_os_stack *stack);
/* One past its highest word; 0 if unknown. */
uintptr_t ter_os_stack_base(void);

/* ---- Writable static data ---- */

/* Writable memory of the program itself or of a shared library. */
struct ter_os_segment {
    uintptr_t start;
    uintptr_t end;
    bool is_program;
    const char *library; /* where it was loaded from; "" for the program */
};

typedef void ter_os_segment_visitor(void *context, const struct ter_os_segment *segment);

/*
 * Visits the writable data of everything loaded now, without what becomes read-only after
 * relocation, and without the object that holds this function itself when that is a shared library.
 */
void ter_os_for_each_data_segment(ter_os_segment_visitor *visitor, void *context);
/*
 * Calls `function` while nothing is unloaded: under the loader's lock, which callbacks of the
 * visits above have too. A thread that was stopped before may hold it, so stop threads inside.
 */
void ter_os_hold_libraries(void (*function)(void *context), void *context);
/* Changes whenever an object was loaded or unloaded. */
uint64_t ter_os_data_segments_version(void);
/* Visits the calling thread's blocks of static thread-local data. */
void ter_os_for_each_tls_block(ter_os_segment_visitor *visitor, void *context);

/* ---- What lies at an address of the program ---- */

/* All NULL and 0 where nothing is known. The texts last as long as the library or program. */
struct ter_os_symbol {
    const char *name; /* of what is exported there */
    size_t offset;    /* from where that begins */
    const char *file; /* that was loaded there, without folders */
    size_t offset_in_file;
};

void ter_os_find_symbol(uintptr_t address, struct ter_os_symbol *symbol);

/* Code of the program or of a library, as it was loaded. The texts are gone after the visit. */
struct ter_os_code {
    uintptr_t start, end;
    uintptr_t loaded, loaded_end; /* all of the file that was loaded, its data too */
    uintptr_t bias;               /* of addresses, to those in the file */
    uint64_t offset;              /* of `start` in the file */
    const char *file;             /* its whole name; "" if unknown */
    const uint8_t *build_id;      /* that its linker gave it */
    size_t build_id_bytes;        /* 0: none */
};

typedef void ter_os_code_visitor(void *context, const struct ter_os_code *code);

/* Visits what is loaded now, under the loader's lock. */
void ter_os_for_each_code(ter_os_code_visitor *visitor, void *context);
/* The build's number among notes of a file; not changed if it is not there. */
void ter_os_find_build_id(const void *notes, size_t bytes, struct ter_os_code *code);

/* Names of functions and variables in a file that was not stripped, also of those that it keeps to
 * itself. */
struct ter_os_names {
    void *symbols;
    size_t symbol_bytes;
    char *texts;
    size_t text_bytes;
    uintptr_t bias;
};

/* Reads them; false: there are none, or it is not the file that was loaded. */
bool ter_os_names_open(struct ter_os_names *names, const struct ter_os_code *code);
void ter_os_names_close(struct ter_os_names *names);
/* The function that has the address; NULL: not known. Good until they are closed. */
const char *ter_os_names_find(const struct ter_os_names *names, uintptr_t address);

struct ter_os_variable {
    const char *name; /* likewise */
    uintptr_t start;
    size_t bytes;
};

/* The variable that has the address; false: not known. */
bool ter_os_names_find_variable(const struct ter_os_names *names, uintptr_t address,
                                struct ter_os_variable *variable);

/* ---- Who called whom ---- */

/*
 * Loads what finds callers, in a library of the compiler's; without one there are frame pointers
 * alone. Once or more, before the first backtrace; calls malloc and the loader.
 */
void ter_os_prepare_backtraces(void);
#define TER_OS_MOST_FRAMES ((size_t)128)
/*
 * Writes where the calls return to that the calling thread is in, the innermost first, without
 * those inside this library: of frames below `above` or, when that is 0, in its code. At most
 * `room`; how many. `stack`: the thread's own, or zero. Whatever lies on the stack, nothing beyond
 * it is read; no malloc, and no lock where the C library finds code without one.
 */
size_t ter_os_backtrace(const struct ter_os_stack *stack, uintptr_t above, uintptr_t *frames,
                        size_t room);

/* ---- Thread-local data ---- */

struct ter_os_thread;

/* A library's variables of threads, by the number that the loader gave it. */
struct ter_os_module {
    size_t number;
    size_t bytes;
};

typedef void ter_os_module_visitor(void *context, const struct ter_os_module *module);

/*
 * Where the C library keeps the data of other threads is learned once: what it says itself first,
 * with no lock of ours held, since the loader's is taken; then, under any lock that a thread holds
 * which forks, it is checked. Neither need come to anything, which the third says.
 */
void ter_os_learn_thread_data(void);
void ter_os_check_thread_data(void);
bool ter_os_knows_thread_data(void);
/* Libraries whose data a thread gets when it first uses them; none when nothing is known. */
void ter_os_for_each_late_module(ter_os_module_visitor *visitor, void *context);
/*
 * Visits what a thread has of variables, of those modules too, and of values of
 * pthread_setspecific. Known only; the thread is the caller's, stands, or is outside the heap.
 */
void ter_os_visit_thread_data(const struct ter_os_thread *thread,
                              const struct ter_os_module *modules, size_t count,
                              ter_os_range_visitor *visitor, void *context);
/* ---- Cancellation ---- */

/*
 * Between off and back the calling thread is not cancelled, whatever it calls: a request waits.
 * Nothing of ours that waits, reads or writes may be a place where threads end. The type is changed
 * too: glibc may cancel a thread at any place just after it has forbidden that, if it asked for
 * that type before.
 */
struct ter_os_cancel {
    int state, type;
};

/* Only not at any place: where nothing is called at which threads are cancelled. Cheap. */
TER_INLINE int ter_os_cancel_defer(void)
{
    int before;

    (void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &before);
    return before;
}

TER_INLINE void ter_os_cancel_as_before(int before)
{
    (void)pthread_setcanceltype(before, NULL);
}

TER_INLINE struct ter_os_cancel ter_os_cancel_off(void)
{
    struct ter_os_cancel before = {.type = ter_os_cancel_defer()};

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before.state);
    return before;
}

TER_INLINE void ter_os_cancel_back(struct ter_os_cancel before)
{
    (void)pthread_setcancelstate(before.state, NULL);
    ter_os_cancel_as_before(before.type);
}

/* ---- Order ---- */

/*
 * When it returns true, every other thread of the process has passed a full barrier since the call.
 * So those need none where their order matters only to one that calls this, which is rare. False:
 * the system has no such thing. To be prepared while there is one thread, as that is cheap then.
 */
void ter_os_order_prepare(void);
bool ter_os_order_threads(void);

/* ---- Threads of our own, and the process ---- */

/* True while the process has never had a second thread; false when the C library does not tell. */
TER_INLINE bool ter_os_is_single_threaded(void)
{
    return &__libc_single_threaded != NULL && __libc_single_threaded != 0;
}

/* Processors that this process may use. */
unsigned ter_os_processors(void);

struct ter_os_worker {
    pthread_t thread;
};

/* Starts a thread that no signal reaches; its name has up to 15 bytes. May allocate from malloc. */
ter_status ter_os_worker_start(struct ter_os_worker *worker, const char *name,
                               void *(*function)(void *argument), void *argument);
/* Waits for its end. */
void ter_os_worker_join(struct ter_os_worker *worker);

/*
 * Waits while *word is `value`, for at most so many milliseconds (0: for however long it takes); it
 * may return before. Who changes the word wakes those that wait.
 */
void ter_os_wait_while(_Atomic uint32_t *word, uint32_t value, unsigned milliseconds);
void ter_os_wake_waiting(_Atomic uint32_t *word);

/* Lets another thread run first, if one can. */
void ter_os_yield(void);
/* What the record of the calling thread has as `identity`, also where it has none. */
uintptr_t ter_os_thread_identity(void);

/* These are called around every fork; NULL: nothing is. False: no memory for that. */
bool ter_os_at_fork(void (*before)(void), void (*parent)(void), void (*child)(void));

/* ---- Stopping threads ---- */

/*
 * A thread as those see it who stop it. It lies in memory that stays, so a thread that ended in a
 * way that nobody noticed can still be asked. It goes to another thread only after this one's end
 * was told.
 */
struct ter_os_thread {
    _Atomic uintptr_t stack_pointer; /* below all that a stopped thread holds, registers included */
    _Atomic uint32_t wanted;         /* the stop that this thread is to answer; 0: none */
    uintptr_t identity;              /* its pthread_t: a name to compare, never to be called with */
    int number;                      /* the kernel's; a forked child has another */
    _Atomic uint32_t suspension;     /* the one that holds this thread alone; 0: none */
    _Atomic uint32_t stands_for;     /* the one in which it came to stand last */
    _Atomic uint32_t holds_off;      /* not 0: it does not come to stand now */
    _Atomic uint32_t held_off;       /* what it is to answer when it may stand again */
    void *user;                      /* the thread's own, for who sets the function below */
    struct ter_os_thread *next_free;
    /* The stack for signal handlers that it stood on when it last stopped or left; 0: on none. */
    _Atomic uintptr_t signal_stack_start;
    _Atomic uintptr_t signal_stack_end;
};

/* Notes that for the calling thread, whose record `self` is. From a signal handler, too. */
void ter_os_note_signal_stack(struct ter_os_thread *self);

/* The record of the calling thread, made by the first call; the handler that answers stops is
 * there. */
ter_status ter_os_thread_begin(struct ter_os_thread **thread);
/* Likewise, but with no handler: nobody is going to stop the thread. */
ter_status ter_os_thread_note(struct ter_os_thread **thread);
/* The same, NULL when there is none. Signal handlers may ask. */
struct ter_os_thread *ter_os_thread_self(void);

/*
 * `function` is called once in each thread that has a record, late in its end, by whichever way it
 * ends: after its thread-local destructors and nearly all of those of its keys. The record goes
 * with it. A thread that asks for a record after that has another one, whose end may come
 * unnoticed.
 */
typedef void ter_os_thread_end(struct ter_os_thread *thread);
void ter_os_set_thread_end(ter_os_thread_end *function);
/* Will the end of the calling thread, which has a record, be noticed? */
bool ter_os_thread_end_is_noticed(void);

/* There is no such thread any more. */
bool ter_os_thread_is_gone(const struct ter_os_thread *thread);

/*
 * The calling thread lets the signals through that stop and suspend it, those of which the handlers
 * are there, as every thread must that others are to stop. The thread's mask before it is kept in
 * *before, for ter_os_restore_stops.
 */
struct ter_os_mask {
    sigset_t signals;
};
void ter_os_accept_stops(struct ter_os_mask *before);
/* Blocks again what was blocked. */
void ter_os_restore_stops(const struct ter_os_mask *before);

/*
 * Stops threads by a signal: begin, one call a thread, then wait until all stand; resume lets them
 * go on. One stop at a time in the process: begin waits for its turn. Between wait and resume the
 * caller takes no lock that a stopped thread may hold, and so calls neither malloc nor the loader.
 * No wake-up is lost: a stopped thread waits for a number to change, not for an event.
 */
ter_status ter_os_stop_begin(void);
/* False when there is no such thread any more. */
bool ter_os_stop_thread(struct ter_os_thread *thread);
/* True when all stand; false when one has not answered for TER_OS_STOP_WAIT_MS. */
bool ter_os_stop_wait(void);
#define TER_OS_STOP_WAIT_MS 50u

enum ter_os_answer {
    TER_OS_STANDS,  /* it has answered */
    TER_OS_GONE,    /* it ended; it is not waited for any more */
    TER_OS_WAITING, /* it was asked again: it may not have run, or something has lost the signal */
    TER_OS_BLOCKS,  /* likewise; it blocks the signal now */
    TER_OS_TAKES,   /* likewise; it got the signal in another way: sigwait, or it holds stops off */
    TER_OS_HALTED   /* a debugger, job control or the kernel keeps it from running */
};
enum ter_os_answer ter_os_stop_again(struct ter_os_thread *thread);
/* Before anybody is stopped: would the thread not answer, as far as the kernel knows? BLOCKS,
   HALTED, GONE; else it would. */
enum ter_os_answer ter_os_stop_foresee(const struct ter_os_thread *thread);
/* It is not waited for any more; false: it has just come to stand. */
bool ter_os_stop_give_up(struct ter_os_thread *thread);
/* What the system calls the thread, cut to `size`; empty if unknown. */
void ter_os_thread_name(const struct ter_os_thread *thread, char *name, size_t size);
void ter_os_stop_resume(void);
/* In the child of a fork, where only the calling thread lives. */
void ter_os_stop_reset_after_fork(void);

/*
 * Between begin and end the calling thread (`self`) does not come to stand, neither for a stop nor
 * for a suspension: what is asked of it meanwhile is answered at the end. So a collector finds a
 * few instructions of it done or not begun, and they need no lock. Who stops it waits for the end:
 * in between no lock is taken and nothing waits. Holds do not nest.
 *
 * The signal's handler runs in this thread, so the order of its own instructions is enough.
 */
TER_INLINE void ter_os_hold_off_begin(struct ter_os_thread *self)
{
    atomic_store_explicit(&self->holds_off, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

TER_INLINE bool ter_os_holds_off(const struct ter_os_thread *thread)
{
    return atomic_load_explicit(&thread->holds_off, memory_order_acquire) != 0;
}

/* Comes to stand for what was held off. */
TER_COLD void ter_os_answer_held_off(struct ter_os_thread *self);

TER_INLINE void ter_os_hold_off_end(struct ter_os_thread *self)
{
    atomic_signal_fence(memory_order_seq_cst);
    /* Released, for who waits for the end of the hold and does not stop the thread. */
    atomic_store_explicit(&self->holds_off, 0, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    if (TER_UNLIKELY(atomic_load_explicit(&self->held_off, memory_order_relaxed) != 0))
        ter_os_answer_held_off(self);
}

/* The signal used, and a change of it before the first thread has a record. */
int ter_os_stop_signal(void);
void ter_os_set_stop_signal(int number);

/* ---- Signals that the options name ---- */

typedef void ter_os_signalled(int number);

/*
 * `function` is called in a handler of that signal, in any thread, from now on. False: the program
 * or the system does something with it already, or it cannot be taken.
 */
bool ter_os_take_signal(int number, ter_os_signalled *function);

/* ---- Calls of other programs ---- */

/*
 * Lines: sockets in a folder that this user alone may enter, for programs of the same user that may
 * trace this process, and of root. A message is whole, or there is none. A line that the program
 * has closed, not knowing it, is seen to be none. Nothing here waits but ter_os_lines_wait.
 */
#define TER_OS_LINE_PATH 108
#define TER_OS_LINES 18u

struct ter_os_line {
    int file;
    uint64_t inode; /* what the file was when it was opened; 0: there is no line */
};

/*
 * Listens in the folder, which is made if need be, under `name`; who had that name has it no more.
 * Names in it are NUMBER.SPACE of processes, and some of those that are no more go.
 * TER_ERROR_SYSTEM with errno.
 */
ter_status ter_os_line_open(struct ter_os_line *line, const char *folder, const char *name,
                            char path[TER_OS_LINE_PATH]);
bool ter_os_line_is_open(const struct ter_os_line *line);
/* A file that came along is looked after like a line. */
bool ter_os_line_keep(struct ter_os_line *line, int file);
void ter_os_line_close(struct ter_os_line *line);
/* The name goes; "": there is none. */
void ter_os_line_remove(const char *path);
/* Whoever waits for it waits no more; nobody can call from now on. */
void ter_os_line_wake(const struct ter_os_line *line);
/* False: nobody calls. A caller who may not is none: then *caller is no line. */
bool ter_os_line_accept(const struct ter_os_line *line, struct ter_os_line *caller);
/* Up to TER_OS_LINES; those on which something has come, or which have ended, are ready. */
void ter_os_lines_wait(struct ter_os_line *const lines[], size_t count, unsigned milliseconds,
                       bool ready[]);
/*
 * The length of a message, which is cut nowhere and ends with a zero; 0: the line is at its end, or
 * the message was too long; -1: there is none. *file came along, or is -1.
 */
int ter_os_line_receive(const struct ter_os_line *line, char *text, size_t size, int *file);
/* False: the other side does not take it. */
bool ter_os_line_send(const struct ter_os_line *line, const char *text, size_t length);
/* Can it be written to, without waiting for anybody? */
bool ter_os_is_plain_output(int file);

/* Processes of one such number have different process ids; 0: unknown. */
uint64_t ter_os_process_space(void);
unsigned ter_os_user(void);

/* ---- Suspending one thread ---- */

/*
 * Besides all stops: a suspended thread stands until it is resumed. It answers stops meanwhile, so
 * its stack is scanned like that of any other. Suspending twice is suspending once.
 */

/*
 * The handler is there from now on, so a signal of that number from elsewhere does no harm. False:
 * the system refuses.
 */
bool ter_os_suspend_prepare(void);
/*
 * Another thread than the caller's; returns when it stands. False: no such thread, no signal, or it
 * has not answered for very long.
 */
bool ter_os_suspend(struct ter_os_thread *thread);
/*
 * The same in two steps, for the calling thread and for those that come to the second: it is to
 * stand, and it stands until resumed, if it is to.
 */
void ter_os_suspend_begin(struct ter_os_thread *thread);
void ter_os_suspend_self(void);
void ter_os_resume(struct ter_os_thread *thread);
TER_INLINE bool ter_os_is_suspended(struct ter_os_thread *thread)
{
    return atomic_load_explicit(&thread->suspension, memory_order_acquire) != 0;
}

/* The signal used, and a change of it before the first suspension. */
int ter_os_suspend_signal(void);
void ter_os_set_suspend_signal(int number);

/* ---- Memory that was touched and must not be ---- */

/*
 * Called in the thread that touched `address`, in the handler of SIGSEGV, before what the program
 * had there until now: it takes no lock, and a fault of its own ends it.
 */
typedef void ter_os_touched(uintptr_t address);

/*
 * From now on `function` is called so, which is the same one for all that ask. Then the handling
 * goes on that was there before: another handler is called, or the signal does what it does by
 * default. A handler that is put in place later goes before. TER_ERROR_SYSTEM: the system refuses.
 */
ter_status ter_os_watch_touches(ter_os_touched *function);
/* As often as that: at the last the handler before is back, unless there is a later one. */
void ter_os_unwatch_touches(void);
/* In the child of a fork, where only the calling thread lives. */
void ter_os_reset_touches_after_fork(void);

/* ---- Faults for tests ---- */

/* Why a call into the system was made, for tests that make it fail. */
enum ter_os_call {
    TER_OS_CALL_RESERVE,
    TER_OS_CALL_COMMIT,
    TER_OS_CALL_DECOMMIT,
    TER_OS_CALL_PROTECT,
    TER_OS_CALL_ALLOCATE,
    TER_OS_CALL_REALLOCATE,
    TER_OS_CALL_THREAD,
    TER_OS_CALL_RELEASE,
    TER_OS_CALL_MALLOC,
    TER_OS_CALL_POPULATE,
    TER_OS_CALL_COUNT
};

/*
 * Test double: when set, it is asked before every call that can fail; an errno that is not 0 is
 * what the system "answered". Set while no other thread uses the heap.
 */
typedef int ter_os_fault(enum ter_os_call call);
void ter_os_set_fault(ter_os_fault *fault);

/*
 * Test double of another machine's kernel: it is asked before a range is reserved, may change the
 * hint, and an errno that is not 0 is the answer.
 */
typedef int ter_os_placing(uintptr_t *hint, size_t bytes);
void ter_os_set_placing(ter_os_placing *placing);

/* Test double: pages of `bytes`, a multiple of the system's own; 0: those again. */
void ter_os_set_page_size(size_t bytes);

/* Test double of a machine with `bytes` of memory; 0: the true one again. */
void ter_os_set_memory(size_t bytes);

/* Test double of a system that lets a process have so many mappings; 0: the true one again. */
void ter_os_set_most_mappings(size_t count);

/* Test double of time: what a clock says. NULL: the true ones again. */
enum ter_os_clock { TER_OS_CLOCK_NOW, TER_OS_CLOCK_PROCESS, TER_OS_CLOCK_THREAD };
typedef uint64_t ter_os_time(enum ter_os_clock clock);
void ter_os_set_time(ter_os_time *time);

/*
 * Test double of control groups: their files, and those of /proc that lead to them, are looked for
 * below the folder `root`, which stays the caller's. NULL: the true ones again.
 */
void ter_os_set_cgroup_root(const char *root);
bool ter_os_is_cgroup_injected(void);

/* For the implementation of the contract. */
int ter_os_injected_error(enum ter_os_call call);
int ter_os_injected_placement(uintptr_t *hint, size_t bytes);
size_t ter_os_injected_page_size(void);
size_t ter_os_injected_memory(void);
size_t ter_os_injected_mappings(void);
