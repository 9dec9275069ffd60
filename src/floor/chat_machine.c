#include "floor/chat_machine.h"

#include "base/memory.h"
#include "floor/agent.h"

/* One step's surroundings. */
struct step {
    const struct floor *floor;
    struct effect_list *out;
    struct chat_state *s;
    const struct chat *chat;
    int sign;
    int64_t now; /* the event's time */
};

void chat_state_init(struct chat_state *s)
{
    *s = (struct chat_state){
        .visitor = NONE,
        .department = NONE,
        .request_department = NONE,
        .last_us = INT64_MIN,
        .last_removal_us = INT64_MIN,
    };
}

void chat_state_clear(struct chat_state *s)
{
    memory_free(s->more);
    s->more = NULL;
}

struct participant *chat_participant(struct chat_state *s, uint32_t i)
{
    return i < PARTICIPANTS_INLINE ? &s->inline_participants[i] : &s->more[i - PARTICIPANTS_INLINE];
}

const struct participant *chat_participant_const(const struct chat_state *s, uint32_t i)
{
    return i < PARTICIPANTS_INLINE ? &s->inline_participants[i] : &s->more[i - PARTICIPANTS_INLINE];
}

static struct participant *participant_find(struct chat_state *s, uint32_t agent)
{
    for (uint32_t i = 0; i < s->participant_count; i++)
        if (chat_participant(s, i)->agent == agent)
            return chat_participant(s, i);
    return NULL;
}

static struct participant *participant_add(struct chat_state *s, uint32_t agent)
{
    uint32_t at = s->participant_count++;
    if (at >= PARTICIPANTS_INLINE) {
        size_t cap = s->participant_cap;
        s->more = memory_grow(s->more, &cap, at - PARTICIPANTS_INLINE + 1, sizeof *s->more);
        s->participant_cap = (uint32_t)cap;
    }
    struct participant *p = chat_participant(s, at);
    *p = (struct participant){.agent = agent};
    return p;
}

__attribute__((always_inline)) static inline void say(const struct step *step, struct effect e)
{
    if (step->out == NULL)
        return;
    e.sign *= step->sign;
    effect_say(step->out, e);
}

static void anomaly(const struct step *step)
{
    say(step, (struct effect){.kind = EFFECT_ANOMALY, .sign = 1});
}

/* --- intervals: said open when they begin, and again with their end --- */

static void interval_opens(const struct step *step, enum effect_kind kind, uint32_t a, uint32_t b,
                           int64_t start)
{
    say(step,
        (struct effect){.kind = kind, .a = a, .b = b, .t = start, .x = INTERVAL_OPEN, .sign = 1});
}

static void interval_closes(const struct step *step, enum effect_kind kind, uint32_t a, uint32_t b,
                            int64_t start, int64_t end)
{
    say(step,
        (struct effect){.kind = kind, .a = a, .b = b, .t = start, .x = INTERVAL_OPEN, .sign = -1});
    say(step, (struct effect){.kind = kind, .a = a, .b = b, .t = start, .x = end, .sign = 1});
}

/* --- counts of chats by state, site wide and at the route --- */

static void load(const struct step *step, enum load_measure state, int64_t change)
{
    say(step,
        (struct effect){.kind = EFFECT_LOAD, .a = state, .t = step->now, .x = change, .sign = 1});
}

static void route_load(const struct step *step, enum load_measure state, int64_t change)
{
    say(step, (struct effect){.kind = EFFECT_ROUTE_LOAD,
                              .a = state,
                              .b = step->s->route,
                              .t = step->now,
                              .x = change,
                              .sign = 1});
}

/* --- what is booked at the request (rule 1) --- */

static void request_books(const struct step *step, uint32_t mask, int64_t wait, int64_t chat_time)
{
    say(step, (struct effect){.kind = EFFECT_REQUEST,
                              .a = step->s->request_department,
                              .mask = mask,
                              .t = step->s->requested_us,
                              .x = wait,
                              .y = chat_time,
                              .sign = 1});
}

