/* Packing a leaf: how each column is written is found first, then the exact size is
 * taken and filled. */
#include "timeline/ascent.h"
#include "timeline/packed_form.h"

#include <string.h>

#define ROW_WORDS ((PACKED_MAX + 63) / 64)
/* Of one leaf: base and unit of each column, unit of the times. */
#define MAX_CONSTANTS (PACKED_KNOWN + 2 * PACKED_MAX_COLUMNS + 1)

struct row {
    uint64_t set[ROW_WORDS];
    uint32_t ones;
};

struct plan {
    uint32_t n, stride, marks;
    unsigned moments; /* bit c: column c's is asked for */
    struct ascent times;
    bool later; /* rounded down: the first row says which are a microsecond later */
    int64_t constant[MAX_CONSTANTS];
    unsigned constants; /* the known ones among them */
    struct row row[PACKED_MAX_COLUMNS + 1];
    unsigned rows;
    unsigned present, codes;
    struct packed_code code[PACKED_MAX_COLUMNS];
    size_t bits;
};

/* A column: where it is not 0, and what its values there have in common. */
struct column {
    struct row where;
    int64_t least, greatest;
    struct unit unit; /* divides all their differences */
};

/* A way to write numbers. */
struct coding {
    int64_t base;
    uint64_t unit;
    unsigned bits;
};

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* One microsecond after a whole millisecond? */
static bool is_later(int64_t time)
{
    int64_t rest = time % 1000;
    return rest == 1 || rest == 1 - 1000;
}

/* Plans the times; rounded down, into `rounded`, where that is cheaper. */
static void plan_times(struct plan *p, const int64_t *times, int64_t *rounded)
{
    struct unit unit = {0};
    struct row later = {.ones = 0};
    p->times = ascent_plan(times, p->n);
    for (uint32_t i = 0; i < p->n && p->times.unit == 1 && unit.value != 1; i++) {
        bool is = is_later(times[i]);
        rounded[i] = times[i] - is;
        later.set[i / 64] |= (uint64_t)is << i % 64;
        later.ones += is;
        unit_take(&unit, (uint64_t)rounded[i] - (uint64_t)rounded[0]);
    }
    if (unit.value <= 1)
        return;
    struct ascent shorter = ascent_plan_in(rounded, p->n, &unit);
    if (ascent_bits(&shorter) + p->n >= ascent_bits(&p->times))
        return;
    p->times = shorter;
    p->later = true;
    p->row[p->rows++] = later;
    p->bits += p->n;
}

static struct column column_look(const int64_t *values, size_t stride, uint32_t n)
{
    struct column c = {.least = INT64_MAX, .greatest = INT64_MIN};
    int64_t one = 0; /* of the values */
    for (uint32_t i = 0; i < n; i++) {
        int64_t value = values[i * stride];
        if (value == 0)
            continue;
        c.where.set[i / 64] |= UINT64_C(1) << i % 64;
        c.where.ones++;
        if (one == 0)
            one = value;
        c.least = value < c.least ? value : c.least;
        c.greatest = value > c.greatest ? value : c.greatest;
        uint64_t apart =
            value > one ? (uint64_t)value - (uint64_t)one : (uint64_t)one - (uint64_t)value;
        unit_take(&c.unit, apart);
    }
    return c;
}

/* How to write the values that are not 0, or those and some zeros. */
static struct coding coding_of(const struct column *c, bool with_zero, uint32_t count)
{
    int64_t least = c->least, greatest = c->greatest;
    struct unit unit = c->unit;
    if (with_zero) {
        unit_take(&unit, magnitude(least));
        least = least > 0 ? 0 : least;
        greatest = greatest < 0 ? 0 : greatest;
    }
    struct coding coding = {.base = least, .unit = 1};
    if (least == greatest)
        return coding;
    coding.unit = unit.value;
    coding.bits = bits_width(unit_exact(&unit, (uint64_t)greatest - (uint64_t)least));
    if (least > 1) { /* a base of 0 costs no constant */
        unit_take(&unit, (uint64_t)least);
        unsigned bits = bits_width(unit_exact(&unit, (uint64_t)greatest));
        if (count * bits <= count * coding.bits + 64)
            coding = (struct coding){.base = 0, .unit = unit.value, .bits = bits};
    }
    return coding;
}

