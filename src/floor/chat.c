#include "floor/chat.h"

#include "base/memory.h"

struct chat_rerun {
    struct effect_list effects;
    size_t count;
    uint32_t chats[];
};

static void chat_init(void *entity, uint32_t number)
{
    *(struct chat *)entity = (struct chat){.number = number, .visitor = NONE};
}

static void chat_clear(void *entity)
{
    struct chat *c = entity;
    memory_free(c->log);
    if (c->live != NULL) {
        chat_state_clear(c->live);
        memory_free(c->live);
    }
}

/* Only chats that do not go on are put away. */
static void chat_pack(const void *entity, struct buffer *out)
{
    const struct chat *c = entity;
    buffer_append(out, &c->visitor, sizeof c->visitor);
    buffer_append(out, c->log, c->log_len);
}

static void chat_unpack(void *entity, uint32_t number, struct span bytes)
{
    struct chat *c = entity;
    chat_init(c, number);
    memcpy(&c->visitor, bytes.data, sizeof c->visitor);
    c->log_len = c->log_cap = (uint32_t)(bytes.len - sizeof c->visitor);
    c->log = memory_get(c->log_len);
    memcpy(c->log, bytes.data + sizeof c->visitor, c->log_len);
}

const struct vault_kind CHAT_KIND = {
    .size = sizeof(struct chat),
    .rest_least = 32, /* a rating follows the end of a chat */
    .init = chat_init,
    .clear = chat_clear,
    .pack = chat_pack,
    .unpack = chat_unpack,
    .image = chat_image,
};

/* The chat's state after its last event is this now. */
static void live_set(struct floor *f, struct chat *c, struct chat_state *s)
{
    if (c->live != s) {
        if (c->live == NULL)
            c->live = memory_get(sizeof *c->live);
        else
            chat_state_clear(c->live);
        *c->live = *s; /* takes over what it owns */
    }
    c->visitor = s->visitor;
    vault_rest(&f->chats, c->number, s->phase == PHASE_NONE || s->phase == PHASE_ENDED);
}

/* Steps through the rest of the log, and what deletions do after its last event. */
static void run_out(const struct floor *f, const struct chat *chat, struct chat_state *s,
                    struct chat_cursor *cursor, struct effect_list *out, int sign)
{
    struct chat_event e;
    struct chat_cursor before = *cursor;
    for (; chat_log_next(chat, cursor, &e); before = *cursor) {
        s->last_entry = before.at;
        s->last_entry_us = before.time_us;
        chat_step(f, chat, s, &e, out, sign);
    }
    chat_remove_deleted(f, chat, s, INT64_MAX, out, sign);
}

/* Does the event come after all that the live state has seen? */
static bool in_order(const struct chat *c, const struct chat_event *e)
{
    const struct chat_state *s = c->live;
    if (c->log_len == 0)
        return true;
    if (e->time_us < s->last_us || e->time_us < s->last_removal_us)
        return false;
    if (e->time_us > s->last_us)
        return true;
    struct chat_cursor cursor = {s->last_entry, s->last_entry_us};
    struct chat_event last;
    return chat_log_next(c, &cursor, &last) && chat_event_compare(&last, e) < 0;
}