static void bot_only_books(const struct step *step, int sign)
{
    say(step, (struct effect){.kind = EFFECT_REQUEST,
                              .a = NONE,
                              .mask = 1u << R_BOT_ONLY,
                              .t = step->s->begun_us,
                              .sign = sign});
}

/* --- the visitor --- */

/* The chat has begun, or has come to know who its visitor is for its whole life. */
static void visitor_becomes(const struct step *step, uint32_t visitor)
{
    struct chat_state *s = step->s;
    if (visitor == s->visitor)
        return;
    if (s->visitor != NONE)
        say(step, (struct effect){.kind = EFFECT_PRESENT,
                                  .a = s->visitor,
                                  .b = step->chat->number,
                                  .t = s->begun_us,
                                  .x = INTERVAL_OPEN,
                                  .sign = -1});
    if (s->accepted && visitor != NONE)
        say(step, (struct effect){.kind = EFFECT_ACCEPTED,
                                  .a = visitor,
                                  .b = s->request_department,
                                  .t = s->requested_us,
                                  .sign = 1});
    s->visitor = visitor;
    if (visitor != NONE)
        interval_opens(step, EFFECT_PRESENT, visitor, step->chat->number, s->begun_us);
}

static void begins(const struct step *step)
{
    step->s->begun_us = step->now;
    interval_opens(step, EFFECT_ALIVE, step->chat->number, 0, step->now);
}

/* --- ratings --- */

static void rating_books(const struct step *step, uint32_t department, int64_t t, int64_t score)
{
    say(step,
        (struct effect){.kind = EFFECT_RATING, .a = department, .t = t, .x = score, .sign = 1});
}

static void rerating_books(const struct step *step, uint32_t department, int64_t from, int64_t to,
                           int64_t score)
{
    say(step,
        (struct effect){
            .kind = EFFECT_RERATING, .a = department, .t = from, .x = to, .y = score, .sign = 1});
}

static void rated(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    if (s->phase == PHASE_NONE) {
        anomaly(step);
        return;
    }
    rating_books(step, s->request_department, e->time_us, e->score);
    if (s->rated)
        rerating_books(step, s->request_department, s->rated_us, e->time_us, s->score);
    s->rated = true;
    s->rated_us = e->time_us;
    s->score = e->score;
}

/* Ratings given to the bot, before the request named a department, count in that
 * department too (metrics.md §9): what was booked without it is booked with it. */
static void ratings_move(const struct step *step, uint32_t department)
{
    struct chat_cursor cursor = {0};
    struct chat_event e;
    int64_t last_us = 0, last_score = 0;
    bool begun = false, any = false;
    const struct chat *chat = step->chat;
    const struct step back = {step->floor, step->out, step->s, step->chat, -step->sign, step->now};
    while (chat_log_next(chat, &cursor, &e) && e.time_us <= step->now) {
        if (e.type == EVENT_CHAT_BOT_STARTED)
            begun = true;
        if (e.type == EVENT_CHAT_REQUESTED && begun)
            return;
        if (e.type != EVENT_CHAT_RATED || !begun)
            continue;
        rating_books(&back, NONE, e.time_us, e.score);
        rating_books(step, department, e.time_us, e.score);
        if (any) {
            rerating_books(&back, NONE, last_us, e.time_us, last_score);
            rerating_books(step, department, last_us, e.time_us, last_score);
        }
        any = true;
        last_us = e.time_us;
        last_score = e.score;
    }
}

/* --- joining and leaving --- */

