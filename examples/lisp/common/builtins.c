/* SPDX-License-Identifier: MIT */
/* Functions of numbers, lists and control, and the names of special forms. */
#include <string.h>

#include "lisp.h"

value argument_of_type(struct lisp *lisp, value arguments, size_t index, enum type type)
{
    value v = argument(arguments, index);

    if (!is_type(v, type))
        lisp_error(lisp, "wrong type of argument", v);
    return v;
}

intptr_t argument_integer(struct lisp *lisp, value arguments, size_t index)
{
    value v = argument(arguments, index);

    if (!is_integer(v))
        lisp_error(lisp, "no integer", v);
    return integer_of(v);
}

/* ---- Numbers ---- */

static value add(struct lisp *lisp, value arguments)
{
    uintptr_t sum = 0;

    for (size_t i = 0; i < argument_count(arguments); i++)
        sum += (uintptr_t)argument_integer(lisp, arguments, i);
    return integer_value((intptr_t)sum);
}

static value subtract(struct lisp *lisp, value arguments)
{
    uintptr_t first = (uintptr_t)argument_integer(lisp, arguments, 0);

    if (argument_count(arguments) == 1)
        return integer_value((intptr_t)(0 - first));
    return integer_value((intptr_t)(first - (uintptr_t)argument_integer(lisp, arguments, 1)));
}

static value multiply(struct lisp *lisp, value arguments)
{
    uintptr_t product = 1;

    for (size_t i = 0; i < argument_count(arguments); i++)
        product *= (uintptr_t)argument_integer(lisp, arguments, i);
    return integer_value((intptr_t)product);
}

static intptr_t divisor(struct lisp *lisp, value arguments)
{
    intptr_t number = argument_integer(lisp, arguments, 1);

    if (number == 0)
        lisp_error(lisp, "division by 0", NONE);
    return number;
}

static value quotient(struct lisp *lisp, value arguments)
{
    return integer_value(argument_integer(lisp, arguments, 0) / divisor(lisp, arguments));
}

static value rest_of_division(struct lisp *lisp, value arguments)
{
    return integer_value(argument_integer(lisp, arguments, 0) % divisor(lisp, arguments));
}

static value is_less(struct lisp *lisp, value arguments)
{
    return truth_value(argument_integer(lisp, arguments, 0) < argument_integer(lisp, arguments, 1));
}

static value is_equal(struct lisp *lisp, value arguments)
{
    return truth_value(argument_integer(lisp, arguments, 0) ==
                       argument_integer(lisp, arguments, 1));
}

/* ---- Lists ---- */

static value make_pair(struct lisp *lisp, value arguments)
{
    return cons(lisp, argument(arguments, 0), argument(arguments, 1));
}

static value first(struct lisp *lisp, value arguments)
{
    return car(argument_of_type(lisp, arguments, 0, TYPE_PAIR));
}

static value rest(struct lisp *lisp, value arguments)
{
    return cdr(argument_of_type(lisp, arguments, 0, TYPE_PAIR));
}

static value set_first(struct lisp *lisp, value arguments)
{
    struct pair *pair = pair_of(argument_of_type(lisp, arguments, 0, TYPE_PAIR));

    store(lisp, pair, &pair->car, argument(arguments, 1));
    return NIL;
}

static value set_rest(struct lisp *lisp, value arguments)
{
    struct pair *pair = pair_of(argument_of_type(lisp, arguments, 0, TYPE_PAIR));

    store(lisp, pair, &pair->cdr, argument(arguments, 1));
    return NIL;
}

static value list_of(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value arguments; value list;);
    local.arguments = arguments;
    local.list = NIL;
    for (size_t i = argument_count(arguments); i > 0; i--)
        local.list = cons(lisp, argument(local.arguments, i - 1), local.list);
    LOCALS_END(lisp);
    return local.list;
}

/* ---- What a value is ---- */

static value is_same(struct lisp *lisp, value arguments)
{
    (void)lisp;
    return truth_value(argument(arguments, 0) == argument(arguments, 1));
}

static value is_nothing(struct lisp *lisp, value arguments)
{
    (void)lisp;
    return truth_value(argument(arguments, 0) == NIL);
}

static value is_a_pair(struct lisp *lisp, value arguments)
{
    (void)lisp;
    return truth_value(is_pair(argument(arguments, 0)));
}

static value is_not(struct lisp *lisp, value arguments)
{
    (void)lisp;
    return truth_value(argument(arguments, 0) == FALSE);
}

/* ---- Vectors ---- */

static value make_vector(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value fill;);
    intptr_t length = argument_integer(lisp, arguments, 0);

    if (length < 0 || length > INTPTR_MAX / 16)
        lisp_error(lisp, "no length", argument(arguments, 0));
    local.fill = argument(arguments, 1);
    struct vector *vector = vector_of(vector_new(lisp, TYPE_VECTOR, (size_t)length));

    for (size_t i = 0; i < vector->length; i++)
        store(lisp, vector, &vector->values[i], local.fill);
    LOCALS_END(lisp);
    return object_value(vector);
}

static value *vector_place(struct lisp *lisp, value arguments)
{
    struct vector *vector = vector_of(argument_of_type(lisp, arguments, 0, TYPE_VECTOR));
    intptr_t index = argument_integer(lisp, arguments, 1);

    if (index < 0 || (uintptr_t)index >= vector->length)
        lisp_error(lisp, "outside of the vector", argument(arguments, 1));
    return &vector->values[index];
}

static value vector_get(struct lisp *lisp, value arguments)
{
    return *vector_place(lisp, arguments);
}

