/* An agent's changes of status, by time and then by the event's id. The ids are only asked
 * for when two marks share an instant, or a mark is looked for: they lie apart from the
 * marks, one behind the other, GUIDs as 16 bytes. */
#ifndef LIVEFLOOR_FLOOR_STATUS_MARKS_H
#define LIVEFLOOR_FLOOR_STATUS_MARKS_H

#include "floor/state.h"

/* The id of a mark: bytes of the agent's, or written into `text`. */
struct span status_mark_id(const struct agent *a, size_t at, char text[GUID_TEXT_BYTES]);

/* Puts a mark in at a place. */
void status_marks_insert(struct agent *a, size_t at, int64_t time_us, struct span id,
                         uint32_t status);

/* Drops those that are not needed. */
void status_marks_keep(struct agent *a, const bool *needed);

/* Frees the memory of all. */
void status_marks_clear(struct agent *a);

#endif
