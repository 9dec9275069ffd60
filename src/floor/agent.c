#include "floor/agent.h"

#include "base/memory.h"
#include "floor/agent_versions.h"
#include "floor/chat.h"
#include "floor/event_log.h"
#include "floor/presence.h"
#include "floor/status_marks.h"
#include "floor/status_times.h"

void agent_init(struct agent *a)
{
    *a = (struct agent){0};
    timeline_init_moments(&a->busy, B_WIDTH, B_MOMENTS);
    timeline_init(&a->route.load, L_WIDTH);
    timeline_init(&a->route.ended, E_WIDTH);
}

void agent_clear(struct agent *a)
{
    agent_versions_free(a->versions, a->version_count);
    event_log_clear(&a->log);
    status_marks_clear(a);
    status_times_clear(a);
    interval_set_clear(&a->joins);
    interval_set_clear(&a->attempts);
    link_set_free(a->rejoins);
    timeline_clear(&a->busy);
    timeline_clear(&a->route.load);
    timeline_clear(&a->route.ended);
}

const struct agent_version *agent_version_at(const struct agent *a, int64_t t)
{
    size_t low = 0, high = a->version_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (a->versions[middle].time_us <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &a->versions[low - 1];
}

bool agent_deleted_at(const struct agent *a, int64_t t)
{
    if (a->deletions == 0)
        return false;
    const struct agent_version *v = agent_version_at(a, t);
    return v != NULL && v->deleted;
}

int64_t agent_next_deletion(const struct agent *a, int64_t t)
{
    if (a->deletions == 0)
        return INT64_MAX;
    for (size_t i = 0; i < a->version_count; i++)
        if (a->versions[i].deleted && a->versions[i].time_us > t)
            return a->versions[i].time_us;
    return INT64_MAX;
}

int64_t agent_first_named(const struct agent *a)
{
    int64_t named = a->mark_count > 0 ? a->marks[0].time_us : INT64_MAX, joined;
    if (interval_set_first(&a->joins, &joined) && joined < named)
        named = joined;
    return named;
}

int64_t agent_life_began(const struct agent *a, const struct agent_version *v)
{
    if (v != NULL && v->life_us != INT64_MIN)
        return v->life_us;
    int64_t named = agent_first_named(a);
    return v != NULL && a->versions[0].time_us < named ? a->versions[0].time_us : named;
}

bool agent_exists_at(const struct agent *a, int64_t t)
{
    /* Facts began with its life, or later: then its marks and chats need no look. */
    const struct agent_version *v = agent_version_at(a, t);
    return v != NULL ? !v->deleted : agent_first_named(a) <= t;
}

uint32_t agent_status_at(const struct agent *a, int64_t t)
{
    size_t until = status_marks_until(a->marks, a->mark_count, t);
    if (until == 0)
        return STATUS_NUMBER_OFFLINE;
    const struct status_mark *mark = &a->marks[until - 1];
    if (a->deletions > 0) {
        /* While deleted it is offline and marks make no sense; a life after a
         * deletion begins offline. */
        const struct agent_version *v = agent_version_at(a, t);
        if (v != NULL && (v->deleted || mark->time_us < v->life_us))
            return STATUS_NUMBER_OFFLINE;
    }
    return a->statuses[mark->own];
}

void agent_take_directory(struct floor *f, uint32_t number, const struct event *e)
{
    struct agent *a = &f->agents[number];
    event_log_insert(&a->log, event_copy(e));
    if (e->type == EVENT_AGENT_DELETED) {
        a->deletions++;
        f->agent_deletions++;
    }
    agent_refresh(f, number, e->time_us);
}

void agent_take_status(struct floor *f, uint32_t number, const struct event *e)
{
    uint32_t status = floor_status(f, &e->status);
    struct agent *a = &f->agents[number];
    size_t at = status_marks_find(a, f->settings.archive, e->time_us, e->id);
    /* It holds until the next mark, at most. */
    int64_t until = at < a->mark_count ? a->marks[at].time_us : INT64_MAX;
    presence_begin(f, number, e->time_us, until, PRESENCE_ALL);
    status_marks_insert(a, f->settings.archive, at, e->time_us, e->id, status);
    presence_end(f, number, e->time_us, until, PRESENCE_ALL);
    status_times_changed(a, e->time_us);
    if (at == 0 && a->deletions > 0)
        agent_refresh(f, number, e->time_us); /* it may have made the agent exist */
}

/* The first instant at which being deleted differs; INT64_MAX when nowhere. */
static int64_t first_difference(const struct agent_version *a, size_t a_count,
                                const struct agent_version *b, size_t b_count)
{
    size_t i = 0, k = 0;
    bool in_a = false, in_b = false;
    int64_t at = INT64_MIN;
    for (;;) {
        int64_t next_a = i < a_count ? a[i].time_us : INT64_MAX;
        int64_t next_b = k < b_count ? b[k].time_us : INT64_MAX;
        if (next_a == INT64_MAX && next_b == INT64_MAX)
            return INT64_MAX;
        at = next_a < next_b ? next_a : next_b;
        while (i < a_count && a[i].time_us == at)
            in_a = a[i++].deleted;
        while (k < b_count && b[k].time_us == at)
            in_b = b[k++].deleted;
        if (in_a != in_b)
            return at;
    }
}

struct chat_list {
    uint32_t *chats;
    size_t count, cap;
};

static bool note_chat(void *data, const struct interval *i)
{
    struct chat_list *list = data;
    for (size_t k = list->count; k-- > 0;)
        if (list->chats[k] == i->ref)
            return true;
    list->chats = memory_grow(list->chats, &list->cap, list->count + 1, sizeof *list->chats);
    list->chats[list->count++] = i->ref;
    return true;
}

void agent_refresh(struct floor *f, uint32_t number, int64_t from_us)
{
    struct agent *a = &f->agents[number];
    size_t count;
    struct agent_version *versions = agent_versions_build(f, number, &count);
    a = &f->agents[number];
    int64_t differs = first_difference(a->versions, a->version_count, versions, count);
    struct chat_list list = {0};
    if (differs != INT64_MAX) {
        /* One that left at that very instant was removed first, if it was deleted. */
        interval_set_over(&a->joins, differs - 1, INT64_MAX, note_chat, &list);
        interval_set_over(&a->attempts, differs, INT64_MAX, note_chat, &list);
        if (differs < from_us)
            from_us = differs;
    }
    struct chat_rerun *rerun = list.count > 0 ? chat_rerun_begin(f, list.chats, list.count) : NULL;
    presence_begin(f, number, from_us, INT64_MAX, PRESENCE_ALL);
    agent_versions_free(a->versions, a->version_count);
    a->versions = versions;
    a->version_count = count;
    presence_end(f, number, from_us, INT64_MAX, PRESENCE_ALL);
    if (a->deletions > 0)
        status_times_changed(a, from_us);
    if (rerun != NULL)
        chat_rerun_end(f, rerun);
    memory_free(list.chats);
}

uint64_t agent_anomalies(const struct agent *a)
{
    if (a->deletions == 0)
        return 0;
    uint64_t count = a->log.count - a->version_count;
    for (size_t i = 0; i < a->mark_count; i++)
        count += agent_deleted_at(a, a->marks[i].time_us);
    return count;
}
