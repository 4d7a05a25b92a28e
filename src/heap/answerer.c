/* SPDX-License-Identifier: MIT */
#include "heap/answerer.h"

#include "heap/heap.h"

#include <stdio.h>
#include <string.h>

#define MOST_CALLERS (TER_OS_LINES - 2u)
/* An errand waits so long for a thread of the program, before a thread of ours tries. */
#define GRACE_NS UINT64_C(300000000)
/* Between two tries; in a heap with safepoints threads stand in each for up to 20 ms. */
#define TRY_AGAIN_NS UINT64_C(250000000)
/* After this the caller is told why. */
#define TELL_NS UINT64_C(1800000000)
/* Between looks at an errand, and at whether the line is still there. */
#define ERRAND_LOOK_MS 10u
#define IDLE_LOOK_MS 1000u
#define TEXTS_BYTES ((size_t)2 * TER_INQUIRY_ANSWER_BYTES)
/* Going through all objects may take this part of the time. */
#define KINDS_SHARE 50u

/* One at a time; by the thread alone, but for its file. */
struct errand_call {
    bool going_on;
    bool told; /* why it takes so long */
    struct ter_heap *heap;
    unsigned caller;
    struct ter_os_line file;
    uint64_t begun_ns, tried_ns;
    struct ter_obstacle obstacle;
};

struct answerer {
    struct ter_mutex life; /* who starts or ends the thread; taken before `lock` */
    struct ter_mutex lock; /* of what follows, also around a fork */
    struct ter_condition idle;
    struct ter_heap *heaps; /* that want it, in the order in which they came */
    struct ter_heap *busy;  /* that the thread is at */
    struct ter_os_line listener;
    struct ter_os_line callers[MOST_CALLERS];
    struct errand_call errand;
    char folder[TER_INQUIRY_FOLDER_BYTES];
    char path[TER_OS_LINE_PATH];
    unsigned process; /* whose the path is */
    /* Under `life`: */
    struct ter_os_worker thread;
    bool is_running;
    _Atomic bool is_ending;
    /* The thread's own: */
    uint64_t kinds_ns, kinds_cost_ns; /* when all objects were gone through, and how long it took */
    struct ter_heap *figures_heap, *kinds_heap; /* whose the texts are */
    char *figures, *kinds;                      /* the last ones that could be had */
};

static struct answerer answerer = {.life = TER_MUTEX_INIT, .lock = TER_MUTEX_INIT};

/* ---- Heaps ---- */

/* The heap of that number, which stays until it is let go. NULL: there is none. */
static struct ter_heap *hold_heap(unsigned number)
{
    struct ter_heap *heap;

    ter_mutex_acquire(&answerer.lock);
    for (heap = answerer.heaps; heap != NULL && number > 0; number--)
        heap = heap->next_answered;
    answerer.busy = heap;
    ter_mutex_release(&answerer.lock);
    return heap;
}

/* Is it still there? */
static bool hold_heap_again(const struct ter_heap *heap)
{
    struct ter_heap *found;

    ter_mutex_acquire(&answerer.lock);
    for (found = answerer.heaps; found != NULL && found != heap;)
        found = found->next_answered;
    answerer.busy = found;
    ter_mutex_release(&answerer.lock);
    return found != NULL;
}

static unsigned count_answered(void)
{
    unsigned count = 0;

    ter_mutex_acquire(&answerer.lock);
    for (const struct ter_heap *heap = answerer.heaps; heap != NULL; heap = heap->next_answered)
        count++;
    ter_mutex_release(&answerer.lock);
    return count;
}

static void let_heap_go(void)
{
    ter_mutex_acquire(&answerer.lock);
    answerer.busy = NULL;
    ter_condition_broadcast(&answerer.idle);
    ter_mutex_release(&answerer.lock);
}

/* ---- Answers ---- */

static void drop_caller(unsigned caller)
{
    ter_mutex_acquire(&answerer.lock);
    ter_os_line_close(&answerer.callers[caller]);
    ter_mutex_release(&answerer.lock);
}

