/* JSON texts as flat lists of nodes: simdjson behind a C interface. Everything
 * that it hands out was checked to be well-formed, whatever nobody looks at
 * included, since events are kept as they were sent. */
#ifndef LIVEFLOOR_EVENT_JSON_READER_H
#define LIVEFLOOR_EVENT_JSON_READER_H

#include "base/span.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Readable bytes that must follow a text; what they hold does not matter. */
#define JSON_READER_PADDING 64u

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* One value. A value's nodes stand in document order, each container before
 * what it holds: its first member is the node after it, the next member of any
 * node n is nodes[n].end, and all of them lie before the container's own end. */
struct json_node {
    enum json_kind kind;
    uint32_t end;     /* index past its last descendant */
    uint32_t tag;     /* the caller's; 0 at first */
    bool broken;      /* a string with half a surrogate pair escaped in it: it is no
                       * Unicode, so `text` is what was sent */
    struct span key;  /* unescaped; empty outside an object */
    struct span text; /* a string, unescaped; empty for other kinds */
    struct span raw;  /* as sent, quotes or brackets included */
    const char *from; /* where the member begins as sent: at its key, if it has one */
};

enum json_status {
    JSON_OK,
    JSON_DONE,      /* no value left, and the text ended as it must */
    JSON_BLANK,     /* nothing but blanks in the text */
    JSON_OVERSIZE,  /* this value is larger than allowed; the next can be read */
    JSON_NOT_UTF8,  /* this and all below: the whole text is unusable */
    JSON_CUT_OFF,   /* it ends in the middle */
    JSON_MALFORMED, /* it is not JSON */
    JSON_TOO_DEEP,  /* nested deeper than allowed */
    JSON_NO_MEMORY,
};

struct json_reader;

/* NULL when there is no memory. One for a thread. */
struct json_reader *json_reader_new(void);
void json_reader_free(struct json_reader *r);

/* Starts on a text, which must stay in place until the last value is read. A value
 * of more than `most_bytes` is JSON_OVERSIZE, one nested more than `most_depth` deep
 * (a container of scalars is 1 deep) JSON_TOO_DEEP. Tells the kind of the whole. */
enum json_status json_reader_open(struct json_reader *r, struct span text, size_t most_bytes,
                                  uint32_t most_depth, enum json_kind *whole);

/* Reads the next element when the whole is an array, else the whole: JSON_OK and
 * its nodes, which live until another value is read and whose spans lie in the
 * text, or where something was escaped in the reader's memory until the next
 * open. To know that the text was in order to its end, read on to JSON_DONE
 * (which leaves the last nodes in place). */
enum json_status json_reader_next(struct json_reader *r, struct json_node **nodes);

/* About where reading stopped, in bytes from the start of the text. */
size_t json_reader_offset(const struct json_reader *r);

#ifdef __cplusplus
}
#endif

#endif
