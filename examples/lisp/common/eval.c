/* SPDX-License-Identifier: MIT */
/*
 * Evaluation. What is in the position of a tail is evaluated by the same call of eval: its frame
 * holds the expression and the environment, and goes round. The variables of a call are one
 * environment, which begins as the arguments.
 */
#include "lisp.h"

/* ---- Variables ---- */

static value name_of(value name)
{
    return is_pair(name) ? car(name) : name;
}

/* NULL: `environment` has no such variable. */
static value *find_here(struct environment *environment, value symbol)
{
    value names = environment->names;

    for (size_t i = 0; i < environment->count; i++, names = cdr(names)) {
        if (!is_pair(names))
            return names == symbol ? &environment->values[i] : NULL;
        if (name_of(car(names)) == symbol)
            return &environment->values[i];
    }
    return NULL;
}

/* In *owner the object that the place is in. */
static value *find_variable(value symbol, value environment, void **owner)
{
    for (; environment != NIL; environment = environment_of(environment)->parent) {
        value *place = find_here(environment_of(environment), symbol);

        *owner = environment_of(environment);
        if (place != NULL)
            return place;
    }
    *owner = symbol_of(symbol);
    return &symbol_of(symbol)->global;
}

static value look_up(struct lisp *lisp, value symbol, value environment)
{
    void *owner;
    value v = *find_variable(symbol, environment, &owner);

    if (v == NONE)
        lisp_error(lisp, "this variable has no value", symbol);
    return v;
}

/* ---- Calls ---- */

static size_t count_pairs(value list)
{
    size_t count = 0;

    for (; is_pair(list); list = cdr(list))
        count++;
    return count;
}

/* From argument `index` on they become one list. */
static void gather_rest(struct lisp *lisp, value arguments, size_t index)
{
    LOCALS(lisp, value arguments; value rest;);
    local.arguments = arguments;
    local.rest = NIL;
    for (size_t i = argument_count(local.arguments); i > index; i--)
        local.rest = cons(lisp, argument(local.arguments, i - 1), local.rest);
    struct environment *environment = environment_of(local.arguments);

    store(lisp, environment, &environment->values[index], local.rest);
    environment->count = index + 1;
    LOCALS_END(lisp);
}

/*
 * Makes the arguments the variables of a closure. There is always room for one value more than
 * there are arguments.
 */
static void bind(struct lisp *lisp, value function, value arguments)
{
    LOCALS(lisp, value function; value arguments;);
    local.function = function;
    local.arguments = arguments;
    value end = closure_of(function)->parameters;
    size_t named = count_pairs(end);

    while (is_pair(end))
        end = cdr(end);
    if (argument_count(arguments) < named || (end == NIL && argument_count(arguments) > named))
        lisp_error(lisp, "wrong number of arguments for", closure_of(function)->parameters);
    if (end != NIL)
        gather_rest(lisp, arguments, named);
    struct environment *environment = environment_of(local.arguments);

    store(lisp, environment, &environment->names, closure_of(local.function)->parameters);
    store(lisp, environment, &environment->parent, closure_of(local.function)->environment);
    LOCALS_END(lisp);
}

static value call_builtin(struct lisp *lisp, value function, value arguments)
{
    const struct builtin *builtin = builtin_of(function);

    if (argument_count(arguments) < builtin->least || argument_count(arguments) > builtin->most)
        lisp_error(lisp, "wrong number of arguments for", function);
    return builtin->function(lisp, arguments);
}

static value evaluate_body(struct lisp *lisp, value body, value environment)
{
    LOCALS(lisp, value body; value environment; value result;);
    local.body = body;
    local.environment = environment;
    local.result = NIL;
    for (; is_pair(local.body); local.body = cdr(local.body))
        local.result = eval(lisp, car(local.body), local.environment);
    LOCALS_END(lisp);
    return local.result;
}

value apply(struct lisp *lisp, value function, value arguments)
{
    LOCALS(lisp, value function; value arguments;);
    value result;

    local.function = function;
    local.arguments = arguments;
    if (is_type(function, TYPE_BUILTIN)) {
        result = call_builtin(lisp, function, arguments);
    } else if (is_type(function, TYPE_CLOSURE)) {
        bind(lisp, function, arguments);
        result = evaluate_body(lisp, closure_of(local.function)->body, local.arguments);
    } else {
        lisp_error(lisp, "no function", function);
    }
    LOCALS_END(lisp);
    return result;
}

