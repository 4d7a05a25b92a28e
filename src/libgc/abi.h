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

#include "base/base.h"

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
typedef void (*GC_sp_corrector_proc)(void **stack_pointer, void *thread);
typedef void (*GC_abort_func)(const char *message);
typedef void (*GC_on_heap_resize_proc)(GC_word new_size);
typedef int (*GC_disclaim_proc)(void *object);
typedef void (*GC_await_finalize_proc)(void *object);
typedef void (*GC_describe_type_fn)(void *object, char *description);
typedef void (*GC_reachable_object_proc)(void *object, size_t bytes, void *client_data);
typedef int (*GC_has_static_roots_func)(const char *library, void *start, size_t bytes);

enum GC_ToggleRefStatus { GC_TOGGLE_REF_DROP, GC_TOGGLE_REF_STRONG, GC_TOGGLE_REF_WEAK };
typedef enum GC_ToggleRefStatus (*GC_toggleref_func)(void *object);

enum GC_EventType {
    GC_EVENT_START,
    GC_EVENT_MARK_START,
    GC_EVENT_MARK_END,
    GC_EVENT_RECLAIM_START,
    GC_EVENT_RECLAIM_END,
    GC_EVENT_END,
    GC_EVENT_PRE_STOP_WORLD,
    GC_EVENT_POST_STOP_WORLD,
    GC_EVENT_PRE_START_WORLD,
    GC_EVENT_POST_START_WORLD,
    GC_EVENT_THREAD_SUSPENDED,
    GC_EVENT_THREAD_UNSUSPENDED
};
typedef void (*GC_on_collection_event_proc)(enum GC_EventType event);
typedef void (*GC_on_thread_event_proc)(enum GC_EventType event, void *thread);

struct GC_timeval_s {
    unsigned long tv_ms;
    unsigned long tv_nsec; /* below a million */
};

struct GC_prof_stats_s {
    GC_word heapsize_full;
    GC_word free_bytes_full;
    GC_word unmapped_bytes;
    GC_word bytes_allocd_since_gc;
    GC_word allocd_bytes_before_gc;
    GC_word non_gc_bytes;
    GC_word gc_no;
    GC_word markers_m1;
    GC_word bytes_reclaimed_since_gc;
    GC_word reclaimed_bytes_before_gc;
    GC_word expl_freed_bytes_since_gc;
    GC_word obtained_from_os_bytes;
};

struct GC_finalizer_closure {
    GC_finalization_proc proc;
    void *cd;
};

struct GC_ms_entry;
typedef struct GC_ms_entry *(*GC_mark_proc)(GC_word *object, struct GC_ms_entry *stack,
                                            struct GC_ms_entry *limit, GC_word environment);

struct GC_stack_base {
    void *mem_base;
};

enum GC_ref_kind {
    GC_UNREFERENCED,
    GC_NO_SPACE,
    GC_REFD_FROM_ROOT,
    GC_REFD_FROM_REG,
    GC_REFD_FROM_HEAP,
    GC_FINALIZER_REFD
};
typedef void *(*GC_stack_base_func)(struct GC_stack_base *base, void *argument);

/* ---- Variables that programs read and write ---- */

