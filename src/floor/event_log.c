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

/* Bytes of what an event points at: its department ids, its texts. */
static size_t bytes_behind(struct event *e)
{
    struct span *span[SPAN_FIELDS];
    size_t bytes = e->department_count * sizeof *e->department_ids;
    text_fields(e, span);
    for (int i = 0; i < SPAN_FIELDS; i++)
        bytes += span[i]->len;
    return bytes;
}

/* Says where what a copy points at lies: behind it, as event_copy has put it; or, without a
 * place, nowhere. */
static void points_behind(struct event *e, char *at)
{
    struct span *span[SPAN_FIELDS];
    text_fields(e, span);
    e->department_ids = (const struct guid *)(void *)at;
    if (at != NULL)
        at += e->department_count * sizeof *e->department_ids;
    for (int i = 0; i < SPAN_FIELDS; i++) {
        span[i]->data = at;
        if (at != NULL)
            at += span[i]->len;
    }
}

struct event *event_copy(const struct event *e)
{
    struct event from = *e;
    struct span *text[SPAN_FIELDS];
    text_fields(&from, text);
    struct event *copy = memory_get(sizeof *copy + bytes_behind(&from));
    char *at = (char *)(copy + 1);
    *copy = from;
    points_behind(copy, at);
    size_t ids = from.department_count * sizeof *from.department_ids;
    if (ids > 0)
        memcpy(at, from.department_ids, ids);
    at += ids;
    for (int i = 0; i < SPAN_FIELDS; i++) {
        if (text[i]->len > 0)
            memcpy(at, text[i]->data, text[i]->len);
        at += text[i]->len;
    }
    return copy;
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

/* Saves an event; or returns a new one. */
static struct event *event_image(struct event *e, struct image *io)
{
    struct event head = {0};
    if (e != NULL)
        memcpy(&head, e, sizeof head);
    points_behind(&head, NULL);
    image_bytes(io, &head, sizeof head);
    size_t behind = bytes_behind(&head);
    if (image_loads(io)) {
        e = memory_get(sizeof head + behind);
        memcpy(e, &head, sizeof head);
        points_behind(e, (char *)(e + 1));
    }
    image_bytes(io, e + 1, behind);
    return e;
}

void event_log_image(struct event_log *log, struct image *io)
{
    image_bytes(io, &log->count, sizeof log->count);
    if (image_loads(io)) {
        log->events = log->count > 0 ? memory_zeroed(log->count, sizeof *log->events) : NULL;
        log->cap = log->count;
    }
    for (size_t i = 0; i < log->count; i++)
        log->events[i] = event_image(log->events[i], io);
}
