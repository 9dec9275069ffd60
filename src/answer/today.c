/* metrics.md §6, and its filter of §9. */
#include "answer/window.h"
#include "floor/agent.h"
#include "floor/status_times.h"

/* The sums of one line before both ends of a window. */
struct ends {
    int64_t from[TIMELINE_MAX_WIDTH], to[TIMELINE_MAX_WIDTH];
};

static void ask_ends(struct timeline_ask asks[2], const struct timeline *line, int64_t start,
                     int64_t end, struct ends *out)
{
    asks[0] = (struct timeline_ask){line, start, out->from, false};
    asks[1] = (struct timeline_ask){line, end, out->to, false};
}

/* Time logged in and in a chat, over time logged in, of a department's members. */
static struct ratio members_utilization(const struct floor *f, uint32_t department, int64_t t,
                                        int64_t start, int64_t end)
{
    struct ratio r = {0, 0};
    struct timeline_ask asks[2];
    struct ends ends;
    for (uint32_t i = 0; i < f->agent_ids.count; i++) {
        const struct agent *a = &f->agents[i];
        if (!agent_is_member(a, department, t))
            continue;
        ask_ends(asks, &a->busy, start, end, &ends);
        timeline_before_all(asks, 2);
        r.num += integral(ends.from + B_IN_CHAT, ends.to + B_IN_CHAT, start, end) -
                 integral(ends.from + B_OUT, ends.to + B_OUT, start, end);
        r.den += status_times_logged_in(f, a, end) - status_times_logged_in(f, a, start);
    }
    return r;
}

static struct ratio mean_seconds(int64_t sum_us, int64_t count)
{
    return (struct ratio){sum_us, count * 1000000};
}

/* `presence` may be NULL: the utilization is told by the caller. */
static void tell(const struct tally *tally, const struct timeline *presence, int64_t start,
                 int64_t end, struct today *out)
{
    struct ends requests, moments, agents;
    struct timeline_ask asks[6];
    ask_ends(asks, &tally->requests, start, end, &requests);
    ask_ends(asks + 2, &tally->moments, start, end, &moments);
    if (presence != NULL)
        ask_ends(asks + 4, presence, start, end, &agents);
    struct timeline_way ways[6];
    size_t n = timeline_descend(asks, presence != NULL ? 6 : 4, ways);
    struct link_totals again = link_set_within(tally->visitors, start, end);
    struct link_totals replaced = link_set_within(tally->ratings, start, end);
    timeline_sum_up(ways, n);
    int64_t r[R_WIDTH], m[M_WIDTH];
    for (unsigned i = 0; i < R_WIDTH; i++)
        r[i] = requests.to[i] - requests.from[i];
    for (unsigned i = 0; i < M_WIDTH; i++)
        m[i] = moments.to[i] - moments.from[i];
    if (presence != NULL)
        out->agent_utilization = (struct ratio){
            integral(agents.from + P_BOTH, agents.to + P_BOTH, start, end),
            integral(agents.from + P_LOGGED_IN, agents.to + P_LOGGED_IN, start, end),
        };
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
        tell(&f->departments[department].tally, NULL, start, end, out);
        out->agent_utilization = members_utilization(f, department, end, start, end);
    } else {
        tell(&f->tally, &f->presence, start, end, out);
    }
}

int64_t today_until(const struct floor *f, const struct question *q, struct ratio *growth)
{
    *growth = (struct ratio){0, 0};
    if (question_is_past(q))
        return INT64_MAX;
    if (q->has_department || q->start_us >= q->now_us)
        return q->now_us;
    /* Every link of the tally ends at an entry of these. */
    const struct timeline *const lines[] = {&f->tally.requests, &f->tally.moments, &f->presence};
    int64_t until = q->has_end ? q->end_us : INT64_MAX, levels[P_WIDTH];
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int64_t next = timeline_next(lines[i], q->now_us);
        until = next < until ? next : until;
    }
    timeline_levels_before(&f->presence, q->now_us, levels);
    *growth = (struct ratio){levels[P_BOTH], levels[P_LOGGED_IN]};
    return until;
}
