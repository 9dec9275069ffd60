/* The events that nearly everybody sends: one flat object of ASCII without escapes.
 * What is not so is left to json_reader.h, which reads everything; what is, both read
 * to the same nodes, this one in a fraction of the time. */
#ifndef LIVEFLOOR_EVENT_PLAIN_OBJECT_H
#define LIVEFLOOR_EVENT_PLAIN_OBJECT_H

#include "event/json_reader.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PLAIN_NODES 64u /* more than a plain event has; a longer one is not plain */

/* Reads a text that is one object, without blanks around it: its nodes as
 * json_reader_next gives them, with spans into the text; returns how many there are.
 * 0 when the text is not plain (which says nothing about whether it is JSON): no
 * object, more nodes, a string that is not ASCII or has an escape, an object within, an
 * array in an array, blanks other than spaces, or not JSON. JSON_READER_PADDING
 * readable bytes must follow the text. */
uint32_t plain_object_read(struct span text, struct json_node nodes[PLAIN_NODES]);

#ifdef __cplusplus
}
#endif

#endif