static void joins(const struct step *step, uint32_t agent)
{
    struct chat_state *s = step->s;
    if (agent_deleted_at(&step->floor->agents[agent], step->now)) {
        say(step, (struct effect){.kind = EFFECT_ATTEMPT,
                                  .a = agent,
                                  .b = step->chat->number,
                                  .t = step->now,
                                  .sign = 1});
        return; /* answered, but no agent in it */
    }
    struct participant *p = participant_find(s, agent);
    if (p == NULL) {
        p = participant_add(s, agent);
    } else {
        say(step,
            (struct effect){
                .kind = EFFECT_REJOIN, .a = agent, .t = p->joined_us, .x = step->now, .sign = 1});
    }
    p->in = true;
    p->joined_us = step->now;
    interval_opens(step, EFFECT_JOIN, agent, step->chat->number, step->now);
}

static void leaves(const struct step *step, struct participant *p, int64_t t)
{
    p->in = false;
    interval_closes(step, EFFECT_JOIN, p->agent, step->chat->number, p->joined_us, t);
}

static void all_leave(const struct step *step)
{
    for (uint32_t i = 0; i < step->s->participant_count; i++) {
        struct participant *p = chat_participant(step->s, i);
        if (p->in)
            leaves(step, p, step->now);
    }
}

void chat_remove_deleted(const struct floor *f, const struct chat *chat, struct chat_state *s,
                         int64_t t, struct effect_list *out, int sign)
{
    if (f->agent_deletions == 0)
        return;
    const struct step step = {f, out, s, chat, sign, t};
    for (uint32_t i = 0; i < s->participant_count; i++) {
        struct participant *p = chat_participant(s, i);
        const struct agent *a = &f->agents[p->agent];
        if (!p->in || a->deletions == 0)
            continue;
        int64_t deleted = agent_next_deletion(a, p->joined_us);
        if (deleted > t)
            continue;
        leaves(&step, p, deleted);
        if (deleted > s->last_removal_us)
            s->last_removal_us = deleted;
    }
}

/* --- waits --- */

static void wait_begins(const struct step *step)
{
    struct chat_state *s = step->s;
    s->phase = PHASE_WAITING;
    s->wait_start_us = step->now;
    interval_opens(step, EFFECT_WAIT, step->chat->number, 0, step->now);
    load(step, L_WAITING, +1);
    route_load(step, L_WAITING, +1);
}

/* `outcome`: the measure of a first wait that ended so, R_WIDTH for none of its own. */
static void wait_ends(const struct step *step, enum request_measure outcome, uint32_t more_books)
{
    struct chat_state *s = step->s;
    int64_t wait = step->now - s->wait_start_us;
    interval_closes(step, EFFECT_WAIT, step->chat->number, 0, s->wait_start_us, step->now);
    load(step, L_WAITING, -1);
    route_load(step, L_WAITING, -1);
    say(step, (struct effect){.kind = EFFECT_ROUTE_ENDED,
                              .b = s->route,
                              .mask = outcome == R_ABANDONED  ? 1u << E_ABANDONED
                                      : outcome == R_SWITCHED ? 1u << E_SWITCHED
                                                              : 0,
                              .t = step->now,
                              .x = wait,
                              .sign = 1});
    if (s->first_wait_over)
        return;
    s->first_wait_over = true;
    uint32_t books = 1u << R_WAITS | more_books | (outcome < R_WIDTH ? 1u << outcome : 0);
    request_books(step, books, wait, 0);
}

/* --- the events --- */

static void bot_started(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    if (s->phase != PHASE_NONE) {
        anomaly(step);
        return;
    }
    begins(step);
    s->phase = PHASE_BOT;
    s->has_contact = e->has_contact;
    s->contact = e->contact;
    bot_only_books(step, +1);
    load(step, L_BOT, +1);
    visitor_becomes(step, e->visitor);
}

/* Becomes a request, on its route: out of nothing or out of the bot's chat. */
static void request_begins(const struct step *step, uint32_t department, route_name route,
                           uint32_t visitor)
{
    struct chat_state *s = step->s;
    if (s->phase == PHASE_BOT) {
        bot_only_books(step, -1);
        load(step, L_BOT, -1);
        if (s->rated && department != NONE)
            ratings_move(step, department);
    } else {
        begins(step);
    }
    s->requested = true;
    s->requested_us = step->now;
    s->request_department = s->department = department;
    s->route = route;
    if (visitor != NONE)
        visitor_becomes(step, visitor);
}

