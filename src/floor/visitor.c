#include "floor/visitor.h"

#include "base/memory.h"

#include <stdlib.h>

const struct visitor *visitor_peek(const struct floor *f, uint32_t number, struct visitor *scratch,
                                   struct guid *guid)
{
    return vault_peek(&f->visitors, number, scratch, guid);
}

/* The order of marks: time, seen before left, and by id among those with a contact
 * (of the others it does not matter). */
static int mark_compare(const struct visitor_mark *a, const struct visitor_mark *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    if (a->left != b->left)
        return a->left ? 1 : -1;
    if (a->has_contact != b->has_contact)
        return a->has_contact ? 1 : -1;
    if (!a->has_contact)
        return 0;
    return span_compare((struct span){a->id, a->id_len}, (struct span){b->id, b->id_len});
}

/* How many marks are at or before t. */
static size_t marks_until(const struct visitor *v, int64_t t)
{
    size_t low = 0, high = v->mark_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (v->marks[middle].time_us <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many stays end before t. */
static size_t stays_before(const struct visitor *v, int64_t t)
{
    size_t low = 0, high = v->stay_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (v->stays[middle].end < t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Is the visitor known to be on site all through [from, to)? Then a heartbeat in it, which
 * takes nothing away, changes nothing. */
static bool stay_covers(const struct visitor *v, int64_t from, int64_t to)
{
    size_t i = stays_before(v, to);
    return i < v->stay_count && v->stays[i].start <= from;
}

void visitor_take_mark(struct floor *f, uint32_t number, const struct event *e)
{
    struct visitor *v = vault_get(&f->visitors, number);
    struct visitor_mark mark = {.time_us = e->time_us, .left = e->type == EVENT_VISITOR_LEFT};
    if (event_has(e, FIELD_CONTACT)) {
        mark.has_contact = true;
        mark.contact = e->contact;
        mark.id = memory_get(e->id.len);
        mark.id_len = (uint32_t)e->id.len;
        memcpy(mark.id, e->id.data, e->id.len);
    }
    size_t at = marks_until(v, e->time_us);
    while (at > 0 && mark_compare(&v->marks[at - 1], &mark) > 0)
        at--;
    v->marks = memory_grow(v->marks, &v->mark_cap, v->mark_count + 1, sizeof *v->marks);
    memmove(v->marks + at + 1, v->marks + at, (v->mark_count - at) * sizeof *v->marks);
    v->marks[at] = mark;
    v->mark_count++;
    vault_rest(&f->visitors, number, v->open_chats == 0);
    /* A heartbeat lasts for the time-out, that instant included; a leave cuts an
     * earlier one, which lasts no longer than that. */
    if (mark.left || !stay_covers(v, e->time_us, e->time_us + f->settings.visitor_timeout_us + 1))
        visitor_refresh(f, number, e->time_us, e->time_us + f->settings.visitor_timeout_us + 1);
}

/* Few visitors have more pieces of presence at a time than fit in here. */
#define PIECES_INLINE 8u

struct pieces {
    struct stay *items; /* `few`, or owned */
    size_t count, cap;
    int64_t from, to;
    struct stay few[PIECES_INLINE];
};

static void pieces_init(struct pieces *p, int64_t from, int64_t to)
{
    p->items = p->few;
    p->count = 0;
    p->cap = PIECES_INLINE;
    p->from = from;
    p->to = to;
}

static void pieces_clear(struct pieces *p)
{
    if (p->items != p->few)
        memory_free(p->items);
}

static void pieces_reserve(struct pieces *p)
{
    if (p->count < p->cap)
        return;
    struct stay *old = p->items != p->few ? p->items : NULL;
    p->items = memory_grow(old, &p->cap, p->count + 1, sizeof *p->items);
    if (old == NULL)
        memcpy(p->items, p->few, sizeof p->few);
}

static void piece_add(struct pieces *p, int64_t start, int64_t end)
{
    if (start < p->from)
        start = p->from;
    if (end > p->to)
        end = p->to;
    if (start >= end)
        return;
    pieces_reserve(p);
    p->items[p->count++] = (struct stay){start, end};
}

static bool piece_of_chat(void *data, const struct interval *i)
{
    piece_add(data, i->start, i->end);
    return true;
}

static int by_start(const void *a, const void *b)
{
    int64_t x = ((const struct stay *)a)->start, y = ((const struct stay *)b)->start;
    return x < y ? -1 : x > y;
}

static bool pieces_sorted(const struct pieces *p)
{
    for (size_t i = 1; i < p->count; i++)
        if (p->items[i].start < p->items[i - 1].start)
            return false;
    return true;
}

/* Joins pieces that touch or overlap. */
static void pieces_merge(struct pieces *p)
{
    size_t kept = 0;
    if (!pieces_sorted(p))
        qsort(p->items, p->count, sizeof *p->items, by_start);
    for (size_t i = 0; i < p->count; i++) {
        struct stay *last = kept > 0 ? &p->items[kept - 1] : NULL;
        if (last != NULL && p->items[i].start <= last->end) {
            if (p->items[i].end > last->end)
                last->end = p->items[i].end;
        } else {
            p->items[kept++] = p->items[i];
        }
    }
    p->count = kept;
}

/* When the visitor was on site within [from, to), from chats and heartbeats. */
static void pieces_collect(struct pieces *p, const struct visitor *v, int64_t timeout)
{
    interval_set_over(&v->chats, p->from, p->to, piece_of_chat, p);
    size_t i = marks_until(v, p->from);
    for (i = i > 0 ? i - 1 : 0; i < v->mark_count && v->marks[i].time_us < p->to; i++) {
        if (v->marks[i].left)
            continue;
        int64_t end = v->marks[i].time_us + timeout + 1;
        if (i + 1 < v->mark_count && v->marks[i + 1].time_us < end)
            end = v->marks[i + 1].time_us;
        piece_add(p, v->marks[i].time_us, end);
    }
}

/* Whose stay it is nobody asks. */
static void book_stay(struct floor *f, const struct stay *s, int64_t sign)
{
    struct interval i = {s->start, s->end, 0};
    if (sign > 0)
        interval_set_add(&f->stays, &i);
    else
        interval_set_remove(&f->stays, &i);
    timeline_add(&f->on_site, s->start, (int64_t[]){sign});
    if (s->end != INTERVAL_OPEN)
        timeline_add(&f->on_site, s->end, (int64_t[]){-sign});
}

/* Most stays that change go on for longer: only their end is booked anew. */
static void book_end(struct floor *f, const struct stay *s, int64_t end)
{
    const struct interval i = {s->start, s->end, 0};
    interval_set_end(&f->stays, &i, end);
    if (s->end != INTERVAL_OPEN)
        timeline_add(&f->on_site, s->end, (int64_t[]){+1});
    if (end != INTERVAL_OPEN)
        timeline_add(&f->on_site, end, (int64_t[]){-1});
}

/* Replaces `old_count` stays from `first` on by those in p, and books the difference. */
static void splice(struct floor *f, uint32_t number, size_t first, size_t old_count,
                   const struct pieces *p)
{
    struct visitor *v = vault_get(&f->visitors, number);
    size_t same = 0;
    while (same < old_count && same < p->count &&
           v->stays[first + same].start == p->items[same].start &&
           v->stays[first + same].end == p->items[same].end)
        same++;
    if (same < old_count && same < p->count &&
        v->stays[first + same].start == p->items[same].start) {
        book_end(f, &v->stays[first + same], p->items[same].end);
        same++;
    }
    for (size_t i = same; i < old_count; i++)
        book_stay(f, &v->stays[first + i], -1);
    for (size_t i = same; i < p->count; i++)
        book_stay(f, &p->items[i], +1);
    size_t after = v->stay_count - first - old_count, count = first + p->count + after;
    v->stays = memory_grow(v->stays, &v->stay_cap, count, sizeof *v->stays);
    if (count > 0 && after > 0)
        memmove(v->stays + first + p->count, v->stays + first + old_count,
                after * sizeof *v->stays);
    for (size_t i = 0; i < p->count; i++)
        v->stays[first + i] = p->items[i];
    v->stay_count = count;
}

void visitor_refresh(struct floor *f, uint32_t number, int64_t from, int64_t to)
{
    if (from >= to)
        return;
    struct visitor *v = vault_get(&f->visitors, number);
    struct pieces p;
    pieces_init(&p, from, to);
    pieces_collect(&p, v, f->settings.visitor_timeout_us);
    /* The stays that touch the range: what they have outside it stays as it is. */
    size_t first = stays_before(v, from), last = first;
    while (last < v->stay_count && v->stays[last].start <= to)
        last++;
    p.from = INT64_MIN;
    p.to = INT64_MAX;
    if (last > first) {
        struct stay left = v->stays[first], right = v->stays[last - 1];
        if (left.start < from)
            piece_add(&p, left.start, left.end < from ? left.end : from);
        if (right.end > to)
            piece_add(&p, right.start > to ? right.start : to, right.end);
    }
    pieces_merge(&p);
    splice(f, number, first, last - first, &p);
    pieces_clear(&p);
}

bool visitor_stay_at(const struct visitor *v, int64_t t, int64_t *start)
{
    size_t i = stays_before(v, t + 1);
    if (i == v->stay_count || v->stays[i].start > t)
        return false;
    *start = v->stays[i].start;
    return true;
}

bool visitor_contact_at(const struct visitor *v, int64_t t, struct guid *contact)
{
    for (size_t i = marks_until(v, t); i-- > 0;)
        if (v->marks[i].has_contact) {
            *contact = v->marks[i].contact;
            return true;
        }
    return false;
}

static void book_link(struct link_set **set, int64_t from, int64_t to, int sign)
{
    if (*set == NULL)
        *set = link_set_new(false);
    link_set_book(*set, &(struct link){from, to, 0}, sign);
}

/* A thing that comes between two linked ones takes their link apart, and back. */
static void book_between(struct link_set **set, const int64_t *previous, int64_t at,
                         const int64_t *next, int sign)
{
    if (previous != NULL && next != NULL)
        book_link(set, *previous, *next, -sign);
    if (previous != NULL)
        book_link(set, *previous, at, sign);
    if (next != NULL)
        book_link(set, at, *next, sign);
}

void visitor_book_accepted(struct floor *f, uint32_t number, int64_t requested_us,
                           uint32_t department, int sign)
{
    struct visitor *v = vault_get(&f->visitors, number);
    size_t at = v->accepted_count;
    while (at > 0 && v->accepted[at - 1].requested_us > requested_us)
        at--;
    if (sign < 0) {
        while (v->accepted[at - 1].department != department)
            at--;
        at--;
        v->accepted_count--;
        memmove(v->accepted + at, v->accepted + at + 1,
                (v->accepted_count - at) * sizeof *v->accepted);
    }
    /* Now `at` is where it goes in, or where it was; its neighbours are beside. */
    const struct accepted_chat *list = v->accepted;
    const int64_t *previous = at > 0 ? &list[at - 1].requested_us : NULL;
    const int64_t *next = at < v->accepted_count ? &list[at].requested_us : NULL;
    book_between(&f->tally.visitors, previous, requested_us, next, sign);
    if (department != NONE) {
        size_t low = at, high = at;
        while (low > 0 && list[low - 1].department != department)
            low--;
        while (high < v->accepted_count && list[high].department != department)
            high++;
        book_between(&f->departments[department].tally.visitors,
                     low > 0 ? &list[low - 1].requested_us : NULL, requested_us,
                     high < v->accepted_count ? &list[high].requested_us : NULL, sign);
    }
    if (sign > 0) {
        v->accepted =
            memory_grow(v->accepted, &v->accepted_cap, v->accepted_count + 1, sizeof *v->accepted);
        memmove(v->accepted + at + 1, v->accepted + at,
                (v->accepted_count - at) * sizeof *v->accepted);
        v->accepted[at] = (struct accepted_chat){requested_us, department};
        v->accepted_count++;
    }
}
