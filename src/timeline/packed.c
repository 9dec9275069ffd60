#include "timeline/packed.h"

#include "timeline/ascent.h"
#include "timeline/packed_form.h"

/* Where the parts are. */
struct parts {
    const int64_t *constant; /* minus the known ones: index as the codes say */
    const struct packed_code *code;
    const uint16_t *row_ones;
    const uint64_t *bits;
    size_t row_at;          /* in bits */
    uint32_t stride, marks; /* entries between marks; how many of them */
};

/* Length of the times' steps. */
static uint32_t steps_bits(const struct packed *p)
{
    return p->high_bits & ~(PACKED_LATER | PACKED_MOMENTS);
}

static struct parts parts_of(const struct packed *p)
{
    unsigned codes = bits_ones(p->present);
    struct parts parts = {.constant = p->rest,
                          .code = (const struct packed_code *)(p->rest + p->constants)};
    parts.row_ones = (const uint16_t *)(parts.code + codes);
    parts.bits = (const uint64_t *)(p->rest + p->constants + packed_code_words(codes, p->rows));
    parts.row_at = steps_bits(p) + (size_t)p->head.n * p->low_bits;
    parts.stride = packed_stride(p->high_bits & PACKED_MOMENTS);
    parts.marks = packed_marks(p->head.n, parts.stride);
    return parts;
}

static int64_t constant_of(const struct parts *parts, unsigned index)
{
    return index < PACKED_KNOWN ? packed_known[index] : parts->constant[index - PACKED_KNOWN];
}

static struct ascent times_of(const struct packed *p, const struct parts *parts)
{
    return (struct ascent){.first = p->first,
                           .unit = (uint64_t)constant_of(parts, p->unit),
                           .n = p->head.n,
                           .high_bits = steps_bits(p),
                           .low_bits = p->low_bits};
}

size_t packed_bytes(const struct packed *p)
{
    return p->head.mark;
}

/* Of the first time: 1 when it is kept a microsecond too early. */
static int64_t later_of_first(const struct packed *p)
{
    if (!(p->high_bits & PACKED_LATER))
        return 0;
    struct parts parts = parts_of(p);
    return (int64_t)bits_get(parts.bits, parts.row_at, 1);
}

int64_t packed_first(const struct packed *p)
{
    return p->first + later_of_first(p);
}

uint32_t packed_near(const struct packed *p, int64_t t)
{
    struct parts parts = parts_of(p);
    struct ascent times = times_of(p, &parts);
    return ascent_near(&times, parts.bits, t);
}

uint32_t packed_before_from(const struct packed *p, int64_t t, uint32_t near)
{
    struct parts parts = parts_of(p);
    struct ascent times = times_of(p, &parts);
    uint32_t before = ascent_before_from(&times, parts.bits, t, near);
    if (!(p->high_bits & PACKED_LATER) || before == 0 ||
        ((uint64_t)t - (uint64_t)p->first) % times.unit != 1)
        return before;
    /* Those that are kept at t - 1 and are a microsecond later are at t, not before. */
    uint32_t least = ascent_before(&times, parts.bits, t - 1);
    return before - bits_ones_in(parts.bits, parts.row_at + least, before - least);
}

uint32_t packed_before(const struct packed *p, int64_t t)
{
    return packed_before_from(p, t, packed_near(p, t));
}

/* The times of the entries [from, to). */
static void times_read(const struct packed *p, const struct parts *parts, uint32_t from,
                       uint32_t to, int64_t *out)
{
    if (from == to)
        return;
    struct ascent times = times_of(p, parts);
    ascent_read(&times, parts->bits, from, to - from, out);
    if (p->high_bits & PACKED_LATER)
        for (uint32_t i = from; i < to; i++)
            out[i - from] += (int64_t)bits_get(parts->bits, parts->row_at + i, 1);
}

void packed_times(const struct packed *p, uint32_t k, int64_t *out)
{
    struct parts parts = parts_of(p);
    times_read(p, &parts, 0, k, out);
}

/* The sum of the first `count` numbers of so many bits. */
static uint64_t sum_of(const uint64_t *words, size_t at, unsigned bits, uint32_t count)
{
    if (bits == 0)
        return 0;
    if (bits == 1)
        return bits_ones_in(words, at, count);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++, at += bits)
        sum += bits_get(words, at, bits);
    return sum;
}

/* How many of the first k entries a column has a number for. */
static uint32_t count_of(const struct packed_code *code, const uint32_t *row_ones, uint32_t k)
{
    if ((code->row & PACKED_ROW) == 0)
        return k;
    uint32_t ones = row_ones[(code->row & PACKED_ROW) - 1];
    return code->row & PACKED_OPPOSITE ? k - ones : ones;
}

/* Bits that a column's numbers take, and what stands before them. */
static size_t column_bits(const struct packed *p, const struct parts *parts,
                          const struct packed_code *code)
{
    uint32_t count = p->head.n;
    if ((code->row & PACKED_ROW) != 0) {
        count = parts->row_ones[(code->row & PACKED_ROW) - 1];
        count = code->row & PACKED_OPPOSITE ? p->head.n - count : count;
    }
    return packed_mark_bits(parts->marks, code) + (size_t)count * code->bits;
}

