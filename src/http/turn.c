#include "http/turn.h"

#include "http/worker.h"

void turn_open(struct turn *t)
{
    t->open = true;
    t->current++;
    t->made = t->least = 0;
    buffer_reset(&t->bytes);
}

void turn_next(struct turn *t)
{
    t->least = 0;
}

void turn_close(struct turn *t)
{
    t->open = false;
}

void turn_free(struct turn *t)
{
    buffer_free(&t->bytes);
}

uint64_t turn_hash(struct span head)
{
    uint64_t hash = head.len, word;
    size_t at = 0;
    for (; at + sizeof word <= head.len; at += sizeof word) {
        memcpy(&word, head.data + at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (; at < head.len; at++)
        hash = (hash ^ (unsigned char)head.data[at]) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

const struct turn_answer *turn_find(struct turn *t, struct span head, uint64_t hash)
{
    const struct turn_answer *a = &t->answers[hash % TURN_ANSWERS];
    if (!t->open || a->turn != t->current || a->hash != hash || a->number < t->least ||
        !span_equal(head, (struct span){t->bytes.data + a->head_at, a->head_len}))
        return NULL;
    t->least = a->number;
    return a;
}

struct span turn_bytes(const struct turn *t, const struct turn_answer *a)
{
    return (struct span){t->bytes.data + a->head_at + a->head_len, a->len};
}

void turn_made(struct turn *t)
{
    t->least = ++t->made;
}

void turn_keep(struct turn *t, struct span head, uint64_t hash, struct span answer, int status,
               void *user)
{
    if (!t->open || t->bytes.len + head.len + answer.len > TURN_BYTES)
        return;
    struct turn_answer *a = &t->answers[hash % TURN_ANSWERS];
    *a = (struct turn_answer){.turn = t->current,
                              .number = t->made,
                              .hash = hash,
                              .head_at = t->bytes.len,
                              .head_len = head.len,
                              .len = answer.len,
                              .status = status,
                              .user = user};
    buffer_append_span(&t->bytes, head);
    buffer_append_span(&t->bytes, answer);
    if (t->bytes.failed) /* no memory: each is answered by itself */
        t->current++;
}

void turn_add(struct http_worker *w, struct http_exchange *x)
{
    struct turn *t = &w->turn;
    x->ready = true;
    t->ready[t->ready_count++] = x;
    if (t->ready_count == LIMIT_TURN_CONNECTIONS)
        turn_run(w);
}

void turn_run(struct http_worker *w)
{
    struct turn *t = &w->turn;
    turn_open(t);
    for (size_t i = 0; i < t->ready_count; i++) {
        struct http_exchange *x = t->ready[i];
        x->ready = false;
        turn_next(t);
        connection_process(x);
    }
    t->ready_count = 0;
    turn_close(t);
}
