/* An agent's changes of status, by time and then by the event's id. The ids are only asked
 * for when two marks share an instant, or a mark is looked for: they are in the archive,
 * or, without one, one behind the other. */
#ifndef LIVEFLOOR_FLOOR_STATUS_MARKS_H
#define LIVEFLOOR_FLOOR_STATUS_MARKS_H

#include "base/limits.h"
#include "floor/state.h"

/* The id of a mark, copied into `text`. */
struct span status_mark_id(const struct agent *a, struct archive *archive, size_t at,
                           char text[LIMIT_ID_BYTES]);

/* How many of some marks are at or before an instant. */
size_t status_marks_until(const struct status_mark *marks, size_t count, int64_t t);

/* The first mark that is not before such a one; the count when all are. */
size_t status_marks_find(const struct agent *a, struct archive *archive, int64_t time_us,
                         struct span id);

/* Puts a mark in at a place. The archive may be NULL. */
void status_marks_insert(struct agent *a, struct archive *archive, size_t at, int64_t time_us,
                         struct span id, uint32_t status);

/* Drops those that are not needed. */
void status_marks_keep(struct agent *a, const bool *needed);

/* Frees the memory of all. */
void status_marks_clear(struct agent *a);

#endif
