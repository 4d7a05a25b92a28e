#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The order in which an entry is published and taken back is right, and each part of it is needed.

cd "${TERRIER_SOURCE_DIR:-$(dirname "$0")/../../..}" || exit 1
exec tools/model
