/* ascent: a short ascending row of instants in few bits, in the way of Elias and Fano:
 * of each the low bits as they are, the rest as steps in unary. n instants over a span
 * of U units need about n * (2 + log2(U / n)) bits. A question reads a few words of the
 * steps and two or three instants. */
#ifndef LIVEFLOOR_TIMELINE_ASCENT_H
#define LIVEFLOOR_TIMELINE_ASCENT_H

#include "timeline/unit.h"

struct ascent {
    int64_t first;
    uint64_t unit;      /* every distance from the first is a multiple of it; not 0 */
    uint32_t n;         /* >= 1 */
    uint32_t high_bits; /* length of the steps */
    unsigned low_bits;
};

/* How to write n >= 1 ascending instants, which may be equal. */
struct ascent ascent_plan(const int64_t *times, uint32_t n);

/* The same in a unit that is known to divide. */
struct ascent ascent_plan_in(const int64_t *times, uint32_t n, const struct unit *unit);

/* Bits that it needs. */
static inline size_t ascent_bits(const struct ascent *a)
{
    return a->high_bits + (size_t)a->n * a->low_bits;
}

/* Writes from the start of words, which are zero. */
void ascent_write(const struct ascent *a, const int64_t *times, uint64_t *words);

/* How many are before t. */
uint32_t ascent_before(const struct ascent *a, const uint64_t *words, int64_t t);

/* The same in two steps: how many are before t, or a few less, found without reading low bits; and
 * from there on. */
uint32_t ascent_near(const struct ascent *a, const uint64_t *words, int64_t t);
uint32_t ascent_before_from(const struct ascent *a, const uint64_t *words, int64_t t,
                            uint32_t near);

/* Those from place `from` < n on, `count` of them, into out. */
void ascent_read(const struct ascent *a, const uint64_t *words, uint32_t from, uint32_t count,
                 int64_t *out);

#endif
