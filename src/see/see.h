/* SPDX-License-Identifier: MIT */
/*
 * Floor `see`: what people look at a heap with. One recorder tells sinks of events; a timeline is
 * one of them. Files are written without malloc and are whole at each moment.
 */
#pragma once

#include "see/writer.h"
#include "see/output.h"
#include "see/put.h"
#include "see/event.h"
#include "see/inquiry.h"
#include "see/shared_list.h"
#include "see/timeline.h"
#include "see/recorder.h"
#include "see/stream.h"
#include "see/object_set.h"
#include "see/dump_roots.h"
#include "see/dump_names.h"
#include "see/dump.h"
