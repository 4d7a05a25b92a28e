#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests see small faults in the SFT map and in layouts: a sample of them, in long runs all.

cd "${TERRIER_SOURCE_DIR:-$(dirname "$0")/../../..}" || exit 1
if [ "${TERRIER_THOROUGH:-}" = 1 ]; then
    tools/mutate --self-test && exec tools/mutate
    exit
fi
exec tools/mutate --every 59
