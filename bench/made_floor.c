#include "made_floor.h"

#include "base/instant.h"

#include <stdlib.h>

static uint64_t seed = 88172645463325252u;

uint64_t made_dice(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

struct guid made_guid(enum made_kind kind, uint64_t number)
{
    struct guid g = {{0}};
    uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t name = kind;
    memcpy(g.bytes, &name, sizeof name);
    memcpy(g.bytes + 8, &mixed, sizeof mixed);
    return g;
}

static void add(struct made *m, int64_t time, struct event e)
{
    if (m->count == m->cap) {
        m->cap = m->cap * 2 + 1024;
        m->items = realloc(m->items, m->cap * sizeof *m->items);
        if (m->items == NULL)
            abort();
    }
    e.time_us = time;
    m->items[m->count++] = (struct made_event){time, e};
}

static void make_chat(struct made *m, uint64_t number, int64_t start)
{
    struct guid chat = made_guid(MADE_CHAT, number), visitor = made_guid(MADE_VISITOR, made_dice(number / 2 + 10));
    struct guid agent = made_guid(MADE_AGENT, made_dice(MADE_AGENTS)), department = made_guid(MADE_DEPARTMENT, made_dice(MADE_DEPARTMENTS));
    int64_t t = start, second = US_PER_SECOND;
    struct event seen = {.type = EVENT_VISITOR_SEEN, .fields = FIELD_VISITOR, .visitor = visitor};
    add(m, t, seen);
    struct event e = {.type = EVENT_CHAT_REQUESTED,
                      .fields = FIELD_CHAT | FIELD_VISITOR | FIELD_DEPARTMENT,
                      .chat = chat,
                      .visitor = visitor,
                      .department = department};
    add(m, t += second, e);
    t += (int64_t)made_dice(90) * second;
    e.fields = FIELD_CHAT;
    if (made_dice(10) == 0) {
        e.type = EVENT_CHAT_ABANDONED;
        add(m, t, e);
        return;
    }
    e.type = EVENT_CHAT_ACCEPTED;
    e.fields = FIELD_CHAT | FIELD_AGENT;
    e.agent = agent;
    add(m, t, e);
    for (int i = 0; i < 7; i++) {
        e.type = EVENT_CHAT_MESSAGE;
        e.fields = FIELD_CHAT | FIELD_SENDER;
        e.sender = SENDER_VISITOR;
        add(m, t += (int64_t)(1 + made_dice(20)) * second, e);
        e.sender = SENDER_AGENT;
        e.fields |= FIELD_AGENT;
        add(m, t += (int64_t)(1 + made_dice(20)) * second, e);
        if (i % 4 == 3)
            add(m, t, seen);
    }
    e.type = EVENT_CHAT_ENDED;
    e.fields = FIELD_CHAT;
    add(m, t += second, e);
    e.type = EVENT_CHAT_RATED;
    e.score = (int64_t)made_dice(6) * SCORE_ONE;
    add(m, t += second, e);
}

struct place {
    int64_t time;
    size_t item;
};

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

void made_chats(struct made *m, uint64_t chats, int64_t start, int64_t span, uint64_t late,
                size_t **order)
{
    for (uint64_t i = 0; i < chats; i++)
        make_chat(m, i, start + (int64_t)((double)span * (double)i / (double)chats));
    /* The places apart from the events, which are large. */
    struct place *places = malloc(m->count * sizeof *places);
    *order = malloc(m->count * sizeof **order);
    if (places == NULL || *order == NULL)
        abort();
    for (size_t i = 0; i < m->count; i++) {
        if (late > 0 && made_dice(100) < late)
            m->items[i].arrival_us += US_PER_HOUR;
        places[i] = (struct place){m->items[i].arrival_us, i};
    }
    qsort(places, m->count, sizeof *places, by_time);
    for (size_t i = 0; i < m->count; i++)
        (*order)[i] = places[i].item;
    free(places);
}
