/* A growable run of bytes. A failed allocation is remembered and makes later
 * appends do nothing, so a caller checks `failed` once at the end. */
#ifndef LIVEFLOOR_BASE_BUFFER_H
#define LIVEFLOOR_BASE_BUFFER_H

#include "base/span.h"

#include <stdint.h>

struct buffer {
    char *data;
    size_t len, cap;
    bool failed;
};

void buffer_append(struct buffer *b, const void *data, size_t len);
void buffer_append_span(struct buffer *b, struct span s);
void buffer_append_text(struct buffer *b, const char *terminated);
void buffer_append_char(struct buffer *b, char c);
void buffer_append_number(struct buffer *b, uint64_t value); /* decimal */

/* Writes a number's decimal digits, 20 at most, before `end`; returns where they begin. */
static inline char *digits_before(char *end, uint64_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return end;
}
void buffer_printf(struct buffer *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes room for `more` bytes and returns where they go (add to len yourself),
 * NULL when there is no memory. */
char *buffer_reserve(struct buffer *b, size_t more);

/* Empties it, keeping the memory; clears `failed`. */
void buffer_reset(struct buffer *b);

/* Frees the memory; the buffer is empty and usable again. */
void buffer_free(struct buffer *b);

static inline struct span buffer_span(const struct buffer *b)
{
    return (struct span){b->data, b->len};
}

#endif
