#include "floor/effect.h"

#include "base/memory.h"
#include "floor/agent.h"
#include "floor/department.h"
#include "floor/presence.h"
#include "floor/visitor.h"

#include <stdlib.h>

void effect_list_clear(struct effect_list *list)
{
    memory_free(list->items);
    *list = (struct effect_list){0};
}

static bool is_interval(const struct effect *e)
{
    return e->kind <= EFFECT_JOIN;
}

/* The same thing, whatever the end of an interval. */
static int compare_subject(const struct effect *x, const struct effect *y)
{
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    if (x->b != y->b)
        return x->b < y->b ? -1 : 1;
    return x->t < y->t ? -1 : x->t > y->t;
}

static int compare(const void *left, const void *right)
{
    const struct effect *x = left, *y = right;
    int subject = compare_subject(x, y);
    if (subject != 0)
        return subject;
    if (x->mask != y->mask)
        return x->mask < y->mask ? -1 : 1;
    if (x->x != y->x)
        return x->x < y->x ? -1 : 1;
    return x->y < y->y ? -1 : x->y > y->y;
}

/* An effect meets its opposite about where the last one met its own, when a run has said
 * almost the same again as the one before took back. */
#define MEET_WITHIN 8u

/* Takes out what meets its opposite there: most of what a late event has said anew. */
static void opposites_cancel(struct effect_list *list)
{
    struct effect *items = list->items;
    size_t kept = 0, here = 0, left = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t k = here, end = here + MEET_WITHIN < kept ? here + MEET_WITHIN : kept;
        while (k < end &&
               (items[k].sign + items[i].sign != 0 || compare(&items[k], &items[i]) != 0))
            k++;
        if (k == end) {
            items[kept++] = items[i];
            continue;
        }
        items[k].sign = 0;
        here = k + 1;
    }
    for (size_t k = 0; k < kept; k++)
        if (items[k].sign != 0)
            items[left++] = items[k];
    list->count = left;
}

/* So few are put in order one by one. */
#define FEW 16u

static void sort_few(struct effect_list *list)
{
    for (size_t i = 1; i < list->count; i++) {
        struct effect e = list->items[i];
        size_t k = i;
        for (; k > 0 && compare(&e, &list->items[k - 1]) < 0; k--)
            list->items[k] = list->items[k - 1];
        list->items[k] = e;
    }
}

void effect_list_settle(struct effect_list *list)
{
    opposites_cancel(list);
    if (list->count > FEW)
        qsort(list->items, list->count, sizeof *list->items, compare);
    else
        sort_few(list);
    size_t kept = 0;
    for (size_t i = 0; i < list->count;) {
        struct effect sum = list->items[i++];
        for (; i < list->count && compare(&sum, &list->items[i]) == 0; i++)
            sum.sign += list->items[i].sign;
        if (sum.sign != 0)
            list->items[kept++] = sum;
    }
    list->count = kept;
    /* Within one subject: first what goes, then what comes. */
    for (size_t i = 0; i + 1 < kept; i++) {
        struct effect *e = &list->items[i];
        if (is_interval(e) && compare_subject(e, e + 1) == 0 && e->sign > 0 && e[1].sign < 0) {
            struct effect swap = *e;
            *e = e[1];
            e[1] = swap;
        }
    }
}

static struct tally *department_tally(struct floor *f, uint32_t department)
{
    return department == NONE ? NULL : &f->departments[department].tally;
}

/* The first that names a department may decide whether a deletion found it there. */
static void recheck_department(struct department *d, int64_t t)
{
    if (d->log.count > 0 && t <= department_first_named(d))
        department_refresh(d);
}

static void book_request(struct floor *f, const struct effect *e)
{
    int64_t delta[R_WIDTH] = {0};
    for (unsigned m = 0; m < R_WIDTH; m++)
        if (e->mask >> m & 1)
            delta[m] = e->sign;
    delta[R_WAIT_SUM] = e->sign * e->x;
    delta[R_CHAT_SUM] = e->sign * e->y;
    timeline_add(&f->tally.requests, e->t, delta);
    struct tally *tally = department_tally(f, e->a);
    if (tally == NULL)
        return;
    timeline_add(&tally->requests, e->t, delta);
    recheck_department(&f->departments[e->a], e->t);
}

