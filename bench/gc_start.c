/* SPDX-License-Identifier: MIT */
/* The least a program can do with libgc: start the collector and allocate one object. */
#include <gc.h>

int main(void)
{
    GC_INIT();
    return GC_MALLOC(16) == NULL;
}