/* How a question for the first k entries goes: from the nearest mark on to k, or back to it. */
struct near {
    uint32_t mark;      /* which, from 1; 0: the leaf's beginning */
    uint32_t low, high; /* the entries between */
    bool back;
};

static struct near near_of(const struct parts *parts, uint32_t k)
{
    uint32_t mark = k / parts->stride < parts->marks ? k / parts->stride : parts->marks;
    bool back = mark < parts->marks && k - mark * parts->stride > parts->stride / 2;
    mark += back;
    uint32_t at = mark * parts->stride;
    return (struct near){.mark = mark, .low = back ? k : at, .high = back ? at : k, .back = back};
}

/* What is before k: what stands at the mark, and what is between. */
static uint64_t near_sum(const struct near *near, uint64_t at_mark, uint64_t between)
{
    return near->back ? at_mark - between : at_mark + between;
}

/* The sum of a column's numbers before k, of which it has `count`. Marks and numbers begin at
 * `at`; low and high are the set bits of each row up to those places. */
static uint64_t numbers_before(const struct parts *parts, const struct packed_code *code, size_t at,
                               const struct near *near, const uint32_t *low, const uint32_t *high,
                               uint32_t count)
{
    unsigned sum_bits = packed_sum_bits(parts->marks, code->bits);
    size_t numbers_at = at + packed_mark_bits(parts->marks, code);
    if (near->mark == 0 || sum_bits == 0)
        return sum_of(parts->bits, numbers_at, code->bits, count);
    uint32_t skip = count_of(code, low, near->low), end = count_of(code, high, near->high);
    return near_sum(
        near, bits_get(parts->bits, at + (size_t)(near->mark - 1) * sum_bits, sum_bits),
        sum_of(parts->bits, numbers_at + (size_t)skip * code->bits, code->bits, end - skip));
}

BITS_COUNTED void packed_sums(const struct packed *p, uint32_t k, int64_t *out)
{
    struct parts parts = parts_of(p);
    struct near near = near_of(&parts, k);
    uint32_t low[PACKED_MAX_COLUMNS + 1], high[PACKED_MAX_COLUMNS + 1]; /* set bits up to there */
    for (unsigned r = 0; r < p->rows; r++) {
        size_t row = parts.row_at + (size_t)r * p->head.n;
        low[r] = bits_ones_in(parts.bits, row, near.low);
        high[r] = low[r] + bits_ones_in(parts.bits, row + near.low, near.high - near.low);
    }
    size_t at = parts.row_at + (size_t)p->rows * p->head.n;
    const struct packed_code *code = parts.code;
    for (unsigned left = p->present; left != 0; left &= left - 1, code++) {
        uint32_t count = count_of(code, near.back ? low : high, k);
        uint64_t sum = (uint64_t)constant_of(&parts, code->base) * count;
        if (code->bits > 0)
            sum += (uint64_t)constant_of(&parts, code->unit) *
                   numbers_before(&parts, code, at, &near, low, high, count);
        at += column_bits(p, &parts, code);
        int64_t *to = &out[__builtin_ctz(left)];
        *to = (int64_t)((uint64_t)*to + sum);
    }
}

#define LINE 64u
#define COLUMN_LINES 4u /* of a column: then the processor fetches ahead by itself */
#define ALL_LINES 8u    /* behind the times: so few are asked for as they are */

/* The lines from a bit to another, at most so many. */
static void bits_prefetch(const uint64_t *bits, size_t from, size_t to, unsigned most)
{
    const char *at = (const char *)bits + from / 8, *end = (const char *)bits + to / 8;
    for (unsigned i = 0; i < most && at <= end; i++, at += LINE)
        __builtin_prefetch(at);
}

/* Of rows and columns most of what packed_sums reads, if about k entries are before. */
static void sums_prefetch(const struct packed *p, const struct parts *parts, uint32_t k)
{
    struct near near = near_of(parts, k);
    size_t n = p->head.n, at = parts->row_at + p->rows * n;
    for (unsigned r = 0; r < p->rows; r++)
        __builtin_prefetch((const char *)parts->bits + (parts->row_at + r * n + near.low) / 8);
    /* About where a sum begins and ends: entries with numbers are spread evenly. */
    size_t low = ((size_t)near.low << 16) / n, high = ((size_t)near.high << 16) / n;
    const struct packed_code *code = parts->code;
    for (unsigned left = p->present; left != 0; left &= left - 1, code++) {
        size_t bits = column_bits(p, parts, code);
        if (code->bits > 0)
            bits_prefetch(parts->bits, at + (bits * low >> 16), at + (bits * high >> 16),
                          COLUMN_LINES);
        at += bits;
    }
}

