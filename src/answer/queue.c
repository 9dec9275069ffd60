/* metrics.md §8, and its filters of §9. */
#include "answer/names.h"
#include "answer/window.h"
#include "base/instant.h"
#include "base/memory.h"
#include "floor/agent.h"
#include "floor/chat.h"
#include "floor/department.h"
#include "floor/visitor.h"

#include <stdlib.h>

/* One who waits, with the route. */
struct waiter {
    route_name route;
    struct waiting_visitor visitor;
};

struct waiters {
    const struct floor *floor;
    struct waiter *items;
    size_t count, cap;
    int64_t t;
};

/* Who it is: as the chat says, else as the visitor's heartbeats say. */
static void tell_visitor(const struct floor *f, uint32_t number, int64_t t,
                         struct waiting_visitor *out)
{
    struct visitor scratch;
    const struct visitor *v = visitor_peek(f, number, &scratch, &out->visitor);
    out->has_visitor = true;
    if (!out->has_contact)
        out->has_contact = visitor_contact_at(v, t, &out->contact);
    VISITOR_KIND.clear(&scratch);
}

static bool note_waiter(void *data, const struct interval *i)
{
    struct waiters *w = data;
    struct chat_reading r;
    chat_read_at(w->floor, i->ref, w->t, &r);
    struct waiter waiter = {
        .route = r.state->route,
        .visitor = {.wait_us = w->t - r.state->wait_start_us, .has_contact = r.state->has_contact}};
    if (r.state->has_contact)
        waiter.visitor.contact = r.state->contact;
    if (r.chat->visitor != NONE)
        tell_visitor(w->floor, r.chat->visitor, w->t, &waiter.visitor);
    chat_reading_clear(&r);
    w->items = memory_grow(w->items, &w->cap, w->count + 1, sizeof *w->items);
    w->items[w->count++] = waiter;
    return true;
}

/* By route; within one the longest wait first, then by visitor, none first; the
 * contact decides between equals, so that the order is always the same. */
static int by_route_and_wait(const void *a, const void *b)
{
    const struct waiter *x = a, *y = b;
    if (x->route != y->route)
        return x->route < y->route ? -1 : 1;
    if (x->visitor.wait_us != y->visitor.wait_us)
        return x->visitor.wait_us > y->visitor.wait_us ? -1 : 1;
    if (x->visitor.has_visitor != y->visitor.has_visitor)
        return x->visitor.has_visitor ? 1 : -1;
    int order = guid_compare(&x->visitor.visitor, &y->visitor.visitor);
    if (order != 0)
        return order;
    if (x->visitor.has_contact != y->visitor.has_contact)
        return x->visitor.has_contact ? 1 : -1;
    return guid_compare(&x->visitor.contact, &y->visitor.contact);
}

struct builder {
    const struct floor *floor;
    const struct question *q;
    struct arena *arena;
    struct waiters waiters;
    struct queue_line *lines;
    size_t count;
    int64_t t;
};

static int take_visitors(struct builder *b, route_name route, struct queue_line *line)
{
    size_t first = 0;
    while (first < b->waiters.count && b->waiters.items[first].route != route)
        first++;
    size_t count = 0;
    while (first + count < b->waiters.count && b->waiters.items[first + count].route == route)
        count++;
    struct waiting_visitor *list = arena_alloc(b->arena, (count + 1) * sizeof *list);
    if (list == NULL)
        return -1;
    for (size_t i = 0; i < count; i++)
        list[i] = b->waiters.items[first + i].visitor;
    line->visitors = list;
    line->visitor_count = count;
    return 0;
}

static int64_t capacity_of(const struct builder *b, route_name name)
{
    const struct floor *f = b->floor;
    int64_t steps[P_WIDTH];
    if (route_kind_of(name) == ROUTE_AGENT) {
        const struct agent *a = &f->agents[route_entity(name)];
        const struct agent_version *v = agent_version_at(a, b->t);
        bool online = f->statuses[agent_status_at(a, b->t)].kind == STATUS_ONLINE;
        return online && v != NULL ? v->max_concurrent : 0;
    }
    if (route_kind_of(name) == ROUTE_DEPARTMENT) {
        timeline_before(&f->departments[route_entity(name)].members, b->t + 1, steps);
        return steps[D_ONLINE_CAPACITY];
    }
    timeline_levels_before(&f->presence, b->t + 1, steps);
    return steps[P_ONLINE_CAPACITY];
}