GC_EXPORT extern GC_word GC_gc_no;
GC_EXPORT extern int GC_parallel;
GC_EXPORT extern GC_oom_func GC_oom_fn;
GC_EXPORT extern GC_on_heap_resize_proc GC_on_heap_resize;
GC_EXPORT extern int GC_find_leak;
GC_EXPORT extern int GC_quiet;
GC_EXPORT extern int GC_all_interior_pointers;
GC_EXPORT extern int GC_finalize_on_demand;
GC_EXPORT extern int GC_java_finalization;
GC_EXPORT extern GC_finalizer_notifier_proc GC_finalizer_notifier;
GC_EXPORT extern int GC_dont_gc;
GC_EXPORT extern int GC_dont_expand;
GC_EXPORT extern int GC_use_entire_heap;
GC_EXPORT extern int GC_full_freq;
GC_EXPORT extern GC_word GC_non_gc_bytes;
GC_EXPORT extern int GC_no_dls;
GC_EXPORT extern GC_word GC_free_space_divisor;
GC_EXPORT extern GC_word GC_max_retries;
GC_EXPORT extern char *GC_stackbottom;
GC_EXPORT extern int GC_dont_precollect;
GC_EXPORT extern unsigned long GC_time_limit;
GC_EXPORT extern void *GC_least_plausible_heap_addr;
GC_EXPORT extern void *GC_greatest_plausible_heap_addr;
GC_EXPORT extern GC_push_other_roots_proc GC_push_other_roots;
GC_EXPORT extern GC_abort_func GC_on_abort;
GC_EXPORT extern int GC_gcj_kind;
GC_EXPORT extern int GC_gcj_debug_kind;
GC_EXPORT extern const size_t GC_debug_header_size;
GC_EXPORT extern void (*GC_same_obj_print_proc)(void *pointer, void *other);
GC_EXPORT extern void (*GC_is_valid_displacement_print_proc)(void *pointer);
GC_EXPORT extern void (*GC_is_visible_print_proc)(void *pointer);

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
GC_EXPORT void *GC_generic_or_special_malloc(size_t bytes, int kind);
GC_EXPORT void *GC_malloc_kind(size_t bytes, int kind);
GC_EXPORT void *GC_malloc_kind_global(size_t bytes, int kind);

/* objects.c */
GC_EXPORT void *GC_base(void *pointer);
GC_EXPORT size_t GC_size(const void *object);
GC_EXPORT int GC_is_heap_ptr(const void *pointer);
GC_EXPORT int GC_get_kind_and_size(const void *object, size_t *bytes);
GC_EXPORT void GC_register_displacement(size_t offset);
GC_EXPORT void GC_enumerate_reachable_objects_inner(GC_reachable_object_proc visit,
                                                    void *client_data);

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
GC_EXPORT size_t GC_get_obtained_from_os_bytes(void);
GC_EXPORT size_t GC_get_prof_stats(struct GC_prof_stats_s *stats, size_t bytes);
GC_EXPORT size_t GC_get_prof_stats_unsafe(struct GC_prof_stats_s *stats, size_t bytes);
GC_EXPORT size_t GC_get_size_map_at(int index);
GC_EXPORT void GC_start_performance_measurement(void);
GC_EXPORT unsigned long GC_get_full_gc_total_time(void);
GC_EXPORT void GC_incr_bytes_allocd(size_t bytes);
GC_EXPORT void GC_incr_bytes_freed(size_t bytes);

/* roots.c */
GC_EXPORT void GC_add_roots(void *start, void *end);
GC_EXPORT void GC_remove_roots(void *start, void *end);
GC_EXPORT void GC_clear_roots(void);
GC_EXPORT void GC_exclude_static_roots(void *start, void *end);
GC_EXPORT void GC_clear_exclusion_table(void);
GC_EXPORT void GC_register_has_static_roots_callback(GC_has_static_roots_func function);
GC_EXPORT int GC_is_tmp_root(void *pointer);
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

/* kinds.c, descriptor.c */
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

/* finalize.c, finalization.c, links.c */
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
GC_EXPORT void GC_finalize_all(void);
GC_EXPORT int GC_register_disappearing_link(void **link);
GC_EXPORT int GC_general_register_disappearing_link(void **link, const void *object);
GC_EXPORT int GC_move_disappearing_link(void **link, void **new_link);
GC_EXPORT int GC_unregister_disappearing_link(void **link);
GC_EXPORT int GC_register_long_link(void **link, const void *object);
GC_EXPORT int GC_move_long_link(void **link, void **new_link);
GC_EXPORT int GC_unregister_long_link(void **link);

