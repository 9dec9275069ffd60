#include "timeline/ascent.h"

static uint64_t distance(int64_t from, int64_t to)
{
    return (uint64_t)to - (uint64_t)from;
}

struct ascent ascent_plan_in(const int64_t *times, uint32_t n, const struct unit *unit)
{
    struct ascent a = {.first = times[0], .unit = unit->value == 0 ? 1 : unit->value, .n = n};
    uint64_t span = distance(times[0], times[n - 1]);
    if (unit->value != 0)
        span = unit_exact(unit, span);
    /* The more low bits, the fewer steps: cheapest where a step saves no more. */
    while ((span >> a.low_bits) - (span >> (a.low_bits + 1)) > n && a.low_bits < 62)
        a.low_bits++;
    a.high_bits = n + (uint32_t)(span >> a.low_bits);
    return a;
}

struct ascent ascent_plan(const int64_t *times, uint32_t n)
{
    struct unit unit = {0};
    for (uint32_t i = 1; i < n; i++)
        unit_take(&unit, distance(times[0], times[i]));
    return ascent_plan_in(times, n, &unit);
}

void ascent_write(const struct ascent *a, const int64_t *times, uint64_t *words)
{
    struct unit unit = unit_of(a->unit);
    size_t low_at = a->high_bits;
    for (uint32_t i = 0; i < a->n; i++) {
        uint64_t u = unit_exact(&unit, distance(a->first, times[i]));
        uint64_t step = (u >> a->low_bits) + i;
        words[step / 64] |= UINT64_C(1) << step % 64;
        bits_put(words, low_at, a->low_bits, u & bits_mask(a->low_bits));
        low_at += a->low_bits;
    }
}

/* The place after the zeros-th 0 of the steps, which must be there. */
static uint32_t after_zeros(const uint64_t *words, uint32_t zeros)
{
    for (uint32_t w = 0; zeros > 0; w++) {
        uint32_t here = bits_ones(~words[w]);
        if (here >= zeros)
            return w * 64 + bits_select(~words[w], zeros) + 1;
        zeros -= here;
    }
    return 0;
}

/* The least distance that is not before t, in units; t is after the first. */
static uint64_t limit_of(const struct ascent *a, int64_t t)
{
    return (distance(a->first, t) - 1) / a->unit + 1;
}

BITS_COUNTED uint32_t ascent_near(const struct ascent *a, const uint64_t *words, int64_t t)
{
    if (t <= a->first)
        return 0;
    uint64_t high = limit_of(a, t) >> a->low_bits;
    return high > a->high_bits - a->n ? a->n : after_zeros(words, (uint32_t)high) - (uint32_t)high;
}

uint32_t ascent_before_from(const struct ascent *a, const uint64_t *words, int64_t t, uint32_t near)
{
    if (t <= a->first)
        return 0;
    uint64_t limit = limit_of(a, t), low = limit & bits_mask(a->low_bits);
    uint64_t at = near + (limit >> a->low_bits);
    size_t low_at = a->high_bits + (size_t)near * a->low_bits;
    while (at < a->high_bits && words[at / 64] >> at % 64 & 1 &&
           bits_get(words, low_at, a->low_bits) < low) {
        low_at += a->low_bits;
        near++;
        at++;
    }
    return near;
}

uint32_t ascent_before(const struct ascent *a, const uint64_t *words, int64_t t)
{
    return ascent_before_from(a, words, t, ascent_near(a, words, t));
}

/* The first word of the steps with the n-th 1 (from 0) in it or behind it; n is then how many
 * of its own are before that. */
static uint32_t word_of_one(const uint64_t *words, uint32_t *n)
{
    uint32_t at = 0;
    for (uint32_t ones; *n > 0 && *n >= (ones = bits_ones(words[at])); at++)
        *n -= ones;
    return at;
}

BITS_COUNTED void ascent_read(const struct ascent *a, const uint64_t *words, uint32_t from,
                              uint32_t count, int64_t *out)
{
    size_t low_at = a->high_bits + (size_t)from * a->low_bits;
    uint32_t skip = from, at = word_of_one(words, &skip) * 64;
    uint64_t word = words[at / 64];
    if (skip > 0)
        word &= UINT64_MAX << bits_select(word, skip) << 1;
    for (uint32_t i = from; i < from + count; i++) {
        while (word == 0) {
            at += 64;
            word = words[at / 64];
        }
        uint64_t high = at + (unsigned)__builtin_ctzll(word) - i;
        word &= word - 1;
        uint64_t u = high << a->low_bits | bits_get(words, low_at, a->low_bits);
        low_at += a->low_bits;
        *out++ = (int64_t)((uint64_t)a->first + a->unit * u);
    }
}
