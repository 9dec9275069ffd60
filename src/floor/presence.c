#include "floor/presence.h"

#include "base/memory.h"
#include "floor/agent.h"
#include "floor/status_marks.h"

#include <stdlib.h>

/* One addition to a timeline, waiting for its counterpart. */
struct booking {
    struct timeline *line;
    int64_t time_us;
    int64_t delta[P_WIDTH];
};

struct bookings {
    struct booking *items;
    size_t count, cap;
};

/* An instant at which the agent's number of chats may change. */
struct turn {
    int64_t time_us;
    int64_t chats;
};

struct turns {
    struct turn *items;
    size_t count, cap;
    int64_t from, to;
    int64_t chats_at_from;
};

/* How an agent stands during a stretch of time. */
struct stance {
    int64_t chats;
    bool logged_in, online;
    const struct agent_version *facts;
};

static void turn_add(struct turns *t, int64_t time, int64_t chats)
{
    if (time <= t->from || time >= t->to)
        return;
    t->items = memory_grow(t->items, &t->cap, t->count + 1, sizeof *t->items);
    t->items[t->count++] = (struct turn){time, chats};
}

static bool turn_of_join(void *data, const struct interval *i)
{
    struct turns *t = data;
    if (i->start == i->end)
        return true;
    if (i->start <= t->from)
        t->chats_at_from++;
    else
        turn_add(t, i->start, +1);
    turn_add(t, i->end, -1);
    return true;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct turn *)a)->time_us, y = ((const struct turn *)b)->time_us;
    return x < y ? -1 : x > y;
}

/* Most changes meet a handful of turns and make a handful of bookings: too few for a
 * general sort. */
#define FEW 12u
#define FEW_BOOKINGS 32u

static void turns_sort_few(struct turns *t)
{
    for (size_t i = 1; i < t->count; i++)
        for (size_t k = i; k > 0 && t->items[k].time_us < t->items[k - 1].time_us; k--) {
            struct turn swap = t->items[k];
            t->items[k] = t->items[k - 1];
            t->items[k - 1] = swap;
        }
}

/* Every instant inside (from, to) at which the stance may change. */
static void turns_collect(struct turns *t, const struct agent *a)
{
    interval_set_over(&a->joins, t->from, t->to, turn_of_join, t);
    size_t mark = status_marks_until(a->marks, a->mark_count, t->from);
    for (; mark < a->mark_count && a->marks[mark].time_us < t->to; mark++)
        turn_add(t, a->marks[mark].time_us, 0);
    for (size_t i = a->version_count; i-- > 0 && a->versions[i].time_us > t->from;)
        turn_add(t, a->versions[i].time_us, 0);
    if (t->count > FEW)
        qsort(t->items, t->count, sizeof *t->items, by_time);
    else
        turns_sort_few(t);
}

static struct stance stance_at(const struct floor *f, const struct agent *a, int64_t t,
                               int64_t chats)
{
    struct stance s = {.chats = chats};
    enum status_kind kind = f->statuses[agent_status_at(a, t)].kind;
    s.logged_in = kind != STATUS_OFFLINE;
    s.online = kind == STATUS_ONLINE;
    s.facts = agent_version_at(a, t);
    return s;
}

static int64_t capacity(const struct stance *s)
{
    return s->online && s->facts != NULL ? s->facts->max_concurrent : 0;
}

static void add_up(struct booking *b, const int64_t *delta)
{
    for (unsigned w = 0; w < b->line->width; w++)
        b->delta[w] = (int64_t)((uint64_t)b->delta[w] + (uint64_t)delta[w]);
}

/* While there are few, each is of a place and time of its own. */
static void book(struct floor *f, struct timeline *line, int64_t time, const int64_t *delta)
{
    struct bookings *list = f->bookings;
    for (size_t i = list->count; i-- > 0 && list->count <= FEW_BOOKINGS;)
        if (list->items[i].time_us == time && list->items[i].line == line) {
            add_up(&list->items[i], delta);
            return;
        }
    list->items = memory_grow(list->items, &list->cap, list->count + 1, sizeof *list->items);
    struct booking *b = &list->items[list->count++];
    b->line = line;
    b->time_us = time;
    memcpy(b->delta, delta, line->width * sizeof *delta);
}