static void book_moment(struct floor *f, const struct effect *e, enum moment_measure count,
                        enum moment_measure sum)
{
    int64_t delta[M_WIDTH] = {0};
    delta[count] = e->sign;
    delta[sum] = e->sign * e->x;
    timeline_add(&f->tally.moments, e->t, delta);
    struct tally *tally = department_tally(f, e->a);
    if (tally != NULL)
        timeline_add(&tally->moments, e->t, delta);
}

static void book_link(struct link_set **set, const struct effect *e, int64_t value)
{
    if (*set == NULL)
        *set = link_set_new(value != 0 || e->kind == EFFECT_RERATING);
    struct link l = {e->t, e->x, value};
    link_set_book(*set, &l, e->sign > 0 ? 1 : -1);
}

static void book_rerating(struct floor *f, const struct effect *e)
{
    book_link(&f->tally.ratings, e, e->y);
    struct tally *tally = department_tally(f, e->a);
    if (tally != NULL)
        book_link(&tally->ratings, e, e->y);
}

static void book_load(struct timeline *load, const struct effect *e)
{
    int64_t delta[L_WIDTH] = {0};
    delta[e->a] = e->sign * e->x;
    timeline_add(load, e->t, delta);
}

static void book_ended(struct floor *f, const struct effect *e)
{
    int64_t delta[E_WIDTH] = {
        [E_WAITS] = e->sign,
        [E_WAIT_SUM] = e->sign * e->x,
        [E_ABANDONED] = e->mask >> E_ABANDONED & 1 ? e->sign : 0,
        [E_SWITCHED] = e->mask >> E_SWITCHED & 1 ? e->sign : 0,
    };
    timeline_add(&floor_route(f, e->b)->ended, e->t, delta);
}

static void book_named(struct floor *f, const struct effect *e)
{
    struct department *d = &f->departments[e->a];
    timeline_add(&d->named, e->t, (int64_t[]){e->sign});
    recheck_department(d, e->t);
}

static void set_change(struct interval_set *set, struct interval i, const int64_t *old_end,
                       const int64_t *new_end)
{
    if (old_end != NULL) {
        i.end = *old_end;
        if (new_end != NULL && interval_set_end(set, &i, *new_end))
            return;
        interval_set_remove(set, &i);
    }
    if (new_end != NULL) {
        i.end = *new_end;
        interval_set_add(set, &i);
    }
}

/* A visitor who is in a chat stays in memory. */
static void book_present(struct floor *f, uint32_t visitor, struct interval i,
                         const int64_t *old_end, const int64_t *new_end)
{
    struct visitor *v = vault_get(&f->visitors, visitor);
    set_change(&v->chats, i, old_end, new_end);
    v->open_chats += new_end != NULL && *new_end == INTERVAL_OPEN;
    v->open_chats -= old_end != NULL && *old_end == INTERVAL_OPEN;
    vault_rest(&f->visitors, visitor, v->open_chats == 0);
}

/* An interval comes (no old end), goes (no new end) or ends elsewhere. */
static void book_interval(struct floor *f, const struct effect *e, const int64_t *old_end,
                          const int64_t *new_end)
{
    /* Where the floor's reading of it changes: from the start, or between the ends. */
    int64_t from = e->t, to = old_end != NULL ? *old_end : *new_end;
    if (old_end != NULL && new_end != NULL) {
        from = *old_end < *new_end ? *old_end : *new_end;
        to = *old_end < *new_end ? *new_end : *old_end;
    }
    struct interval i = {.start = e->t, .ref = e->b};
    switch ((enum effect_kind)e->kind) {
    case EFFECT_PRESENT:
        book_present(f, e->a, i, old_end, new_end);
        visitor_refresh(f, e->a, from, to);
        break;
    case EFFECT_JOIN:
        presence_begin(f, e->a, from, to, PRESENCE_CHATS);
        set_change(&f->agents[e->a].joins, i, old_end, new_end);
        presence_end(f, e->a, from, to, PRESENCE_CHATS);
        if (old_end == NULL || new_end == NULL)
            timeline_add(&f->agents[e->a].busy, e->t,
                         (int64_t[B_WIDTH]){[B_JOINS] = old_end == NULL ? 1 : -1});
        break;
    default:
        i.ref = e->a;
        set_change(e->kind == EFFECT_WAIT ? &f->waits : &f->alive, i, old_end, new_end);
        break;
    }
}