/* An environment of the values of `list`, or of the second elements of its elements. */
static value evaluate_all(struct lisp *lisp, value list, value environment, bool are_bindings)
{
    LOCALS(lisp, value list; value environment; value arguments;);
    local.list = list;
    local.environment = environment;
    local.arguments = environment_new(lisp, count_pairs(list) + 1);
    environment_of(local.arguments)->count--;
    for (size_t i = 0; is_pair(local.list); local.list = cdr(local.list), i++) {
        value expression = are_bindings ? car(cdr(car(local.list))) : car(local.list);
        value v = eval(lisp, expression, local.environment);
        struct environment *arguments = environment_of(local.arguments);

        store(lisp, arguments, &arguments->values[i], v);
    }
    LOCALS_END(lisp);
    return local.arguments;
}

/* ---- Special forms ---- */

static value define(struct lisp *lisp, value form, value environment)
{
    LOCALS(lisp, value name; value v;);
    local.name = car(form);
    if (is_pair(local.name)) {
        value parameters = cdr(local.name);

        local.name = car(local.name);
        local.v = closure_new(lisp, parameters, cdr(form), environment);
    } else {
        local.v = eval(lisp, car(cdr(form)), environment);
    }
    if (!is_type(local.name, TYPE_SYMBOL))
        lisp_error(lisp, "no name", local.name);
    store(lisp, symbol_of(local.name), &symbol_of(local.name)->global, local.v);
    LOCALS_END(lisp);
    return local.name;
}

static value assign(struct lisp *lisp, value form, value environment)
{
    LOCALS(lisp, value name; value environment;);
    void *owner;

    local.name = car(form);
    local.environment = environment;
    if (!is_type(local.name, TYPE_SYMBOL))
        lisp_error(lisp, "no name", local.name);
    value v = eval(lisp, car(cdr(form)), environment);
    value *place = find_variable(local.name, local.environment, &owner);

    store(lisp, owner, place, v);
    LOCALS_END(lisp);
    return v;
}

/* An environment in which the names of `bindings` are variables without a value. */
static value declare(struct lisp *lisp, value bindings, value environment)
{
    LOCALS(lisp, value bindings; value parent;);
    local.bindings = bindings;
    local.parent = environment;
    struct environment *inner = environment_of(environment_new(lisp, count_pairs(bindings)));

    store(lisp, inner, &inner->names, local.bindings);
    store(lisp, inner, &inner->parent, local.parent);
    LOCALS_END(lisp);
    return object_value(inner);
}

static value let_recursive(struct lisp *lisp, value bindings, value environment)
{
    LOCALS(lisp, value list; value inner;);
    local.list = bindings;
    local.inner = declare(lisp, bindings, environment);
    for (size_t i = 0; is_pair(local.list); local.list = cdr(local.list), i++) {
        value v = eval(lisp, car(cdr(car(local.list))), local.inner);
        struct environment *inner = environment_of(local.inner);

        store(lisp, inner, &inner->values[i], v);
    }
    LOCALS_END(lisp);
    return local.inner;
}

static value let(struct lisp *lisp, value bindings, value environment)
{
    LOCALS(lisp, value bindings; value parent;);
    local.bindings = bindings;
    local.parent = environment;
    struct environment *inner = environment_of(evaluate_all(lisp, bindings, environment, true));

    store(lisp, inner, &inner->names, local.bindings);
    store(lisp, inner, &inner->parent, local.parent);
    LOCALS_END(lisp);
    return object_value(inner);
}

/* (let name bindings body): a function with that name is called with the values of the bindings. */
static value let_named(struct lisp *lisp, value form, value environment)
{
    LOCALS(lisp, value form; value environment; value outer; value function;);
    local.form = form;
    local.environment = environment;
    local.outer = cons(lisp, car(form), NIL);
    local.outer = declare(lisp, local.outer, local.environment);
    local.function = closure_new(lisp, car(cdr(local.form)), cdr(cdr(local.form)), local.outer);
    store(lisp, environment_of(local.outer), &environment_of(local.outer)->values[0],
          local.function);
    value arguments = evaluate_all(lisp, car(cdr(local.form)), local.environment, true);
    struct environment *inner = environment_of(arguments);

    store(lisp, inner, &inner->names, closure_of(local.function)->parameters);
    store(lisp, inner, &inner->parent, closure_of(local.function)->environment);
    LOCALS_END(lisp);
    return arguments;
}

/* ---- Tails ---- */

/* What eval works on: what it is to evaluate, or, when `environment` is NONE, what it returns. */
struct tail {
    value expression, environment;
};

static struct tail done(value v)
{
    return (struct tail){v, NONE};
}

/* All of `body` but the last is evaluated. */
static struct tail last_of(struct lisp *lisp, value body, value environment)
{
    LOCALS(lisp, value body; value environment;);
    local.body = body;
    local.environment = environment;
    for (; is_pair(local.body) && is_pair(cdr(local.body)); local.body = cdr(local.body))
        eval(lisp, car(local.body), local.environment);
    LOCALS_END(lisp);
    if (!is_pair(local.body))
        return done(NIL);
    return (struct tail){car(local.body), local.environment};
}

