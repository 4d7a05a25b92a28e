/* SPDX-License-Identifier: MIT */
/* Floor `base`: what every other floor leans on; knows nothing of heaps. */
#pragma once

#include <terrier/status.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/compiler.h"
#include "base/errno.h"
#include "base/escape.h"
#include "base/exponential.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/parse.h"
#include "base/probe.h"
#include "base/random.h"
#include "base/text.h"
#include "base/words.h"
