/* SPDX-License-Identifier: MIT */
/*
 * Hash tables: places tried one after another. Integers and strings are the same key when they are
 * equal, other values when they are one object; in a weak table strings too. A weak table does not
 * keep its keys: a place whose key went holds NONE and its value, until the table is built anew.
 */
#include <string.h>

#include "lisp.h"

enum { FEWEST_PLACES = 8 };

static uintptr_t hash_of_bytes(const struct string *string)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < string->length; i++)
        hash = (hash ^ (unsigned char)string->bytes[i]) * 16777619u;
    return hash;
}

static uintptr_t hash_of(struct lisp *lisp, const struct table *table, value key)
{
    uintptr_t hash = key;

    if (is_type(key, TYPE_STRING) && !table->is_weak)
        return hash_of_bytes(string_of(key));
    if (is_object(key))
        hash = identity_hash(lisp, key);
    return (uint32_t)(hash >> 1) * 2654435769u >> 7;
}

static bool same_strings(value a, value b)
{
    return is_type(a, TYPE_STRING) && is_type(b, TYPE_STRING) &&
           string_of(a)->length == string_of(b)->length &&
           memcmp(string_of(a)->bytes, string_of(b)->bytes, string_of(a)->length) == 0;
}

static bool same_keys(const struct table *table, value a, value b)
{
    return a == b || (!table->is_weak && same_strings(a, b));
}

/* The place of the key, or the free one where it would be put. */
static size_t find(struct lisp *lisp, const struct table *table, value key)
{
    const struct vector *keys = vector_of(table->keys);
    const struct vector *values = vector_of(table->values);
    size_t place = hash_of(lisp, table, key) & (keys->length - 1);

    while (values->values[place] != NONE && !same_keys(table, keys->values[place], key))
        place = (place + 1) & (keys->length - 1);
    return place;
}

static void give_places(struct lisp *lisp, value table, size_t places)
{
    LOCALS(lisp, value table; value keys;);
    local.table = table;
    local.keys =
        vector_new(lisp, table_of(table)->is_weak ? TYPE_WEAK_VECTOR : TYPE_VECTOR, places);
    value values = vector_new(lisp, TYPE_VECTOR, places);
    struct table *to = table_of(local.table);

    store(lisp, to, &to->keys, local.keys);
    store(lisp, to, &to->values, values);
    to->taken = 0;
    LOCALS_END(lisp);
}

value table_new(struct lisp *lisp, bool is_weak)
{
    LOCALS(lisp, value table;);
    struct table *table = memory_new(lisp, TYPE_TABLE, sizeof *table);

    table->is_weak = is_weak;
    local.table = object_value(table);
    give_places(lisp, local.table, FEWEST_PLACES);
    LOCALS_END(lisp);
    return local.table;
}

static void put_key(struct lisp *lisp, const struct table *table, size_t place, value key)
{
    struct vector *keys = vector_of(table->keys);

    if (table->is_weak)
        weak_store(lisp, keys, place, key);
    else
        store(lisp, keys, &keys->values[place], key);
}

/* There is room. */
static void put(struct lisp *lisp, struct table *table, value key, value what)
{
    size_t place = find(lisp, table, key);
    struct vector *values = vector_of(table->values);

    if (values->values[place] == NONE) {
        table->taken++;
        put_key(lisp, table, place, key);
    }
    store(lisp, values, &values->values[place], what);
}

/* Keys that go while this allocates are not copied. */
static void rebuild(struct lisp *lisp, value table)
{
    LOCALS(lisp, value table; value keys; value values;);
    local.table = table;
    local.keys = table_of(table)->keys;
    local.values = table_of(table)->values;
    size_t places = FEWEST_PLACES;

    while (places < 3 * table_count(table))
        places *= 2;
    give_places(lisp, local.table, places);
    for (size_t i = 0; i < vector_of(local.keys)->length; i++)
        if (vector_of(local.keys)->values[i] != NONE)
            put(lisp, table_of(local.table), vector_of(local.keys)->values[i],
                vector_of(local.values)->values[i]);
    LOCALS_END(lisp);
}

value table_get(struct lisp *lisp, value table, value key)
{
    size_t place = find(lisp, table_of(table), key);

    return vector_of(table_of(table)->values)->values[place];
}

void table_put(struct lisp *lisp, value table, value key, value what)
{
    LOCALS(lisp, value table; value key; value what;);
    local.table = table;
    local.key = key;
    local.what = what;
    if (3 * table_of(table)->taken >= 2 * vector_of(table_of(table)->keys)->length)
        rebuild(lisp, table);
    put(lisp, table_of(local.table), local.key, local.what);
    LOCALS_END(lisp);
}

void table_remove(struct lisp *lisp, value table, value key)
{
    size_t place = find(lisp, table_of(table), key);
    struct vector *values = vector_of(table_of(table)->values);

    if (values->values[place] == NONE)
        return;
    put_key(lisp, table_of(table), place, NONE);
    store(lisp, values, &values->values[place], NIL);
}

size_t table_count(value table)
{
    const struct vector *keys = vector_of(table_of(table)->keys);
    size_t count = 0;

    for (size_t i = 0; i < keys->length; i++)
        count += keys->values[i] != NONE;
    return count;
}

/* ---- Functions ---- */

static value make_table(struct lisp *lisp, value arguments)
{
    (void)arguments;
    return table_new(lisp, false);
}

static value make_weak_table(struct lisp *lisp, value arguments)
{
    (void)arguments;
    return table_new(lisp, true);
}

/* (table-get table key otherwise) */
static value get(struct lisp *lisp, value arguments)
{
    value table = argument_of_type(lisp, arguments, 0, TYPE_TABLE);
    value what = table_get(lisp, table, argument(arguments, 1));

    return what == NONE ? argument(arguments, 2) : what;
}

static value put_value(struct lisp *lisp, value arguments)
{
    value table = argument_of_type(lisp, arguments, 0, TYPE_TABLE);

    table_put(lisp, table, argument(arguments, 1), argument(arguments, 2));
    return NIL;
}

static value remove_key(struct lisp *lisp, value arguments)
{
    table_remove(lisp, argument_of_type(lisp, arguments, 0, TYPE_TABLE), argument(arguments, 1));
    return NIL;
}

static value count_keys(struct lisp *lisp, value arguments)
{
    value table = argument_of_type(lisp, arguments, 0, TYPE_TABLE);

    return integer_value((intptr_t)table_count(table));
}

static value list_keys(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value keys; value list;);
    local.keys = table_of(argument_of_type(lisp, arguments, 0, TYPE_TABLE))->keys;
    local.list = NIL;
    for (size_t i = 0; i < vector_of(local.keys)->length; i++)
        if (vector_of(local.keys)->values[i] != NONE)
            local.list = cons(lisp, vector_of(local.keys)->values[i], local.list);
    LOCALS_END(lisp);
    return local.list;
}

void tables_define(struct lisp *lisp)
{
    builtin_define(lisp, "make-table", make_table, 0, 0);
    builtin_define(lisp, "make-weak-table", make_weak_table, 0, 0);
    builtin_define(lisp, "table-get", get, 3, 3);
    builtin_define(lisp, "table-put!", put_value, 3, 3);
    builtin_define(lisp, "table-remove!", remove_key, 2, 2);
    builtin_define(lisp, "table-count", count_keys, 1, 1);
    builtin_define(lisp, "table-keys", list_keys, 1, 1);
}
