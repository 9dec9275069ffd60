/* A turn: the requests whose bytes came in together. All are read before the first is
 * answered. So an answer made in a turn is made after each of its requests arrived, and
 * serves for every one of them that says the very same (docs/decisions/0010). */
#ifndef LIVEFLOOR_HTTP_TURN_H
#define LIVEFLOOR_HTTP_TURN_H

#include "base/buffer.h"
#include "base/limits.h"

#include <stdint.h>

struct http_exchange;
struct http_worker;

/* Answers remembered at once; a power of 2. */
#define TURN_ANSWERS 64u
/* What they may take; a larger answer is made again each time. */
#define TURN_BYTES (1u << 20)

struct turn_answer {
    uint64_t turn; /* of which turn; others are void */
    uint64_t number;
    uint64_t hash;                 /* of the request's head */
    size_t head_at, head_len, len; /* in the turn's bytes: the head, then the answer */
    int status;
    void *user; /* http_set_user's */
};

struct turn {
    struct http_exchange *ready[LIMIT_TURN_CONNECTIONS]; /* have bytes to be looked at */
    size_t ready_count;
    bool open;        /* they are being answered */
    uint64_t current; /* number of this turn, from 1 on */
    /* Answers are numbered as they are made. What a connection gets next must not be
     * older than what it got last: `least` is for the connection at hand. */
    uint64_t made, least;
    struct turn_answer answers[TURN_ANSWERS];
    struct buffer bytes;
};

/* Puts a connection with new bytes on the list; answers them all when the list is full. */
void turn_add(struct http_worker *w, struct http_exchange *x);

/* Answers what is on the list. */
void turn_run(struct http_worker *w);

/* Between turns nothing is remembered. The connection at hand changes by turn_next. */
void turn_open(struct turn *t);
void turn_next(struct turn *t);
void turn_close(struct turn *t);
void turn_free(struct turn *t);

/* A hash for the two below: any will do, it only saves comparisons. */
uint64_t turn_hash(struct span head);

/* The answer that this turn gave to the same head, if it may be given again; else NULL. */
const struct turn_answer *turn_find(struct turn *t, struct span head, uint64_t hash);
struct span turn_bytes(const struct turn *t, const struct turn_answer *a);

/* An answer was made (rather than given again). */
void turn_made(struct turn *t);

/* Remembers the answer made last, as bytes. Does nothing where there is no room. */
void turn_keep(struct turn *t, struct span head, uint64_t hash, struct span answer, int status,
               void *user);

#endif
