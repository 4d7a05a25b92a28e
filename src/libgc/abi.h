/* SPDX-License-Identifier: MIT */
/*
 * Types and exported symbols of the interface. Programs see the system's gc.h; this header is what
 * the implementation is compiled against.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#define GC_EXPORT __attribute__((visibility("default")))

typedef uintptr_t GC_word;
typedef intptr_t GC_signed_word;

/* Results of the link functions. */
enum { GC_SUCCESS = 0, GC_DUPLICATE = 1, GC_NO_MEMORY = 2, GC_UNIMPLEMENTED = 3, GC_NOT_FOUND = 4 };

typedef void *(*GC_oom_func)(size_t bytes);
typedef void (*GC_warn_proc)(char *message, GC_word argument);
typedef void (*GC_finalization_proc)(void *object, void *client_data);
typedef void (*GC_finalizer_notifier_proc)(void);
typedef void (*GC_start_callback_proc)(void);
typedef void (*GC_push_other_roots_proc)(void);
typedef void *(*GC_fn_type)(void *client_data);
typedef int (*GC_stop_func)(void);
typedef void (*GC_abort_func)(const char *message);
typedef void (*GC_on_heap_resize_proc)(GC_word new_size);

struct GC_ms_entry;
typedef struct GC_ms_entry *(*GC_mark_proc)(GC_word *object, struct GC_ms_entry *stack,
                                            struct GC_ms_entry *limit, GC_word environment);

struct GC_stack_base {
    void *mem_base;
};
typedef void *(*GC_stack_base_func)(struct GC_stack_base *base, void *argument);

/* ---- Variables that programs read and write ---- */

#define GC_VARIABLES(X)                                                                            \
    X(GC_word, GC_gc_no)                                                                           \
    X(int, GC_parallel)                                                                            \
    X(GC_oom_func, GC_oom_fn)                                                                      \
    X(GC_on_heap_resize_proc, GC_on_heap_resize)                                                   \
    X(int, GC_find_leak)                                                                           \
    X(int, GC_quiet)                                                                               \
    X(int, GC_all_interior_pointers)                                                               \
    X(int, GC_finalize_on_demand)                                                                  \
    X(int, GC_java_finalization)                                                                   \
    X(GC_finalizer_notifier_proc, GC_finalizer_notifier)                                           \
    X(int, GC_dont_gc)                                                                             \
    X(int, GC_dont_expand)                                                                         \
    X(int, GC_use_entire_heap)                                                                     \
    X(int, GC_full_freq)                                                                           \
    X(GC_word, GC_non_gc_bytes)                                                                    \
    X(int, GC_no_dls)                                                                              \
    X(GC_word, GC_free_space_divisor)                                                              \
    X(GC_word, GC_max_retries)                                                                     \
    X(char *, GC_stackbottom)                                                                      \
    X(int, GC_dont_precollect)                                                                     \
    X(unsigned long, GC_time_limit)                                                                \
    X(void *, GC_least_plausible_heap_addr)                                                        \
    X(void *, GC_greatest_plausible_heap_addr)                                                     \
    X(GC_push_other_roots_proc, GC_push_other_roots)

#define GC_DECLARE_VARIABLE(type, name) GC_EXPORT extern type name;
GC_VARIABLES(GC_DECLARE_VARIABLE)
#undef GC_DECLARE_VARIABLE

/* ---- Functions ---- */

/* init.c */
GC_EXPORT void GC_init(void);
GC_EXPORT int GC_is_init_called(void);
GC_EXPORT unsigned GC_get_version(void);

