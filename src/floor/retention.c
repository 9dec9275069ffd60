/* What an answer at or after a horizon still needs (docs/decisions/0005). */
#include "base/instant.h"
#include "base/memory.h"
#include "floor/agent.h"
#include "floor/chat.h"
#include "floor/department.h"
#include "floor/presence.h"
#include "floor/status_marks.h"
#include "floor/status_times.h"
#include "floor/visitor.h"

/* Queue looks back so far at waits that ended. */
#define LOOK_BACK_US (60 * US_PER_MINUTE)

/* Does one of the chat's events make an agent or a department known? Then it stays,
 * or the directory would change. */
static bool chat_names_someone(const struct floor *f, const struct chat *c)
{
    struct chat_cursor cursor = {0};
    struct chat_event e;
    while (chat_log_next(c, &cursor, &e)) {
        if (e.department != NONE &&
            department_first_named(&f->departments[e.department]) == e.time_us)
            return true;
        if (e.agent != NONE && agent_first_named(&f->agents[e.agent]) == e.time_us)
            return true;
    }
    return false;
}

static bool chat_needed(const struct floor *f, uint32_t chat, int64_t horizon_us)
{
    struct chat_reading r;
    chat_read_at(f, chat, INT64_MAX, &r);
    const struct chat_state *s = r.state;
    bool over = s->phase == PHASE_ENDED || s->phase == PHASE_NONE;
    bool before = s->last_us < horizon_us - LOOK_BACK_US;
    bool needed = r.chat->log_len > 0 && (!over || !before || chat_names_someone(f, r.chat));
    chat_reading_clear(&r);
    return needed;
}

/* The first mark, and the one in force at the horizon, stay. */
static bool mark_needed(const struct agent *a, size_t i, int64_t horizon_us)
{
    bool in_force = i + 1 == a->mark_count || a->marks[i + 1].time_us > horizon_us;
    return i == 0 || in_force || a->marks[i].time_us >= horizon_us;
}

static bool status_needed(const struct floor *f, const struct event *e, int64_t horizon_us)
{
    uint32_t number = guid_map_find(&f->agent_ids, &e->agent);
    if (number == NONE)
        return false;
    const struct agent *a = &f->agents[number];
    struct archive *archive = f->settings.archive;
    char text[LIMIT_ID_BYTES];
    size_t at = status_marks_find(a, archive, e->time_us, e->id);
    return at < a->mark_count && a->marks[at].time_us == e->time_us &&
           span_equal(status_mark_id(a, archive, at, text), e->id) &&
           mark_needed(a, at, horizon_us);
}

static bool visitor_mark_needed(const struct floor *f, const struct visitor *v, size_t i,
                                int64_t horizon_us)
{
    const struct visitor_mark *m = &v->marks[i];
    if (m->time_us >= horizon_us - f->settings.visitor_timeout_us - 1)
        return true;
    if (!m->has_contact)
        return false;
    for (size_t k = i + 1; k < v->mark_count && v->marks[k].time_us <= horizon_us; k++)
        if (v->marks[k].has_contact)
            return false;
    return true;
}

static bool heartbeat_needed(const struct floor *f, const struct event *e, int64_t horizon_us)
{
    uint32_t number = vault_find(&f->visitors, &e->visitor);
    if (number == NONE)
        return false;
    struct visitor scratch;
    const struct visitor *v = visitor_peek(f, number, &scratch, NULL);
    bool needed = false;
    for (size_t i = 0; i < v->mark_count && v->marks[i].time_us <= e->time_us && !needed; i++)
        needed = v->marks[i].time_us == e->time_us && visitor_mark_needed(f, v, i, horizon_us);
    VISITOR_KIND.clear(&scratch);
    return needed;
}

