/* Chats that are in memory to an image and back, with the state after the last event of those
 * that have it at hand: what is asked of an open chat shall not run its log each time. */
#include "base/memory.h"
#include "floor/chat.h"

static void participants_image(struct chat_state *s, struct image *io)
{
    uint32_t more =
        s->participant_count > PARTICIPANTS_INLINE ? s->participant_count - PARTICIPANTS_INLINE : 0;
    s->more = image_array(io, s->more, more, sizeof *s->more);
    if (image_loads(io))
        s->participant_cap = s->more != NULL ? more : 0;
}

static void state_image(struct chat_state *s, struct image *io)
{
    struct chat_state flat = *s;
    flat.more = NULL;
    flat.participant_cap = 0;
    image_bytes(io, &flat, sizeof flat);
    if (image_loads(io))
        *s = flat;
    participants_image(s, io);
}

void chat_image(void *entity, struct image *io)
{
    struct chat *c = entity;
    bool has_state = c->live != NULL;
    image_bytes(io, &c->number, sizeof c->number);
    image_bytes(io, &c->visitor, sizeof c->visitor);
    image_bytes(io, &c->log_len, sizeof c->log_len);
    c->log = image_array(io, c->log, c->log_len, 1);
    if (image_loads(io))
        c->log_cap = c->log_len;
    image_bytes(io, &has_state, sizeof has_state);
    if (has_state && image_loads(io))
        c->live = memory_zeroed(1, sizeof *c->live);
    if (has_state)
        state_image(c->live, io);
}