/* threads.c, pthreads.c */
GC_EXPORT void GC_allow_register_threads(void);
GC_EXPORT int GC_register_my_thread(const struct GC_stack_base *base);
GC_EXPORT int GC_unregister_my_thread(void);
GC_EXPORT int GC_thread_is_registered(void);
GC_EXPORT int GC_get_stack_base(struct GC_stack_base *base);
GC_EXPORT void *GC_get_my_stackbottom(struct GC_stack_base *base);
GC_EXPORT void GC_set_stackbottom(void *thread, const struct GC_stack_base *base);
GC_EXPORT void GC_register_altstack(void *stack, GC_word bytes, void *signal_stack,
                                    GC_word signal_bytes);
GC_EXPORT void GC_set_sp_corrector(GC_sp_corrector_proc function);
GC_EXPORT GC_sp_corrector_proc GC_get_sp_corrector(void);
GC_EXPORT void GC_alloc_lock(void);
GC_EXPORT void GC_alloc_unlock(void);
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
GC_EXPORT int GC_pthread_cancel(pthread_t thread);
GC_EXPORT void GC_pthread_exit(void *result);
GC_EXPORT int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old);

/* settings.c */
GC_EXPORT void GC_set_markers_count(unsigned count);
GC_EXPORT void GC_start_mark_threads(void);
GC_EXPORT void GC_set_time_limit_tv(struct GC_timeval_s limit);
GC_EXPORT struct GC_timeval_s GC_get_time_limit_tv(void);

/* messages.c */
GC_EXPORT void GC_set_warn_proc(GC_warn_proc function);
GC_EXPORT GC_warn_proc GC_get_warn_proc(void);
GC_EXPORT void GC_ignore_warn_proc(char *message, GC_word argument);
GC_EXPORT void GC_set_abort_func(GC_abort_func function);
GC_EXPORT GC_abort_func GC_get_abort_func(void);
GC_EXPORT void GC_abort_on_oom(void);
GC_EXPORT void GC_set_log_fd(int file);
GC_EXPORT TER_PRINTF(1, 2) void GC_printf(const char *format, ...);
GC_EXPORT TER_PRINTF(1, 2) void GC_err_printf(const char *format, ...);
GC_EXPORT TER_PRINTF(1, 2) void GC_log_printf(const char *format, ...);

/* dump.c */
GC_EXPORT void GC_dump(void);
GC_EXPORT void GC_dump_named(const char *name);
GC_EXPORT void GC_dump_regions(void);
GC_EXPORT void GC_dump_finalization(void);
GC_EXPORT void GC_print_free_list(int kind, size_t granules);

/* pointers.c */
GC_EXPORT void *GC_is_visible(void *pointer);
GC_EXPORT void *GC_is_valid_displacement(void *pointer);
GC_EXPORT void *GC_same_obj(void *pointer, void *other);
GC_EXPORT void *GC_pre_incr(void **pointer, ptrdiff_t bytes);
GC_EXPORT void *GC_post_incr(void **pointer, ptrdiff_t bytes);
GC_EXPORT void GC_ptr_store_and_dirty(void *where, const void *value);
GC_EXPORT void GC_debug_ptr_store_and_dirty(void *where, const void *value);

