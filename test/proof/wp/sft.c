/* SPDX-License-Identifier: MIT */
/*
 * What the index of a lookup, the regions of a range and the bounds of a map keep true, for
 * Frama-C/WP. The code is the project's own: contracts stand before it and are proved of it.
 */
#include "arithmetic.h"

#include "os/os.h"
#include "sft/map_state.h"

/*@ predicate has_end(struct ter_sft_map *map) =
        map->log_region_bytes < WORD_BITS && map->start <= map->last;
    predicate has_regions(struct ter_sft_map *map) =
        is_multiple(map->start, map->log_region_bytes) &&
        map->last + 1 == region_start(map->log_region_bytes, map->beyond);
    predicate has_form(struct ter_sft_map *map) =
        (map->kind == TER_SFT_SPACE_MAP && map->beyond <= TER_SFT_MAX_SLOTS) ||
        ((map->kind == TER_SFT_DENSE_MAP || map->kind == TER_SFT_SPARSE_MAP) &&
         map->log_region_bytes == TER_SFT_LOG_BYTES_IN_CHUNK);
    predicate is_map(struct ter_sft_map *map) =
        has_end(map) && has_regions(map) && has_form(map);
    axiomatic Table {
      // What an entry holds. Whether the loads have the right type is not asked here.
      logic struct ter_sft *entry(struct ter_sft_map *map, integer index);
    }
    predicate is_owner(struct ter_sft_map *map, integer word, struct ter_sft *space) =
        (word <= map->last ==> space == entry(map, word >> map->log_region_bytes)) &&
        (word > map->last ==> space == entry(map, map->beyond));
*/

/* ---- Lookup ---- */

/*@ requires \valid_read(map) && has_end(map) && has_regions(map);
    requires log_region_bytes == map->log_region_bytes;
    assigns \nothing;
    ensures bounded: \result <= map->beyond;
    ensures inside: word <= map->last ==>
        \result < map->beyond && is_region(log_region_bytes, word, \result);
    ensures shift: word <= map->last ==> \result == word >> log_region_bytes;
    ensures above: word > map->last ==> \result == map->beyond;
    // An entry that no claim reaches: see first_possible of a claim.
    ensures below: word < map->start ==> \result < map->start >> log_region_bytes;
    PLANTED_CLAIM
*/
static inline uintptr_t ter_sft_index(const struct ter_sft_map *map, unsigned log_region_bytes,
                                      uintptr_t word);

/*@ requires is_map(map) && index <= map->beyond;
    assigns \nothing;
    ensures \result == entry(map, index);
*/
static inline const struct ter_sft *ter_sft_space_entry(const struct ter_sft_map *map,
                                                        uintptr_t index);
/*@ requires is_map(map) && index <= map->beyond;
    assigns \nothing;
    ensures \result == entry(map, index);
*/
static inline const struct ter_sft *ter_sft_dense_entry(const struct ter_sft_map *map,
                                                        uintptr_t index);
/*@ requires is_map(map) && index <= map->beyond;
    assigns \nothing;
    ensures \result == entry(map, index);
*/
static inline const struct ter_sft *ter_sft_sparse_entry(const struct ter_sft_map *map,
                                                         uintptr_t index);

/*@ requires \valid_read(map) && is_map(map);
    assigns \nothing;
    ensures \result <==> map->start <= word <= map->last;
*/
static inline bool ter_sft_map_has_entry(const struct ter_sft_map *map, uintptr_t word);

/*@ requires \valid_read(map) && is_map(map) && map->kind == TER_SFT_SPACE_MAP;
    assigns \nothing;
    ensures is_owner(map, word, \result);
*/
static inline const struct ter_sft *ter_sft_space_map_get(const struct ter_sft_map *map,
                                                          uintptr_t word);
/*@ requires \valid_read(map) && is_map(map) && map->kind == TER_SFT_DENSE_MAP;
    assigns \nothing;
    ensures is_owner(map, word, \result);
*/
static inline const struct ter_sft *ter_sft_dense_map_get(const struct ter_sft_map *map,
                                                          uintptr_t word);
