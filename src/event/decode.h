/* Bytes to typed events: JSON, NDJSON and CloudEvents, with validation. */
#ifndef LIVEFLOOR_EVENT_DECODE_H
#define LIVEFLOOR_EVENT_DECODE_H

#include "base/arena.h"
#include "base/problem.h"
#include "event/event.h"

/* A decoder: a JSON parser and a cache of mapped outside ids. One for a thread. */
struct decoder;

/* NULL when there is no memory. */
struct decoder *decoder_new(void);
void decoder_free(struct decoder *d);

enum body_format {
    BODY_JSON,             /* application/json: one event or an array */
    BODY_NDJSON,           /* application/x-ndjson: one a line, blank lines skipped */
    BODY_CLOUDEVENT,       /* application/cloudevents+json */
    BODY_CLOUDEVENT_BATCH, /* application/cloudevents-batch+json */
};

/* The format that a Content-Type names (parameters such as charset aside); false
 * when it is none of ours. */
bool body_format_find(struct span content_type, enum body_format *out);

/* What the surroundings give to events that do not say it themselves. */
struct decode_context {
    bool has_site; /* site_id is the default for events without siteId */
    int64_t site_id;
    bool only_site;         /* an event that names another site is refused */
    int64_t arrival_us;     /* the default time */
    int64_t oldest_us;      /* older is refused (PROBLEM_EVENT_TOO_OLD) … */
    const char *oldest_why; /* … with this sentence */
    int64_t newest_us;      /* newer is refused (PROBLEM_EVENT_AHEAD) */
    bool body_stays;        /* the body lives as long as the batch: what can point into it does */
};

/* One accepted event: typed, and its normal JSON text: one object, one line, with
 * id, type, time and siteId filled in and every other field, known or not, as
 * it was sent. That text is what the journal keeps; decoding it again
 * (decode_stored) gives the same event. */
struct decoded_event {
    struct event event;
    struct span json;
    uint32_t index; /* its place in the body, from 0 */
};

struct refused_event {
    uint32_t index;
    struct problem problem;
};

/* What a body held, in its order; all memory is the arena's (or the body's, where it
 * stays). */
struct decoded_batch {
    struct decoded_event *events;
    size_t event_count;
    struct refused_event *refused;
    size_t refused_count;
};

/* Decodes a body. Returns 0, with each event accepted or refused by itself; or
 * -1 with *problem when the body as a whole cannot be read (not UTF-8, not JSON,
 * cut off, empty; then nothing of it counts). A malformed NDJSON line is
 * refused by itself. The body must be followed by DECODE_PADDING readable bytes. */
#define DECODE_PADDING 64u
int decode_body(struct decoder *d, enum body_format format, struct span body,
                const struct decode_context *context, struct arena *arena,
                struct decoded_batch *out, struct problem *problem);

/* Decodes one normal text (as in decoded_event.json) that the journal gave back;
 * it needs no padding (copied inside). Spans live until the decoder's next call. */
int decode_stored(struct decoder *d, struct span json, struct event *out, struct problem *problem);

/* The same, with all that the event points to in an arena of the caller's. */
int decode_stored_into(struct decoder *d, struct span json, struct arena *arena, struct event *out,
                       struct problem *problem);

/* Maps an id of a query parameter or an event to its GUID within a site:
 * a GUID in any spelling, else version 5 of the text (metrics.md §4). */
struct guid guid_of_id(int64_t site_id, struct span text);

#endif