/* Who does not take an answer gets no other one. */
static void send_answer(unsigned caller, const char *text, size_t length)
{
    if (!ter_os_line_send(&answerer.callers[caller], text, length))
        drop_caller(caller);
}

TER_PRINTF(2, 3) static void say_to_caller(unsigned caller, const char *format, ...)
{
    char text[256];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    send_answer(caller, text, ter_min((size_t)length, sizeof text - 1));
}

/* Where the lock cannot be had, those from before, which say when they were. */
static void answer_with_figures(unsigned caller, struct ter_heap *heap)
{
    unsigned heaps = count_answered();
    struct ter_text text;

    if (ter_errand_lock(heap)) {
        ter_text_init(&text, answerer.figures, TER_INQUIRY_ANSWER_BYTES);
        ter_text_print(&text, "ok\nheaps %u\n", heaps);
        ter_answer_figures(heap, &text);
        ter_allocator_unlock(&heap->collector.allocator);
        answerer.figures_heap = heap;
    }
    if (answerer.figures_heap == heap)
        send_answer(caller, answerer.figures, strlen(answerer.figures));
    else
        say_to_caller(caller, "no the heap is busy, and there are no figures yet\n");
}

static bool are_kinds_fresh(const struct ter_heap *heap)
{
    return answerer.kinds_heap == heap &&
           ter_os_now_ns() - answerer.kinds_ns < answerer.kinds_cost_ns * KINDS_SHARE;
}

static void answer_with_kinds(unsigned caller, struct ter_heap *heap)
{
    struct ter_text text;
    uint64_t begun_ns;

    if (!are_kinds_fresh(heap) && ter_errand_lock(heap)) {
        begun_ns = ter_os_now_ns();
        ter_text_init(&text, answerer.kinds, TER_INQUIRY_ANSWER_BYTES);
        ter_text_print(&text, "ok\n");
        ter_answer_kinds(heap, &text);
        ter_allocator_unlock(&heap->collector.allocator);
        answerer.kinds_ns = ter_os_now_ns();
        answerer.kinds_cost_ns = answerer.kinds_ns - begun_ns;
        answerer.kinds_heap = heap;
    }
    if (answerer.kinds_heap == heap)
        send_answer(caller, answerer.kinds, strlen(answerer.kinds));
    else
        say_to_caller(caller, "no the heap is busy\n");
}

/* ---- Errands ---- */

static void end_errand(void)
{
    ter_mutex_acquire(&answerer.lock);
    ter_os_line_close(&answerer.errand.file);
    answerer.errand.going_on = false;
    ter_mutex_release(&answerer.lock);
}

static void begin_errand(unsigned caller, const struct ter_inquiry *inquiry, struct ter_heap *heap,
                         struct ter_os_line *file)
{
    struct errand_call *errand = &answerer.errand;

    if (errand->going_on) {
        say_to_caller(caller, "no somebody else waits for something\n");
        return;
    }
    if (!ter_errand_lock(heap)) {
        say_to_caller(caller, "no the heap is busy\n");
        return;
    }
    ter_errand_want(heap, inquiry->verb, file);
    ter_allocator_unlock(&heap->collector.allocator);
    ter_mutex_acquire(&answerer.lock);
    *errand = (struct errand_call){.going_on = true,
                                   .heap = heap,
                                   .caller = caller,
                                   .file = *file,
                                   .begun_ns = ter_os_now_ns()};
    file->inode = 0;
    ter_mutex_release(&answerer.lock);
}

static void say_why_not_yet(struct errand_call *errand)
{
    const struct ter_obstacle *obstacle = &errand->obstacle;
    struct ter_text name;
    char room[64] = "";

    ter_text_init(&name, room, sizeof room);
    ter_text_add_name(&name, obstacle->name);
    errand->told = true;
    if (obstacle->thread != 0)
        say_to_caller(errand->caller, "wait thread %u (%s) %s\n", obstacle->thread, room,
                      ter_obstacle_words(obstacle->kind));
    else
        say_to_caller(errand->caller, "wait a thread of the program %s\n",
                      ter_obstacle_words(obstacle->kind));
}

