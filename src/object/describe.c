/* SPDX-License-Identifier: MIT */
#include "object/object.h"

#include <stdio.h>

#define MOST_TAG ((uintptr_t)15)
#define MOST_SHIFT 4u
/* No space has the first page. */
#define NO_OBJECT_BELOW ((uintptr_t)4096)
#define KNOWN_FLAGS                                                                                \
    (TER_KIND_NO_SLOTS | TER_KIND_NEVER_MOVES | TER_KIND_FINALIZED | TER_KIND_IDENTITY_HASH |      \
     TER_KIND_REMEMBERED | TER_KIND_AMBIGUOUS | TER_KIND_UNTIL_FREED | TER_KIND_FILLED |           \
     TER_KIND_ONLY_SLOTS | TER_KIND_EPHEMERONS | TER_KIND_NO_ORDER)

static const char *check_header_size(const struct ter_object_size *size)
{
    if (size->width != 1 && size->width != 2 && size->width != 4 && size->width != 8)
        return "the number that a size is made of has 1, 2, 4 or 8 bytes";
    if (size->offset % size->width != 0)
        return "the number that a size is made of is not aligned";
    return NULL;
}

static const char *check_size(const struct ter_object_size *size)
{
    switch (size->form) {
    case TER_SIZE_AS_ALLOCATED: return NULL;
    case TER_SIZE_FIXED: return size->bytes != 0 ? NULL : "a fixed size is not 0";
    case TER_SIZE_FROM_HEADER: return check_header_size(size);
    case TER_SIZE_BY_FUNCTION:
        return size->function != NULL ? NULL : "there is no function for the size";
    }
    return "there is no such form of a size";
}

const char *ter_slot_type_check(const struct ter_slot_type *slots)
{
    switch (slots->form) {
    case TER_SLOTS_PLAIN: return NULL;
    case TER_SLOTS_TAGGED:
        if (slots->mask > MOST_TAG)
            return "a tag has bits of the lowest four only";
        return slots->references <= 0xffff ? NULL : "there are at most 16 tags";
    case TER_SLOTS_OFFSET32:
        return slots->shift <= MOST_SHIFT ? NULL : "an offset is shifted by at most 4";
    }
    return "there is no such form of a slot";
}

bool ter_slot_type_reaches(const struct ter_slot_type *slots, uintptr_t low, uintptr_t high)
{
    uint64_t reach = UINT64_C(1) << (32 + slots->shift);

    /* An object at the base itself would be none. */
    return slots->form != TER_SLOTS_OFFSET32 || (low > slots->base && high - slots->base <= reach);
}

static const char *check_finalizer(const struct ter_kind_description *description)
{
    if (((description->flags & TER_KIND_FINALIZED) != 0) != (description->finalizer != NULL))
        return "a kind that is finalized has a finalizer, and no other has";
    if ((description->flags & TER_KIND_NO_ORDER) != 0 && description->finalizer == NULL)
        return "there is no finalizer to be called in no order";
    return NULL;
}

static bool refers(const struct ter_slot_type *slots, uintptr_t word)
{
    switch (slots->form) {
    case TER_SLOTS_TAGGED:
        return (slots->references >> (word & slots->mask) & 1) != 0 && (word & ~slots->mask) != 0;
    case TER_SLOTS_OFFSET32: return word != 0;
    default: return word >= NO_OBJECT_BELOW;
    }
}

static const char *check_ephemerons(const struct ter_kind_description *description)
{
    const struct ter_cleared *cleared = &description->cleared;

    if ((description->flags & TER_KIND_EPHEMERONS) == 0)
        return cleared->key == 0 && cleared->value == 0 ? NULL : "only ephemerons are cleared";
    if (description->layout == NULL)
        return "ephemerons have a layout";
    if (refers(&description->slots, cleared->key) || refers(&description->slots, cleared->value))
        return "what a cleared slot becomes is a reference";
    return NULL;
}

