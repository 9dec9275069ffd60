/* Visitors: heartbeats, chats and stays on site; and which of their chats are whose
 * first in a window. */
#ifndef LIVEFLOOR_FLOOR_VISITOR_H
#define LIVEFLOOR_FLOOR_VISITOR_H

#include "floor/state.h"

void visitor_clear(struct visitor *v);

/* Takes a visitor.seen or visitor.left. */
void visitor_take_mark(struct floor *f, uint32_t number, const struct event *e);

/* Brings the visitor's stays up to date after what makes up its presence has changed
 * within [from, to) (metrics.md §4, "Visitor on site"). */
void visitor_refresh(struct floor *f, uint32_t number, int64_t from, int64_t to);

/* Books (+1) or takes back (-1) an accepted chat of the visitor, by its request. */
void visitor_book_accepted(struct floor *f, uint32_t number, int64_t requested_us,
                           uint32_t department, int sign);

/* The start of the stay that holds t; false when the visitor is not on site then. */
bool visitor_stay_at(const struct visitor *v, int64_t t, int64_t *start);

/* The number of the contact identity that the latest visitor.seen at or before t
 * with one named, or NONE. */
uint32_t visitor_contact_at(const struct visitor *v, int64_t t);

#endif