void packed_prefetch(const struct packed *p, uint32_t k)
{
    struct parts parts = parts_of(p);
    const char *bytes = (const char *)parts.bits, *end = (const char *)p + p->head.mark;
    __builtin_prefetch(bytes + (steps_bits(p) + (size_t)k * p->low_bits) / 8);
    if ((size_t)(end - bytes) - parts.row_at / 8 > (size_t)ALL_LINES * LINE)
        sums_prefetch(p, &parts, k);
    else
        for (const char *at = bytes + parts.row_at / 8; at < end; at += LINE)
            __builtin_prefetch(at);
}

/* A column's code and where its numbers begin; NULL when it is all 0. */
static const struct packed_code *code_of(const struct packed *p, const struct parts *parts,
                                         unsigned column, size_t *at)
{
    if (!(p->present >> column & 1))
        return NULL;
    *at = parts->row_at + (size_t)p->rows * p->head.n;
    const struct packed_code *code = parts->code;
    for (unsigned before = bits_ones(p->present & bits_mask(column)); before > 0; before--, code++)
        *at += column_bits(p, parts, code);
    *at += packed_mark_bits(parts->marks, code);
    return code;
}

/* Which of up to 64 entries from i on, but before k, a column has numbers for. */
static uint64_t set_of(const struct packed *p, const struct parts *parts,
                       const struct packed_code *code, uint32_t i, uint32_t k)
{
    unsigned count = k - i < 64 ? k - i : 64;
    if ((code->row & PACKED_ROW) == 0)
        return bits_mask(count);
    size_t row_at = parts->row_at + (size_t)((code->row & PACKED_ROW) - 1) * p->head.n;
    uint64_t flip = code->row & PACKED_OPPOSITE ? bits_mask(count) : 0;
    return bits_get(parts->bits, row_at + i, count) ^ flip;
}

void packed_column(const struct packed *p, unsigned column, uint32_t k, int64_t *out, size_t stride)
{
    struct parts parts = parts_of(p);
    size_t at;
    const struct packed_code *code = code_of(p, &parts, column, &at);
    for (uint32_t i = 0; i < k; i++)
        out[i * stride] = 0;
    if (code == NULL)
        return;
    uint64_t base = (uint64_t)constant_of(&parts, code->base);
    uint64_t unit = (uint64_t)constant_of(&parts, code->unit);
    for (uint32_t i = 0; i < k; i += 64)
        for (uint64_t set = set_of(p, &parts, code, i, k); set != 0; set &= set - 1) {
            uint64_t number = bits_get(parts.bits, at, code->bits);
            out[(i + (unsigned)__builtin_ctzll(set)) * stride] = (int64_t)(base + unit * number);
            at += code->bits;
        }
}

/* The sum of value * time of a column over the entries [from, k), whose times are given. Its
 * numbers begin at `at`. */
static uint64_t moment_of(const struct packed *p, const struct parts *parts,
                          const struct packed_code *code, size_t at, uint32_t from, uint32_t k,
                          const int64_t *times)
{
    uint64_t all = 0, counted = 0; /* times; and times their numbers */
    unsigned bits = code->bits;
    if ((code->row & PACKED_ROW) == 0) {
        for (uint32_t i = from; i < k; i++) {
            all += (uint64_t)times[i - from];
            counted +=
                (uint64_t)times[i - from] * bits_get(parts->bits, at + (size_t)i * bits, bits);
        }
    } else {
        for (uint32_t i = 0; i < from; i += 64)
            at += (size_t)bits_ones(set_of(p, parts, code, i, from)) * bits;
        for (uint32_t i = from; i < k; i += 64)
            for (uint64_t set = set_of(p, parts, code, i, k); set != 0; set &= set - 1) {
                uint64_t time = (uint64_t)times[i - from + (unsigned)__builtin_ctzll(set)];
                all += time;
                counted += time * bits_get(parts->bits, at, bits);
                at += bits;
            }
    }
    return (uint64_t)constant_of(parts, code->base) * all +
           (uint64_t)constant_of(parts, code->unit) * counted;
}

BITS_COUNTED void packed_moments(const struct packed *p, uint32_t k, int64_t *out)
{
    struct parts parts = parts_of(p);
    int64_t times[LEAF_MAX];
    struct near near = near_of(&parts, k);
    size_t at = parts.row_at + (size_t)p->rows * p->head.n;
    const struct packed_code *code = parts.code;
    times_read(p, &parts, near.low, near.high, times);
    for (unsigned left = p->present; left != 0; left &= left - 1, code++) {
        size_t numbers_at = at + packed_mark_bits(parts.marks, code);
        int64_t *to = &out[__builtin_ctz(left)];
        if (code->row & PACKED_MOMENT) {
            uint64_t at_mark = 0, between;
            between = moment_of(p, &parts, code, numbers_at, near.low, near.high, times);
            if (near.mark > 0)
                at_mark = bits_get(parts.bits,
                                   numbers_at - (size_t)(parts.marks - near.mark + 1) * 64, 64);
            *to = (int64_t)((uint64_t)*to + near_sum(&near, at_mark, between));
        }
        at += column_bits(p, &parts, code);
    }
}
