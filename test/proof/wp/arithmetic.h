/* SPDX-License-Identifier: MIT */
/*
 * What the proofs share: builtins that Frama-C does not know, and what they may assume.
 *
 * The prover reasons about unbounded integers and knows little of shifts, masks and of arithmetic
 * modulo 2^N. The axioms say what C says; tools/proof shows with z3 that each holds for all words
 * of 64 and of 32 bits (test/proof/axioms.smt2). It shows too that they do not contradict each
 * other: the planted claim that 0 is 1 stays unproved.
 */
#pragma once

#include <stdint.h>

#define __atomic_load_n(address, order) (*(address))
#define __atomic_store_n(address, value, order) (*(address) = (value))
#define __builtin_expect(condition, value) (condition)

#define WORD_BITS (8 * sizeof(uintptr_t))

/*@ axiomatic Names {
      // 2^n, and 2^n * region, under names that no simplifier unfolds.
      logic integer power(integer n);
      logic integer region_start(integer log, integer region);
    }
    admit lemma power_of_chunk: power(22) == 4194304;
    admit lemma power_of_word: power(WORD_BITS) == UINTPTR_MAX + 1;
    admit lemma power_fits: \forall integer n; 0 <= n < WORD_BITS ==> 0 < power(n) <= UINTPTR_MAX;
    admit lemma power_is_shift: \forall integer n; 0 <= n <= WORD_BITS ==> (1 << n) == power(n);
    admit lemma regions_rise: \forall integer n, a, b; 0 <= n <= WORD_BITS ==>
          (region_start(n, a) < region_start(n, b) <==> a < b);
    admit lemma shift_finds_region: \forall integer x, n; 0 <= x && 0 <= n < WORD_BITS ==>
          region_start(n, x >> n) <= x < region_start(n, (x >> n) + 1) && 0 <= x >> n <= x;
    // Twice, since the prover sorts operands by name and does not know that & commutes.
    admit lemma mask_leaves_rest: \forall integer a, n, mask;
          0 <= a && 0 <= n < WORD_BITS && mask == power(n) - 1 ==>
          (a & mask) == a - region_start(n, a >> n);
    admit lemma rest_by_mask: \forall integer mask, n, x;
          0 <= x && 0 <= n < WORD_BITS && mask == power(n) - 1 ==>
          (mask & x) == x - region_start(n, x >> n);
    admit lemma chunk_by_division: \forall integer x, b; 0 <= x ==>
          (x < region_start(22, b) <==> x / 4194304 < b);
    admit lemma both_are_multiples: \forall integer a, b, n, mask;
          0 <= a && 0 <= b && 0 <= n < WORD_BITS && mask == power(n) - 1 ==>
          (((a | b) & mask) == 0 <==>
           region_start(n, a >> n) == a && region_start(n, b >> n) == b);
    admit lemma both_by_mask: \forall integer a, b, n;
          0 <= a && 0 <= b && 0 <= n < WORD_BITS ==>
          (((a | b) & (uintptr_t)((uintptr_t)(1 << n) - 1)) == 0 <==>
           region_start(n, a >> n) == a && region_start(n, b >> n) == b);
    admit lemma first_region: \forall integer n; 0 <= n < WORD_BITS ==> region_start(n, 0) == 0;
    admit lemma regions_fill_words: \forall integer n; 0 <= n < WORD_BITS ==>
          region_start(n, (UINTPTR_MAX >> n) + 1) == UINTPTR_MAX + 1;
    admit lemma shift_lessens: \forall integer x, n; 0 < x && 0 < n < WORD_BITS ==> x >> n < x;
    admit lemma no_shift: \forall integer x, n; n == 0 ==> x >> n == x;
    admit lemma wraps_below: \forall integer x; -UINTPTR_MAX <= x < 0 ==>
          (uintptr_t)x == x + UINTPTR_MAX + 1;
    admit lemma wraps_above: \forall integer x; UINTPTR_MAX < x <= 2 * UINTPTR_MAX + 1 ==>
          (uintptr_t)x == x - UINTPTR_MAX - 1;
    lemma last_of_regions: \forall integer x, y, n;
          0 <= x && 0 <= n < WORD_BITS && y == x + 1 && region_start(n, y >> n) == y ==>
          y >> n == (x >> n) + 1;
    predicate is_region(integer log, integer word, integer region) =
        region_start(log, region) <= word < region_start(log, region + 1);
    predicate is_multiple(integer x, integer log) = region_start(log, x >> log) == x;
*/
