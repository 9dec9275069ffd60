/* A question's way: floor, answer, text. */
#include "render/render.h"
#include "server/query.h"

int question_answer(enum view view, const struct floor *f, const struct question *q,
                    struct arena *arena, struct buffer *body)
{
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
        break;
    }
    case VIEW_RIGHT_NOW: {
        struct right_now right_now;
        answer_right_now(f, q, &right_now);
        render_right_now(body, &right_now);
        break;
    }
    }
    return body->failed ? -1 : 0;
}
