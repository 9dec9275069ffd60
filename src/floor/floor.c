/* Events into the floor: each type to the part that it concerns. */
#include "floor/floor.h"

#include "base/memory.h"
#include "floor/agent.h"
#include "floor/chat.h"
#include "floor/department.h"
#include "floor/event_log.h"
#include "floor/presence.h"
#include "floor/state.h"
#include "floor/visitor.h"

static void take_status_definition(struct floor *f, const struct event *e)
{
    uint32_t number = floor_status(f, &e->status);
    struct status *status = &f->statuses[number];
    if (number <= STATUS_NUMBER_OFFLINE) {
        f->directory_anomalies++; /* the built-in ones are what they are */
        return;
    }
    event_log_insert(&status->log, event_copy(e));
    enum status_kind kind = status->log.events[status->log.count - 1]->kind;
    if (kind == status->kind)
        return;
    /* It holds for the status's whole history (metrics.md §4). */
    for (uint32_t a = 0; a < f->agent_ids.count; a++)
        if (f->agents[a].mark_count > 0)
            presence_begin(f, a, f->agents[a].marks[0].time_us, INT64_MAX, PRESENCE_ALL);
    status->kind = kind;
    for (uint32_t a = 0; a < f->agent_ids.count; a++)
        if (f->agents[a].mark_count > 0)
            presence_end(f, a, f->agents[a].marks[0].time_us, INT64_MAX, PRESENCE_ALL);
}

static void take_moment(struct floor *f, const struct event *e, enum moment_measure measure)
{
    int64_t delta[M_WIDTH] = {0};
    delta[measure] = 1;
    timeline_add(&f->tally.moments, e->time_us, delta);
    if (event_has(e, FIELD_DEPARTMENT)) {
        uint32_t department = floor_department(f, &e->department);
        timeline_add(&f->departments[department].tally.moments, e->time_us, delta);
    }
}

static void take_chat_event(struct floor *f, const struct event *e)
{
    struct chat_event c = {
        .time_us = e->time_us,
        .score = e->score,
        .type = e->type,
        .sender = e->sender,
        .visitor = event_has(e, FIELD_VISITOR) ? vault_intern(&f->visitors, &e->visitor) : NONE,
        .has_contact = event_has(e, FIELD_CONTACT),
        .contact = e->contact,
        .department = event_has(e, FIELD_DEPARTMENT) ? floor_department(f, &e->department) : NONE,
        .agent = NONE,
        .id = chat_event_id_of(e->id),
    };
    /* Of messages and outcomes it does not matter which agent. */
    if (event_has(e, FIELD_AGENT) &&
        (e->type == EVENT_CHAT_REQUESTED || e->type == EVENT_CHAT_TRANSFERRED ||
         e->type == EVENT_CHAT_ACCEPTED || e->type == EVENT_CHAT_AGENT_LEFT))
        c.agent = floor_agent(f, &e->agent);
    chat_take(f, vault_intern(&f->chats, &e->chat), &c);
}

static void take(struct floor *f, const struct event *e)
{
    f->version++;
    switch (e->type) {
    case EVENT_SITE_UPDATED:
        event_log_insert(&f->site_log, event_copy(e));
        break;
    case EVENT_DEPARTMENT_UPDATED:
    case EVENT_DEPARTMENT_DELETED:
        department_take_directory(f, floor_department(f, &e->department), e);
        break;
    case EVENT_AGENT_UPDATED:
    case EVENT_AGENT_DELETED:
        agent_take_directory(f, floor_agent(f, &e->agent), e);
        break;
    case EVENT_STATUS_UPDATED:
        take_status_definition(f, e);
        break;
    case EVENT_AGENT_STATUS_CHANGED:
        agent_take_status(f, floor_agent(f, &e->agent), e);
        break;
    case EVENT_VISITOR_SEEN:
    case EVENT_VISITOR_LEFT:
        visitor_take_mark(f, vault_intern(&f->visitors, &e->visitor), e);
        break;
    case EVENT_INVITATION_ACCEPTED:
        take_moment(f, e, M_INVITATIONS);
        break;
    case EVENT_OFFLINE_MESSAGE:
        take_moment(f, e, M_OFFLINE_MESSAGES);
        break;
    case EVENT_INVITATION_SENT:
    case EVENT_INVITATION_REFUSED:
    case EVENT_TYPES:
        break; /* no figure tells of them */
    default:
        take_chat_event(f, e);
        break;
    }
    vault_trim(&f->chats);
    vault_trim(&f->visitors);
}

void floor_advance(struct floor *f, int64_t now_us)
{
    if (now_us > f->now_us)
        f->now_us = now_us;
    while (f->waiting.count > 0 && f->waiting.events[0]->time_us <= f->now_us) {
        struct event *e = event_log_shift(&f->waiting);
        take(f, e);
        memory_free(e);
    }
}

void floor_apply(struct floor *f, const struct event *e, int64_t now_us)
{
    floor_advance(f, now_us);
    if (e->time_us > f->now_us)
        event_log_insert(&f->waiting, event_copy(e));
    else
        take(f, e);
}

int64_t floor_next_waiting(const struct floor *f)
{
    return f->waiting.count > 0 ? f->waiting.events[0]->time_us : INT64_MAX;
}

int64_t floor_site_id(const struct floor *f)
{
    return f->settings.site_id;
}

uint64_t floor_version(const struct floor *f)
{
    return f->version;
}

uint64_t floor_anomalies(const struct floor *f)
{
    uint64_t count = f->chat_anomalies + f->directory_anomalies;
    for (uint32_t i = 0; i < f->agent_ids.count; i++)
        count += agent_anomalies(&f->agents[i]);
    for (uint32_t i = 0; i < f->department_ids.count; i++)
        count += department_anomalies(&f->departments[i]);
    return count;
}

int32_t floor_utc_offset_min(const struct floor *f)
{
    for (size_t i = f->site_log.count; i-- > 0;)
        if (event_has(f->site_log.events[i], FIELD_UTC_OFFSET))
            return f->site_log.events[i]->utc_offset_min;
    return 0;
}
