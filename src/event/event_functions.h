/*
 * event_functions.h: the support functions of aggregates over one person's events that other files of the room name.
 */
#ifndef SEGMENT_EVENT_EVENT_FUNCTIONS_H
#define SEGMENT_EVENT_EVENT_FUNCTIONS_H

#include "core/compat.h"

PGDLLEXPORT extern Datum segment_event_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT extern Datum segment_event_combine(PG_FUNCTION_ARGS);
PGDLLEXPORT extern Datum segment_event_serial(PG_FUNCTION_ARGS);
PGDLLEXPORT extern Datum segment_event_deserial(PG_FUNCTION_ARGS);
PGDLLEXPORT extern Datum segment_funnel_final(PG_FUNCTION_ARGS);
PGDLLEXPORT extern Datum segment_sequence_trans(PG_FUNCTION_ARGS);
PGDLLEXPORT extern Datum segment_sequence_final(PG_FUNCTION_ARGS);

#endif
