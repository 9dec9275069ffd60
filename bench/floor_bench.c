/* Measures the floor inside the process: applying events, bytes for each chat, and the
 * time of each answer for windows and instants all over the history.
 *
 *   floor_bench CHATS [LATE_PERCENT]
 *
 * Prints one line of JSON. The floor is a made one: 100 agents, 10 departments, about
 * 20 events a chat, spread over 30 days: more chats are more of them in the same time. */
#include "answer/answer.h"
#include "base/instant.h"
#include "floor/floor.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define AGENTS 100
#define DEPARTMENTS 10
#define QUESTIONS 20000

static uint64_t seed = 88172645463325252u;

static uint64_t dice(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct guid guid_of(uint32_t kind, uint64_t number)
{
    struct guid g = {{0}};
    uint64_t mixed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(g.bytes, &kind, sizeof kind);
    memcpy(g.bytes + 8, &mixed, sizeof mixed);
    return g;
}

struct queue_item {
    int64_t time;
    struct event event;
};

struct made {
    struct queue_item *items;
    size_t count, cap;
};

static void add(struct made *m, int64_t time, struct event e)
{
    if (m->count == m->cap) {
        m->cap = m->cap * 2 + 1024;
        m->items = realloc(m->items, m->cap * sizeof *m->items);
        if (m->items == NULL)
            abort();
    }
    e.time_us = time;
    m->items[m->count++] = (struct queue_item){time, e};
}

static void make_chat(struct made *m, uint64_t number, int64_t start)
{
    struct guid chat = guid_of(1, number), visitor = guid_of(2, dice(number / 2 + 10));
    struct guid agent = guid_of(3, dice(AGENTS)), department = guid_of(4, dice(DEPARTMENTS));
    int64_t t = start, second = US_PER_SECOND;
    struct event seen = {.type = EVENT_VISITOR_SEEN, .fields = FIELD_VISITOR, .visitor = visitor};
    add(m, t, seen);
    struct event e = {.type = EVENT_CHAT_REQUESTED,
                      .fields = FIELD_CHAT | FIELD_VISITOR | FIELD_DEPARTMENT,
                      .chat = chat,
                      .visitor = visitor,
                      .department = department};
    add(m, t += second, e);
    t += (int64_t)dice(90) * second;
    e.fields = FIELD_CHAT;
    if (dice(10) == 0) {
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
        add(m, t += (int64_t)(1 + dice(20)) * second, e);
        e.sender = SENDER_AGENT;
        e.fields |= FIELD_AGENT;
        add(m, t += (int64_t)(1 + dice(20)) * second, e);
        if (i % 4 == 3)
            add(m, t, seen);
    }
    e.type = EVENT_CHAT_ENDED;
    e.fields = FIELD_CHAT;
    add(m, t += second, e);
    e.type = EVENT_CHAT_RATED;
    e.score = (int64_t)dice(6) * SCORE_ONE;
    add(m, t += second, e);
}

/* The events' order, apart from them: they are large. */
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

static struct place *order_of(const struct made *m)
{
    struct place *order = malloc(m->count * sizeof *order);
    if (order == NULL)
        abort();
    for (size_t i = 0; i < m->count; i++)
        order[i] = (struct place){m->items[i].time, i};
    qsort(order, m->count, sizeof *order, by_time);
    return order;
}

static void make_directory(struct floor *f, int64_t start, int64_t now)
{
    char id[32];
    for (uint64_t i = 0; i < AGENTS; i++) {
        struct guid departments[2] = {guid_of(4, i % DEPARTMENTS),
                                      guid_of(4, (i + 1) % DEPARTMENTS)};
        struct event e = {.type = EVENT_AGENT_UPDATED,
                          .fields = FIELD_AGENT | FIELD_DEPARTMENT_IDS | FIELD_MAX_CONCURRENT,
                          .agent = guid_of(3, i),
                          .department_ids = departments,
                          .department_count = 2,
                          .max_concurrent = 5,
                          .time_us = start};
        e.id = (struct span){id, (size_t)snprintf(id, sizeof id, "a%llu", (unsigned long long)i)};
        floor_apply(f, &e, now);
        e.type = EVENT_AGENT_STATUS_CHANGED;
        e.fields = FIELD_AGENT | FIELD_STATUS;
        e.status = STATUS_ID_ONLINE;
        floor_apply(f, &e, now);
    }
}

struct timing {
    double p50, p99, mean;
};

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static struct timing timing_of(double *us)
{
    struct timing t = {0};
    for (int i = 0; i < QUESTIONS; i++)
        t.mean += us[i] / QUESTIONS;
    qsort(us, QUESTIONS, sizeof *us, by_double);
    t.p50 = us[QUESTIONS / 2];
    t.p99 = us[QUESTIONS / 100 * 99];
    return t;
}

static struct timing ask(const struct floor *f, int view, int64_t start, int64_t now)
{
    static double us[QUESTIONS];
    struct arena *arena = arena_new();
    for (int i = 0; i < QUESTIONS; i++) {
        int64_t span = now - start, a = start + (int64_t)dice((uint64_t)span);
        int64_t b = start + (int64_t)dice((uint64_t)span);
        struct question q = {.now_us = now,
                             .horizon_us = INT64_MIN,
                             .has_start = view == 0,
                             .has_end = true,
                             .start_us = a < b ? a : b,
                             .end_us = a < b ? b : a,
                             .page_index = 1,
                             .page_size = 1000,
                             .status_distribution = true};
        struct today today;
        struct right_now right_now;
        struct queue_list queue;
        struct agents_page agents;
        double before = seconds();
        if (view == 0)
            answer_today(f, &q, &today);
        else if (view == 1)
            answer_right_now(f, &q, &right_now);
        else if (view == 2)
            answer_queue(f, &q, arena, &queue);
        else
            answer_agents(f, &q, arena, &agents);
        us[i] = (seconds() - before) * 1e6;
        arena_reset(arena);
    }
    arena_free(arena);
    return timing_of(us);
}

int main(int argc, char **argv)
{
    uint64_t chats = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
    uint64_t late = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    const int64_t start = 1700000000LL * US_PER_SECOND, span = 30 * US_PER_DAY;
    const int64_t now = start + span + US_PER_DAY;
    struct made m = {0};
    for (uint64_t i = 0; i < chats; i++)
        make_chat(&m, i, start + (int64_t)((double)span * (double)i / (double)chats));
    for (size_t i = 0; i < m.count; i++)
        if (late > 0 && dice(100) < late)
            m.items[i].time += US_PER_HOUR; /* comes an hour after its time */
    struct place *order = order_of(&m);
    size_t before = mallinfo2().uordblks;
    struct floor *f = floor_new(&(struct floor_settings){1, 120 * US_PER_SECOND});
    make_directory(f, start, now);
    double began = seconds();
    char id[37];
    for (size_t i = 0; i < m.count; i++) {
        struct guid g = guid_of(9, i);
        guid_format(&g, id);
        struct event *e = &m.items[order[i].item].event;
        e->id = (struct span){id, GUID_TEXT_BYTES};
        floor_apply(f, e, now);
    }
    double took = seconds() - began;
    size_t bytes = mallinfo2().uordblks - before;
    printf("{\"chats\": %llu, \"events\": %zu, \"late_percent\": %llu, \"events_per_s\": %.0f, "
           "\"bytes_per_chat\": %.1f",
           (unsigned long long)chats, m.count, (unsigned long long)late, (double)m.count / took,
           (double)bytes / (double)chats);
    const char *views[] = {"today", "right_now", "queue", "agents"};
    for (int view = 0; view < 4 && late == 0; view++) {
        struct timing t = ask(f, view, start, start + span);
        printf(", \"%s_us\": {\"p50\": %.2f, \"p99\": %.2f, \"mean\": %.2f}", views[view], t.p50,
               t.p99, t.mean);
    }
    printf("}\n");
    floor_free(f);
    free(order);
    free(m.items);
    return 0;
}
