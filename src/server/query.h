/* Query strings to questions (api.md §1). Pure: no sockets, no clock. */
#ifndef LIVEFLOOR_SERVER_QUERY_H
#define LIVEFLOOR_SERVER_QUERY_H

#include "answer/answer.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"
#include "base/problem.h"

enum view { VIEW_AGENTS, VIEW_QUEUE, VIEW_TODAY, VIEW_RIGHT_NOW };

/* The decoded parameters of a query string. */
struct query {
    struct {
        struct span name, value;
    } items[LIMIT_QUERY_PARAMETERS];
    size_t count;
};

/* Decodes percent escapes and '+'. -1 with *problem (PROBLEM_PARAMETER) for a broken
 * escape, text that is not UTF-8, or too many parameters; PROBLEM_PARAMETER_TWICE
 * for a known one that is given twice. Values live in the arena. */
int query_parse(struct span text, struct arena *arena, struct query *out, struct problem *problem);

/* The value of a parameter, the case of its name aside; NULL when it is not given. */
const struct span *query_find(const struct query *q, const char *name);

/* A whole number within bounds. 0 found, 1 not given, -1 with *problem. */
int query_number(const struct query *q, const char *name, int64_t least, int64_t most, int64_t *out,
                 struct problem *problem);

/* true or false, in any case. 0 found, 1 not given, -1 with *problem. */
int query_bool(const struct query *q, const char *name, bool *out, struct problem *problem);

/* An instant, local by the offset when it has no zone. 0, 1, -1 as above. */
int query_instant(const struct query *q, const char *name, int32_t utc_offset_min, int64_t *out,
                  struct problem *problem);

/* What a question takes from its surroundings. */
struct question_context {
    int64_t site_id;
    int64_t now_us, horizon_us;
    int32_t site_offset_min; /* the site's own */
    int32_t default_page_size;
};

/* The question that a view's parameters ask. 0 or -1 with *problem. */
int question_read(enum view view, const struct query *q, const struct question_context *context,
                  struct question *out, struct problem *problem);

/* Answers a question and appends the JSON to the body. -1 when there is no memory. Says until when
 * it holds, unless until_us is NULL: while the floor is not changed, and holds all from
 * question_first on, the same question with a now in [q->now_us, *until_us) has the same answer,
 * byte for byte; q->now_us where nobody knows. */
int question_answer(enum view view, const struct floor *f, const struct question *q,
                    struct arena *arena, struct buffer *body, int64_t *until_us);

/* The earliest instant that a question names; INT64_MAX when it names none. */
int64_t question_first(const struct question *q);

#endif
