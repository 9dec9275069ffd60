/* Instants and durations, both int64 microseconds (metrics.md §1). */
#ifndef LIVEFLOOR_BASE_INSTANT_H
#define LIVEFLOOR_BASE_INSTANT_H

#include "base/span.h"

#include <stdint.h>

#define US_PER_SECOND 1000000LL
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)

/* Room for "2026-11-23T10:00:00.123456Z" and a terminator. */
#define INSTANT_TEXT_BYTES 32u
/* Room for "[-]106751991.04:00:54.7758070" and a terminator. */
#define TIMESPAN_TEXT_BYTES 40u

enum instant_status {
    INSTANT_OK,
    INSTANT_MALFORMED, /* not yyyy-MM-ddTHH:mm:ss[.f…][Z|±hh:mm] at all */
    INSTANT_NO_SUCH,   /* 2026-02-30, 24:00:00, a leap second, a zone no place has */
};

/* Reads yyyy-MM-ddTHH:mm:ss[.f…] with an optional zone: Z or ±hh:mm (at most
 * 14:00, a multiple of 15 minutes; a blank stands for '+', as forms decode it).
 * Years 0001..9999; digits past the microsecond are cut off. *had_zone says
 * whether there was one; without, the text is read as UTC. 'T' and 'Z' in
 * either case. */
enum instant_status instant_parse(struct span text, int64_t *out_us, bool *had_zone);

/* Writes the instant in UTC with Z; the fraction (3 or 6 digits) only when not
 * zero. Terminated; returns the length. */
size_t instant_format(int64_t us, char out[INSTANT_TEXT_BYTES]);

/* Writes a .NET TimeSpan, [-][d.]hh:mm:ss[.fffffff] (metrics.md §1).
 * Terminated; returns the length. */
size_t timespan_format(int64_t us, char out[TIMESPAN_TEXT_BYTES]);

/* The wall clock. Read once per request. */
int64_t clock_now_us(void);

#endif
