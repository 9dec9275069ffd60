/* Answers as JSON text, to the letter of the vendor's page (keys, order, types,
 * misspellings, number and TimeSpan forms). Compact, no blanks. */
#ifndef LIVEFLOOR_RENDER_RENDER_H
#define LIVEFLOOR_RENDER_RENDER_H

#include "answer/answer.h"
#include "base/buffer.h"

/* Each appends one JSON value; a failed allocation shows in the buffer. */
void render_right_now(struct buffer *b, const struct right_now *v);
void render_today(struct buffer *b, const struct today *v);
void render_agents(struct buffer *b, const struct agents_page *v);
void render_queue(struct buffer *b, const struct queue_list *v, int64_t site_id);

/* A double of metrics.md §1: 6 decimals, nearest, half to even; trailing zeros
 * dropped, always a decimal point; 0.0 where den is 0. */
void render_ratio(struct buffer *b, struct ratio r);

/* A JSON string with what must be escaped escaped (UTF-8 kept as it is). */
void render_string(struct buffer *b, struct span text);

#endif