/* `and` goes on while it finds what is true, `or` while it finds what is false. */
static struct tail and_or(struct lisp *lisp, value list, value environment, bool is_and)
{
    LOCALS(lisp, value list; value environment;);
    struct tail tail = done(truth_value(is_and));

    local.list = list;
    local.environment = environment;
    for (; is_pair(local.list); local.list = cdr(local.list)) {
        if (!is_pair(cdr(local.list))) {
            tail = (struct tail){car(local.list), local.environment};
            break;
        }
        value v = eval(lisp, car(local.list), local.environment);

        if ((v != FALSE) != is_and) {
            tail = done(v);
            break;
        }
    }
    LOCALS_END(lisp);
    return tail;
}

static struct tail choose(struct lisp *lisp, value form, value environment)
{
    LOCALS(lisp, value branches; value environment;);
    local.branches = cdr(form);
    local.environment = environment;
    if (eval(lisp, car(form), environment) == FALSE)
        local.branches = cdr(local.branches);
    LOCALS_END(lisp);
    if (!is_pair(local.branches))
        return done(NIL);
    return (struct tail){car(local.branches), local.environment};
}

static struct tail choose_clause(struct lisp *lisp, value clauses, value environment)
{
    LOCALS(lisp, value clauses; value environment;);
    struct tail tail = done(NIL);

    local.clauses = clauses;
    local.environment = environment;
    for (; is_pair(local.clauses); local.clauses = cdr(local.clauses)) {
        value test = car(car(local.clauses));

        if (test == lisp->globals.otherwise || eval(lisp, test, local.environment) != FALSE) {
            tail = last_of(lisp, cdr(car(local.clauses)), local.environment);
            break;
        }
    }
    LOCALS_END(lisp);
    return tail;
}

static struct tail evaluate_let(struct lisp *lisp, uintptr_t form, value rest, value environment)
{
    LOCALS(lisp, value body;);
    value inner;

    local.body = cdr(rest);
    if (form == FORM_LETREC) {
        inner = let_recursive(lisp, car(rest), environment);
    } else if (is_type(car(rest), TYPE_SYMBOL)) {
        local.body = cdr(local.body);
        inner = let_named(lisp, rest, environment);
    } else {
        inner = let(lisp, car(rest), environment);
    }
    LOCALS_END(lisp);
    return last_of(lisp, local.body, inner);
}

static struct tail special(struct lisp *lisp, uintptr_t form, value rest, value environment)
{
    switch (form) {
    case FORM_QUOTE: return done(car(rest));
    case FORM_IF: return choose(lisp, rest, environment);
    case FORM_DEFINE: return done(define(lisp, rest, environment));
    case FORM_SET: return done(assign(lisp, rest, environment));
    case FORM_LAMBDA: return done(closure_new(lisp, car(rest), cdr(rest), environment));
    case FORM_LET:
    case FORM_LETREC: return evaluate_let(lisp, form, rest, environment);
    case FORM_BEGIN: return last_of(lisp, rest, environment);
    case FORM_AND: return and_or(lisp, rest, environment, true);
    case FORM_OR: return and_or(lisp, rest, environment, false);
    default: return choose_clause(lisp, rest, environment);
    }
}

static struct tail call(struct lisp *lisp, value form, value environment)
{
    LOCALS(lisp, value form; value environment; value function; value arguments;);
    struct tail tail;

    local.form = form;
    local.environment = environment;
    local.function = eval(lisp, car(form), environment);
    local.arguments = evaluate_all(lisp, cdr(local.form), local.environment, false);
    if (is_type(local.function, TYPE_CLOSURE)) {
        bind(lisp, local.function, local.arguments);
        tail = last_of(lisp, closure_of(local.function)->body, local.arguments);
    } else {
        tail = done(apply(lisp, local.function, local.arguments));
    }
    LOCALS_END(lisp);
    return tail;
}

/* ---- All together ---- */

static uintptr_t form_of(value head)
{
    return is_type(head, TYPE_SYMBOL) ? symbol_of(head)->form : FORM_NONE;
}

static struct tail step(struct lisp *lisp, value expression, value environment)
{
    if (is_type(expression, TYPE_SYMBOL))
        return done(look_up(lisp, expression, environment));
    if (!is_pair(expression))
        return done(expression);
    uintptr_t form = form_of(car(expression));

    if (form != FORM_NONE)
        return special(lisp, form, cdr(expression), environment);
    return call(lisp, expression, environment);
}

value eval(struct lisp *lisp, value expression, value environment)
{
    struct tail tail = {expression, environment};

    depth_enter(lisp);
    while (tail.environment != NONE)
        tail = step(lisp, tail.expression, tail.environment);
    depth_leave(lisp);
    return tail.expression;
}
