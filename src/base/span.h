/* A run of bytes owned by someone else; not terminated. */
#ifndef LIVEFLOOR_BASE_SPAN_H
#define LIVEFLOOR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
    const char *data; /* may be NULL when len is 0 */
    size_t len;
};

/* A span over a string literal. */
#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

/* A span over a terminated string, which must outlive it. */
static inline struct span span_of(const char *text)
{
    struct span s = {text, strlen(text)}; /* no compound literal: C++ reads this too */
    return s;
}

/* Same bytes? */
bool span_equal(struct span a, struct span b);

/* Same bytes, the case of ASCII letters aside? */
bool span_equal_nocase(struct span a, struct span b);

/* Bytewise order: <0, 0, >0; a prefix comes first. */
int span_compare(struct span a, struct span b);

/* Well-formed UTF-8 without NUL? */
bool span_is_text(struct span s);

#endif