/* malloc.c */
GC_EXPORT void *GC_malloc(size_t bytes);
GC_EXPORT void *GC_malloc_atomic(size_t bytes);
GC_EXPORT void *GC_malloc_uncollectable(size_t bytes);
GC_EXPORT void *GC_malloc_atomic_uncollectable(size_t bytes);
GC_EXPORT void *GC_malloc_ignore_off_page(size_t bytes);
GC_EXPORT void *GC_malloc_atomic_ignore_off_page(size_t bytes);
GC_EXPORT void *GC_malloc_stubborn(size_t bytes);
GC_EXPORT void *GC_realloc(void *object, size_t bytes);
GC_EXPORT void GC_free(void *object);
GC_EXPORT char *GC_strdup(const char *text);
GC_EXPORT char *GC_strndup(const char *text, size_t length);
GC_EXPORT void *GC_memalign(size_t alignment, size_t bytes);
GC_EXPORT int GC_posix_memalign(void **object, size_t alignment, size_t bytes);
GC_EXPORT void *GC_malloc_many(size_t bytes);
GC_EXPORT void *GC_generic_malloc(size_t bytes, int kind);
GC_EXPORT void *GC_generic_malloc_ignore_off_page(size_t bytes, int kind);
GC_EXPORT void *GC_generic_malloc_uncollectable(size_t bytes, int kind);
GC_EXPORT void GC_generic_malloc_many(size_t bytes, int kind, void **result);

/* objects.c */
GC_EXPORT void *GC_base(void *pointer);
GC_EXPORT size_t GC_size(const void *object);
GC_EXPORT int GC_is_heap_ptr(const void *pointer);
GC_EXPORT void *GC_is_visible(void *pointer);
GC_EXPORT void *GC_is_valid_displacement(void *pointer);
GC_EXPORT void *GC_same_obj(void *pointer, void *other);
GC_EXPORT int GC_get_kind_and_size(const void *object, size_t *bytes);
GC_EXPORT void GC_register_displacement(size_t offset);

/* collect.c */
GC_EXPORT void GC_gcollect(void);
GC_EXPORT void GC_gcollect_and_unmap(void);
GC_EXPORT int GC_try_to_collect(GC_stop_func stop);
GC_EXPORT int GC_collect_a_little(void);
GC_EXPORT int GC_expand_hp(size_t bytes);
GC_EXPORT void GC_set_max_heap_size(GC_word bytes);
GC_EXPORT void GC_disable(void);
GC_EXPORT void GC_enable(void);
GC_EXPORT int GC_is_disabled(void);
GC_EXPORT void GC_enable_incremental(void);
GC_EXPORT int GC_is_incremental_mode(void);

/* figures.c */
GC_EXPORT size_t GC_get_heap_size(void);
GC_EXPORT size_t GC_get_free_bytes(void);
GC_EXPORT size_t GC_get_unmapped_bytes(void);
GC_EXPORT size_t GC_get_bytes_since_gc(void);
GC_EXPORT size_t GC_get_expl_freed_bytes_since_gc(void);
GC_EXPORT size_t GC_get_total_bytes(void);
GC_EXPORT size_t GC_get_memory_use(void);
GC_EXPORT void GC_get_heap_usage_safe(GC_word *heap, GC_word *free, GC_word *unmapped,
                                      GC_word *since, GC_word *total);
GC_EXPORT GC_word GC_get_gc_no(void);
GC_EXPORT void GC_dump(void);

/* roots.c */
GC_EXPORT void GC_add_roots(void *start, void *end);
GC_EXPORT void GC_remove_roots(void *start, void *end);
GC_EXPORT void GC_clear_roots(void);
GC_EXPORT void GC_exclude_static_roots(void *start, void *end);
GC_EXPORT void GC_push_all(void *start, void *end);
GC_EXPORT void GC_push_all_eager(void *start, void *end);
GC_EXPORT void GC_push_conditional(void *start, void *end, int all);
GC_EXPORT void GC_set_push_other_roots(GC_push_other_roots_proc function);
GC_EXPORT GC_push_other_roots_proc GC_get_push_other_roots(void);
GC_EXPORT void GC_set_start_callback(GC_start_callback_proc function);
GC_EXPORT GC_start_callback_proc GC_get_start_callback(void);
GC_EXPORT int GC_is_marked(const void *object);
GC_EXPORT void GC_set_mark_bit(const void *object);
GC_EXPORT void GC_clear_mark_bit(const void *object);

