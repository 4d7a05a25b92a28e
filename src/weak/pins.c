/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

struct pin {
    uintptr_t object; /* the key */
    size_t count;
};

void ter_pins_init(struct ter_pins *pins)
{
    ter_weak_table_init(&pins->table, sizeof(struct pin));
}

void ter_pins_fini(struct ter_pins *pins)
{
    ter_weak_table_fini(&pins->table);
}

ter_status ter_pins_add(struct ter_pins *pins, uintptr_t object)
{
    struct pin *pin = ter_weak_table_insert(&pins->table, object);

    if (pin == NULL)
        return TER_ERROR_NO_MEMORY;
    pin->count++;
    return TER_OK;
}

bool ter_pins_remove(struct ter_pins *pins, uintptr_t object)
{
    struct pin *pin = ter_weak_table_find(&pins->table, object);

    if (pin == NULL)
        return false;
    if (--pin->count == 0)
        (void)ter_weak_table_remove(&pins->table, object);
    return true;
}

bool ter_pins_has(const struct ter_pins *pins, uintptr_t object)
{
    return ter_weak_table_find(&pins->table, object) != NULL;
}

void ter_pins_for_each(const struct ter_pins *pins, void (*visit)(void *context, uintptr_t object),
                       void *context)
{
    for (size_t bucket = 0; bucket < pins->table.capacity; bucket++) {
        const struct pin *pin = ter_weak_table_at(&pins->table, bucket);

        if (pin != NULL)
            visit(context, pin->object);
    }
}

static void trace_pinned(void *context, uintptr_t object)
{
    ter_tracer_word(context, object);
}

void ter_pins_visit(const struct ter_pins *pins, struct ter_tracer *tracer)
{
    ter_pins_for_each(pins, trace_pinned, tracer);
}

static void reach_pinned(void *record, void *context)
{
    ter_tracer_word(context, ((const struct pin *)record)->object);
}

void ter_pins_reach(struct ter_pins *pins, bool recent, struct ter_tracer *tracer)
{
    ter_weak_table_walk(&pins->table, recent, reach_pinned, tracer);
}