static void requested(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    if (s->phase != PHASE_NONE && s->phase != PHASE_BOT) {
        anomaly(step);
        return;
    }
    route_name route = e->agent != NONE        ? route_make(ROUTE_AGENT, e->agent)
                       : e->department != NONE ? route_make(ROUTE_DEPARTMENT, e->department)
                                               : route_make(ROUTE_SITE, 0);
    request_begins(step, e->department, route, e->visitor);
    if (e->has_contact) {
        s->has_contact = true;
        s->contact = e->contact;
    }
    request_books(step, 1u << R_REQUESTS, 0, 0);
    wait_begins(step);
}

/* The first acceptance of a request. */
static void accepted_first(const struct step *step)
{
    struct chat_state *s = step->s;
    s->accepted = true;
    s->accepted_us = step->now;
    if (s->visitor != NONE)
        say(step, (struct effect){.kind = EFFECT_ACCEPTED,
                                  .a = s->visitor,
                                  .b = s->request_department,
                                  .t = s->requested_us,
                                  .sign = 1});
}

/* A chat that nobody requested is requested on the site's route and answered at once. */
static void request_and_answer(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    uint32_t visitor = s->visitor == NONE ? e->visitor : NONE;
    request_begins(step, NONE, route_make(ROUTE_SITE, 0), visitor);
    s->first_wait_over = true;
    s->wait_start_us = step->now;
    request_books(step, 1u << R_REQUESTS | 1u << R_ACCEPTED | 1u << R_WAITS, 0, 0);
    say(step, (struct effect){
                  .kind = EFFECT_ROUTE_ENDED, .b = s->route, .t = step->now, .x = 0, .sign = 1});
    accepted_first(step);
}

static void accepted(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    if (s->phase == PHASE_ENDED) {
        anomaly(step);
        return;
    }
    if (s->phase == PHASE_ACTIVE) {
        const struct participant *p = participant_find(s, e->agent);
        if (p != NULL && p->in) {
            anomaly(step);
            return;
        }
    } else {
        if (s->phase == PHASE_WAITING) {
            bool first = !s->accepted;
            wait_ends(step, R_WIDTH, first ? 1u << R_ACCEPTED : 0);
            if (first)
                accepted_first(step);
        } else {
            request_and_answer(step, e);
        }
        s->phase = PHASE_ACTIVE;
        s->active_since_us = step->now;
        load(step, L_ACTIVE, +1);
        route_load(step, L_ACTIVE, +1);
    }
    if (s->visitor == NONE && e->visitor != NONE)
        visitor_becomes(step, e->visitor);
    joins(step, e->agent);
}

static void transferred(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    if (s->phase != PHASE_WAITING && s->phase != PHASE_ACTIVE) {
        anomaly(step);
        return;
    }
    bool active = s->phase == PHASE_ACTIVE;
    bool changes = e->department != NONE && s->department != NONE && e->department != s->department;
    route_load(step, active ? L_ACTIVE : L_WAITING, -1);
    if (active) {
        load(step, L_ACTIVE, -1);
        all_leave(step);
        uint32_t books =
            (s->transferred ? 0 : 1u << R_TRANSFERRED) |
            (changes && !s->department_transferred ? 1u << R_DEPARTMENT_TRANSFERRED : 0);
        if (books != 0)
            request_books(step, books, 0, 0);
        s->transferred = true;
        s->department_transferred = s->department_transferred || changes;
    }
    if (e->department != NONE) {
        s->department = e->department;
        say(step,
            (struct effect){.kind = EFFECT_NAMED, .a = e->department, .t = step->now, .sign = 1});
    }
    s->route = e->agent != NONE ? route_make(ROUTE_AGENT, e->agent)
                                : route_make(ROUTE_DEPARTMENT, e->department);
    if (active)
        wait_begins(step);
    else
        route_load(step, L_WAITING, +1); /* the wait goes on there, with its start */
}

