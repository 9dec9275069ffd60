/* Random events of all types about few entities, so that everything meets everything; as they
 * come out of a decoder, but with a fresh id each. */
#ifndef LIVEFLOOR_TESTS_RANDOM_EVENTS_H
#define LIVEFLOOR_TESTS_RANDOM_EVENTS_H

#include "event/event.h"
#include "support/check.h"

#include <string.h>

#define RANDOM_START_US INT64_C(1780000000000000)
#define RANDOM_SPAN_US INT64_C(3600000000)

struct random_event {
    struct event event;
    char id[24];
    struct guid departments[3];
};

static inline struct guid random_guid(char kind, uint32_t number)
{
    struct guid g = {{(uint8_t)kind}};
    memcpy(g.bytes + 5, &number, sizeof number);
    return g;
}

static inline struct span random_text(uint64_t *seed)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    return (struct span){text, dice(seed, sizeof text)};
}

static inline struct guid random_status(uint64_t *seed)
{
    const struct guid *built_in[] = {&STATUS_ID_ONLINE, &STATUS_ID_AWAY, &STATUS_ID_OFFLINE};
    uint32_t n = dice(seed, 6);
    return n < 3 ? *built_in[n] : random_guid('s', n);
}

static inline void random_agent_facts(struct random_event *r, uint64_t *seed)
{
    struct event *e = &r->event;
    e->fields |= dice(seed, 2) ? FIELD_DISPLAY_NAME | FIELD_EMAIL : FIELD_MAX_CONCURRENT;
    e->display_name = random_text(seed);
    e->email = random_text(seed);
    e->max_concurrent = (int32_t)dice(seed, 5);
    e->fields |= dice(seed, 3) == 0 ? FIELD_IS_LOCKED | FIELD_TITLE : 0;
    e->is_locked = dice(seed, 2) != 0;
    e->title = random_text(seed);
    if (dice(seed, 2) == 0)
        return;
    e->fields |= FIELD_DEPARTMENT_IDS;
    e->department_count = dice(seed, 4);
    e->department_ids = r->departments;
    for (uint32_t i = 0; i < 3; i++)
        r->departments[i] = random_guid('d', dice(seed, 4));
}

static inline void random_facts(struct random_event *r, uint64_t *seed)
{
    struct event *e = &r->event;
    e->name = random_text(seed);
    e->description = random_text(seed);
    e->kind = (enum status_kind)dice(seed, 3);
    e->utc_offset_min = (int32_t)dice(seed, 100);
    e->available_live_chat = dice(seed, 2) != 0;
    if (e->type == EVENT_SITE_UPDATED)
        e->fields |= FIELD_NAME | FIELD_UTC_OFFSET;
    if (e->type == EVENT_STATUS_UPDATED)
        e->fields |= FIELD_STATUS | FIELD_NAME | FIELD_KIND;
    if (e->type == EVENT_DEPARTMENT_UPDATED)
        e->fields |= FIELD_NAME | FIELD_AVAILABLE_LIVE_CHAT |
                     (dice(seed, 2) ? (uint32_t)FIELD_DESCRIPTION : 0);
    if (e->type == EVENT_AGENT_UPDATED)
        random_agent_facts(r, seed);
}

/* Which entities its type names, or may name. */
static inline void random_names(struct event *e, uint64_t *seed)
{
    bool of_chat = e->type >= EVENT_CHAT_BOT_STARTED && e->type <= EVENT_CHAT_ENDED;
    bool maybe = dice(seed, 3) != 0;
    if (e->type == EVENT_AGENT_UPDATED || e->type == EVENT_AGENT_DELETED ||
        e->type == EVENT_AGENT_STATUS_CHANGED || e->type == EVENT_CHAT_ACCEPTED ||
        e->type == EVENT_CHAT_AGENT_LEFT ||
        ((e->type == EVENT_CHAT_REQUESTED || e->type == EVENT_CHAT_TRANSFERRED) && !maybe))
        e->fields |= FIELD_AGENT;
    if (e->type == EVENT_DEPARTMENT_UPDATED || e->type == EVENT_DEPARTMENT_DELETED ||
        ((e->type == EVENT_CHAT_REQUESTED || e->type == EVENT_CHAT_TRANSFERRED ||
          e->type == EVENT_INVITATION_ACCEPTED || e->type == EVENT_OFFLINE_MESSAGE) &&
         maybe))
        e->fields |= FIELD_DEPARTMENT;
    if (e->type == EVENT_VISITOR_SEEN || e->type == EVENT_VISITOR_LEFT ||
        e->type == EVENT_CHAT_BOT_STARTED || e->type == EVENT_CHAT_REQUESTED)
        e->fields |= FIELD_VISITOR | (dice(seed, 3) ? 0 : (uint32_t)FIELD_CONTACT);
    if (of_chat && (e->type < EVENT_INVITATION_ACCEPTED || e->type > EVENT_OFFLINE_MESSAGE))
        e->fields |= FIELD_CHAT;
    if (e->type == EVENT_CHAT_MESSAGE)
        e->fields |= FIELD_SENDER;
    if (e->type == EVENT_CHAT_RATED)
        e->fields |= FIELD_SCORE;
    if (e->type == EVENT_AGENT_STATUS_CHANGED)
        e->fields |= FIELD_STATUS;
}

static inline enum event_type random_type(uint64_t *seed)
{
    static const enum event_type often[] = {
        EVENT_CHAT_REQUESTED, EVENT_CHAT_ACCEPTED,   EVENT_CHAT_MESSAGE, EVENT_CHAT_ACCEPTED,
        EVENT_CHAT_REQUESTED, EVENT_CHAT_ENDED,      EVENT_VISITOR_SEEN, EVENT_AGENT_STATUS_CHANGED,
        EVENT_CHAT_MESSAGE,   EVENT_CHAT_TRANSFERRED};
    return dice(seed, 3) ? often[dice(seed, sizeof often / sizeof often[0])]
                         : (enum event_type)dice(seed, EVENT_TYPES);
}

/* `chats`: how many different ones there are, about; with visitors half as many. */
static inline void random_event(struct random_event *r, uint64_t *seed, uint32_t number,
                                uint32_t chats)
{
    static const int64_t steps[] = {1, 1000000, 1000000, 60000000};
    int64_t step = steps[dice(seed, 4)];
    struct event *e = &r->event;
    *r = (struct random_event){.event = {.type = random_type(seed), .site_id = 10000}};
    e->time_us =
        RANDOM_START_US + (int64_t)(dice_next(seed) % (uint64_t)(RANDOM_SPAN_US / step)) * step;
    e->id = (struct span){r->id,
                          (size_t)snprintf(r->id, sizeof r->id, "%u-%u", dice(seed, 100), number)};
    e->agent = random_guid('a', dice(seed, 5));
    e->department = random_guid('d', dice(seed, 4));
    e->visitor = random_guid('v', dice(seed, chats / 2 + 1));
    e->chat = random_guid('c', dice(seed, chats));
    e->contact = random_guid('i', dice(seed, 3));
    e->status = random_status(seed);
    e->sender = (enum sender)dice(seed, 4);
    e->score = dice(seed, 6) * SCORE_ONE;
    random_names(e, seed);
    random_facts(r, seed);
    if (e->type == EVENT_AGENT_DELETED && dice(seed, 3))
        e->time_us += RANDOM_SPAN_US / 2;
}

#endif