static bool row_covers(const struct row *row, bool opposite, const struct row *what)
{
    uint64_t outside = 0, flip = opposite ? UINT64_MAX : 0;
    for (unsigned w = 0; w < ROW_WORDS; w++)
        outside |= what->set[w] & ~(row->set[w] ^ flip);
    return outside == 0;
}

static uint8_t plan_constant(struct plan *p, int64_t value)
{
    unsigned i = 0;
    while (i < p->constants && p->constant[i] != value)
        i++;
    if (i == p->constants)
        p->constant[p->constants++] = value;
    return (uint8_t)i;
}

/* Finds the cheapest bit row for a column, a known one, a new one, or none. */
static void plan_column(struct plan *p, const struct column *c, bool moment)
{
    struct coding exact = coding_of(c, false, c->where.ones), loose = exact;
    if (c->where.ones < p->n)
        loose = coding_of(c, true, p->n);
    struct coding best = loose;
    uint32_t best_row = 0, best_count = p->n;
    size_t least = (size_t)p->n * loose.bits;
    for (unsigned r = 0; r < 2 * p->rows; r++) {
        const struct row *row = &p->row[r / 2];
        bool opposite = r % 2;
        uint32_t count = opposite ? p->n - row->ones : row->ones;
        if (count < c->where.ones || !row_covers(row, opposite, &c->where))
            continue;
        struct coding coding = count == c->where.ones ? exact : loose;
        if ((size_t)count * coding.bits < least) {
            least = (size_t)count * coding.bits;
            best = coding;
            best_row = (r / 2 + 1) | (opposite ? PACKED_OPPOSITE : 0);
            best_count = count;
        }
    }
    /* Of a flag the row is all there is; as a row others can share it. */
    if (c->where.ones < p->n && p->n + (size_t)c->where.ones * exact.bits <= least) {
        best = exact;
        best_count = c->where.ones;
        p->row[p->rows++] = c->where;
        best_row = p->rows;
        p->bits += p->n;
    }
    struct packed_code *code = &p->code[p->codes++];
    *code = (struct packed_code){.row = (uint8_t)(best_row | (moment ? PACKED_MOMENT : 0)),
                                 .bits = (uint8_t)best.bits,
                                 .base = plan_constant(p, best.base),
                                 .unit = plan_constant(p, (int64_t)best.unit)};
    p->bits += packed_mark_bits(p->marks, code) + (size_t)best_count * best.bits;
}

/* Writes a column's numbers of the entries [from, to), and returns their sum. */
static uint64_t numbers_write(const struct plan *p, const struct packed_code *code,
                              const int64_t *values, size_t stride, uint32_t from, uint32_t to,
                              uint64_t *bits, size_t *at)
{
    struct unit unit = unit_of((uint64_t)p->constant[code->unit]);
    uint64_t base = (uint64_t)p->constant[code->base], sum = 0;
    unsigned which = code->row & PACKED_ROW;
    const struct row *row = which == 0 ? NULL : &p->row[which - 1];
    uint64_t flip = code->row & PACKED_OPPOSITE ? 1 : 0;
    for (uint32_t i = from; i < to && code->bits > 0; i++) {
        if (row != NULL && ((row->set[i / 64] >> i % 64 & 1) ^ flip) == 0)
            continue;
        uint64_t number = unit_exact(&unit, (uint64_t)values[i * stride] - base);
        bits_put(bits, *at, code->bits, number);
        *at += code->bits;
        sum += number;
    }
    return sum;
}

