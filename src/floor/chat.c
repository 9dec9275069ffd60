#include "floor/chat.h"

#include "base/memory.h"

struct chat_rerun {
    struct effect_list effects;
    size_t count;
    uint32_t chats[];
};

static void live_set(struct chat *c, struct chat_state *s)
{
    if (c->live != NULL && c->live != s) {
        chat_state_clear(c->live);
        memory_free(c->live);
        c->live = NULL;
    }
    c->visitor = s->visitor;
    if (s->phase == PHASE_NONE || s->phase == PHASE_ENDED) {
        /* What comes now is an anomaly, a rating or late: rare enough to start over. */
        chat_state_clear(s);
        if (c->live == s)
            memory_free(s);
        c->live = NULL;
        return;
    }
    if (c->live == NULL) {
        c->live = memory_get(sizeof *c->live);
        *c->live = *s; /* takes over what it owns */
    }
}

void chat_clear(struct chat *c)
{
    memory_free(c->log);
    if (c->live != NULL) {
        chat_state_clear(c->live);
        memory_free(c->live);
    }
}

/* Steps through the log from the cursor on, up to `limit` events. */
static void run(const struct floor *f, uint32_t chat, struct chat_state *s,
                struct chat_cursor *cursor, size_t limit, struct effect_list *out, int sign)
{
    struct chat_event e;
    for (size_t i = 0; i < limit; i++) {
        const struct chat_cursor before = *cursor;
        if (!chat_log_next(&f->chats[chat], cursor, &e))
            return;
        s->last_entry = before.at;
        s->last_entry_us = before.time_us;
        chat_step(f, chat, s, &e, out, sign);
    }
}

/* The rest of the log, and what deletions do after its last event. */
static void run_out(const struct floor *f, uint32_t chat, struct chat_state *s,
                    struct chat_cursor *cursor, struct effect_list *out, int sign)
{
    run(f, chat, s, cursor, SIZE_MAX, out, sign);
    chat_remove_deleted(f, chat, s, INT64_MAX, out, sign);
}

/* Does the event come after all that the live state has seen? */
static bool in_order(const struct chat *c, const struct chat_event *e)
{
    const struct chat_state *s = c->live;
    if (c->log_len == 0)
        return true;
    if (s == NULL || e->time_us < s->last_us || e->time_us < s->last_removal_us)
        return false;
    if (e->time_us > s->last_us)
        return true;
    struct chat_cursor cursor = {s->last_entry, s->last_entry_us};
    struct chat_event last;
    return chat_log_next(c, &cursor, &last) && chat_event_compare(&last, e) < 0;
}

static void take_in_order(struct floor *f, uint32_t chat, const struct chat_event *e)
{
    struct chat *c = &f->chats[chat];
    struct chat_state fresh;
    struct chat_state *s = c->live;
    if (s == NULL) {
        chat_state_init(&fresh);
        s = &fresh;
    }
    s->last_entry = c->log_len;
    s->last_entry_us = c->log_len > 0 ? s->last_us : 0;
    chat_log_append(c, e, s->last_entry_us);
    chat_step(f, chat, s, e, f->effects, +1);
    chat_remove_deleted(f, chat, s, INT64_MAX, f->effects, +1);
    live_set(c, s);
    effect_list_apply(f, f->effects);
}

static void state_copy(struct chat_state *to, const struct chat_state *from)
{
    *to = *from;
    if (from->more == NULL)
        return;
    size_t size = from->participant_cap * sizeof *from->more;
    to->more = memory_get(size);
    memcpy(to->more, from->more, size);
}

/* How many events of the log come before this one. */
static size_t place_of(const struct chat *c, const struct chat_event *e)
{
    struct chat_cursor cursor = {0};
    struct chat_event other;
    size_t place = 0;
    while (chat_log_next(c, &cursor, &other) && chat_event_compare(&other, e) < 0)
        place++;
    return place;
}

/* What comes after the event's place is taken back as it was and said anew. */
static void take_late(struct floor *f, uint32_t chat, const struct chat_event *e)
{
    struct chat *c = &f->chats[chat];
    struct chat_state was, is;
    struct chat_cursor cursor = {0}, rest;
    chat_state_init(&is);
    run(f, chat, &is, &cursor, place_of(c, e), NULL, 0);
    state_copy(&was, &is);
    rest = cursor;
    run_out(f, chat, &was, &rest, f->effects, -1);
    chat_state_clear(&was);
    chat_log_insert(c, e);
    run_out(f, chat, &is, &cursor, f->effects, +1);
    live_set(c, &is);
    effect_list_settle(f->effects);
    effect_list_apply(f, f->effects);
}

void chat_take(struct floor *f, uint32_t chat, const struct chat_event *e)
{
    if (in_order(&f->chats[chat], e))
        take_in_order(f, chat, e);
    else
        take_late(f, chat, e);
}

const struct chat_state *chat_state_at(const struct floor *f, uint32_t chat, int64_t t,
                                       struct chat_state *scratch)
{
    const struct chat *c = &f->chats[chat];
    chat_state_init(scratch);
    if (c->live != NULL && c->live->last_us <= t && c->live->last_removal_us <= t)
        return c->live;
    struct chat_cursor cursor = {0};
    struct chat_event e;
    while (chat_log_next(c, &cursor, &e) && e.time_us <= t)
        chat_step(f, chat, scratch, &e, NULL, 0);
    chat_remove_deleted(f, chat, scratch, t, NULL, 0);
    return scratch;
}

static void run_whole(struct floor *f, uint32_t chat, struct chat_state *s, struct effect_list *out,
                      int sign)
{
    struct chat_cursor cursor = {0};
    chat_state_init(s);
    run_out(f, chat, s, &cursor, out, sign);
}

struct chat_rerun *chat_rerun_begin(struct floor *f, const uint32_t *chats, size_t count)
{
    struct chat_rerun *rerun = memory_get(sizeof *rerun + count * sizeof *chats);
    *rerun = (struct chat_rerun){.count = count};
    memcpy(rerun->chats, chats, count * sizeof *chats);
    for (size_t i = 0; i < count; i++) {
        struct chat_state s;
        run_whole(f, chats[i], &s, &rerun->effects, -1);
        chat_state_clear(&s);
    }
    return rerun;
}

void chat_rerun_end(struct floor *f, struct chat_rerun *rerun)
{
    for (size_t i = 0; i < rerun->count; i++) {
        struct chat_state s;
        run_whole(f, rerun->chats[i], &s, &rerun->effects, +1);
        live_set(&f->chats[rerun->chats[i]], &s);
    }
    effect_list_settle(&rerun->effects);
    effect_list_apply(f, &rerun->effects);
    effect_list_clear(&rerun->effects);
    memory_free(rerun);
}

void chat_forget(struct floor *f, uint32_t chat)
{
    struct chat_state s;
    run_whole(f, chat, &s, f->effects, -1);
    chat_state_clear(&s);
    chat_clear(&f->chats[chat]);
    f->chats[chat] = (struct chat){.visitor = NONE};
    effect_list_settle(f->effects);
    effect_list_apply(f, f->effects);
}