/* Under the heap lock. True: it is over. */
static bool take_errand_further(struct errand_call *errand)
{
    struct ter_errand *state = &errand->heap->errand;
    uint64_t now = ter_os_now_ns();

    if (state->wanted && !ter_os_line_is_open(&answerer.callers[errand->caller])) {
        ter_errand_withdraw(errand->heap);
        return true;
    }
    if (state->wanted && now - errand->begun_ns > GRACE_NS &&
        now - errand->tried_ns > TRY_AGAIN_NS) {
        (void)ter_errand_try(errand->heap, &errand->obstacle);
        errand->tried_ns = ter_os_now_ns();
    }
    return state->is_done;
}

static void finish_errand(const struct errand_call *errand, const char *failure)
{
    unsigned caller = errand->caller;

    end_errand();
    if (failure[0] != '\0')
        say_to_caller(caller, "no %s\n", failure);
    else
        say_to_caller(caller, "ok\n");
}

static void look_after_errand(struct errand_call *errand)
{
    char failure[sizeof errand->heap->errand.failure] = "the heap is no more";
    struct ter_heap *heap = errand->heap;
    bool over = true;

    if (hold_heap_again(heap)) {
        over = false;
        if (ter_errand_lock(heap)) {
            over = take_errand_further(errand);
            memcpy(failure, heap->errand.failure, sizeof failure);
            ter_allocator_unlock(&heap->collector.allocator);
        } else {
            errand->obstacle = (struct ter_obstacle){.kind = TER_OBSTACLE_BUSY};
        }
        let_heap_go();
    }
    if (over)
        finish_errand(errand, failure);
    else if (!errand->told && ter_os_now_ns() - errand->begun_ns > TELL_NS)
        say_why_not_yet(errand);
}

/* ---- Callers ---- */

static void answer_in_heap(unsigned caller, const struct ter_inquiry *inquiry,
                           struct ter_heap *heap, struct ter_os_line *file)
{
    if (inquiry->verb == TER_INQUIRY_FIGURES)
        answer_with_figures(caller, heap);
    else if (inquiry->verb == TER_INQUIRY_KINDS)
        answer_with_kinds(caller, heap);
    else
        begin_errand(caller, inquiry, heap, file);
}

static void answer_inquiry(unsigned caller, const char *text, size_t length,
                           struct ter_os_line *file)
{
    struct ter_inquiry inquiry;
    struct ter_heap *heap;
    const char *wrong = ter_inquiry_parse(&inquiry, text, length);

    if (wrong == NULL && ter_inquiry_takes_file(inquiry.verb) &&
        (file->inode == 0 || !ter_os_is_plain_output(file->file)))
        wrong = "no file came along that can be written to at once";
    if (wrong != NULL) {
        say_to_caller(caller, "no %s\n", wrong);
        return;
    }
    heap = hold_heap(inquiry.heap);
    if (heap == NULL) {
        say_to_caller(caller, "no there is no heap of that number\n");
        return;
    }
    answer_in_heap(caller, &inquiry, heap, file);
    let_heap_go();
}

static void hear_caller(unsigned caller)
{
    char text[TER_INQUIRY_BYTES];
    struct ter_os_line file = {.inode = 0};
    int came, length = ter_os_line_receive(&answerer.callers[caller], text, sizeof text, &came);

    if (came >= 0)
        (void)ter_os_line_keep(&file, came);
    if (length == 0)
        drop_caller(caller);
    else if (length > 0)
        answer_inquiry(caller, text, (size_t)length, &file);
    ter_os_line_close(&file);
}

static bool is_errand_of(unsigned caller)
{
    return answerer.errand.going_on && answerer.errand.caller == caller;
}

/* The place of another caller is as good as a free one, so that nobody holds all of them. */
static unsigned place_for_caller(void)
{
    static unsigned next;

    for (unsigned i = 0; i < MOST_CALLERS; i++)
        if (answerer.callers[i].inode == 0 && !is_errand_of(i))
            return i;
    do
        next = (next + 1) % MOST_CALLERS;
    while (is_errand_of(next));
    return next;
}

