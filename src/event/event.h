/* The typed event of metrics.md §4. */
#ifndef LIVEFLOOR_EVENT_EVENT_H
#define LIVEFLOOR_EVENT_EVENT_H

#include "base/guid.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of the table of metrics.md §4. The numbers are not stored. */
enum event_type {
    EVENT_SITE_UPDATED,
    EVENT_DEPARTMENT_UPDATED,
    EVENT_AGENT_UPDATED,
    EVENT_STATUS_UPDATED,
    EVENT_DEPARTMENT_DELETED,
    EVENT_AGENT_DELETED,
    EVENT_AGENT_STATUS_CHANGED,
    EVENT_VISITOR_SEEN,
    EVENT_CHAT_BOT_STARTED,
    EVENT_CHAT_REQUESTED,
    EVENT_CHAT_TRANSFERRED,
    EVENT_CHAT_ACCEPTED,
    EVENT_CHAT_MESSAGE,
    EVENT_CHAT_AGENT_LEFT,
    EVENT_CHAT_RATED,
    EVENT_INVITATION_ACCEPTED,
    EVENT_INVITATION_SENT,
    EVENT_INVITATION_REFUSED,
    EVENT_OFFLINE_MESSAGE,
    EVENT_CHAT_ABANDONED,
    EVENT_CHAT_SWITCHED_TO_MESSAGE,
    EVENT_CHAT_REFUSED,
    EVENT_CHAT_MISSED,
    EVENT_CHAT_ENDED,
    EVENT_VISITOR_LEFT,
    EVENT_TYPES
};

/* Which optional fields an event carries. */
enum event_field {
    FIELD_NAME = 1u << 0,
    FIELD_UTC_OFFSET = 1u << 1,
    FIELD_DESCRIPTION = 1u << 2,
    FIELD_AVAILABLE_LIVE_CHAT = 1u << 3,
    FIELD_AVAILABLE_TICKETING = 1u << 4,
    FIELD_DISPLAY_NAME = 1u << 5,
    FIELD_EMAIL = 1u << 6,
    FIELD_FIRST_NAME = 1u << 7,
    FIELD_LAST_NAME = 1u << 8,
    FIELD_TITLE = 1u << 9,
    FIELD_BIO = 1u << 10,
    FIELD_PHONE = 1u << 11,
    FIELD_IS_ADMIN = 1u << 12,
    FIELD_IS_ACTIVE = 1u << 13,
    FIELD_IS_LOCKED = 1u << 14,
    FIELD_MAX_CONCURRENT = 1u << 15,
    FIELD_DEPARTMENT_IDS = 1u << 16,
    FIELD_AVATAR = 1u << 17,
    FIELD_VISITOR = 1u << 18,
    FIELD_CONTACT = 1u << 19,
    FIELD_DEPARTMENT = 1u << 20,
    FIELD_AGENT = 1u << 21,
    FIELD_CHAT = 1u << 22,
    FIELD_BOT = 1u << 23,
    FIELD_FROM_AGENT = 1u << 24,
    FIELD_STATUS = 1u << 25,
    FIELD_KIND = 1u << 26,
    FIELD_SENDER = 1u << 27,
    FIELD_SCORE = 1u << 28,
    FIELD_INVITATION = 1u << 29,
    FIELD_SOURCE = 1u << 30, /* endedBy is checked, but no figure asks for it */
};

enum status_kind { STATUS_ONLINE, STATUS_AWAY, STATUS_OFFLINE };
enum sender { SENDER_VISITOR, SENDER_AGENT, SENDER_BOT, SENDER_SYSTEM };
enum chat_source { SOURCE_VISITOR, SOURCE_MANUAL_INVITATION, SOURCE_AUTO_INVITATION };

/* Scores are kept in units of a billionth, so that sums are exact. */
#define SCORE_ONE 1000000000LL

/* One validated event. Spans point into the decoder's arena (or wherever the
 * maker put them) and are only read during a call. A transfer's target is
 * `agent` (toAgentId) and `department` (toDepartmentId). */
struct event {
    enum event_type type;
    uint32_t fields; /* enum event_field, or-ed: what is present */
    int64_t time_us;
    int64_t site_id;
    struct span id;
    int64_t score; /* in units of 1/SCORE_ONE, 0..5 */
    enum status_kind kind;
    enum sender sender;

    /* Up to here, and a little further, is all that most events have: few lines of the cache
     * go from the core that decodes to the one that applies. */
    struct guid chat, visitor, department, agent, contact, from_agent, bot, invitation, status;

    struct span name, description, display_name, email, first_name, last_name, title, bio, phone,
        avatar;
    const struct guid *department_ids; /* FIELD_DEPARTMENT_IDS */
    uint32_t department_count;
    int32_t utc_offset_min;
    int32_t max_concurrent;
    bool available_live_chat, available_ticketing, is_admin, is_active, is_locked;
    enum chat_source source;
};

/* Says that an event will be read soon, which another core has just written. */
static inline void event_prefetch(const struct event *e)
{
    const char *at = (const char *)e;
    __builtin_prefetch(at);
    __builtin_prefetch(at + 64);
}

/* The same of its id, when the event itself is at hand. */
static inline void event_prefetch_id(const struct event *e)
{
    __builtin_prefetch(e->id.data);
}

static inline bool event_has(const struct event *e, uint32_t field)
{
    return (e->fields & field) != 0;
}

/* The rank of a type (metrics.md §3, §4): 0..10. */
unsigned event_rank(enum event_type type);

/* Its name, as "chat.requested". */
struct span event_type_name(enum event_type type);

/* The type of a name; false when there is none such. */
bool event_type_find(struct span name, enum event_type *out);

/* The built-in statuses' GUIDs. */
extern const struct guid STATUS_ID_ONLINE, STATUS_ID_AWAY, STATUS_ID_OFFLINE;

#endif