/*@ requires \valid_read(map) && is_map(map) && map->kind == TER_SFT_SPARSE_MAP;
    assigns \nothing;
    ensures is_owner(map, word, \result);
*/
static inline const struct ter_sft *ter_sft_sparse_map_get(const struct ter_sft_map *map,
                                                           uintptr_t word);
/*@ requires \valid_read(map) && is_map(map);
    assigns \nothing;
    ensures is_owner(map, word, \result);
*/
static inline const struct ter_sft *ter_sft_map_get(const struct ter_sft_map *map, uintptr_t word);
/*@ requires \valid_read(map) && is_map(map) && word <= map->last;
    assigns \nothing;
    ensures is_owner(map, word, \result);
*/
static inline const struct ter_sft *ter_sft_map_get_unchecked(const struct ter_sft_map *map,
                                                              uintptr_t word);

/* ---- Claims ---- */

/*@ requires \valid_read(map) && \valid(first) && \valid(last) && \separated(map, first, last);
    requires is_map(map);
    assigns *first, *last;
    ensures accepts: \result <==>
        bytes > 0 && map->start <= start && start + bytes - 1 <= map->last;
    ensures first: \result ==> is_region(map->log_region_bytes, start, *first);
    ensures last: \result ==> is_region(map->log_region_bytes, start + bytes - 1, *last);
    ensures first_possible: \result ==> map->start >> map->log_region_bytes <= *first;
    ensures order: \result ==> *first <= *last < map->beyond;
*/
static bool regions_of_range(const struct ter_sft_map *map, uintptr_t start, uintptr_t bytes,
                             uintptr_t *first, uintptr_t *last);

/* ---- Creation ---- */

/*@ assigns \nothing;
    ensures 0 < \result <= WORD_BITS;
*/
unsigned ter_os_address_bits(void);

/*@ // The bytes asked for, as a number: 0 stands for all that is left above the start.
    logic integer bytes_of(struct ter_sft_map_options *options) =
        options->bytes != 0 ? options->bytes : UINTPTR_MAX + 1 - options->start;
*/

/*@ requires \valid_read(options);
    assigns \nothing;
    ensures options->kind != TER_SFT_DENSE_MAP ==>
        \result == (options->start == 0 ? 0 : UINTPTR_MAX + 1 - options->start);
*/
static uintptr_t usual_bytes(const struct ter_sft_map_options *options);

/*@ requires \valid(map) && \valid_read(options) && \separated(map, options);
    requires map->kind == options->kind;
    requires map->kind == TER_SFT_SPACE_MAP || map->kind == TER_SFT_DENSE_MAP ||
        map->kind == TER_SFT_SPARSE_MAP;
    requires map->kind != TER_SFT_SPACE_MAP ==>
        map->log_region_bytes == TER_SFT_LOG_BYTES_IN_CHUNK;
    requires NO_WRAP ==> options->bytes != 0 && map->log_region_bytes > 0;
    assigns map->start, map->last, map->beyond;
    ensures end: \result ==> has_end(map);
    ensures whole: \result ==> is_multiple(map->start, map->log_region_bytes);
    // That the last region ends with `last` z3 shows: "what is created is a map" in words.smt2.
    ensures regions: \result ==> map->beyond == (map->last >> map->log_region_bytes) + 1;
    ensures form: \result ==> has_form(map);
    ensures start: \result ==> map->start == options->start;
    ensures bytes: \result && (options->bytes != 0 || map->kind != TER_SFT_DENSE_MAP) ==>
        map->last + 1 == options->start + bytes_of(options);
    ensures complete: map->log_region_bytes < WORD_BITS &&
        (options->bytes != 0 || map->kind != TER_SFT_DENSE_MAP) &&
        is_multiple(options->start, map->log_region_bytes) &&
        is_multiple(bytes_of(options), map->log_region_bytes) &&
        options->start + bytes_of(options) <= UINTPTR_MAX + 1 &&
        (map->kind == TER_SFT_SPACE_MAP ==>
            options->start + bytes_of(options) <=
                region_start(map->log_region_bytes, TER_SFT_MAX_SLOTS)) ==> \result;
*/
static bool set_range(struct ter_sft_map *map, const struct ter_sft_map_options *options);

#include "sft/ownership.c"

#include "sft/map.c"
