/* Owned copies of events, kept in the order of metrics.md §3: (time, rank, id). */
#ifndef LIVEFLOOR_FLOOR_EVENT_LOG_H
#define LIVEFLOOR_FLOOR_EVENT_LOG_H

#include "base/image.h"
#include "floor/state.h"

/* A copy in one block of memory, its spans inside. */
struct event *event_copy(const struct event *e);

/* Takes ownership of an event; returns its place. */
size_t event_log_insert(struct event_log *log, struct event *e);

/* Takes the first event out; the caller owns it. */
struct event *event_log_shift(struct event_log *log);

void event_log_clear(struct event_log *log);

/* All of it to an image or from there; an empty one when the image has failed. */
void event_log_image(struct event_log *log, struct image *io);

#endif
