/* SPDX-License-Identifier: MIT */
/*
 * The plans that there are: how memory is divided and collected. One table; the option `plan` with
 * its values and help, the plans of the library, and the tests' list of plans derive from it.
 */
#ifndef TERRIER_PLANS_H
#define TERRIER_PLANS_H

/*
 * X(identifier, name, help): a plan is `const struct ter_plan ter_plan_<identifier>` in a file of
 * src/plan/. docs/adding-a-plan.md says how to add one.
 */
#define TER_PLANS(X)                                                                               \
    X(mark_sweep, "mark-sweep", "what is not reached is freed")                                    \
    X(no_gc, "no-gc", "never")                                                                     \
    X(semispace, "semispace", "what is reached moves, and leaves what is not")                     \
    X(immix, "immix", "what is not reached is free to the granule; blocks with little move")       \
    X(young_immix, "young-immix", "as immix, but what is young first, and by itself")              \
    X(sticky_mark_sweep, "sticky-mark-sweep", "as mark-sweep, what is young first, and by itself") \
    X(gen_copy, "gen-copy", "as semispace, but what is young first, and by itself")                \
    X(mark_compact, "mark-compact", "what is reached moves together, where it is")                 \
    X(page_protect, "page-protect",                                                                \
      "a page an object; what is left cannot be touched, to find uses of what is gone")

#define TER_PLAN_NAME_ROW(identifier, name, help) "|" name
#define TER_PLAN_HELP_ROW(identifier, name, help) "; " name ": " help

/** What a heap can be asked for: the names, separated by |. */
#define TER_PLAN_VALUES "auto" TER_PLANS(TER_PLAN_NAME_ROW)
#define TER_PLAN_HELP                                                                              \
    "how memory is collected; auto: young-immix where roots are exact and stores announced "       \
    "(stacks=exact, barriers), else mark-sweep" TER_PLANS(TER_PLAN_HELP_ROW)

#endif