bool floor_needs(const struct floor *f, const struct event *e, int64_t horizon_us)
{
    if (e->time_us >= horizon_us)
        return true;
    switch (e->type) {
    case EVENT_SITE_UPDATED:
    case EVENT_DEPARTMENT_UPDATED:
    case EVENT_DEPARTMENT_DELETED:
    case EVENT_AGENT_UPDATED:
    case EVENT_AGENT_DELETED:
    case EVENT_STATUS_UPDATED:
        return true;
    case EVENT_AGENT_STATUS_CHANGED:
        return status_needed(f, e, horizon_us);
    case EVENT_VISITOR_SEEN:
    case EVENT_VISITOR_LEFT:
        return heartbeat_needed(f, e, horizon_us);
    case EVENT_INVITATION_ACCEPTED:
    case EVENT_INVITATION_SENT:
    case EVENT_INVITATION_REFUSED:
    case EVENT_OFFLINE_MESSAGE:
    case EVENT_TYPES:
        return false;
    default:
        break;
    }
    uint32_t chat = vault_find(&f->chats, &e->chat);
    return chat != NONE && chat_needed(f, chat, horizon_us);
}

static void forget_marks(struct floor *f, uint32_t number, int64_t horizon_us)
{
    struct agent *a = &f->agents[number];
    if (a->mark_count < 3 || a->marks[1].time_us >= horizon_us)
        return;
    bool *needed = memory_get(a->mark_count * sizeof *needed);
    for (size_t i = 0; i < a->mark_count; i++)
        needed[i] = mark_needed(a, i, horizon_us);
    int64_t from = a->marks[0].time_us;
    presence_begin(f, number, from, horizon_us, PRESENCE_ALL);
    status_marks_keep(a, needed);
    status_times_changed(a, INT64_MIN);
    presence_end(f, number, from, horizon_us, PRESENCE_ALL);
    memory_free(needed);
}

static void forget_heartbeats(struct floor *f, uint32_t number, int64_t horizon_us)
{
    struct visitor scratch;
    const struct visitor *before = visitor_peek(f, number, &scratch, NULL);
    bool nothing = before->mark_count == 0 || visitor_mark_needed(f, before, 0, horizon_us);
    VISITOR_KIND.clear(&scratch);
    if (nothing)
        return;
    struct visitor *v = vault_get(&f->visitors, number);
    bool *needed = memory_get(v->mark_count * sizeof *needed);
    for (size_t i = 0; i < v->mark_count; i++)
        needed[i] = visitor_mark_needed(f, v, i, horizon_us);
    int64_t from = v->marks[0].time_us;
    size_t kept = 0;
    for (size_t i = 0; i < v->mark_count; i++) {
        if (needed[i])
            v->marks[kept++] = v->marks[i];
        else
            memory_free(v->marks[i].id);
    }
    v->mark_count = kept;
    memory_free(needed);
    visitor_refresh(f, number, from, horizon_us);
    vault_rest(&f->visitors, number, true);
}

static void forget_chat(struct floor *f, uint32_t chat, int64_t horizon_us)
{
    struct chat scratch;
    const struct chat *c = vault_peek(&f->chats, chat, &scratch, NULL);
    bool known = c->log_len > 0;
    CHAT_KIND.clear(&scratch);
    if (known && !chat_needed(f, chat, horizon_us))
        chat_forget(f, chat);
}

bool floor_forget(struct floor *f, int64_t horizon_us, struct forget_cursor *cursor, uint32_t steps)
{
    void (*const forget[])(struct floor *, uint32_t, int64_t) = {forget_chat, forget_marks,
                                                                 forget_heartbeats};
    const uint32_t *const counts[] = {&f->chats.count, &f->agent_ids.count, &f->visitors.count};
    f->version++;
    for (; cursor->part < 3; cursor->part++, cursor->at = 0)
        for (; cursor->at < *counts[cursor->part]; cursor->at++) {
            if (steps-- == 0)
                return true;
            forget[cursor->part](f, cursor->at, horizon_us);
            vault_trim(&f->chats);
            vault_trim(&f->visitors);
        }
    return false;
}
