/* Chats: their events into the floor, in any order, and their state at any instant. */
#ifndef LIVEFLOOR_FLOOR_CHAT_H
#define LIVEFLOOR_FLOOR_CHAT_H

#include "floor/chat_machine.h"

void chat_clear(struct chat *c);

/* Takes one event of a chat, wherever its place is. */
void chat_take(struct floor *f, uint32_t chat, const struct chat_event *e);

/* The chat's state at t, as it was then. Points into the floor or to *scratch, which
 * the caller clears (chat_state_clear) when done with it. Reads only. */
const struct chat_state *chat_state_at(const struct floor *f, uint32_t chat, int64_t t,
                                       struct chat_state *scratch);

/* Takes back all that some chats book, before something changes on which it depends
 * (an agent's deletion) … */
struct chat_rerun;
struct chat_rerun *chat_rerun_begin(struct floor *f, const uint32_t *chats, size_t count);

/* … and books it anew after the change; only the difference reaches the timelines. */
void chat_rerun_end(struct floor *f, struct chat_rerun *rerun);

/* Takes back all that a chat books and forgets its events (retention). */
void chat_forget(struct floor *f, uint32_t chat);

#endif