/* Under the lock, so that a forked child knows of each. */
static bool take_caller(void)
{
    struct ter_os_line caller;
    bool taken;

    ter_mutex_acquire(&answerer.lock);
    taken = ter_os_line_accept(&answerer.listener, &caller);
    if (taken && caller.inode != 0) {
        unsigned place = place_for_caller();

        ter_os_line_close(&answerer.callers[place]);
        answerer.callers[place] = caller;
    }
    ter_mutex_release(&answerer.lock);
    return taken;
}

static void wait_a_little(void)
{
    _Atomic uint32_t never = 0;

    ter_os_wait_while(&never, 0, ERRAND_LOOK_MS * 10);
}

/* ---- The thread ---- */

static bool open_listener(void)
{
    char name[TER_INQUIRY_NAME_BYTES];
    ter_status status;

    ter_inquiry_name(name, ter_os_process_id(), ter_os_process_space());
    ter_mutex_acquire(&answerer.lock);
    status = ter_os_line_open(&answerer.listener, answerer.folder, name, answerer.path);
    answerer.process = ter_os_process_id();
    ter_mutex_release(&answerer.lock);
    return status == TER_OK;
}

/* A program that becomes a daemon closes what it does not know. */
static void keep_listening(void)
{
    if (!ter_os_line_is_open(&answerer.listener) && !atomic_load(&answerer.is_ending))
        (void)open_listener();
}

static void hear_all(unsigned milliseconds)
{
    struct ter_os_line *lines[MOST_CALLERS + 1] = {&answerer.listener};
    bool ready[MOST_CALLERS + 1] = {false};
    unsigned numbers[MOST_CALLERS + 1] = {0};
    size_t count = 1;

    for (unsigned i = 0; i < MOST_CALLERS; i++)
        if (answerer.callers[i].inode != 0) {
            numbers[count] = i;
            lines[count++] = &answerer.callers[i];
        }
    ter_os_lines_wait(lines, count, milliseconds, ready);
    if (atomic_load(&answerer.is_ending))
        return;
    for (size_t i = 1; i < count; i++)
        if (ready[i])
            hear_caller(numbers[i]);
    /* The program may have no more files, and the caller is still there. */
    if (ready[0] && !take_caller())
        wait_a_little();
}

static void *answer_calls(void *nothing)
{
    while (!atomic_load(&answerer.is_ending)) {
        keep_listening();
        hear_all(answerer.errand.going_on ? ERRAND_LOOK_MS : IDLE_LOOK_MS);
        if (answerer.errand.going_on && !atomic_load(&answerer.is_ending))
            look_after_errand(&answerer.errand);
    }
    return nothing;
}

static void close_all_lines(void)
{
    ter_os_line_close(&answerer.listener);
    ter_os_line_close(&answerer.errand.file);
    for (unsigned i = 0; i < MOST_CALLERS; i++)
        ter_os_line_close(&answerer.callers[i]);
    answerer.errand.going_on = false;
}

/* ---- Its life; under `life` ---- */

static bool make_texts(void)
{
    void *texts;

    if (answerer.figures != NULL)
        return true;
    if (ter_os_allocate(TEXTS_BYTES, &texts) != TER_OK)
        return false;
    answerer.figures = texts;
    answerer.kinds = answerer.figures + TER_INQUIRY_ANSWER_BYTES;
    ter_condition_init(&answerer.idle);
    return true;
}

/* The folder that the session has for it, unless that is another user's, as after su. */
static bool find_place(void)
{
    ter_inquiry_folder(answerer.folder, ter_os_environment("XDG_RUNTIME_DIR"), ter_os_user());
    if (open_listener())
        return true;
    ter_inquiry_folder(answerer.folder, NULL, ter_os_user());
    return open_listener();
}

