/* JSON numbers as whole counts of a decimal unit, without floating point. */
#ifndef LIVEFLOOR_EVENT_DECIMAL_H
#define LIVEFLOOR_EVENT_DECIMAL_H

#include "base/span.h"

#include <stdint.h>

enum decimal_status {
    DECIMAL_EXACT,
    DECIMAL_ROUNDED, /* it has digits past the unit: *out is the nearest, half to even */
    DECIMAL_HUGE,    /* beyond what an int64_t holds */
};

/* Reads a well-formed JSON number in units of 10^-places (places <= 9):
 * "4.5" with one place is 45. *above is the sign of number - *out. */
enum decimal_status decimal_read(struct span number, unsigned places, int64_t *out, int *above);

/* Is it too large for a double, and so for most of the world's JSON readers? */
bool decimal_overflows_double(struct span number);

#endif