static void take_in_order(struct floor *f, struct chat *c, const struct chat_event *e)
{
    struct chat_state *s = c->live;
    s->last_entry = c->log_len;
    s->last_entry_us = c->log_len > 0 ? s->last_us : 0;
    chat_log_append(c, e, s->last_entry_us);
    chat_step(f, c, s, e, f->effects, +1);
    chat_remove_deleted(f, c, s, INT64_MAX, f->effects, +1);
    live_set(f, c, s);
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

/* Steps silently through what comes before the event, and no further. */
static void run_before(const struct floor *f, const struct chat *c, struct chat_state *s,
                       struct chat_cursor *cursor, const struct chat_event *e)
{
    struct chat_cursor next = {0};
    struct chat_event other;
    while (chat_log_next(c, &next, &other) && chat_event_compare(&other, e) < 0) {
        s->last_entry = cursor->at;
        s->last_entry_us = cursor->time_us;
        chat_step(f, c, s, &other, NULL, 0);
        *cursor = next;
    }
}

/* What comes after the event's place is taken back as it was and said anew. */
static void take_late(struct floor *f, struct chat *c, const struct chat_event *e)
{
    struct chat_state was, is;
    struct chat_cursor cursor = {0}, rest;
    chat_state_init(&is);
    run_before(f, c, &is, &cursor, e);
    state_copy(&was, &is);
    rest = cursor;
    run_out(f, c, &was, &rest, f->effects, -1);
    chat_state_clear(&was);
    chat_log_insert(c, e, &cursor);
    run_out(f, c, &is, &cursor, f->effects, +1);
    live_set(f, c, &is);
    effect_list_settle(f->effects);
    effect_list_apply(f, f->effects);
}

void chat_take(struct floor *f, uint32_t chat, const struct chat_event *e)
{
    struct chat *c = vault_get(&f->chats, chat);
    if (c->live == NULL && c->log_len == 0) {
        c->live = memory_get(sizeof *c->live);
        chat_state_init(c->live);
    }
    /* A chat that was put away has no state: what comes for it is late, or is taken as if it were.
     */
    if (c->live != NULL && in_order(c, e))
        take_in_order(f, c, e);
    else
        take_late(f, c, e);
}

void chat_read_at(const struct floor *f, uint32_t chat, int64_t t, struct chat_reading *out)
{
    const struct chat *c = out->chat = vault_peek(&f->chats, chat, &out->own_chat, NULL);
    chat_state_init(&out->own_state);
    if (c->live != NULL && c->live->last_us <= t && c->live->last_removal_us <= t) {
        out->state = c->live;
        return;
    }
    struct chat_cursor cursor = {0};
    struct chat_event e;
    while (chat_log_next(c, &cursor, &e) && e.time_us <= t)
        chat_step(f, c, &out->own_state, &e, NULL, 0);
    chat_remove_deleted(f, c, &out->own_state, t, NULL, 0);
    out->state = &out->own_state;
}

void chat_reading_clear(struct chat_reading *r)
{
    chat_state_clear(&r->own_state);
    chat_clear(&r->own_chat);
}

static void run_whole(struct floor *f, const struct chat *c, struct chat_state *s,
                      struct effect_list *out, int sign)
{
    struct chat_cursor cursor = {0};
    chat_state_init(s);
    run_out(f, c, s, &cursor, out, sign);
}

struct chat_rerun *chat_rerun_begin(struct floor *f, const uint32_t *chats, size_t count)
{
    struct chat_rerun *rerun = memory_get(sizeof *rerun + count * sizeof *chats);
    *rerun = (struct chat_rerun){.count = count};
    memcpy(rerun->chats, chats, count * sizeof *chats);
    for (size_t i = 0; i < count; i++) {
        struct chat_state s;
        run_whole(f, vault_get(&f->chats, chats[i]), &s, &rerun->effects, -1);
        chat_state_clear(&s);
    }
    return rerun;
}

void chat_rerun_end(struct floor *f, struct chat_rerun *rerun)
{
    for (size_t i = 0; i < rerun->count; i++) {
        struct chat *c = vault_get(&f->chats, rerun->chats[i]);
        struct chat_state s;
        run_whole(f, c, &s, &rerun->effects, +1);
        live_set(f, c, &s);
    }
    effect_list_settle(&rerun->effects);
    effect_list_apply(f, &rerun->effects);
    effect_list_clear(&rerun->effects);
    memory_free(rerun);
}

void chat_forget(struct floor *f, uint32_t chat)
{
    struct chat *c = vault_get(&f->chats, chat);
    struct chat_state s;
    run_whole(f, c, &s, f->effects, -1);
    chat_state_clear(&s);
    chat_clear(c);
    chat_init(c, chat);
    vault_rest(&f->chats, chat, true);
    effect_list_settle(f->effects);
    effect_list_apply(f, f->effects);
}