static void start_answering(void)
{
    atomic_store(&answerer.is_ending, false);
    answerer.figures_heap = answerer.kinds_heap = NULL;
    if (!make_texts() || !find_place()) {
        ter_log(TER_LOG_WARNING, "nobody can call (option live): cannot listen in '%s': %s",
                answerer.folder, strerror(errno));
        return;
    }
    answerer.is_running =
        ter_os_worker_start(&answerer.thread, "terrier-live", answer_calls, NULL) == TER_OK;
    if (answerer.is_running)
        return;
    ter_log(TER_LOG_WARNING, "nobody can call (option live): a thread cannot be started");
    ter_os_line_remove(answerer.path);
    ter_os_line_close(&answerer.listener);
}

static void stop_answering(void)
{
    if (!answerer.is_running)
        return;
    atomic_store(&answerer.is_ending, true);
    ter_os_line_wake(&answerer.listener);
    ter_os_worker_join(&answerer.thread);
    answerer.is_running = false;
    ter_os_line_remove(answerer.path);
    answerer.path[0] = '\0';
    close_all_lines();
    ter_os_release((uintptr_t)answerer.figures, TEXTS_BYTES);
    answerer.figures = answerer.kinds = NULL;
}

/* By a thread of the program; the gate's context is the collector. */
static void answer_call(void *collector)
{
    struct ter_heap *heap =
        (struct ter_heap *)(void *)((char *)collector - offsetof(struct ter_heap, collector));

    ter_mutex_acquire(&answerer.life);
    if (!answerer.is_running && answerer.heaps != NULL) /* in a forked child */
        start_answering();
    ter_mutex_release(&answerer.life);
    ter_errand_do_here(heap);
}

static void join_answered(struct ter_heap *heap)
{
    struct ter_heap **at;

    ter_mutex_acquire(&answerer.lock);
    for (at = &answerer.heaps; *at != NULL;)
        at = &(*at)->next_answered;
    heap->next_answered = NULL;
    *at = heap;
    ter_mutex_release(&answerer.lock);
}

void ter_answerer_add(struct ter_heap *heap)
{
    if (heap->options.live == 0)
        return;
    if (ter_os_has_raised_rights()) {
        ter_log(TER_LOG_WARNING, "nobody can call (option live): the program has raised rights");
        return;
    }
    heap->collector.allocator.gate.called = answer_call;
    /* A thread of ours takes the lock and may stop others, so no mutator is ever alone. */
    heap->collector.allocator.shared = true;
    ter_mutex_acquire(&answerer.life);
    join_answered(heap);
    if (!answerer.is_running)
        start_answering();
    ter_mutex_release(&answerer.life);
}

static void forget_heap(const struct ter_heap *heap)
{
    struct ter_heap **at;

    ter_mutex_acquire(&answerer.lock);
    for (at = &answerer.heaps; *at != NULL && *at != heap;)
        at = &(*at)->next_answered;
    if (*at != NULL)
        *at = (*at)->next_answered;
    while (answerer.busy == heap)
        ter_condition_wait(&answerer.idle, &answerer.lock);
    ter_mutex_release(&answerer.lock);
}

void ter_answerer_remove(struct ter_heap *heap)
{
    if (heap->options.live == 0)
        return;
    ter_mutex_acquire(&answerer.life);
    forget_heap(heap);
    if (answerer.heaps == NULL)
        stop_answering();
    ter_mutex_release(&answerer.life);
}

/* The end of the process, or of the library: what is left there would lead nowhere. */
static __attribute__((destructor)) void remove_name(void)
{
    if (answerer.process == ter_os_process_id())
        ter_os_line_remove(answerer.path);
}

/* ---- Forks ---- */

void ter_answerer_hold(void)
{
    ter_mutex_acquire(&answerer.lock);
}

void ter_answerer_let_go(void)
{
    ter_mutex_release(&answerer.lock);
}

void ter_answerer_forked(void)
{
    ter_mutex_init(&answerer.life);
    ter_mutex_init(&answerer.lock);
    ter_condition_init(&answerer.idle);
    answerer.busy = NULL;
    answerer.is_running = false;
    answerer.path[0] = '\0';
    close_all_lines();
}
