#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The tests take every line and branch of the SFT map and of layouts. The tool shows first that it
# sees what is missing.

cd "${TERRIER_SOURCE_DIR:-$(dirname "$0")/../../..}" || exit 1
exec tools/coverage