/* debug.c, debug_finalize.c */
GC_EXPORT size_t GC_get_debug_header_size(void);
GC_EXPORT void *GC_debug_malloc(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_atomic(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_uncollectable(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_atomic_uncollectable(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_ignore_off_page(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_atomic_ignore_off_page(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_stubborn(size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_malloc_replacement(size_t bytes);
GC_EXPORT void *GC_debug_generic_or_special_malloc(size_t bytes, int kind, const char *file,
                                                   int line);
GC_EXPORT void *GC_debug_realloc(void *object, size_t bytes, const char *file, int line);
GC_EXPORT void *GC_debug_realloc_replacement(void *object, size_t bytes);
GC_EXPORT char *GC_debug_strdup(const char *text, const char *file, int line);
GC_EXPORT char *GC_debug_strndup(const char *text, size_t length, const char *file, int line);
GC_EXPORT void GC_debug_free(void *object);
GC_EXPORT void GC_debug_register_displacement(size_t offset);
GC_EXPORT void GC_debug_register_finalizer(void *object, GC_finalization_proc function, void *data,
                                           GC_finalization_proc *old_function, void **old_data);
GC_EXPORT void GC_debug_register_finalizer_ignore_self(void *object, GC_finalization_proc function,
                                                       void *data,
                                                       GC_finalization_proc *old_function,
                                                       void **old_data);
GC_EXPORT void GC_debug_register_finalizer_no_order(void *object, GC_finalization_proc function,
                                                    void *data, GC_finalization_proc *old_function,
                                                    void **old_data);
GC_EXPORT void GC_debug_register_finalizer_unreachable(void *object, GC_finalization_proc function,
                                                       void *data,
                                                       GC_finalization_proc *old_function,
                                                       void **old_data);
GC_EXPORT void GC_register_describe_type_fn(int kind, GC_describe_type_fn function);

/* backptr.c */
GC_EXPORT enum GC_ref_kind GC_get_back_ptr_info(void *address, void **base, size_t *offset);
GC_EXPORT void *GC_generate_random_heap_address(void);
GC_EXPORT void *GC_generate_random_valid_address(void);
GC_EXPORT void GC_generate_random_backtrace(void);
GC_EXPORT void GC_print_backtrace(void *address);

/* gcj.c */
GC_EXPORT void GC_init_gcj_malloc(int index, void *procedure);
GC_EXPORT void *GC_gcj_malloc(size_t bytes, void *type);
GC_EXPORT void *GC_gcj_malloc_ignore_off_page(size_t bytes, void *type);
GC_EXPORT void *GC_debug_gcj_malloc(size_t bytes, void *type, const char *file, int line);

/* disclaim.c */
GC_EXPORT void GC_register_disclaim_proc(int kind, GC_disclaim_proc procedure, int mark_from_all);
GC_EXPORT void GC_init_finalized_malloc(void);
GC_EXPORT void *GC_finalized_malloc(size_t bytes, const struct GC_finalizer_closure *closure);

/* toggle.c */
GC_EXPORT int GC_toggleref_add(void *object, int is_strong);

/* suspend.c */
GC_EXPORT void GC_suspend_thread(pthread_t thread);
GC_EXPORT void GC_resume_thread(pthread_t thread);
GC_EXPORT int GC_is_thread_suspended(pthread_t thread);
GC_EXPORT void GC_stop_world_external(void);
GC_EXPORT void GC_start_world_external(void);
GC_EXPORT void GC_set_suspend_signal(int number);
GC_EXPORT void GC_set_thr_restart_signal(int number);

/* no_effect.c */
GC_EXPORT void GC_change_stubborn(const void *object);
GC_EXPORT void GC_end_stubborn_change(const void *object);
GC_EXPORT void GC_debug_change_stubborn(const void *object);
GC_EXPORT void GC_debug_end_stubborn_change(const void *object);
GC_EXPORT void GC_set_handle_fork(int how);
GC_EXPORT void GC_atfork_prepare(void);
GC_EXPORT void GC_atfork_parent(void);
GC_EXPORT void GC_atfork_child(void);
GC_EXPORT void GC_start_incremental_collection(void);
GC_EXPORT int GC_incremental_protection_needs(void);
GC_EXPORT void GC_set_pages_executable(int value);
GC_EXPORT int GC_get_pages_executable(void);
GC_EXPORT void GC_push_finalizer_structures(void);
GC_EXPORT void GC_deinit(void);
GC_EXPORT void GC_noop1(GC_word word);
GC_EXPORT void *GC_clear_stack(void *result);

/* init.c */
GC_EXPORT void *GC_dlopen(const char *path, int mode);
