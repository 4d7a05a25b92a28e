#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The arithmetic of the SFT map and of layouts is right for all words. Frama-C takes long to install
# and to run: it is part of make proof and of long test runs. The tool plants its own faults.

cd "${TERRIER_SOURCE_DIR:-$(dirname "$0")/../../..}" || exit 1
if [ "${TERRIER_THOROUGH:-}" = 1 ]; then
    exec tools/proof
fi
exec tools/proof words
