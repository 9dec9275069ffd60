/* What went wrong, said so that a user knows what to do about it. */
#ifndef LIVEFLOOR_BASE_PROBLEM_H
#define LIVEFLOOR_BASE_PROBLEM_H

#include <stdarg.h>

/* Codes are HTTP status * 1000 + n (api.md §1, Errors). */
enum problem_code {
    PROBLEM_NONE = 0,
    PROBLEM_PARAMETER = 400001,      /* a query parameter is malformed or contradicts another */
    PROBLEM_PARAMETER_TWICE = 400002,
    PROBLEM_BEFORE_RETENTION = 400003,
    PROBLEM_SITE_NEEDED = 400004,    /* the credential covers several sites */
    PROBLEM_BODY = 400010,           /* not JSON, not UTF-8, cut off, too deep */
    PROBLEM_EVENT = 400011,          /* an event is refused: see its message */
    PROBLEM_EVENT_TYPE = 400012,
    PROBLEM_EVENT_FIELD = 400013,    /* a field is missing, of a wrong type or out of range */
    PROBLEM_EVENT_TIME = 400014,     /* malformed, or no such instant */
    PROBLEM_EVENT_TOO_OLD = 400015,
    PROBLEM_EVENT_AHEAD = 400016,
    PROBLEM_EVENT_SITE = 400017,     /* no siteId anywhere, or not this credential's */
    PROBLEM_BATCH_EMPTY = 400018,
    PROBLEM_BATCH_REFUSED = 400019,  /* every event was refused */
    PROBLEM_BAD_REQUEST = 400090,    /* malformed HTTP */
    PROBLEM_UNAUTHORIZED = 401001,
    PROBLEM_SCOPE = 403001,
    PROBLEM_SITE = 403002,
    PROBLEM_NOT_FOUND = 404001,
    PROBLEM_METHOD = 405001,
    PROBLEM_TIMEOUT = 408001,
    PROBLEM_TOO_LARGE = 413001,
    PROBLEM_MEDIA_TYPE = 415001,
    PROBLEM_HEAD_TOO_LARGE = 431001,
    PROBLEM_RATE = 429001,
    PROBLEM_INTERNAL = 500001,
    PROBLEM_NOT_IMPLEMENTED = 501001,
    PROBLEM_STORE = 503001,          /* the store cannot write now */
    PROBLEM_BUSY = 503002,           /* too much is waiting already */
    PROBLEM_STOPPING = 503003,
    PROBLEM_HTTP_VERSION = 505001,
};

#define PROBLEM_MESSAGE_BYTES 320u

struct problem {
    int code; /* enum problem_code; 0 is none */
    char message[PROBLEM_MESSAGE_BYTES];
};

/* Sets code and message (cut to fit, on a UTF-8 boundary). Returns -1, so that
 * a caller can `return problem_set(…)`. p may be NULL. */
int problem_set(struct problem *p, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The HTTP status of a code. */
static inline int problem_status(int code)
{
    return code / 1000;
}

#endif