static void book_departments(struct floor *f, const struct stance *s, int64_t time, int64_t sign)
{
    if (s->facts == NULL || s->facts->deleted)
        return;
    int64_t delta[D_WIDTH] = {sign * s->logged_in, sign * capacity(s)};
    if (delta[D_LOGGED_IN] == 0 && delta[D_ONLINE_CAPACITY] == 0)
        return;
    for (uint32_t i = 0; i < s->facts->department_count; i++)
        book(f, &f->departments[s->facts->departments[i]].members, time, delta);
}

/* Books a stance as beginning (sign +1) or ending (sign -1) at a time. */
static void book_stance(struct floor *f, struct agent *a, const struct stance *s, int64_t time,
                        int64_t sign, enum presence_scope scope)
{
    int64_t in_chat = s->chats > 0 ? sign : 0, logged_in = s->logged_in ? sign : 0;
    int64_t both = s->logged_in ? in_chat : 0;
    int64_t busy[B_WIDTH] = {
        [B_IN_CHAT] = in_chat,       [B_IN_CHAT_MOMENT] = moment(in_chat, time),
        [B_OUT] = in_chat - both,    [B_OUT_MOMENT] = moment(in_chat - both, time),
        [B_CHATS] = sign * s->chats,
    };
    int64_t site[P_WIDTH] = {
        [P_LOGGED_IN] = logged_in,
        [P_LOGGED_IN_MOMENT] = moment(logged_in, time),
        [P_IN_CHAT] = in_chat,
        [P_BOTH] = both,
        [P_BOTH_MOMENT] = moment(both, time),
        [P_ONLINE_CHATS] = s->online ? sign * s->chats : 0,
        [P_ONLINE_CAPACITY] = sign * capacity(s),
    };
    book(f, &f->presence, time, site);
    book(f, &a->busy, time, busy);
    if (scope == PRESENCE_CHATS)
        return;
    book_departments(f, s, time, sign);
}

static void book_range(struct floor *f, uint32_t number, int64_t from, int64_t to, int64_t sign,
                       enum presence_scope scope)
{
    struct agent *a = &f->agents[number];
    struct turns turns = {.from = from, .to = to};
    turns_collect(&turns, a);
    struct stance stance = stance_at(f, a, from, turns.chats_at_from);
    book_stance(f, a, &stance, from, sign, scope);
    for (size_t i = 0; i < turns.count;) {
        int64_t time = turns.items[i].time_us, chats = stance.chats;
        for (; i < turns.count && turns.items[i].time_us == time; i++)
            chats += turns.items[i].chats;
        book_stance(f, a, &stance, time, -sign, scope);
        stance = stance_at(f, a, time, chats);
        book_stance(f, a, &stance, time, sign, scope);
    }
    if (to != INT64_MAX)
        book_stance(f, a, &stance, to, -sign, scope);
    memory_free(turns.items);
}

static int by_line_and_time(const void *a, const void *b)
{
    const struct booking *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

static bool is_something(const struct booking *b)
{
    for (unsigned w = 0; w < b->line->width; w++)
        if (b->delta[w] != 0)
            return true;
    return false;
}

/* Adds up what goes to one place and time, and hands on what is not zero. */
static void settle(struct bookings *list)
{
    if (list->count > FEW_BOOKINGS)
        qsort(list->items, list->count, sizeof *list->items, by_line_and_time);
    for (size_t i = 0; i < list->count;) {
        struct booking *sum = &list->items[i++];
        for (; i < list->count && by_line_and_time(sum, &list->items[i]) == 0; i++)
            add_up(sum, list->items[i].delta);
        if (is_something(sum))
            timeline_add(sum->line, sum->time_us, sum->delta);
    }
    list->count = 0;
}

struct bookings *bookings_new(void)
{
    return memory_zeroed(1, sizeof(struct bookings));
}

void bookings_free(struct bookings *list)
{
    memory_free(list->items);
    memory_free(list);
}

void presence_begin(struct floor *f, uint32_t agent, int64_t from, int64_t to,
                    enum presence_scope scope)
{
    if (from >= to)
        return;
    book_range(f, agent, from, to, -1, scope);
}

void presence_end(struct floor *f, uint32_t agent, int64_t from, int64_t to,
                  enum presence_scope scope)
{
    if (from >= to)
        return;
    book_range(f, agent, from, to, +1, scope);
    settle(f->bookings);
}