static void message(const struct step *step, const struct chat_event *e)
{
    struct chat_state *s = step->s;
    if (s->phase == PHASE_NONE || s->phase == PHASE_ENDED) {
        anomaly(step);
        return;
    }
    if (e->sender == SENDER_VISITOR && !s->unanswered) {
        s->unanswered = true;
        s->unanswered_us = e->time_us;
    } else if (e->sender == SENDER_BOT) {
        s->unanswered = false;
    } else if (e->sender == SENDER_AGENT && s->phase == PHASE_ACTIVE && s->unanswered) {
        int64_t since =
            s->unanswered_us > s->active_since_us ? s->unanswered_us : s->active_since_us;
        say(step, (struct effect){.kind = EFFECT_REPLY,
                                  .a = s->request_department,
                                  .t = e->time_us,
                                  .x = e->time_us - since,
                                  .sign = 1});
        s->unanswered = false;
    }
}

static void agent_left(const struct step *step, const struct chat_event *e)
{
    struct participant *p = participant_find(step->s, e->agent);
    if (step->s->phase != PHASE_ACTIVE || p == NULL || !p->in)
        anomaly(step);
    else
        leaves(step, p, step->now);
}

/* The chat is over, out of bot, waiting or active. */
static void ends(const struct step *step, enum request_measure outcome)
{
    struct chat_state *s = step->s;
    if (s->phase == PHASE_WAITING)
        wait_ends(step, outcome, 0);
    if (s->phase == PHASE_ACTIVE) {
        load(step, L_ACTIVE, -1);
        route_load(step, L_ACTIVE, -1);
        all_leave(step);
    }
    if (s->phase == PHASE_BOT)
        load(step, L_BOT, -1);
    if (s->accepted)
        request_books(step, 1u << R_ENDED, 0, step->now - s->accepted_us);
    interval_closes(step, EFFECT_ALIVE, step->chat->number, 0, s->begun_us, step->now);
    if (s->visitor != NONE)
        interval_closes(step, EFFECT_PRESENT, s->visitor, step->chat->number, s->begun_us,
                        step->now);
    s->phase = PHASE_ENDED;
}

static void wait_outcome(const struct step *step, enum event_type type)
{
    if (step->s->phase != PHASE_WAITING) {
        anomaly(step);
        return;
    }
    ends(step, type == EVENT_CHAT_ABANDONED             ? R_ABANDONED
               : type == EVENT_CHAT_SWITCHED_TO_MESSAGE ? R_SWITCHED
               : type == EVENT_CHAT_MISSED              ? R_MISSED
                                                        : R_WIDTH);
}

void chat_step(const struct floor *f, const struct chat *chat, struct chat_state *s,
               const struct chat_event *e, struct effect_list *out, int sign)
{
    const struct step step = {f, out, s, chat, sign, e->time_us};
    chat_remove_deleted(f, chat, s, e->time_us, out, sign);
    s->last_us = e->time_us;
    switch (e->type) {
    case EVENT_CHAT_BOT_STARTED:
        bot_started(&step, e);
        break;
    case EVENT_CHAT_REQUESTED:
        requested(&step, e);
        break;
    case EVENT_CHAT_TRANSFERRED:
        transferred(&step, e);
        break;
    case EVENT_CHAT_ACCEPTED:
        accepted(&step, e);
        break;
    case EVENT_CHAT_MESSAGE:
        message(&step, e);
        break;
    case EVENT_CHAT_AGENT_LEFT:
        agent_left(&step, e);
        break;
    case EVENT_CHAT_RATED:
        rated(&step, e);
        break;
    case EVENT_CHAT_ENDED:
        if (s->phase == PHASE_NONE || s->phase == PHASE_ENDED)
            anomaly(&step);
        else
            ends(&step, R_ABANDONED);
        break;
    default:
        wait_outcome(&step, e->type);
        break;
    }
}
