/* SPDX-License-Identifier: MIT */
/*
 * Floor `libgc`: the binary interface of Boehm's collector (its public headers gc.h, gc_mark.h,
 * gc_typed.h of version 8.2) over a Terrier heap. Names, types and meanings of what is exported are
 * that interface's; programs built against its headers run on this library unchanged.
 *
 * Invariant: there is one heap, made by the first call that needs it, and never freed: programs
 * allocate until the last destructor has run.
 */
#pragma once

#include "heap/heap.h"
#include "libgc/abi.h"
#include "libgc/state.h"
