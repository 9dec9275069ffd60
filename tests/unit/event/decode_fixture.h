/* A decoder with its surroundings, and events compared field by field. */
#ifndef LIVEFLOOR_TESTS_DECODE_FIXTURE_H
#define LIVEFLOOR_TESTS_DECODE_FIXTURE_H

#include "base/instant.h"
#include "event/decode.h"

struct fixture {
    struct decoder *decoder;
    struct decoder *again; /* for decode_stored: it has seen nothing before */
    struct arena *arena;
    struct decode_context context;
    struct decoded_batch batch;
    struct problem problem; /* of the last body that was refused as a whole */
};

/* The clock of these tests: 2026-11-23T12:00:00Z. Their site is 10000. */
#define FIXTURE_NOW 1795435200000000LL

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Decodes a body, from a place with exactly the promised padding after it (all
 * closing brackets, to tempt a parser that reads on). */
int fixture_decode(struct fixture *f, enum body_format format, struct span body);

/* The one accepted event of a JSON body, checked to decode again from its normal
 * text to the same. */
const struct decoded_event *fixture_accept(struct fixture *f, const char *json);

/* The one refusal of a JSON body. */
const struct problem *fixture_refuse(struct fixture *f, const char *json);

/* Fails unless the kept text is one line and decodes to the same event. */
void fixture_check_kept(struct fixture *f, const struct decoded_event *e);

#endif
