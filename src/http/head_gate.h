/* The head gate: looks at a whole request head before llhttp sees it, and refuses what
 * different readers could take for different things (docs/http.md). Pure. */
#ifndef LIVEFLOOR_HTTP_HEAD_GATE_H
#define LIVEFLOOR_HTTP_HEAD_GATE_H

#include "base/limits.h"
#include "http/http.h"

/* What the gate read; spans point into the head. */
struct head {
    struct http_request request;
    struct http_field fields[LIMIT_HEAD_FIELDS];
    bool minor_0; /* HTTP/1.0 */
    bool chunked;
    bool has_length;
    uint64_t content_length;
    bool expects_continue;
};

/* Where the gathered bytes stand. */
enum head_progress {
    HEAD_MORE,  /* no end yet */
    HEAD_WHOLE, /* *length bytes make a head, its empty line included */
    HEAD_BAD,   /* a bare CR or LF, a NUL: it can only get worse */
};

/* Looks for the end of a head. *seen is where to go on looking next time (0 at first). */
enum head_progress head_find_end(struct span bytes, size_t *seen, size_t *length);

/* Reads a whole head. 0, or the problem code of a refusal with *why, a sentence. */
int head_gate_read(struct span bytes, struct head *out, const char **why);

#endif