/* Adds the route's entry, if it is `always` shown or in use. */
static int tell_route(struct builder *b, route_name name, const struct route *route, bool always)
{
    int64_t load[L_WIDTH], last_30[E_WIDTH], last_60[E_WIDTH], after = b->t + 1;
    timeline_before(&route->load, after, load);
    timeline_between(&route->ended, after - 60 * US_PER_MINUTE, after, last_60);
    if (!always && load[L_WAITING] == 0 && load[L_ACTIVE] == 0 && last_60[E_WAITS] == 0)
        return 0;
    timeline_between(&route->ended, after - 30 * US_PER_MINUTE, after, last_30);
    struct queue_line *line = &b->lines[b->count++];
    *line = (struct queue_line){
        .to_department = route_kind_of(name) == ROUTE_DEPARTMENT,
        .to_agent = route_kind_of(name) == ROUTE_AGENT,
        .ongoing_chats = load[L_ACTIVE],
        .queue_length = load[L_WAITING],
        .max_concurrent = capacity_of(b, name),
        .avg_wait_30_us = mean_half_even(last_30[E_WAIT_SUM], last_30[E_WAITS]),
        .avg_wait_60_us = mean_half_even(last_60[E_WAIT_SUM], last_60[E_WAITS]),
        .abandoned_30 = last_30[E_ABANDONED],
        .switched_30 = last_30[E_SWITCHED],
    };
    uint32_t entity = route_entity(name);
    if (line->to_department &&
        view_of_department(b->floor, entity, b->t, b->arena, &line->department) < 0)
        return -1;
    if (line->to_agent && view_of_agent(b->floor, entity, b->t, b->arena, &line->agent) < 0)
        return -1;
    return take_visitors(b, name, line);
}

static int tell_site(struct builder *b)
{
    if (b->q->has_department || b->q->has_agent)
        return 0;
    return tell_route(b, route_make(ROUTE_SITE, 0), &b->floor->site_route, false);
}

static int tell_departments(struct builder *b)
{
    const struct floor *f = b->floor;
    if (b->q->has_agent && !b->q->has_department)
        return 0;
    for (uint32_t i = 0; i < f->department_ids.count; i++) {
        const struct department *d = &f->departments[i];
        if (b->q->has_department && !guid_equal(&f->department_ids.guids[i], &b->q->department))
            continue;
        const struct department_version *v = department_version_at(d, b->t);
        bool always = department_exists_at(d, b->t) && (v == NULL || v->available_live_chat);
        if (tell_route(b, route_make(ROUTE_DEPARTMENT, i), &d->route, always) < 0)
            return -1;
    }
    return 0;
}

static int tell_agents(struct builder *b)
{
    const struct floor *f = b->floor;
    if (b->q->has_department && !b->q->has_agent)
        return 0;
    for (uint32_t i = 0; i < f->agent_ids.count; i++) {
        if (b->q->has_agent && !guid_equal(&f->agent_ids.guids[i], &b->q->agent))
            continue;
        if (tell_route(b, route_make(ROUTE_AGENT, i), &f->agents[i].route, false) < 0)
            return -1;
    }
    return 0;
}

/* The site, departments by name, agents by display name; equals by id. */
static int by_order(const void *a, const void *b)
{
    const struct queue_line *x = a, *y = b;
    int kind_x = x->to_department ? 1 : x->to_agent ? 2 : 0;
    int kind_y = y->to_department ? 1 : y->to_agent ? 2 : 0;
    if (kind_x != kind_y)
        return kind_x - kind_y;
    if (x->to_department) {
        int order = span_compare(x->department.name, y->department.name);
        return order != 0 ? order : guid_compare(&x->department.id, &y->department.id);
    }
    int order = span_compare(x->agent.display_name, y->agent.display_name);
    return order != 0 ? order : guid_compare(&x->agent.id, &y->agent.id);
}

int answer_queue(const struct floor *f, const struct question *q, struct arena *arena,
                 struct queue_list *out)
{
    int64_t t = question_instant(q);
    struct builder b = {
        .floor = f, .q = q, .arena = arena, .t = t, .waiters = {.floor = f, .t = t}};
    size_t most = (size_t)f->department_ids.count + f->agent_ids.count + 1;
    b.lines = arena_alloc(arena, most * sizeof *b.lines);
    if (b.lines == NULL)
        return -1;
    interval_set_at(&f->waits, t, note_waiter, &b.waiters);
    if (b.waiters.count > 1)
        qsort(b.waiters.items, b.waiters.count, sizeof *b.waiters.items, by_route_and_wait);
    int failed = tell_site(&b) < 0 || tell_departments(&b) < 0 || tell_agents(&b) < 0;
    memory_free(b.waiters.items);
    if (failed)
        return -1;
    qsort(b.lines, b.count, sizeof *b.lines, by_order);
    *out = (struct queue_list){b.lines, b.count};
    return 0;
}
