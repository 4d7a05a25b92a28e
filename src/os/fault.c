/* SPDX-License-Identifier: MIT */
/* The fault-injecting double: lets a test answer in the system's place. */
#include "os/os.h"

#include <stdatomic.h>

static _Atomic(ter_os_fault *) current_fault;

void ter_os_set_fault(ter_os_fault *fault)
{
    atomic_store_explicit(&current_fault, fault, memory_order_release);
}

int ter_os_injected_error(enum ter_os_call call)
{
    ter_os_fault *fault = atomic_load_explicit(&current_fault, memory_order_acquire);

    return fault == NULL ? 0 : fault(call);
}
