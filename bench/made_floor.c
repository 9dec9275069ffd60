#include "made_floor.h"

#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_MS 1000
#define STATUS_US (30 * US_PER_MINUTE) /* the mean time of an agent in one status */
#define OPEN_MESSAGES 2                /* from each side of a chat that goes on */

static uint64_t seed = 88172645463325252u;

uint64_t made_dice(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* Every bit of the result depends on every bit of x. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct guid made_guid(enum made_kind kind, uint64_t number)
{
    uint64_t halves[2];
    struct guid g;
    halves[0] = mix(number * 16 + (uint64_t)kind + UINT64_C(0x9e3779b97f4a7c15));
    halves[1] = mix(halves[0] + UINT64_C(0x9e3779b97f4a7c15));
    memcpy(g.bytes, halves, sizeof g.bytes);
    return g;
}

static void add(struct made *m, int64_t time_us, struct made_event e)
{
    if (m->count == m->cap) {
        m->cap = m->cap * 2 + 1024;
        m->items = realloc(m->items, m->cap * sizeof *m->items);
        if (m->items == NULL)
            abort();
    }
    e.time_us = time_us;
    m->items[m->count++] = e;
}

/* From 1 ms to n seconds. */
static int64_t up_to_seconds(uint64_t n)
{
    return (int64_t)(1 + made_dice(n * 1000)) * US_PER_MS;
}

static void make_chat(struct made *m, const struct made_plan *plan, uint64_t number, int64_t start)
{
    struct made_event e = {.chat = (uint32_t)number,
                           .visitor = (uint32_t)made_dice(number / 2 + 10),
                           .agent = (uint16_t)made_dice(plan->agents),
                           .department = (uint8_t)made_dice(MADE_DEPARTMENTS)};
    int64_t t = start;
    if (plan->open)
        e.visitor = (uint32_t)number;
    e.type = EVENT_VISITOR_SEEN;
    add(m, t, e);
    e.type = EVENT_CHAT_REQUESTED;
    add(m, t += up_to_seconds(1), e);
    t += up_to_seconds(90);
    if (!plan->open && made_dice(10) == 0) {
        e.type = EVENT_CHAT_ABANDONED;
        add(m, t, e);
        return;
    }
    e.type = EVENT_CHAT_ACCEPTED;
    add(m, t, e);
    for (int i = 0; i < (plan->open ? OPEN_MESSAGES : 7); i++) {
        e.type = EVENT_CHAT_MESSAGE;
        e.detail = SENDER_VISITOR;
        add(m, t += up_to_seconds(20), e);
        e.detail = SENDER_AGENT;
        add(m, t += up_to_seconds(20), e);
        e.type = EVENT_VISITOR_SEEN;
        if (i % 4 == 3)
            add(m, t, e);
    }
    if (plan->open)
        return;
    e.type = EVENT_CHAT_ENDED;
    add(m, t += up_to_seconds(2), e);
    e.type = EVENT_CHAT_RATED;
    e.detail = (uint8_t)made_dice(6);
    add(m, t + up_to_seconds(60), e);
}

/* An agent's statuses: online more than half of the time. */
static void make_statuses(struct made *m, uint64_t agent, int64_t start, int64_t end)
{
    struct made_event e = {.agent = (uint16_t)agent, .type = EVENT_AGENT_STATUS_CHANGED};
    for (int64_t t = start; t < end; t += up_to_seconds(2 * STATUS_US / US_PER_SECOND)) {
        uint64_t dice = made_dice(10);
        e.detail = dice < 6 ? STATUS_ONLINE : dice < 9 ? STATUS_AWAY : STATUS_OFFLINE;
        add(m, t, e);
    }
}

static int64_t arrival(const struct made_event *e)
{
    return e->time_us + (e->late ? US_PER_HOUR : 0);
}

static int by_arrival(const void *a, const void *b)
{
    const struct made_event *x = a, *y = b;
    int64_t x_us = arrival(x), y_us = arrival(y);
    if (x_us != y_us)
        return x_us < y_us ? -1 : 1;
    if (x->chat != y->chat)
        return x->chat < y->chat ? -1 : 1;
    return (x->type > y->type) - (x->type < y->type);
}

void made_events(struct made *m, const struct made_plan *plan)
{
    int64_t each = plan->chats > 0 ? plan->span_us / (int64_t)plan->chats : 0;
    for (uint64_t i = 0; i < plan->chats; i++) {
        int64_t start = plan->start_us + (int64_t)i * each;
        start += (int64_t)made_dice((uint64_t)each / US_PER_MS + 1) * US_PER_MS;
        make_chat(m, plan, plan->first + i, start);
    }
    for (uint64_t i = 0; i < plan->agents; i++)
        make_statuses(m, i, plan->start_us, plan->start_us + plan->span_us);
    for (size_t i = 0; i < m->count && plan->late_percent > 0; i++)
        m->items[i].late = made_dice(100) < plan->late_percent;
    if (m->count > 0)
        qsort(m->items, m->count, sizeof *m->items, by_arrival);
}

void made_expand(const struct made_event *from, struct event *out)
{
    static const struct guid *const statuses[] = {&STATUS_ID_ONLINE, &STATUS_ID_AWAY,
                                                  &STATUS_ID_OFFLINE};
    *out = (struct event){
        .type = (enum event_type)from->type, .time_us = from->time_us, .site_id = 10000};
    bool by_agent = from->type == EVENT_CHAT_ACCEPTED ||
                    (from->type == EVENT_CHAT_MESSAGE && from->detail == SENDER_AGENT);
    if (from->type == EVENT_VISITOR_SEEN || from->type == EVENT_CHAT_REQUESTED) {
        out->fields |= FIELD_VISITOR;
        out->visitor = made_guid(MADE_VISITOR, from->visitor);
    }
    if (from->type != EVENT_VISITOR_SEEN && from->type != EVENT_AGENT_STATUS_CHANGED) {
        out->fields |= FIELD_CHAT;
        out->chat = made_guid(MADE_CHAT, from->chat);
    }
    if (from->type == EVENT_CHAT_REQUESTED) {
        out->fields |= FIELD_DEPARTMENT;
        out->department = made_guid(MADE_DEPARTMENT, from->department);
    }
    if (by_agent || from->type == EVENT_AGENT_STATUS_CHANGED) {
        out->fields |= FIELD_AGENT;
        out->agent = made_guid(MADE_AGENT, from->agent);
    }
    if (from->type == EVENT_CHAT_MESSAGE) {
        out->fields |= FIELD_SENDER;
        out->sender = (enum sender)from->detail;
    } else if (from->type == EVENT_CHAT_RATED) {
        out->fields |= FIELD_SCORE;
        out->score = from->detail * SCORE_ONE;
    } else if (from->type == EVENT_AGENT_STATUS_CHANGED) {
        out->fields |= FIELD_STATUS;
        out->status = *statuses[from->detail];
    }
}

void made_agent(uint64_t number, int64_t time_us, struct guid departments[2], struct event *out)
{
    departments[0] = made_guid(MADE_DEPARTMENT, number % MADE_DEPARTMENTS);
    departments[1] = made_guid(MADE_DEPARTMENT, (number + 1) % MADE_DEPARTMENTS);
    *out = (struct event){.type = EVENT_AGENT_UPDATED,
                          .fields = FIELD_AGENT | FIELD_DEPARTMENT_IDS | FIELD_MAX_CONCURRENT,
                          .agent = made_guid(MADE_AGENT, number),
                          .department_ids = departments,
                          .department_count = 2,
                          .max_concurrent = 5,
                          .time_us = time_us,
                          .site_id = 10000};
}