/* Writes a column: what stands at the marks, then its numbers. */
static void column_write(const struct plan *p, const struct packed_code *code, const int64_t *times,
                         const int64_t *values, size_t stride, uint64_t *bits, size_t *at)
{
    unsigned sum_bits = packed_sum_bits(p->marks, code->bits);
    size_t sum_at = *at, moment_at = *at + (size_t)p->marks * sum_bits;
    uint64_t sum = 0, moment = 0;
    *at += packed_mark_bits(p->marks, code);
    for (uint32_t mark = 0, from = 0; mark < p->marks; mark++, from += p->stride) {
        sum += numbers_write(p, code, values, stride, from, from + p->stride, bits, at);
        bits_put(bits, sum_at + (size_t)mark * sum_bits, sum_bits, sum_bits > 0 ? sum : 0);
        if (!(code->row & PACKED_MOMENT))
            continue;
        for (uint32_t i = from; i < from + p->stride; i++)
            moment += (uint64_t)values[i * stride] * (uint64_t)times[i];
        bits_put(bits, moment_at + (size_t)mark * 64, 64, moment);
    }
    numbers_write(p, code, values, stride, p->marks * p->stride, p->n, bits, at);
}

/* `kept`: the times as they are kept, rounded down or not. */
static struct packed *plan_write(const struct plan *p, const int64_t *times, const int64_t *kept,
                                 const int64_t *values, unsigned columns, unsigned time_unit)
{
    unsigned constants = p->constants - (unsigned)PACKED_KNOWN;
    size_t words = constants + packed_code_words(p->codes, p->rows) + p->bits / 64 + 2;
    size_t bytes = sizeof(struct packed) + words * 8;
    struct packed *made = packed_room(bytes);
    memset(made, 0, bytes);
    made->head = (struct leaf_head){.n = (uint16_t)p->n, .mark = (uint32_t)bytes};
    made->present = (uint16_t)p->present;
    made->high_bits = (uint16_t)(p->times.high_bits | (p->later ? PACKED_LATER : 0) |
                                 (p->moments != 0 ? PACKED_MOMENTS : 0));
    made->low_bits = (uint8_t)p->times.low_bits;
    made->unit = (uint8_t)time_unit;
    made->rows = (uint8_t)p->rows;
    made->constants = (uint8_t)constants;
    made->first = p->times.first;
    for (unsigned i = 0; i < constants; i++)
        made->rest[i] = p->constant[PACKED_KNOWN + i];
    struct packed_code *code = (struct packed_code *)(made->rest + constants);
    for (unsigned i = 0; i < p->codes; i++)
        code[i] = p->code[i];
    uint16_t *row_ones = (uint16_t *)(code + p->codes);
    uint64_t *bits = (uint64_t *)(made->rest + constants + packed_code_words(p->codes, p->rows));
    ascent_write(&p->times, kept, bits);
    size_t at = ascent_bits(&p->times);
    for (unsigned r = 0; r < p->rows; r++) {
        row_ones[r] = (uint16_t)p->row[r].ones;
        for (uint32_t i = 0; i < p->n; i += 64)
            bits_put(bits, at + i, p->n - i < 64 ? p->n - i : 64, p->row[r].set[i / 64]);
        at += p->n;
    }
    unsigned i = 0;
    for (unsigned c = 0; c < columns; c++)
        if (p->present >> c & 1)
            column_write(p, &p->code[i++], times, values + c, columns, bits, &at);
    return made;
}

struct packed *packed_new(uint32_t n, const int64_t *times, const int64_t *values, unsigned columns,
                          unsigned moments)
{
    struct plan p = {.n = n, .moments = moments, .stride = packed_stride(moments != 0)};
    int64_t rounded[PACKED_MAX];
    p.marks = packed_marks(n, p.stride);
    for (; p.constants < PACKED_KNOWN; p.constants++)
        p.constant[p.constants] = packed_known[p.constants];
    plan_times(&p, times, rounded);
    unsigned time_unit = plan_constant(&p, (int64_t)p.times.unit);
    p.bits += ascent_bits(&p.times);
    for (unsigned c = 0; c < columns; c++) {
        struct column column = column_look(values + c, columns, n);
        if (column.where.ones == 0)
            continue;
        p.present |= 1u << c;
        plan_column(&p, &column, moments >> c & 1);
    }
    return plan_write(&p, times, p.later ? rounded : times, values, columns, time_unit);
}
