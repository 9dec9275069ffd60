/* Answers that outlive their turn: those of which the handler can tell at once whether they would
 * be made the same again (http_set_lasting). One worker's. */
#ifndef LIVEFLOOR_HTTP_KEPT_H
#define LIVEFLOOR_HTTP_KEPT_H

#include "base/buffer.h"
#include "http/http.h"

/* Answers kept at once; a power of 2. One place for each hash: the newer answer has it. */
#define KEPT_ANSWERS 32u
/* What one may take with its head; a larger answer is made again each time. */
#define KEPT_BYTES (8u << 10)

struct kept_answer {
    uint64_t hash;  /* of the request's head */
    int64_t date_s; /* the second that its Date says */
    size_t head_len;
    struct buffer bytes; /* the head, then the answer; empty: none */
    int status;
    void *user; /* http_set_user's */
    uint64_t proof[HTTP_PROOF_BYTES / sizeof(uint64_t)];
};

struct kept {
    struct kept_answer answers[KEPT_ANSWERS];
};

/* Keeps an answer, given without its head and bytes, in place of another with its hash. Does
 * nothing but forget that one where there is no room. */
void kept_put(struct kept *k, struct span head, struct span answer,
              const struct kept_answer *about);

/* The answer that was given to the same head with the same Date; NULL when there is none. Whether
 * it holds is to be asked. */
const struct kept_answer *kept_find(const struct kept *k, struct span head, uint64_t hash,
                                    int64_t date_s);

struct span kept_bytes(const struct kept_answer *a);

void kept_free(struct kept *k);

#endif
