/* SPDX-License-Identifier: MIT */
#include "base/exponential.h"

#define LN_2 0.693147180559945309417232

/* Of a number from 1 to 2: by the series of the inverse hyperbolic tangent. */
static double logarithm(double number)
{
    double z = (number - 1) / (number + 1), square = z * z, sum = 0;

    for (unsigned k = 23; k > 1; k -= 2)
        sum = (sum + 1.0 / k) * square;
    return 2 * z * (1 + sum);
}

/* The negative logarithm of a number from 2^-53 to 1, each as likely. */
double ter_exponential(struct ter_random *random)
{
    uint64_t number = (ter_random_next(random) >> 11) + 1;
    unsigned power = 63u - (unsigned)__builtin_clzll(number);

    return (53.0 - power) * LN_2 - logarithm((double)number / (double)(UINT64_C(1) << power));
}

double ter_exponential_chance(double time)
{
    unsigned doublings = 0;
    double part = time, sum = 0;

    if (time > 64)
        return 1;
    for (; part > 1.0 / 16; part /= 2)
        doublings++;
    for (unsigned k = 10; k > 0; k--) /* exp(-part) - 1 by its series */
        sum = -part / k * (1 + sum);
    for (; doublings > 0; doublings--)
        sum *= 2 + sum;
    return -sum;
}
