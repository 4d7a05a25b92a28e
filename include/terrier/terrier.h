/* SPDX-License-Identifier: MIT */
/* Everything that an embedder may include. */
#ifndef TERRIER_TERRIER_H
#define TERRIER_TERRIER_H

#include <terrier/api.h>
#include <terrier/collections.h>
#include <terrier/fast.h>
#include <terrier/finalizers.h>
#include <terrier/heap.h>
#include <terrier/inspect.h>
#include <terrier/kinds.h>
#include <terrier/memory.h>
#include <terrier/mutator.h>
#include <terrier/object.h>
#include <terrier/options.h>
#include <terrier/parcels.h>
#include <terrier/profile.h>
#include <terrier/roots.h>
#include <terrier/sft.h>
#include <terrier/sizing.h>
#include <terrier/statistics.h>
#include <terrier/status.h>
#include <terrier/threads.h>
#include <terrier/weak.h>

#endif