/* Exactly one way to know the slots. */
static const char *check_ways(const struct ter_kind_description *description)
{
    unsigned ways = (description->layout != NULL) + (description->visitor != NULL) +
                    ((description->flags & TER_KIND_NO_SLOTS) != 0) +
                    ((description->flags & TER_KIND_AMBIGUOUS) != 0);

    if (ways != 1)
        return "it has a layout, a visitor, no slots or ambiguous words: one of these";
    if (description->layout == NULL && description->slots.form != TER_SLOTS_PLAIN)
        return "a type of slots is for those of a layout";
    if ((description->flags & ~(unsigned)KNOWN_FLAGS) != 0)
        return "there is no such flag";
    return NULL;
}

static enum ter_scan described_scan(const struct ter_kind_description *description)
{
    if ((description->flags & TER_KIND_EPHEMERONS) != 0)
        return TER_SCAN_VISITOR;
    if (description->layout != NULL)
        return TER_SCAN_LAYOUT;
    if (description->visitor != NULL)
        return TER_SCAN_VISITOR;
    return (description->flags & TER_KIND_NO_SLOTS) != 0 ? TER_SCAN_NONE : TER_SCAN_AMBIGUOUS;
}

/* Memory that may be looked at reads zero: nobody says yet that all stops are at safepoints. */
static bool is_zeroed(const struct ter_kind_description *description)
{
    return (description->flags & TER_KIND_NO_SLOTS) == 0 ||
           (description->flags & TER_KIND_FILLED) == 0;
}

static void fill_kind(const struct ter_kind_description *description, struct ter_kind *kind)
{
    unsigned flags = description->flags;
    const struct ter_slot_type *slots = &description->slots;
    unsigned staying = TER_KIND_NEVER_MOVES | TER_KIND_AMBIGUOUS | TER_KIND_UNTIL_FREED;

    *kind = (struct ter_kind){
        .scan = described_scan(description),
        .zeroed = is_zeroed(description),
        .uncollectable = (flags & TER_KIND_UNTIL_FREED) != 0,
        .never_moves = (flags & staying) != 0 || description->dispose != NULL,
        .remembered = (flags & TER_KIND_REMEMBERED) != 0,
        .only_slots = (flags & (TER_KIND_ONLY_SLOTS | TER_KIND_EPHEMERONS)) != 0,
        .ephemerons = (flags & TER_KIND_EPHEMERONS) != 0,
        .layout = description->layout,
        .visitor = description->visitor,
        .context = description->context,
        .slots = {.form = (uint8_t)slots->form,
                  .shift = (uint8_t)slots->shift,
                  .references = (uint16_t)slots->references,
                  .mask = (uint32_t)slots->mask,
                  .base = slots->base},
    };
}

/* Whole elements aside, which end where the object does. */
static const char *check_fixed_layout(const struct ter_kind_description *description)
{
    const struct ter_object_layout *layout = description->layout;

    if (layout == NULL || description->size.form != TER_SIZE_FIXED ||
        layout->header_bytes <= ter_align_up(description->size.bytes, sizeof(uintptr_t)))
        return NULL;
    return "the header of its layout has more bytes than its objects";
}

static void fill_details(const struct ter_kind_description *description,
                         struct ter_kind_details *details)
{
    *details = (struct ter_kind_details){.size = description->size,
                                         .dispose = description->dispose,
                                         .context = description->context,
                                         .flags = description->flags,
                                         .cleared = description->cleared,
                                         .finalizer = description->finalizer};
    if (description->name != NULL)
        snprintf(details->name, sizeof details->name, "%s", description->name);
}

const char *ter_kind_describe(const struct ter_kind_description *description, struct ter_kind *kind,
                              struct ter_kind_details *details)
{
    const char *wrong = check_ways(description);

    if (wrong == NULL)
        wrong = check_size(&description->size);
    if (wrong == NULL)
        wrong = ter_slot_type_check(&description->slots);
    if (wrong == NULL)
        wrong = check_fixed_layout(description);
    if (wrong == NULL)
        wrong = check_ephemerons(description);
    if (wrong == NULL)
        wrong = check_finalizer(description);
    if (wrong != NULL)
        return wrong;
    fill_kind(description, kind);
    fill_details(description, details);
    return ter_kind_check(kind);
}
