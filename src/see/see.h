/* SPDX-License-Identifier: MIT */
/*
 * Floor `see`: what people look at a heap with. One recorder tells sinks of events; a timeline is
 * one of them. Samples tell who allocated. Files are written without malloc and are whole at each
 * moment.
 */
#pragma once

#include "see/writer.h"
#include "see/output.h"
#include "see/whole_file.h"
#include "see/put.h"
#include "see/event.h"
#include "see/inquiry.h"
#include "see/shared_list.h"
#include "see/timeline.h"
#include "see/recorder.h"
#include "see/stream.h"
#include "see/object_set.h"
#include "see/kind_name.h"
#include "see/code_names.h"
#include "see/interned.h"
#include "see/samples.h"
#include "see/dump_roots.h"
#include "see/dump_names.h"
#include "see/dump.h"
#include "see/recording.h"
#include "see/record_lists.h"
#include "see/snapshot.h"
#include "see/recording_sink.h"
#include "see/stack_text.h"
#include "see/growth.h"
#include "see/leaked.h"
#include "see/gzip.h"
#include "see/message.h"
#include "see/profile.h"
