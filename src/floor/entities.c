/* The floor's entities by GUID, and the making and freeing of a floor. */
#include "base/memory.h"
#include "floor/agent.h"
#include "floor/chat.h"
#include "floor/department.h"
#include "floor/effect.h"
#include "floor/event_log.h"
#include "floor/presence.h"
#include "floor/visitor.h"

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
    timeline_init(&t->requests, R_WIDTH);
    timeline_init(&t->moments, M_WIDTH);
}

void tally_clear(struct tally *t)
{
    timeline_clear(&t->requests);
    timeline_clear(&t->moments);
    link_set_free(t->visitors);
    link_set_free(t->ratings);
}

uint32_t floor_agent(struct floor *f, const struct guid *g)
{
    uint32_t had = f->agent_ids.count, number = guid_map_intern(&f->agent_ids, g);
    if (number == had) {
        f->agents = memory_grow(f->agents, &f->agent_cap, number + 1u, sizeof *f->agents);
        agent_init(&f->agents[number]);
    }
    return number;
}

uint32_t floor_department(struct floor *f, const struct guid *g)
{
    uint32_t had = f->department_ids.count, number = guid_map_intern(&f->department_ids, g);
    if (number == had) {
        f->departments =
            memory_grow(f->departments, &f->department_cap, number + 1u, sizeof *f->departments);
        department_init(&f->departments[number]);
    }
    return number;
}

uint32_t floor_status(struct floor *f, const struct guid *g)
{
    uint32_t had = f->status_ids.count, number = guid_map_intern(&f->status_ids, g);
    if (number == had) {
        f->statuses = memory_grow(f->statuses, &f->status_cap, number + 1u, sizeof *f->statuses);
        f->statuses[number] = (struct status){.kind = STATUS_AWAY};
    }
    return number;
}

struct route *floor_route(struct floor *f, route_name r)
{
    switch (route_kind_of(r)) {
    case ROUTE_DEPARTMENT:
        return &f->departments[route_entity(r)].route;
    case ROUTE_AGENT:
        return &f->agents[route_entity(r)].route;
    default:
        return &f->site_route;
    }
}

struct floor *floor_empty(const struct floor_settings *settings)
{
    struct floor *f = memory_zeroed(1, sizeof *f);
    f->settings = *settings;
    f->now_us = INT64_MIN;
    f->effects = memory_zeroed(1, sizeof *f->effects);
    f->bookings = bookings_new();
    vault_init(&f->chats, &CHAT_KIND, settings->archive, settings->archive_at_once);
    vault_init(&f->visitors, &VISITOR_KIND, settings->archive, settings->archive_at_once);
    tally_init(&f->tally);
    timeline_init(&f->load, L_WIDTH);
    timeline_init_moments(&f->presence, P_WIDTH, P_MOMENTS);
    timeline_init(&f->on_site, 1);
    timeline_init(&f->site_route.load, L_WIDTH);
    timeline_init(&f->site_route.ended, E_WIDTH);
    return f;
}

struct floor *floor_new(const struct floor_settings *settings)
{
    struct floor *f = floor_empty(settings);
    f->statuses = memory_grow(NULL, &f->status_cap, 8, sizeof *f->statuses);
    f->statuses[floor_status(f, &STATUS_ID_ONLINE)].kind = STATUS_ONLINE;
    f->statuses[floor_status(f, &STATUS_ID_AWAY)].kind = STATUS_AWAY;
    f->statuses[floor_status(f, &STATUS_ID_OFFLINE)].kind = STATUS_OFFLINE;
    return f;
}

static void entities_free(struct floor *f)
{
    for (uint32_t i = 0; i < f->agent_ids.count; i++)
        agent_clear(&f->agents[i]);
    for (uint32_t i = 0; i < f->department_ids.count; i++)
        department_clear(&f->departments[i]);
    for (uint32_t i = 0; i < f->status_ids.count; i++)
        event_log_clear(&f->statuses[i].log);
    memory_free(f->agents);
    memory_free(f->departments);
    memory_free(f->statuses);
    vault_clear(&f->visitors);
    vault_clear(&f->chats);
    guid_map_clear(&f->agent_ids);
    guid_map_clear(&f->department_ids);
    guid_map_clear(&f->status_ids);
}

void floor_free(struct floor *f)
{
    if (f == NULL)
        return;
    entities_free(f);
    event_log_clear(&f->waiting);
    event_log_clear(&f->site_log);
    tally_clear(&f->tally);
    timeline_clear(&f->load);
    timeline_clear(&f->presence);
    timeline_clear(&f->on_site);
    timeline_clear(&f->site_route.load);
    timeline_clear(&f->site_route.ended);
    interval_set_clear(&f->alive);
    interval_set_clear(&f->waits);
    interval_set_clear(&f->stays);
    effect_list_clear(f->effects);
    memory_free(f->effects);
    bookings_free(f->bookings);
    memory_free(f);
}
