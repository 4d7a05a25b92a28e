/* SPDX-License-Identifier: MIT */
/* The table of policies; read last, as it names them all. */
#pragma once

#include "space/common.h"

/*
 * X(identifier): the policies that there are, each a `const struct ter_policy` named
 * ter_policy_<identifier> in a file of this folder. A new policy is a new row.
 */
#define TER_POLICIES(X)                                                                            \
    X(mark_sweep)                                                                                  \
    X(immortal)                                                                                    \
    X(large)                                                                                       \
    X(bump)                                                                                        \
    X(copy)                                                                                        \
    X(protect)                                                                                     \
    X(protect_fixed)                                                                               \
    X(malloc)                                                                                      \
    X(vm)

#define TER_POLICY_DECLARATION(identifier) extern const struct ter_policy ter_policy_##identifier;
TER_POLICIES(TER_POLICY_DECLARATION)
#undef TER_POLICY_DECLARATION

#define TER_POLICY_ENUM(identifier) TER_POLICY_NUMBER_##identifier,
enum ter_policy_number { TER_POLICIES(TER_POLICY_ENUM) TER_POLICY_COUNT };
#undef TER_POLICY_ENUM

/* The rows as values. */
extern const struct ter_policy *const ter_policies[TER_POLICY_COUNT];

/* For plans that compile no loop of their own: see space/policy_loop.c. */
extern const struct ter_loop ter_policy_loop;

/* Of the largest space: what the map of an arena needs to know. */
size_t ter_policy_record_bytes(void);
