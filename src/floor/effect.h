/* Effects: what a chat's steps book in the timelines. */
#ifndef LIVEFLOOR_FLOOR_EFFECT_H
#define LIVEFLOOR_FLOOR_EFFECT_H

#include "base/memory.h"
#include "floor/state.h"

/* What the fields of an effect mean, by kind. */
enum effect_kind {
    /* Intervals [t, x): added, taken back, or moved to another end. */
    EFFECT_ALIVE,   /* chat a goes on */
    EFFECT_PRESENT, /* visitor a is in chat b */
    EFFECT_WAIT,    /* chat a waits */
    EFFECT_JOIN,    /* agent a is in chat b */
    /* Instants t. */
    EFFECT_REQUEST,     /* mask of R_… bits for department a; x: wait, y: chat time */
    EFFECT_REPLY,       /* department a; x: response time */
    EFFECT_RATING,      /* department a; x: score */
    EFFECT_RERATING,    /* department a; from t to x, y: the earlier score */
    EFFECT_LOAD,        /* state a (L_…) begins (sign +1) or ends (-1): x is the step */
    EFFECT_ROUTE_LOAD,  /* the same at route b */
    EFFECT_ROUTE_ENDED, /* a wait of x ended at route b; mask of E_… bits */
    EFFECT_ATTEMPT,     /* agent a, deleted, accepted chat b */
    EFFECT_REJOIN,      /* agent a joined one chat at t and again at x */
    EFFECT_ACCEPTED,    /* visitor a had a chat accepted; department b; t: its request */
    EFFECT_NAMED,       /* a transfer named department a */
    EFFECT_ANOMALY,
};

struct effect {
    uint32_t kind; /* enum effect_kind */
    uint32_t mask;
    uint32_t a, b;
    int64_t t, x, y;
    int64_t sign;
};

struct effect_list {
    struct effect *items;
    size_t count, cap;
};

/* Adds one. Inline, so that its members are written where they belong at once: written
 * elsewhere in pieces and copied as a whole right after, they would have to wait. */
static inline void effect_say(struct effect_list *list, struct effect e)
{
    list->items = memory_grow(list->items, &list->cap, list->count + 1, sizeof *list->items);
    list->items[list->count++] = e;
}

void effect_list_clear(struct effect_list *list);

/* Lets effects and their opposites cancel out; what is left is in an order in which
 * an interval's old end stands before its new one. */
void effect_list_settle(struct effect_list *list);

/* Books all effects in the floor and empties the list. */
void effect_list_apply(struct floor *f, struct effect_list *list);

#endif
