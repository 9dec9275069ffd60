#include "floor/event_log.h"

#include "base/memory.h"

static void text_fields(struct event *e, struct span **out)
{
    out[0] = &e->id;
    out[1] = &e->name;
    out[2] = &e->description;
    out[3] = &e->display_name;
    out[4] = &e->email;
    out[5] = &e->first_name;
    out[6] = &e->last_name;
    out[7] = &e->title;
    out[8] = &e->bio;
    out[9] = &e->phone;
    out[10] = &e->avatar;
}

#define SPAN_FIELDS 11

struct event *event_copy(const struct event *e)
{
    struct event copy = *e;
    struct span *span[SPAN_FIELDS];
    text_fields(&copy, span);
    size_t ids = e->department_count * sizeof *e->department_ids, texts = 0;
    for (int i = 0; i < SPAN_FIELDS; i++)
        texts += span[i]->len;
    char *block = memory_get(sizeof copy + ids + texts);
    char *at = block + sizeof copy;
    if (ids > 0)
        memcpy(at, e->department_ids, ids);
    copy.department_ids = (const struct guid *)(void *)at;
    at += ids;
    for (int i = 0; i < SPAN_FIELDS; i++) {
        if (span[i]->len > 0)
            memcpy(at, span[i]->data, span[i]->len);
        span[i]->data = at;
        at += span[i]->len;
    }
    memcpy(block, &copy, sizeof copy);
    return (struct event *)(void *)block;
}

static bool comes_before(const struct event *a, const struct event *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us;
    unsigned rank_a = event_rank(a->type), rank_b = event_rank(b->type);
    if (rank_a != rank_b)
        return rank_a < rank_b;
    return span_compare(a->id, b->id) < 0;
}

size_t event_log_insert(struct event_log *log, struct event *e)
{
    log->events = memory_grow(log->events, &log->cap, log->count + 1, sizeof *log->events);
    size_t low = 0, high = log->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (comes_before(log->events[middle], e))
            low = middle + 1;
        else
            high = middle;
    }
    memmove(log->events + low + 1, log->events + low, (log->count - low) * sizeof *log->events);
    log->events[low] = e;
    log->count++;
    return low;
}

struct event *event_log_shift(struct event_log *log)
{
    struct event *first = log->events[0];
    log->count--;
    memmove(log->events, log->events + 1, log->count * sizeof *log->events);
    return first;
}

void event_log_clear(struct event_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        memory_free(log->events[i]);
    memory_free(log->events);
    *log = (struct event_log){0};
}
