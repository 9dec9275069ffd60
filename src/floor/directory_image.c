/* Departments, statuses and agents to an image and back. Their versions are not in it: they
 * follow from the events of the log, into which they point. */
#include "floor/directory_image.h"

#include "base/memory.h"
#include "floor/agent.h"
#include "floor/agent_versions.h"
#include "floor/department.h"
#include "floor/event_log.h"
#include "floor/image_list.h"
#include "floor/status_times.h"
#include "timeline/images.h"

void tally_image(struct tally *t, struct image *io)
{
    timeline_image(&t->requests, io);
    timeline_image(&t->moments, io);
    t->visitors = link_set_image(t->visitors, io);
    t->ratings = link_set_image(t->ratings, io);
}

void route_image(struct route *r, struct image *io)
{
    timeline_image(&r->load, io);
    timeline_image(&r->ended, io);
}

/* --- departments --- */

static void department_image(struct department *d, struct image *io)
{
    size_t versions = d->version_count;
    event_log_image(&d->log, io);
    timeline_image(&d->named, io);
    tally_image(&d->tally, io);
    timeline_image(&d->members, io);
    route_image(&d->route, io);
    image_bytes(io, &versions, sizeof versions);
    if (!image_loads(io) || image_failed(io) || d->log.count == 0)
        return;
    department_refresh(d);
    if (d->version_count != versions)
        image_refuse(io);
}

static void departments_image(struct floor *f, struct image *io)
{
    guid_map_image(&f->department_ids, io);
    uint32_t count = f->department_ids.count;
    if (image_loads(io)) {
        f->departments = memory_get(count * sizeof *f->departments);
        f->department_cap = count;
        for (uint32_t i = 0; i < count; i++)
            department_init(&f->departments[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        department_image(&f->departments[i], io);
}

/* --- statuses --- */

static void statuses_image(struct floor *f, struct image *io)
{
    guid_map_image(&f->status_ids, io);
    uint32_t count = f->status_ids.count;
    if (image_loads(io)) {
        f->statuses = memory_zeroed(count, sizeof *f->statuses);
        f->status_cap = count;
    }
    for (uint32_t i = 0; i < count; i++) {
        event_log_image(&f->statuses[i].log, io);
        image_bytes(io, &f->statuses[i].kind, sizeof f->statuses[i].kind);
    }
}

/* --- agents --- */

static void marks_image(struct agent *a, struct image *io)
{
    a->marks = image_list(io, a->marks, &a->mark_count, &a->mark_cap, sizeof *a->marks);
    a->mark_ids = image_list(io, a->mark_ids, &a->mark_id_bytes, &a->mark_id_cap, 1);
}

/* Only numbers of the agent's statuses that there are. */
static void agent_statuses_image(struct agent *a, struct image *io)
{
    a->statuses =
        image_list(io, a->statuses, &a->status_count, &a->status_cap, sizeof *a->statuses);
    for (size_t i = 0; i < a->mark_count && image_loads(io) && !image_failed(io); i++)
        if (a->marks[i].own >= a->status_count)
            image_refuse(io);
}

/* Needs the departments, and all of the agent that makes it known. */
static void agent_versions_image(struct floor *f, uint32_t number, struct image *io)
{
    struct agent *a = &f->agents[number];
    size_t versions = a->version_count;
    image_bytes(io, &versions, sizeof versions);
    if (!image_loads(io) || image_failed(io) || a->log.count == 0)
        return;
    a->versions = agent_versions_build(f, number, &a->version_count);
    if (a->version_count != versions)
        image_refuse(io);
}

static void agent_image(struct floor *f, uint32_t number, struct image *io)
{
    struct agent *a = &f->agents[number];
    event_log_image(&a->log, io);
    image_bytes(io, &a->deletions, sizeof a->deletions);
    marks_image(a, io);
    agent_statuses_image(a, io);
    interval_set_image(&a->joins, io);
    interval_set_image(&a->attempts, io);
    a->rejoins = link_set_image(a->rejoins, io);
    timeline_image(&a->busy, io);
    route_image(&a->route, io);
    agent_versions_image(f, number, io);
    if (image_loads(io) && !image_failed(io))
        status_times_changed(a, INT64_MIN);
}

static void agents_image(struct floor *f, struct image *io)
{
    guid_map_image(&f->agent_ids, io);
    uint32_t count = f->agent_ids.count;
    if (image_loads(io)) {
        f->agents = memory_get(count * sizeof *f->agents);
        f->agent_cap = count;
        for (uint32_t i = 0; i < count; i++)
            agent_init(&f->agents[i]);
    }
    for (uint32_t i = 0; i < count; i++)
        agent_image(f, i, io);
}

void directory_image(struct floor *f, struct image *io)
{
    departments_image(f, io);
    statuses_image(f, io);
    agents_image(f, io);
}
