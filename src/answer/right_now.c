/* metrics.md §5, and its filters of §9. */
#include "answer/window.h"
#include "floor/agent.h"
#include "floor/chat.h"
#include "floor/visitor.h"

/* Some of the chats that go on at t: those that the filters let through. */
struct tellers {
    const struct floor *floor;
    const struct question *q;
    struct right_now *out;
    struct numbers agents, visitors;
    int64_t t, start;
    uint32_t department;
};

static bool agent_is_online(const struct floor *f, const struct agent *a, int64_t t)
{
    return f->statuses[agent_status_at(a, t)].kind == STATUS_ONLINE;
}

static void tell_agents(struct tellers *k, const struct chat_state *s)
{
    for (uint32_t i = 0; i < s->participant_count; i++) {
        const struct participant *p = chat_participant_const(s, i);
        if (!p->in)
            continue;
        const struct agent *a = &k->floor->agents[p->agent];
        numbers_add(&k->agents, p->agent);
        if (agent_is_online(k->floor, a, k->t) &&
            (!k->q->has_department || agent_is_member(a, k->department, k->t)))
            k->out->chat_utilization.num++;
    }
}

static bool tell_chat(void *data, const struct interval *i)
{
    struct tellers *k = data;
    struct chat_reading r;
    chat_read_at(k->floor, i->ref, k->t, &r);
    const struct chat_state *s = r.state;
    int64_t since = s->requested ? s->requested_us : s->begun_us;
    bool counted = (!k->q->has_start || since >= k->start) &&
                   (!k->q->has_department || s->department == k->department);
    if (counted) {
        k->out->ongoing_with_bot += s->phase == PHASE_BOT;
        k->out->queue_length += s->phase == PHASE_WAITING;
        k->out->ongoing_with_agent += s->phase == PHASE_ACTIVE;
        if (s->phase == PHASE_ACTIVE)
            tell_agents(k, s);
        if (r.chat->visitor != NONE)
            numbers_add(&k->visitors, r.chat->visitor);
    }
    chat_reading_clear(&r);
    return true;
}

static bool tell_stay(void *data, const struct interval *i)
{
    struct tellers *k = data;
    k->out->visitors_on_site += i->start >= k->start;
    return true;
}

/* Visitors in a chat of the department, whose stay began late enough. */
static void tell_visitors(struct tellers *k)
{
    size_t count = numbers_unique(&k->visitors);
    for (size_t i = 0; i < count; i++) {
        int64_t start;
        struct visitor scratch;
        const struct visitor *v = visitor_peek(k->floor, k->visitors.items[i], &scratch, NULL);
        if (visitor_stay_at(v, k->t, &start) && (!k->q->has_start || start >= k->start))
            k->out->visitors_on_site++;
        VISITOR_KIND.clear(&scratch);
    }
}

static void tell_members(struct tellers *k)
{
    int64_t members[D_WIDTH];
    if (k->department == NONE)
        return;
    timeline_before(&k->floor->departments[k->department].members, k->t + 1, members);
    k->out->logged_in_agents = members[D_LOGGED_IN];
    k->out->chat_utilization.den = members[D_ONLINE_CAPACITY];
}

static void tell_filtered(const struct floor *f, const struct question *q, struct right_now *out)
{
    struct tellers k = {
        .floor = f,
        .q = q,
        .out = out,
        .t = question_instant(q),
        .start = q->has_start ? question_start(q, q->start_us) : INT64_MIN,
        .department = q->has_department ? question_department(f, q) : NONE,
    };
    bool nobody = q->has_department && k.department == NONE;
    out->chat_utilization.num = 0;
    if (!nobody)
        interval_set_at(&f->alive, k.t, tell_chat, &k);
    out->agents_in_chat = (int64_t)numbers_unique(&k.agents);
    if (q->has_department) {
        out->logged_in_agents = out->chat_utilization.den = 0;
        tell_members(&k);
        tell_visitors(&k);
    } else {
        interval_set_at(&f->stays, k.t, tell_stay, &k);
    }
    numbers_clear(&k.agents);
    numbers_clear(&k.visitors);
}

void answer_right_now(const struct floor *f, const struct question *q, struct right_now *out)
{
    int64_t t = question_instant(q), presence[P_WIDTH], load[L_WIDTH], on_site;
    bool filtered = q->has_start || q->has_department;
    const struct timeline_ask asks[] = {
        {&f->presence, t + 1, presence, true},
        {&f->load, t + 1, load, true},
        {&f->on_site, t + 1, &on_site, true},
    };
    timeline_before_all(asks, filtered ? 1 : 3);
    *out = (struct right_now){
        .logged_in_agents = presence[P_LOGGED_IN],
        .chat_utilization = {presence[P_ONLINE_CHATS], presence[P_ONLINE_CAPACITY]},
    };
    if (filtered) {
        tell_filtered(f, q, out);
    } else {
        out->ongoing_with_bot = load[L_BOT];
        out->queue_length = load[L_WAITING];
        out->ongoing_with_agent = load[L_ACTIVE];
        out->agents_in_chat = presence[P_IN_CHAT];
        out->visitors_on_site = on_site;
    }
    out->ongoing_chats = out->ongoing_with_agent + out->ongoing_with_bot;
}

int64_t right_now_until(const struct floor *f, const struct question *q)
{
    if (question_is_past(q))
        return INT64_MAX;
    if (q->has_start || q->has_department)
        return q->now_us;
    const struct timeline *const lines[] = {&f->presence, &f->load, &f->on_site};
    int64_t until = INT64_MAX;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int64_t next = timeline_next(lines[i], q->now_us + 1);
        until = next < until ? next : until;
    }
    return until;
}
