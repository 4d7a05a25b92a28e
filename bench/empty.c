/* SPDX-License-Identifier: MIT */
/* Does nothing: what any program costs, to be taken off what another one costs. */

int main(void)
{
    return 0;
}