static value vector_set(struct lisp *lisp, value arguments)
{
    value *place = vector_place(lisp, arguments);

    store(lisp, vector_of(argument(arguments, 0)), place, argument(arguments, 2));
    return NIL;
}

/* ---- Control ---- */

static value display(struct lisp *lisp, value arguments)
{
    for (size_t i = 0; i < argument_count(arguments); i++)
        print_value(lisp, stdout, argument(arguments, i), false);
    return NIL;
}

static value print(struct lisp *lisp, value arguments)
{
    print_value(lisp, stdout, argument(arguments, 0), true);
    putchar('\n');
    return NIL;
}

static value collect(struct lisp *lisp, value arguments)
{
    (void)arguments;
    return truth_value(memory_collect(lisp));
}

/* (error message value) */
static value raise(struct lisp *lisp, value arguments)
{
    value message = argument_of_type(lisp, arguments, 0, TYPE_STRING);

    lisp_error(lisp, string_of(message)->bytes,
               argument_count(arguments) > 1 ? argument(arguments, 1) : NONE);
}

/* (apply function list) */
static value apply_to_list(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value arguments; value all;);
    size_t count = 0;

    local.arguments = arguments;
    for (value list = argument(arguments, 1); is_pair(list); list = cdr(list))
        count++;
    local.all = environment_new(lisp, count + 1);
    struct environment *all = environment_of(local.all);

    all->count = count;
    value list = argument(local.arguments, 1);
    for (size_t i = 0; i < count; i++, list = cdr(list))
        store(lisp, all, &all->values[i], car(list));
    value result = apply(lisp, argument(local.arguments, 0), local.all);

    LOCALS_END(lisp);
    return result;
}

static value call_with(struct lisp *lisp, value function, value v)
{
    LOCALS(lisp, value function; value v;);
    local.function = function;
    local.v = v;
    value arguments = environment_new(lisp, 2);
    struct environment *environment = environment_of(arguments);

    environment->count = v == NONE ? 0 : 1;
    store(lisp, environment, &environment->values[0], local.v);
    value result = apply(lisp, local.function, arguments);

    LOCALS_END(lisp);
    return result;
}

/* (try function handler): what the function returns, or the handler of an error's message. */
static value try_call(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value arguments;);
    struct handler handler;
    value result;

    local.arguments = arguments;
    handler_push(lisp, &handler);
    if (setjmp(handler.jump) == 0) {
        result = call_with(lisp, argument(local.arguments, 0), NONE);
        handler_pop(lisp, &handler);
    } else {
        value message = string_from(lisp, lisp->message, strlen(lisp->message));

        result = call_with(lisp, argument(local.arguments, 1), message);
    }
    LOCALS_END(lisp);
    return result;
}

/* ---- Names ---- */

static void form_define(struct lisp *lisp, const char *name, enum form form)
{
    symbol_of(symbol_intern(lisp, name, strlen(name)))->form = form;
}

static void forms_define(struct lisp *lisp)
{
    form_define(lisp, "quote", FORM_QUOTE);
    form_define(lisp, "if", FORM_IF);
    form_define(lisp, "define", FORM_DEFINE);
    form_define(lisp, "set!", FORM_SET);
    form_define(lisp, "lambda", FORM_LAMBDA);
    form_define(lisp, "let", FORM_LET);
    form_define(lisp, "letrec", FORM_LETREC);
    form_define(lisp, "begin", FORM_BEGIN);
    form_define(lisp, "and", FORM_AND);
    form_define(lisp, "or", FORM_OR);
    form_define(lisp, "cond", FORM_COND);
    lisp->globals.quote = symbol_intern(lisp, "quote", 5);
    lisp->globals.otherwise = symbol_intern(lisp, "else", 4);
    lisp->globals.dot = symbol_intern(lisp, ".", 1);
}

enum { MANY = 1000000 };

void builtins_define(struct lisp *lisp)
{
    forms_define(lisp);
    builtin_define(lisp, "+", add, 0, MANY);
    builtin_define(lisp, "-", subtract, 1, 2);
    builtin_define(lisp, "*", multiply, 0, MANY);
    builtin_define(lisp, "quotient", quotient, 2, 2);
    builtin_define(lisp, "remainder", rest_of_division, 2, 2);
    builtin_define(lisp, "<", is_less, 2, 2);
    builtin_define(lisp, "=", is_equal, 2, 2);
    builtin_define(lisp, "cons", make_pair, 2, 2);
    builtin_define(lisp, "car", first, 1, 1);
    builtin_define(lisp, "cdr", rest, 1, 1);
    builtin_define(lisp, "set-car!", set_first, 2, 2);
    builtin_define(lisp, "set-cdr!", set_rest, 2, 2);
    builtin_define(lisp, "list", list_of, 0, MANY);
    builtin_define(lisp, "eq?", is_same, 2, 2);
    builtin_define(lisp, "null?", is_nothing, 1, 1);
    builtin_define(lisp, "pair?", is_a_pair, 1, 1);
    builtin_define(lisp, "not", is_not, 1, 1);
    builtin_define(lisp, "make-vector", make_vector, 2, 2);
    builtin_define(lisp, "vector-ref", vector_get, 2, 2);
    builtin_define(lisp, "vector-set!", vector_set, 3, 3);
    builtin_define(lisp, "display", display, 0, MANY);
    builtin_define(lisp, "print", print, 1, 1);
    builtin_define(lisp, "collect", collect, 0, 0);
    builtin_define(lisp, "error", raise, 1, 2);
    builtin_define(lisp, "apply", apply_to_list, 2, 2);
    builtin_define(lisp, "try", try_call, 2, 2);
}
