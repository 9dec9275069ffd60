/* A question's way: floor, answer, text. */
#include "render/render.h"
#include "server/query.h"

/* How far ahead an answer is looked at, and the least that is worth it. */
#define FAR_US (1 << 20)
#define NEAR_US (1 << 10)

static bool same_text(struct ratio a, struct ratio b)
{
    char room[2][64];
    struct buffer x = {.data = room[0], .cap = sizeof room[0]};
    struct buffer y = {.data = room[1], .cap = sizeof room[1]};
    render_ratio(&x, a);
    render_ratio(&y, b);
    return span_equal(buffer_span(&x), buffer_span(&y));
}

/* A ratio whose parts grow evenly rises all the time, or falls: where its text is the same at both
 * ends it is so between them. From 0 ÷ 0 it leaps. */
static int64_t ratio_until(struct ratio now, struct ratio growth, int64_t now_us, int64_t until_us)
{
    int64_t far = until_us - now_us < FAR_US ? until_us - now_us : FAR_US;
    if (growth.num == 0 && growth.den == 0)
        return until_us;
    if (now.den <= 0 || growth.num < 0 || growth.den < 0)
        return now_us;
    for (; far >= NEAR_US; far /= 4) {
        struct ratio then = {now.num + growth.num * far, now.den + growth.den * far};
        if (same_text(now, then))
            return now_us + far;
    }
    return now_us;
}

/* Today's answer has its utilization as the one figure that moves between entries. */
static int64_t today_holds_until(const struct floor *f, const struct question *q,
                                 const struct today *today)
{
    struct ratio growth;
    int64_t until = today_until(f, q, &growth);
    return until > q->now_us ? ratio_until(today->agent_utilization, growth, q->now_us, until)
                             : until;
}

int question_answer(enum view view, const struct floor *f, const struct question *q,
                    struct arena *arena, struct buffer *body, int64_t *until_us)
{
    int64_t until = q->now_us;
    switch (view) {
    case VIEW_AGENTS: {
        struct agents_page page;
        if (answer_agents(f, q, arena, &page) < 0)
            return -1;
        render_agents(body, &page);
        break;
    }
    case VIEW_QUEUE: {
        struct queue_list list;
        if (answer_queue(f, q, arena, &list) < 0)
            return -1;
        render_queue(body, &list, floor_site_id(f));
        break;
    }
    case VIEW_TODAY: {
        struct today today;
        answer_today(f, q, &today);
        render_today(body, &today);
        if (until_us != NULL)
            until = today_holds_until(f, q, &today);
        break;
    }
    case VIEW_RIGHT_NOW: {
        struct right_now right_now;
        answer_right_now(f, q, &right_now);
        render_right_now(body, &right_now);
        if (until_us != NULL)
            until = right_now_until(f, q);
        break;
    }
    }
    if (until_us != NULL) {
        int64_t waiting = floor_next_waiting(f);
        *until_us = waiting < until ? waiting : until;
    }
    return body->failed ? -1 : 0;
}

int64_t question_first(const struct question *q)
{
    if (q->has_start)
        return q->start_us;
    return q->has_end ? q->end_us : INT64_MAX;
}
