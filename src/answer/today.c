/* metrics.md §6, and its filter of §9. */
#include "answer/window.h"
#include "floor/agent.h"

/* Time logged in and in a chat, over time logged in, of a department's members. */
static struct ratio members_utilization(const struct floor *f, uint32_t department, int64_t t,
                                        int64_t start, int64_t end)
{
    struct ratio r = {0, 0};
    for (uint32_t i = 0; i < f->agent_ids.count; i++) {
        const struct agent *a = &f->agents[i];
        if (!agent_is_member(a, department, t))
            continue;
        int64_t from[B_WIDTH], to[B_WIDTH];
        timeline_before(&a->busy, start, from);
        timeline_before(&a->busy, end, to);
        r.num += integral(from + B_BOTH, to + B_BOTH, start, end);
        for (size_t s = 0; s < a->status_count; s++) {
            if (f->statuses[a->statuses[s].status].kind == STATUS_OFFLINE)
                continue;
            timeline_before(&a->statuses[s].steps, start, from);
            timeline_before(&a->statuses[s].steps, end, to);
            r.den += integral(from, to, start, end);
        }
    }
    return r;
}

static struct ratio site_utilization(const struct floor *f, int64_t start, int64_t end)
{
    int64_t from[P_WIDTH], to[P_WIDTH];
    timeline_before(&f->presence, start, from);
    timeline_before(&f->presence, end, to);
    return (struct ratio){
        integral(from + P_BOTH, to + P_BOTH, start, end),
        integral(from + P_LOGGED_IN, to + P_LOGGED_IN, start, end),
    };
}

static struct ratio mean_seconds(int64_t sum_us, int64_t count)
{
    return (struct ratio){sum_us, count * 1000000};
}

static void tell(const struct tally *tally, int64_t start, int64_t end, struct today *out)
{
    int64_t r[R_WIDTH], m[M_WIDTH];
    timeline_between(&tally->requests, start, end, r);
    timeline_between(&tally->moments, start, end, m);
    struct link_totals again = link_set_within(tally->visitors, start, end);
    struct link_totals replaced = link_set_within(tally->ratings, start, end);
    out->chat_requests = r[R_REQUESTS];
    out->chats = r[R_ACCEPTED];
    out->total_chats = r[R_ACCEPTED] + r[R_BOT_ONLY];
    out->abandoned = r[R_ABANDONED];
    out->switched_to_message = r[R_SWITCHED];
    out->missed = r[R_ABANDONED] + r[R_SWITCHED] + r[R_MISSED];
    out->total_transferred = r[R_TRANSFERRED];
    out->department_transferred = r[R_DEPARTMENT_TRANSFERRED];
    out->accepted_invitations = m[M_INVITATIONS];
    out->acceptance_rate = (struct ratio){r[R_ACCEPTED], r[R_REQUESTS]};
    out->accessibility_rate = (struct ratio){r[R_REQUESTS], r[R_REQUESTS] + m[M_OFFLINE_MESSAGES]};
    out->unique_chat_rate = (struct ratio){r[R_ACCEPTED] - again.count, r[R_ACCEPTED]};
    out->avg_waiting_s = mean_seconds(r[R_WAIT_SUM], r[R_WAITS]);
    out->avg_chat_s = mean_seconds(r[R_CHAT_SUM], r[R_ENDED]);
    out->avg_response_s = mean_seconds(m[M_REPLY_SUM], m[M_REPLIES]);
    out->avg_score = (struct ratio){m[M_SCORE_SUM] - replaced.value,
                                    (m[M_RATINGS] - replaced.count) * SCORE_ONE};
}

void answer_today(const struct floor *f, const struct question *q, struct today *out)
{
    int64_t start = question_start(q, q->start_us), end = question_instant(q);
    uint32_t department = q->has_department ? question_department(f, q) : NONE;
    *out = (struct today){0};
    if (start >= end || (q->has_department && department == NONE))
        return;
    if (q->has_department) {
        tell(&f->departments[department].tally, start, end, out);
        out->agent_utilization = members_utilization(f, department, end, start, end);
    } else {
        tell(&f->tally, start, end, out);
        out->agent_utilization = site_utilization(f, start, end);
    }
}
