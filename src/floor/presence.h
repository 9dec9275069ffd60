/* Keeps the steps that follow from where the agents are: what is booked is at all
 * times exactly what the agents' marks, facts and chats say. A change is made
 * between presence_begin, which takes back what is booked for an agent over the
 * range that changes, and presence_end, which books what holds now; what is the
 * same on both sides cancels out before it reaches a timeline. */
#ifndef LIVEFLOOR_FLOOR_PRESENCE_H
#define LIVEFLOOR_FLOOR_PRESENCE_H

#include "floor/state.h"

/* What may change between begin and end. */
enum presence_scope {
    PRESENCE_CHATS, /* only which chats the agent is in */
    PRESENCE_ALL,   /* statuses and facts as well */
};

/* Nothing of the agent's outside [from, to) may change before presence_end, which
 * takes the same arguments. Pairs do not nest. */
void presence_begin(struct floor *f, uint32_t agent, int64_t from, int64_t to,
                    enum presence_scope scope);
void presence_end(struct floor *f, uint32_t agent, int64_t from, int64_t to,
                  enum presence_scope scope);

/* The list of what begin took back, kept with the floor. */
struct bookings *bookings_new(void);
void bookings_free(struct bookings *list);

#endif