static void book_attempt(struct floor *f, const struct effect *e)
{
    struct interval i = {e->t, e->t, e->b};
    set_change(&f->agents[e->a].attempts, i, e->sign < 0 ? &i.start : NULL,
               e->sign > 0 ? &i.start : NULL);
}

static void book_once(struct floor *f, const struct effect *e)
{
    switch ((enum effect_kind)e->kind) {
    case EFFECT_REQUEST:
        book_request(f, e);
        break;
    case EFFECT_REPLY:
        book_moment(f, e, M_REPLIES, M_REPLY_SUM);
        break;
    case EFFECT_RATING:
        book_moment(f, e, M_RATINGS, M_SCORE_SUM);
        break;
    case EFFECT_LOAD:
        book_load(&f->load, e);
        break;
    case EFFECT_ROUTE_LOAD:
        book_load(&floor_route(f, e->b)->load, e);
        break;
    case EFFECT_ROUTE_ENDED:
        book_ended(f, e);
        break;
    case EFFECT_NAMED:
        book_named(f, e);
        break;
    case EFFECT_ANOMALY:
        f->chat_anomalies += (uint64_t)e->sign;
        break;
    default:
        break;
    }
}

/* Those that are not sums: one at a time. */
static bool book_each(struct floor *f, const struct effect *e)
{
    int sign = e->sign > 0 ? 1 : -1;
    for (int64_t n = e->sign * sign; n > 0; n--) {
        switch ((enum effect_kind)e->kind) {
        case EFFECT_RERATING:
            book_rerating(f, e);
            break;
        case EFFECT_REJOIN:
            book_link(&f->agents[e->a].rejoins, e, 0);
            break;
        case EFFECT_ATTEMPT:
            book_attempt(f, e);
            break;
        case EFFECT_ACCEPTED:
            visitor_book_accepted(f, e->a, e->t, e->b, sign);
            break;
        default:
            return false;
        }
    }
    return true;
}

/* Agents whose first chat may have changed and that have been deleted: whether a
 * deletion found them there may have changed too. */
static void recheck_agents(struct floor *f, const struct effect_list *list)
{
    if (f->agent_deletions == 0)
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct effect *e = &list->items[i];
        if (e->kind == EFFECT_JOIN && f->agents[e->a].deletions > 0 &&
            e->t <= agent_first_named(&f->agents[e->a]))
            agent_refresh(f, e->a, e->t);
    }
}

void effect_list_apply(struct floor *f, struct effect_list *list)
{
    /* Rechecking agents may run chats again, which makes effects of its own. */
    struct effect_list mine = *list;
    *list = (struct effect_list){0};
    for (size_t i = 0; i < mine.count; i++) {
        const struct effect *e = &mine.items[i];
        if (!is_interval(e)) {
            if (!book_each(f, e))
                book_once(f, e);
            continue;
        }
        bool moved =
            i + 1 < mine.count && compare_subject(e, e + 1) == 0 && e->sign == -1 && e[1].sign == 1;
        if (moved) {
            book_interval(f, e, &e->x, &e[1].x);
            i++;
            continue;
        }
        for (int64_t n = e->sign; n > 0; n--)
            book_interval(f, e, NULL, &e->x);
        for (int64_t n = e->sign; n < 0; n++)
            book_interval(f, e, &e->x, NULL);
    }
    recheck_agents(f, &mine);
    if (list->items == NULL) {
        mine.count = 0;
        *list = mine; /* keep the memory */
    } else {
        effect_list_clear(&mine);
    }
}
