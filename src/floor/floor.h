/* A site's floor: its whole state, a pure function of its events and of `now`
 * (metrics.md §3). No I/O, no clock, no threads, no randomness. One thread
 * changes it; any number may read while nobody does. */
#ifndef LIVEFLOOR_FLOOR_FLOOR_H
#define LIVEFLOOR_FLOOR_FLOOR_H

#include "base/archive.h"
#include "base/image.h"
#include "event/event.h"

#include <stdint.h>

struct floor;

struct floor_settings {
    int64_t site_id;
    int64_t visitor_timeout_us; /* metrics.md §4, default 120 s */
    /* Where chats and visitors that are not touched any more go (decision 0012); NULL: they
     * stay in memory. The caller's, and longer-lived than the floor. */
    struct archive *archive;
    bool archive_at_once; /* tests: nothing rests in memory, every look goes to the archive */
};

/* A new floor without events. Memory that runs out while a floor is changed ends
 * the process: the journal holds the truth (docs/decisions/0002). */
struct floor *floor_new(const struct floor_settings *settings);
void floor_free(struct floor *f);

/* Saves all of a floor, which it does not change; the caller asks image_failed. */
void floor_save(struct floor *f, struct image *io);

/* The floor that was saved: from here on no answer and no later event tells it from the one that
 * it was. NULL when the image fails, or is one of another site, another time-out or without what
 * was put away: with the same settings, in whose archive all handles are still good. */
struct floor *floor_load(const struct floor_settings *settings, struct image *io);

/* Takes one event, in any order of arrival; its id must be new to this floor (the
 * caller drops duplicates). An event later than `now` waits until floor_advance
 * reaches it. Copies what it keeps. */
void floor_apply(struct floor *f, const struct event *e, int64_t now_us);

/* Moves the floor's clock on: applies waiting events up to and including now. */
void floor_advance(struct floor *f, int64_t now_us);

/* The time of the earliest event that waits for its time, or INT64_MAX. A
 * reader whose now reaches it must have floor_advance called first. */
int64_t floor_next_waiting(const struct floor *f);

/* Whose floor it is. */
int64_t floor_site_id(const struct floor *f);

/* Counts every change, so an unchanged floor answers alike at the same now. */
uint64_t floor_version(const struct floor *f);

/* Events that changed nothing because they made no sense (metrics.md §3). */
uint64_t floor_anomalies(const struct floor *f);

/* The site's own UTC offset in minutes, as set by now (0 when it is not set). */
int32_t floor_utc_offset_min(const struct floor *f);

/* Retention: does this event still matter to an answer at or after `horizon_us`?
 * (docs/decisions/0005: facts and everything of a chat that reaches into what is
 * kept stay.) */
bool floor_needs(const struct floor *f, const struct event *e, int64_t horizon_us);

/* Where floor_forget has got to; begins as all zeros. */
struct forget_cursor {
    int part;
    uint32_t at;
};

/* Retention: forgets what floor_needs says is not needed any more, some `steps`
 * entities at a time. False when it is done. */
bool floor_forget(struct floor *f, int64_t horizon_us, struct forget_cursor *cursor,
                  uint32_t steps);

#endif
