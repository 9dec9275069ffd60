/* Chats: their events into the floor, in any order, and their state at any instant. */
#ifndef LIVEFLOOR_FLOOR_CHAT_H
#define LIVEFLOOR_FLOOR_CHAT_H

#include "floor/chat_machine.h"

/* How the floor's vault keeps chats. */
extern const struct vault_kind CHAT_KIND;

/* A chat to an image, or from there. */
void chat_image(void *entity, struct image *io);

/* Takes one event of a chat, wherever its place is. */
void chat_take(struct floor *f, uint32_t chat, const struct chat_event *e);

/* A chat and its state as it was at an instant; they lie in the floor or in here. */
struct chat_reading {
    const struct chat *chat;
    const struct chat_state *state;
    struct chat own_chat;
    struct chat_state own_state;
};

/* Reads only; to be cleared. */
void chat_read_at(const struct floor *f, uint32_t chat, int64_t t, struct chat_reading *out);
void chat_reading_clear(struct chat_reading *r);

/* Takes back all that some chats book, before something changes on which it depends
 * (an agent's deletion) … */
struct chat_rerun;
struct chat_rerun *chat_rerun_begin(struct floor *f, const uint32_t *chats, size_t count);

/* … and books it anew after the change; only the difference reaches the timelines. */
void chat_rerun_end(struct floor *f, struct chat_rerun *rerun);

/* Takes back all that a chat books and forgets its events (retention). */
void chat_forget(struct floor *f, uint32_t chat);

#endif
