#include "floor/department.h"

#include "base/memory.h"
#include "floor/event_log.h"

void department_init(struct department *d)
{
    *d = (struct department){0};
    timeline_init(&d->named, 1);
    tally_init(&d->tally);
    timeline_init(&d->members, D_WIDTH);
    timeline_init(&d->route.load, L_WIDTH);
    timeline_init(&d->route.ended, E_WIDTH);
}

void department_clear(struct department *d)
{
    event_log_clear(&d->log);
    memory_free(d->versions);
    timeline_clear(&d->named);
    tally_clear(&d->tally);
    timeline_clear(&d->members);
    timeline_clear(&d->route.load);
    timeline_clear(&d->route.ended);
}

const struct department_version *department_version_at(const struct department *d, int64_t t)
{
    size_t low = 0, high = d->version_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (d->versions[middle].time_us <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &d->versions[low - 1];
}

int64_t department_first_named(const struct department *d)
{
    int64_t requested = INT64_MAX, transferred = INT64_MAX;
    timeline_first(&d->tally.requests, &requested);
    timeline_first(&d->named, &transferred);
    return requested < transferred ? requested : transferred;
}

bool department_exists_at(const struct department *d, int64_t t)
{
    const struct department_version *v = department_version_at(d, t);
    if (v != NULL)
        return !v->deleted;
    return department_first_named(d) <= t;
}

/* Facts that are not set keep their value (metrics.md §4). */
static void take_facts(struct department_version *v, const struct event *e)
{
    if (event_has(e, FIELD_NAME))
        v->name = e->name;
    if (event_has(e, FIELD_DESCRIPTION))
        v->description = e->description;
    if (event_has(e, FIELD_AVAILABLE_LIVE_CHAT))
        v->available_live_chat = e->available_live_chat;
    if (event_has(e, FIELD_AVAILABLE_TICKETING))
        v->available_ticketing = e->available_ticketing;
    v->fields |= e->fields;
}

void department_refresh(struct department *d)
{
    const struct department_version first = {.life_us = INT64_MIN, .available_live_chat = true};
    int64_t named = department_first_named(d);
    d->versions = memory_resize(d->versions, (d->log.count + 1) * sizeof *d->versions);
    size_t n = 0;
    for (size_t i = 0; i < d->log.count; i++) {
        const struct event *e = d->log.events[i];
        const struct department_version *last = n > 0 ? &d->versions[n - 1] : NULL;
        struct department_version v = last != NULL ? *last : first;
        bool deletion = e->type == EVENT_DEPARTMENT_DELETED;
        if (deletion && (last != NULL ? last->deleted : named >= e->time_us))
            continue; /* it is not there: an anomaly */
        if (last != NULL && last->deleted) {
            v = first; /* it comes back without its old facts */
            v.life_us = e->time_us;
        }
        v.time_us = e->time_us;
        v.deleted = deletion;
        if (!deletion)
            take_facts(&v, e);
        d->versions[n++] = v;
    }
    d->version_count = n;
}

void department_take_directory(struct floor *f, uint32_t number, const struct event *e)
{
    struct department *d = &f->departments[number];
    event_log_insert(&d->log, event_copy(e));
    department_refresh(d);
}

uint64_t department_anomalies(const struct department *d)
{
    return d->log.count - d->version_count;
}
