/* unit: the greatest number that divides many others, and exact division by it without
 * the processor's slow one. Instants that are whole seconds need 20 bits less in
 * seconds than in microseconds. */
#ifndef LIVEFLOOR_TIMELINE_UNIT_H
#define LIVEFLOOR_TIMELINE_UNIT_H

#include "timeline/bits.h"

#include <stdbool.h>
#include <stdint.h>

struct unit {
    uint64_t value;   /* 0: no number but 0 has been seen */
    uint64_t inverse; /* of its odd part, modulo 2^64 */
    uint64_t limit;   /* the greatest quotient by its odd part */
    unsigned shift;   /* value = odd part << shift */
};

static inline struct unit unit_of(uint64_t value)
{
    struct unit u = {.value = value};
    if (value == 0)
        return u;
    u.shift = (unsigned)__builtin_ctzll(value);
    uint64_t odd = value >> u.shift;
    u.limit = UINT64_MAX / odd;
    u.inverse = odd; /* right in 3 bits; each step doubles them */
    for (int step = 0; step < 5; step++)
        u.inverse *= 2 - odd * u.inverse;
    return u;
}

/* The quotient of a number that it divides. */
static inline uint64_t unit_exact(const struct unit *u, uint64_t number)
{
    return (number >> u->shift) * u->inverse;
}

static inline bool unit_divides(const struct unit *u, uint64_t number)
{
    return (number & bits_mask(u->shift)) == 0 && unit_exact(u, number) <= u->limit;
}

/* Makes it divide this number too. */
static inline void unit_take(struct unit *u, uint64_t number)
{
    if (number == 0 || u->value == 1 || (u->value != 0 && unit_divides(u, number)))
        return;
    uint64_t a = u->value, b = number;
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    *u = unit_of(a);
}

#endif
