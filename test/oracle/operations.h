/* SPDX-License-Identifier: MIT */
/*
 * What a program may do with a heap. Each operation is a row: its name, how often it is chosen, how
 * it is done. One that makes no sense for the model as it is does nothing.
 */
#pragma once

#include "actors.h"

/* X(identifier, name, weight) */
#define OPERATIONS(X)                                                                              \
    X(ALLOCATE, "allocate", 260)      /* a kind, b root, c bytes */                                \
    X(CONNECT, "connect", 420)        /* a from, b to, c word and displacement */                  \
    X(DISCONNECT, "disconnect", 60)   /* a from, b field */                                        \
    X(ROOT, "root", 70)               /* a root, b object, c displacement */                       \
    X(UNROOT, "unroot", 50)           /* a root */                                                 \
    X(LOCAL, "local", 30)             /* a local, b object or 0, c displacement */                 \
    X(FREE, "free", 20)               /* a object */                                               \
    X(RESIZE, "resize", 25)           /* a object, c bytes */                                      \
    X(REWRITE, "rewrite", 20)         /* a object */                                               \
    X(DECOY, "decoy", 30)             /* a object, b what it seems to hold, c word */              \
    X(LINK, "link", 40)               /* a holder or 0, b target, c word and whether long */       \
    X(UNLINK, "unlink", 8)            /* a link */                                                 \
    X(FOLLOW, "follow-link", 20)      /* a link, b root */                                         \
    X(FINALIZER, "finalizer", 30)     /* a object, b whether to take it away */                    \
    X(FINALIZE, "run-finalizers", 12) /* */                                                        \
    X(PIN, "pin", 8)                  /* a object, b whether to unpin */                           \
    X(GARBAGE, "garbage", 25)         /* a kind, b how many, c bytes */                            \
    X(COLLECT, "collect", 5)          /* */                                                        \
    X(CHECK, "check", 4)              /* */                                                        \
    X(DROP, "drop-all", 1)            /* */                                                        \
    X(START, "start-thread", 4)       /* a which; done by the first */                             \
    X(END, "end-thread", 3)           /* a which, b whether it unbinds; done by the first */

#define OPERATION_ENUM(identifier, name, weight) OPERATION_##identifier,
enum operation_code { OPERATIONS(OPERATION_ENUM) OPERATION_COUNT };
#undef OPERATION_ENUM

const char *operation_name(unsigned code);
unsigned operation_weight(unsigned code);
/* OPERATION_COUNT when there is none of that name. */
unsigned operation_find(const char *name);

/* Does it, in the thread of the actor. */
void operation_do(struct actor *actor, const struct operation *operation);
