/* A chat's events, packed into a few bytes each, in the order of metrics.md §3. */
#ifndef LIVEFLOOR_FLOOR_CHAT_LOG_H
#define LIVEFLOOR_FLOOR_CHAT_LOG_H

#include "floor/state.h"

/* An event's id. Most are GUIDs in the usual spelling: those are kept as such, and ordered
 * as such, since a GUID's bytes are in the order of its text. */
struct chat_event_id {
    bool is_guid;
    struct guid guid;
    struct span text; /* when it is none */
};

/* Points into the text. */
struct chat_event_id chat_event_id_of(struct span text);

/* One event of a chat, its entities as numbers (NONE: not named). */
struct chat_event {
    int64_t time_us;
    int64_t score;
    enum event_type type;
    enum sender sender;
    uint32_t visitor, department, agent;
    bool has_contact;
    struct guid contact;
    struct chat_event_id id;
};

/* (time, rank, id): <0, 0, >0. */
int chat_event_compare(const struct chat_event *a, const struct chat_event *b);

/* Appends an event that comes after all others; last_us is the time of the last. */
void chat_log_append(struct chat *c, const struct chat_event *e, int64_t last_us);

/* Reads a log from its beginning: starts at zero. */
struct chat_cursor {
    uint32_t at;
    int64_t time_us;
};

/* The next event; its id points into the log. False at the end. */
bool chat_log_next(const struct chat *c, struct chat_cursor *cursor, struct chat_event *out);

/* Puts an event in its place, which is where the cursor has got to. */
void chat_log_insert(struct chat *c, const struct chat_event *e, const struct chat_cursor *place);

#endif
