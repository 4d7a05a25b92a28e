/* SPDX-License-Identifier: MIT */
/*
 * Callers, by the unwinder of libgcc, which knows what compilers wrote beside the code; it is
 * loaded when it is first wanted. Frame pointers tell the same in a small part of the time, where
 * all code has them: whether that is so is found out by comparing.
 *
 * Invariant: by frame pointers nothing is read but the thread's own stack. They are trusted after
 * they agreed with the unwinder some times, are compared again and again, and never more once they
 * did not.
 */
#define _GNU_SOURCE
#include "os/linux_loaded.h"
#include "os/os.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <unwind.h>

/* A program that is linked statically has neither, unless it wants them. */
#pragma weak dlopen
#pragma weak dlsym

/* What unwinders call the register with the frame pointer; -1: there is no such thing. */
#if defined(__x86_64__)
#define FRAME_REGISTER 6
#elif defined(__i386__)
#define FRAME_REGISTER 5
#elif defined(__aarch64__)
#define FRAME_REGISTER 29
#else
#define FRAME_REGISTER -1
#endif

#define AGREED_OFTEN 16u /* before frame pointers are trusted */
#define COMPARED_EACH 16u
/* Frames at the bottom of a stack that have no frame pointer, in the C library. */
#define BOTTOM_FRAMES 3u

struct unwinder {
    _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn step, void *context);
    uintptr_t (*code)(struct _Unwind_Context *context);
    uintptr_t (*stack)(struct _Unwind_Context *context);
    uintptr_t (*word)(struct _Unwind_Context *context, int number);
};

static struct unwinder unwinder;
static uintptr_t own_start, own_end; /* this library's code; none in a program that it is part of */
static _Atomic unsigned agreed;
static _Atomic bool disagreed;

/* ---- Before ---- */

static const char marker = 0;

static int find_own(struct dl_phdr_info *object, size_t size, void *context)
{
    bool *is_program = context;
    uintptr_t start, end;

    (void)size;
    ter_os_find_loaded(object, &start, &end);
    if ((uintptr_t)&marker - start >= end - start) {
        *is_program = false; /* that comes first */
        return 0;
    }
    if (!*is_program) {
        own_start = start;
        own_end = end;
    }
    return 1;
}

/* It may be there already, and else it is loaded. */
static void load_unwinder(void)
{
    struct unwinder found;
    void *library, *functions[4];

    if (dlopen == NULL || dlsym == NULL)
        return;
    library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    functions[0] = dlsym(library, "_Unwind_Backtrace");
    functions[1] = dlsym(library, "_Unwind_GetIP");
    functions[2] = dlsym(library, "_Unwind_GetCFA");
    functions[3] = dlsym(library, "_Unwind_GetGR");
    memcpy(&found, functions, sizeof found); /* C has no cast for that */
    if (found.code != NULL && found.stack != NULL && found.word != NULL)
        unwinder = found;
}

static void prepare_once(void)
{
    bool is_program = true;

    dl_iterate_phdr(find_own, &is_program);
    load_unwinder();
}

void ter_os_prepare_backtraces(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, prepare_once);
}

/* ---- One backtrace ---- */

struct trace {
    uintptr_t *frames;
    size_t room, count;
    uintptr_t above;
    uintptr_t frame_pointer, stack_pointer; /* of the first frame that counts */
    bool only_first;
};

static bool is_own_frame(const struct trace *trace, uintptr_t code, uintptr_t stack_pointer)
{
    return code - own_start < own_end - own_start || stack_pointer < trace->above;
}

