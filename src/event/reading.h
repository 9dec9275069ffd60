/* One event on its way from JSON nodes to a typed event. The steps, each a file:
 * head.c finds id, type, time and site (native or in a CloudEvents envelope),
 * normal.c writes the text that is kept, fields.c reads what the type calls for. */
#ifndef LIVEFLOOR_EVENT_READING_H
#define LIVEFLOOR_EVENT_READING_H

#include "base/buffer.h"
#include "event/decode.h"
#include "event/id_map.h"
#include "event/json_reader.h"
#include "event/names.h"

/* The members that events know, as tags of their nodes. */
enum key {
    KEY_UNKNOWN,
    KEY_ID,
    KEY_TYPE,
    KEY_TIME,
    KEY_SITE_ID,
    KEY_FIRST_FIELD,
    KEY_NAME = KEY_FIRST_FIELD,
    KEY_UTC_OFFSET,
    KEY_DEPARTMENT_ID,
    KEY_DESCRIPTION,
    KEY_AVAILABLE_LIVE_CHAT,
    KEY_AVAILABLE_TICKETING,
    KEY_AGENT_ID,
    KEY_DISPLAY_NAME,
    KEY_EMAIL,
    KEY_FIRST_NAME,
    KEY_LAST_NAME,
    KEY_TITLE,
    KEY_BIO,
    KEY_PHONE,
    KEY_IS_ADMIN,
    KEY_IS_ACTIVE,
    KEY_IS_LOCKED,
    KEY_MAX_CONCURRENT,
    KEY_DEPARTMENT_IDS,
    KEY_AVATAR,
    KEY_STATUS_ID,
    KEY_KIND,
    KEY_INVITATION_KIND, /* `kind` too, of other words */
    KEY_VISITOR_ID,
    KEY_CONTACT_ID,
    KEY_CHAT_ID,
    KEY_BOT_ID,
    KEY_SOURCE,
    KEY_FROM_AGENT_ID,
    KEY_TO_AGENT_ID,
    KEY_TO_DEPARTMENT_ID,
    KEY_SENDER,
    KEY_SCORE,
    KEY_INVITATION_ID,
    KEY_ENDED_BY,
    KEYS
};

/* What all readings of a decoder share. */
struct vocabulary {
    struct names keys;       /* -> enum key */
    struct names types;      /* -> enum event_type + 1 */
    struct names attributes; /* of CloudEvents -> tags of head.c */
};

struct reading {
    const struct vocabulary *words;
    struct id_map *ids;
    struct arena *arena;
    struct buffer *scratch;
    const struct decode_context *context; /* NULL: a stored text, complete in itself */

    struct json_node *nodes; /* of the event or of its envelope */
    uint32_t fields_from;    /* the first member that may be a field, … */
    uint32_t fields_end;     /* … and where they end */
    bool enveloped;
    bool plain; /* as plain_object.h means it: no line ends in it */

    /* The nodes of KEY_ID … KEY_SITE_ID; NULL where the text says nothing.
     * What they say, or what stands in for it, is in *event. */
    const struct json_node *head[KEY_FIRST_FIELD];
    bool head_null; /* one of them is there and null */

    /* Where the sent bytes are kept: a pointer p into the sent text is
     * kept + (p - sent). NULL when they are not kept as one piece. */
    const char *sent, *kept;

    struct event *event;
    struct problem *problem;
};

/* Fills a table with the known keys. */
void fields_vocabulary(struct names *keys);

/* Fills a table with the attributes of a CloudEvent. */
void head_vocabulary(struct names *attributes);

/* Each step returns 0, or -1 with *problem set; PROBLEM_INTERNAL there means that
 * memory ran out. */
int head_read(struct reading *r);
int head_read_enveloped(struct reading *r);
int normal_text(struct reading *r, struct span *out);
int fields_read(struct reading *r);

/* A string's text where it can stay: moved to what is kept, or copied. data is
 * NULL when there is no memory. */
struct span reading_keep(const struct reading *r, const struct json_node *string);

/* No NUL and no half of a surrogate pair, which escapes can make? */
bool reading_is_text(const struct json_node *string);

/* A value as a message shows it: as sent, cut when long. */
struct shown {
    char text[56];
};
struct shown reading_show(struct span raw);

/* Says that there is no memory; returns -1. */
int reading_no_memory(struct reading *r);

#endif
