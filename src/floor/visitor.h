/* Visitors: heartbeats, chats and stays on site; and which of their chats are whose
 * first in a window. */
#ifndef LIVEFLOOR_FLOOR_VISITOR_H
#define LIVEFLOOR_FLOOR_VISITOR_H

#include "floor/state.h"

/* How the floor's vault keeps visitors (visitor_pack.c). */
extern const struct vault_kind VISITOR_KIND;

/* A visitor to an image, or from there. */
void visitor_image(void *entity, struct image *io);

/* The visitor for reading; to be cleared (VISITOR_KIND.clear) in *scratch. */
const struct visitor *visitor_peek(const struct floor *f, uint32_t number, struct visitor *scratch,
                                   struct guid *guid);

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

/* The contact identity that the latest visitor.seen at or before t with one named;
 * false when there is none. */
bool visitor_contact_at(const struct visitor *v, int64_t t, struct guid *contact);

#endif