static _Unwind_Reason_Code step(struct _Unwind_Context *context, void *argument)
{
    struct trace *trace = argument;
    uintptr_t code = unwinder.code(context), stack_pointer = unwinder.stack(context);

    if (code == 0)
        return _URC_END_OF_STACK;
    if (trace->count == 0) {
        if (is_own_frame(trace, code, stack_pointer))
            return _URC_NO_REASON;
        trace->stack_pointer = stack_pointer;
        trace->frame_pointer = FRAME_REGISTER < 0 ? 0 : unwinder.word(context, FRAME_REGISTER);
    }
    trace->frames[trace->count++] = code;
    return trace->only_first || trace->count == trace->room ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* Does the stack hold two words there, above `low`? */
static bool is_on_stack(const struct ter_os_stack *stack, uintptr_t low, uintptr_t address)
{
    return address >= low && address < stack->end &&
           stack->end - address >= 2 * sizeof(uintptr_t) &&
           ter_is_aligned(address, sizeof(uintptr_t));
}

/* Behind the first frame, which is there. A frame has its caller's, and where it returns to. */
static size_t follow_frames(const struct trace *trace, const struct ter_os_stack *stack,
                            uintptr_t *frames)
{
    uintptr_t low = trace->stack_pointer, frame = trace->frame_pointer;
    size_t count = 1;

    if (low >= stack->end || (low < stack->start && !stack->grows))
        return 1;
    while (count < trace->room && is_on_stack(stack, low, frame)) {
        uintptr_t words[2];

        ter_words_read((const uintptr_t *)frame, words, 2);
        if (words[1] < TER_KIB(4))
            break;
        frames[count++] = words[1];
        low = frame + sizeof words;
        frame = words[0];
    }
    return count;
}

/* One frame that is the same says nothing: it is known before. */
static bool agree(const struct trace *trace, const uintptr_t *frames, size_t count)
{
    size_t same = ter_min(count, trace->count);

    return count >= ter_min((size_t)2, trace->count) && count + BOTTOM_FRAMES >= trace->count &&
           memcmp(frames, trace->frames, same * sizeof *frames) == 0;
}

/* How much both know: so a stack is the same, whichever way it was found. */
static size_t compare_ways(const struct trace *trace, const struct ter_os_stack *stack)
{
    uintptr_t frames[TER_OS_MOST_FRAMES];
    size_t count = follow_frames(trace, stack, frames);

    frames[0] = trace->frames[0];
    if (agree(trace, frames, count)) {
        atomic_fetch_add_explicit(&agreed, 1, memory_order_relaxed);
        return ter_min(count, trace->count);
    }
    atomic_store_explicit(&disagreed, true, memory_order_relaxed);
    return trace->count;
}

/* Without an unwinder: from here on, as well as it goes. */
static TER_NO_SANITIZE size_t follow_alone(struct trace *trace, const struct ter_os_stack *stack)
{
    struct trace all = *trace;
    uintptr_t frames[TER_OS_MOST_FRAMES];
    size_t count, first = 1;

    if (FRAME_REGISTER < 0)
        return 0;
    all.room = TER_OS_MOST_FRAMES;
    all.stack_pointer = all.frame_pointer = TER_FRAME_ADDRESS();
    count = follow_frames(&all, stack, frames);
    while (first < count && is_own_frame(trace, frames[first], UINTPTR_MAX))
        first++;
    count = ter_min(count - first, trace->room);
    memcpy(trace->frames, frames + first, count * sizeof *frames);
    return count;
}

/* Is it the turn of frame pointers? Also counts turns. */
static bool trust_frames(const struct ter_os_stack *stack)
{
    unsigned often = atomic_load_explicit(&agreed, memory_order_relaxed);

    if (stack->end == 0 || often < AGREED_OFTEN ||
        atomic_load_explicit(&disagreed, memory_order_relaxed))
        return false;
    atomic_store_explicit(&agreed, often + 1, memory_order_relaxed);
    return often % COMPARED_EACH != 0;
}

size_t ter_os_backtrace(const struct ter_os_stack *stack, uintptr_t above, uintptr_t *frames,
                        size_t room)
{
    struct trace trace = {
        .frames = frames, .room = ter_min(room, TER_OS_MOST_FRAMES), .above = above};

    if (room == 0)
        return 0;
    if (unwinder.backtrace == NULL)
        return follow_alone(&trace, stack);
    trace.only_first = trust_frames(stack);
    (void)unwinder.backtrace(step, &trace);
    if (trace.count == 0)
        return 0;
    if (trace.only_first)
        return follow_frames(&trace, stack, frames);
    if (stack->end != 0 && !atomic_load_explicit(&disagreed, memory_order_relaxed))
        return compare_ways(&trace, stack);
    return trace.count;
}
