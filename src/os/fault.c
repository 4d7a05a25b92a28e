/* SPDX-License-Identifier: MIT */
/* The doubles of the system: let a test answer in its place. Set while no other thread uses a heap.
 */
#include "os/os.h"

#include <errno.h>
#include <stdatomic.h>

static _Atomic(ter_os_fault *) current_fault;
static _Atomic(ter_os_placing *) current_placing;
static _Atomic size_t current_page_size;
static _Atomic size_t current_memory;
static _Atomic size_t current_mappings;

void ter_os_set_fault(ter_os_fault *fault)
{
    atomic_store_explicit(&current_fault, fault, memory_order_release);
}

int ter_os_injected_error(enum ter_os_call call)
{
    ter_os_fault *fault = atomic_load_explicit(&current_fault, memory_order_acquire);

    int error = fault == NULL ? 0 : fault(call);

    /* As the system does, so that a caller who forgets it is found. */
    if (error != 0)
        errno = error;
    return error;
}

void ter_os_set_placing(ter_os_placing *placing)
{
    atomic_store_explicit(&current_placing, placing, memory_order_release);
}

int ter_os_injected_placement(uintptr_t *hint, size_t bytes)
{
    ter_os_placing *placing = atomic_load_explicit(&current_placing, memory_order_acquire);

    return placing == NULL ? 0 : placing(hint, bytes);
}

void ter_os_set_page_size(size_t bytes)
{
    TER_CHECK(bytes == 0 || ter_is_power_of_two(bytes));
    atomic_store_explicit(&current_page_size, bytes, memory_order_relaxed);
}

size_t ter_os_injected_page_size(void)
{
    return atomic_load_explicit(&current_page_size, memory_order_relaxed);
}

void ter_os_set_memory(size_t bytes)
{
    atomic_store_explicit(&current_memory, bytes, memory_order_relaxed);
}

size_t ter_os_injected_memory(void)
{
    return atomic_load_explicit(&current_memory, memory_order_relaxed);
}

void ter_os_set_most_mappings(size_t count)
{
    atomic_store_explicit(&current_mappings, count, memory_order_relaxed);
}

size_t ter_os_injected_mappings(void)
{
    return atomic_load_explicit(&current_mappings, memory_order_relaxed);
}