/* kinds.c */
GC_EXPORT void **GC_new_free_list(void);
GC_EXPORT void **GC_new_free_list_inner(void);
GC_EXPORT unsigned GC_new_kind(void **list, GC_word descriptor, int add_size, int clear);
GC_EXPORT unsigned GC_new_kind_inner(void **list, GC_word descriptor, int add_size, int clear);
GC_EXPORT unsigned GC_new_proc(GC_mark_proc procedure);
GC_EXPORT unsigned GC_new_proc_inner(GC_mark_proc procedure);
GC_EXPORT struct GC_ms_entry *GC_mark_and_push(void *object, struct GC_ms_entry *stack,
                                               struct GC_ms_entry *limit, void **source);

/* typed.c */
GC_EXPORT GC_word GC_make_descriptor(const GC_word *bitmap, size_t bits);
GC_EXPORT void *GC_malloc_explicitly_typed(size_t bytes, GC_word descriptor);
GC_EXPORT void *GC_malloc_explicitly_typed_ignore_off_page(size_t bytes, GC_word descriptor);
GC_EXPORT void *GC_calloc_explicitly_typed(size_t count, size_t bytes, GC_word descriptor);

/* finalize.c */
GC_EXPORT void GC_register_finalizer(void *object, GC_finalization_proc function, void *data,
                                     GC_finalization_proc *old_function, void **old_data);
GC_EXPORT void GC_register_finalizer_ignore_self(void *object, GC_finalization_proc function,
                                                 void *data, GC_finalization_proc *old_function,
                                                 void **old_data);
GC_EXPORT void GC_register_finalizer_no_order(void *object, GC_finalization_proc function,
                                              void *data, GC_finalization_proc *old_function,
                                              void **old_data);
GC_EXPORT void GC_register_finalizer_unreachable(void *object, GC_finalization_proc function,
                                                 void *data, GC_finalization_proc *old_function,
                                                 void **old_data);
GC_EXPORT int GC_should_invoke_finalizers(void);
GC_EXPORT int GC_invoke_finalizers(void);
GC_EXPORT int GC_register_disappearing_link(void **link);
GC_EXPORT int GC_general_register_disappearing_link(void **link, const void *object);
GC_EXPORT int GC_move_disappearing_link(void **link, void **new_link);
GC_EXPORT int GC_unregister_disappearing_link(void **link);
GC_EXPORT int GC_register_long_link(void **link, const void *object);
GC_EXPORT int GC_move_long_link(void **link, void **new_link);
GC_EXPORT int GC_unregister_long_link(void **link);

/* threads.c */
GC_EXPORT void GC_allow_register_threads(void);
GC_EXPORT int GC_register_my_thread(const struct GC_stack_base *base);
GC_EXPORT int GC_unregister_my_thread(void);
GC_EXPORT int GC_thread_is_registered(void);
GC_EXPORT int GC_get_stack_base(struct GC_stack_base *base);
GC_EXPORT void *GC_call_with_stack_base(GC_stack_base_func function, void *argument);
GC_EXPORT void *GC_do_blocking(GC_fn_type function, void *data);
GC_EXPORT void *GC_call_with_gc_active(GC_fn_type function, void *data);
GC_EXPORT void *GC_call_with_alloc_lock(GC_fn_type function, void *data);
GC_EXPORT int GC_get_suspend_signal(void);
GC_EXPORT int GC_get_thr_restart_signal(void);
GC_EXPORT int GC_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                void *(*function)(void *), void *argument);
GC_EXPORT int GC_pthread_join(pthread_t thread, void **result);
GC_EXPORT int GC_pthread_detach(pthread_t thread);
GC_EXPORT void GC_pthread_exit(void *result);
GC_EXPORT int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);

/* settings.c */
GC_EXPORT void GC_set_warn_proc(GC_warn_proc function);
GC_EXPORT GC_warn_proc GC_get_warn_proc(void);
GC_EXPORT void GC_ignore_warn_proc(char *message, GC_word argument);
