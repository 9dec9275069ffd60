#include "floor/agent_versions.h"

#include "base/memory.h"
#include "floor/agent.h"

static void take_texts(struct agent_version *v, const struct event *e)
{
    const struct {
        uint32_t field;
        struct span *to;
        const struct span *from;
    } texts[] = {
        {FIELD_DISPLAY_NAME, &v->display_name, &e->display_name},
        {FIELD_EMAIL, &v->email, &e->email},
        {FIELD_FIRST_NAME, &v->first_name, &e->first_name},
        {FIELD_LAST_NAME, &v->last_name, &e->last_name},
        {FIELD_TITLE, &v->title, &e->title},
        {FIELD_BIO, &v->bio, &e->bio},
        {FIELD_PHONE, &v->phone, &e->phone},
        {FIELD_AVATAR, &v->avatar, &e->avatar},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (event_has(e, texts[i].field))
            *texts[i].to = *texts[i].from;
}

static void take_departments(struct floor *f, struct agent_version *v, const struct event *e)
{
    v->department_ids = e->department_ids;
    v->department_count = e->department_count;
    v->departments = NULL;
    if (e->department_count == 0)
        return;
    v->departments = memory_get(e->department_count * sizeof *v->departments);
    for (uint32_t i = 0; i < e->department_count; i++)
        v->departments[i] = floor_department(f, &e->department_ids[i]);
}

/* Facts that are not set keep their value (metrics.md §4). */
static void take_facts(struct floor *f, struct agent_version *v, const struct event *e)
{
    take_texts(v, e);
    if (event_has(e, FIELD_IS_ADMIN))
        v->is_admin = e->is_admin;
    if (event_has(e, FIELD_IS_ACTIVE))
        v->is_active = e->is_active;
    if (event_has(e, FIELD_IS_LOCKED)) {
        if (e->is_locked && !v->is_locked)
            v->locked_us = e->time_us;
        v->is_locked = e->is_locked;
    }
    if (event_has(e, FIELD_MAX_CONCURRENT))
        v->max_concurrent = e->max_concurrent;
    if (event_has(e, FIELD_DEPARTMENT_IDS))
        take_departments(f, v, e);
    v->fields |= e->fields;
}

static struct agent_version first_facts(void)
{
    return (struct agent_version){.life_us = INT64_MIN, .is_active = true};
}

/* A version that goes on from the one before has its own copy of the numbers. */
static void own_departments(struct agent_version *v)
{
    if (v->department_count == 0) {
        v->departments = NULL;
        return;
    }
    size_t size = v->department_count * sizeof *v->departments;
    uint32_t *copy = memory_get(size);
    memcpy(copy, v->departments, size);
    v->departments = copy;
}

struct agent_version *agent_versions_build(struct floor *f, uint32_t number, size_t *count)
{
    struct agent *a = &f->agents[number];
    int64_t named = agent_first_named(a);
    struct agent_version *versions = memory_get((a->log.count + 1) * sizeof *versions);
    size_t n = 0;
    for (size_t i = 0; i < a->log.count; i++) {
        const struct event *e = a->log.events[i];
        const struct agent_version *last = n > 0 ? &versions[n - 1] : NULL;
        struct agent_version v = last != NULL ? *last : first_facts();
        bool deletion = e->type == EVENT_AGENT_DELETED;
        if (deletion && (last != NULL ? last->deleted : named >= e->time_us))
            continue; /* it is not there: an anomaly */
        if (last != NULL && last->deleted) {
            v = first_facts(); /* it comes back without its old facts */
            v.life_us = e->time_us;
        }
        v.time_us = e->time_us;
        v.deleted = deletion;
        bool replaces = event_has(e, FIELD_DEPARTMENT_IDS) && !deletion;
        if (!replaces)
            own_departments(&v);
        if (!deletion)
            take_facts(f, &v, e);
        versions[n++] = v;
    }
    *count = n;
    return versions;
}

void agent_versions_free(struct agent_version *versions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memory_free(versions[i].departments);
    memory_free(versions);
}
