/* SPDX-License-Identifier: MIT */
#include "see/dump_names.h"

#include "see/kind_name.h"

/* A key: 1, and above bit 0 the kind, the size in granules, the site. Sizes beyond are "large". */
#define KIND_SHIFT 1u
#define SIZE_SHIFT 7u
#define SITE_SHIFT 17u
#define LARGE_SIZE ((uintptr_t)1023)
#define MOST_SITES ((size_t)1 << (sizeof(uintptr_t) * 8 - SITE_SHIFT - 1))

_Static_assert(TER_MAX_KINDS <= 1u << (SIZE_SHIFT - KIND_SHIFT), "a kind has its bits");

struct numbered {
    uintptr_t key;
    size_t number; /* and 1 */
};

void ter_dump_names_init(struct ter_dump_names *names, const struct ter_collector *collector,
                         struct ter_dump_origins origins)
{
    *names = (struct ter_dump_names){.collector = collector, .origins = origins};
    ter_weak_table_init(&names->by_key, sizeof(struct numbered));
    ter_weak_list_init(&names->keys, sizeof(uintptr_t));
    ter_weak_table_init(&names->by_site, sizeof(struct numbered));
    ter_weak_list_init(&names->sites, sizeof(uintptr_t));
}

void ter_dump_names_fini(struct ter_dump_names *names)
{
    ter_weak_list_fini(&names->sites);
    ter_weak_table_fini(&names->by_site);
    ter_weak_list_fini(&names->keys);
    ter_weak_table_fini(&names->by_key);
}

/* The number of `key`, which enters the list when it is new; 0 where there is no memory. */
static size_t number_of(struct ter_dump_names *names, struct ter_weak_table *table,
                        struct ter_weak_list *list, uintptr_t key)
{
    struct numbered *entry = ter_weak_table_insert(table, key);
    uintptr_t *item;

    if (entry != NULL && entry->number != 0)
        return entry->number - 1;
    item = entry == NULL ? NULL : ter_weak_list_add(list);
    if (item == NULL) {
        names->failed = true;
        return 0;
    }
    *item = key;
    entry->number = list->count;
    return list->count - 1;
}

static uintptr_t site_of_ledger(const struct ter_ledger *ledger, uintptr_t object)
{
    const struct ter_origin *origin = ledger == NULL ? NULL : ter_ledger_find(ledger, object);

    return origin == NULL ? 0 : origin->site;
}

/* The number of the site and 1; 0: not known. */
static size_t site_of(struct ter_dump_names *names, uintptr_t object)
{
    const struct ter_dump_origins *origins = &names->origins;
    uintptr_t site = site_of_ledger(origins->ledger, object);

    if (site == 0 && origins->samples != NULL)
        site = ter_samples_site(origins->samples, object);
    if (site == 0 || names->sites.count >= MOST_SITES - 1)
        return 0;
    return number_of(names, &names->by_site, &names->sites, site) + 1;
}

size_t ter_dump_names_of(struct ter_dump_names *names, uintptr_t object, unsigned kind,
                         size_t bytes)
{
    uintptr_t base = names->collector->allocator.details[kind].base;
    uintptr_t size = ter_dump_kind_size(names->collector, kind, bytes);

    return number_of(names, &names->by_key, &names->keys,
                     1 | base << KIND_SHIFT | size << SIZE_SHIFT |
                         (uintptr_t)site_of(names, object) << SITE_SHIFT);
}

/* ---- Texts ---- */

size_t ter_dump_kind_size(const struct ter_collector *collector, unsigned kind, size_t bytes)
{
    return ter_kind_has_name(collector, kind)
               ? 0
               : ter_min(bytes >> TER_LOG_BYTES_IN_GRANULE, LARGE_SIZE);
}

void ter_dump_kind_text(struct ter_text *text, const struct ter_collector *collector, unsigned kind,
                        size_t size)
{
    ter_kind_add_name(text, collector, kind);
    if (ter_kind_has_name(collector, kind))
        return;
    if (size == LARGE_SIZE)
        ter_text_print(text, ", large");
    else
        ter_text_print(text, ", %zu bytes", size << TER_LOG_BYTES_IN_GRANULE);
}

/*
 * The loader's name has the place in the function too; one that it does not know has none. The call
 * lies before where it returns to, which may be another function.
 */
static void add_site(struct ter_text *text, const struct ter_code_names *code, uintptr_t site)
{
    struct ter_os_symbol symbol;
    char function[TER_CODE_NAME];

    ter_os_find_symbol(site, &symbol);
    if (symbol.name != NULL) {
        ter_check_add_site(text, site);
        return;
    }
    ter_code_names_find(code, site - 1, function, sizeof function);
    ter_text_print(text, ", allocated by %s", function);
}

void ter_dump_names_text(const struct ter_dump_names *names, const struct ter_code_names *code,
                         size_t name, char *buffer, size_t size)
{
    uintptr_t key = *(const uintptr_t *)ter_weak_list_at(&names->keys, name);
    size_t site = key >> SITE_SHIFT;
    struct ter_text text;

    ter_text_init(&text, buffer, size);
    ter_dump_kind_text(&text, names->collector,
                       (unsigned)(key >> KIND_SHIFT) & ((1u << (SIZE_SHIFT - KIND_SHIFT)) - 1),
                       (key >> SIZE_SHIFT) & LARGE_SIZE);
    if (site != 0)
        add_site(&text, code, *(const uintptr_t *)ter_weak_list_at(&names->sites, site - 1));
}
