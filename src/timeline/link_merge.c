/* The passes, each over all links: the old runs' ranks (and values) are read out of their
 * levels; the froms are merged, which gives the new ranks, and packed; so are the tos,
 * which gives the order; then the new levels are written one by one. */
#include "timeline/link_merge.h"

#include "base/memory.h"
#include "timeline/link_run_form.h"

/* Links of a step: whole lines of a bit row, and whole blocks of a series. */
#define STEP (2 * BIT_ROW_LINE)
#define STEP_BLOCKS (STEP / SERIES_BLOCK)

enum pass {
    RANKS,  /* of each old run, of each level */
    VALUES, /* of each old run: by its last level's planes */
    FROM_READ,
    FROM_MERGE,
    FROM_PACK,
    TO_READ,
    TO_MERGE,
    TO_PACK,
    VALUE_RANGE,
    VALUE_UNIT,
    NUMBERS,
    ROW,   /* of each level: the digit's row */
    MOVE,  /* of each level: the order that it makes */
    PLANE, /* of each level, of each plane: the numbers' bits in that order */
    DONE
};

struct link_merge {
    bool with_values;
    enum pass pass;
    uint32_t run, level, plane; /* where the pass is */
    uint32_t at;
    uint32_t ones, to[2]; /* of a row so far; where the next 0 and 1 move to */
    uint32_t n;
    uint32_t run_count;
    const struct link_run *runs[LINK_MERGE_RUNS];
    uint32_t begin[LINK_MERGE_RUNS + 1]; /* of each run's links in the arrays of the old */
    uint32_t head[LINK_MERGE_RUNS];      /* the next to merge */
    /* By run and place in it: */
    uint16_t *rank; /* the rank in the run */
    uint16_t *new_rank;
    uint64_t *value;
    int64_t *read; /* from or to */
    /* By place in the new run: */
    int64_t *times;
    uint16_t *order, *next; /* ranks; before that, of an old run, places */
    uint64_t *number, *next_number;
    struct series_work packing;
    int64_t least, most;
    struct unit unit;
    struct link_run *made;
};

struct link_merge *link_merge_new(struct link_run *const *runs, size_t count, bool with_values)
{
    struct link_merge *m = memory_zeroed(1, sizeof *m);
    m->with_values = with_values;
    m->run_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        m->runs[i] = runs[i];
        m->begin[i + 1] = m->begin[i] + runs[i]->n;
    }
    m->n = m->begin[count];
    m->rank = memory_get(m->n * sizeof *m->rank);
    m->order = memory_get(m->n * sizeof *m->order);
    m->next = memory_get(m->n * sizeof *m->next);
    if (with_values)
        m->value = memory_get(m->n * sizeof *m->value);
    unsigned digits = link_run_digits(m->n);
    m->made = memory_zeroed(1, sizeof *m->made + digits * sizeof m->made->zeros[0]);
    m->made->n = m->n;
    m->made->digits = (uint16_t)digits;
    return m;
}

void link_merge_free(struct link_merge *m)
{
    if (m == NULL)
        return;
    memory_free(m->rank);
    memory_free(m->new_rank);
    memory_free(m->value);
    memory_free(m->read);
    memory_free(m->times);
    memory_free(m->order);
    memory_free(m->next);
    memory_free(m->number);
    memory_free(m->next_number);
    link_run_free(m->made);
    memory_free(m);
}

/* Where a step over `count` links ends. */
static uint32_t step_end(const struct link_merge *m, uint32_t count)
{
    return count - m->at > STEP ? m->at + STEP : count;
}

/* True when the pass has come to the end of its links; the next begins at the first. */
static bool step_to(struct link_merge *m, uint32_t end, uint32_t count)
{
    m->at = end < count ? end : 0;
    return end == count;
}

static void swap_orders(struct link_merge *m)
{
    uint16_t *order = m->order;
    uint64_t *number = m->number;
    m->order = m->next;
    m->next = order;
    m->number = m->next_number;
    m->next_number = number;
}

/* --- out of the old runs --- */

/* Follows a run's links through a level: `order` is the link (its place by `to`) at each
 * place of the level. */
static bool ranks_step(struct link_merge *m)
{
    const struct link_run *r = m->runs[m->run];
    uint16_t *rank = m->rank + m->begin[m->run];
    uint32_t end = step_end(m, r->n);
    if (r->digits == 0) { /* one link */
        rank[0] = 0;
        m->order[0] = 0;
        return true;
    }
    const uint64_t *row = link_run_row(r, m->level, 0);
    if (m->at == 0) {
        m->to[0] = 0;
        m->to[1] = r->zeros[m->level];
    }
    for (uint32_t i = m->at; i < end; i++) {
        unsigned bit = bit_row_get(row, i);
        uint16_t place = m->level == 0 ? (uint16_t)i : m->order[i];
        rank[place] = (uint16_t)((m->level == 0 ? 0u : rank[place] * 2u) | bit);
        m->next[m->to[bit]++] = place;
    }
    if (!step_to(m, end, r->n))
        return false;
    swap_orders(m);
    return ++m->level == r->digits;
}

static bool values_step(struct link_merge *m)
{
    const struct link_run *r = m->runs[m->run];
    uint32_t end = step_end(m, r->n);
    for (uint32_t i = m->at; i < end; i++) {
        uint64_t number = 0;
        for (unsigned p = 0; p < r->planes; p++)
            number |= (uint64_t)bit_row_get(link_run_row(r, r->digits - 1u, p + 1), i) << p;
        m->value[m->begin[m->run] + m->order[i]] = r->value_base + r->value_unit * number;
    }
    return step_to(m, end, r->n);
}

static bool read_step(struct link_merge *m, bool from)
{
    const struct link_run *r = m->runs[m->run];
    uint32_t end = step_end(m, r->n);
    series_read_some(from ? &r->from : &r->to, m->at / SERIES_BLOCK, STEP_BLOCKS,
                     m->read + m->begin[m->run]);
    return step_to(m, end, r->n);
}

/* --- in their new order --- */

static bool from_merge_step(struct link_merge *m)
{
    uint32_t end = step_end(m, m->n);
    for (uint32_t k = m->at; k < end; k++) {
        uint32_t first = m->run_count;
        for (uint32_t i = 0; i < m->run_count; i++)
            if (m->head[i] < m->begin[i + 1] &&
                (first == m->run_count || m->read[m->head[i]] < m->read[m->head[first]]))
                first = i;
        uint32_t old = m->head[first]++;
        m->times[k] = m->read[old];
        /* Equal froms share the rank of the first (as in link_run_new). */
        bool equal = k > 0 && m->times[k] == m->times[k - 1];
        m->ones = equal ? m->ones : k;
        m->new_rank[old] = (uint16_t)m->ones;
    }
    return step_to(m, end, m->n);
}

/* The new rank of the next link of a run. */
static uint16_t head_rank(const struct link_merge *m, uint32_t run)
{
    return m->new_rank[m->begin[run] + m->rank[m->head[run]]];
}

static bool head_before(const struct link_merge *m, uint32_t a, uint32_t b)
{
    int64_t x = m->read[m->head[a]], y = m->read[m->head[b]];
    return x != y ? x < y : head_rank(m, a) < head_rank(m, b);
}

static bool to_merge_step(struct link_merge *m)
{
    uint32_t end = step_end(m, m->n);
    for (uint32_t k = m->at; k < end; k++) {
        uint32_t first = m->run_count;
        for (uint32_t i = 0; i < m->run_count; i++)
            if (m->head[i] < m->begin[i + 1] && (first == m->run_count || head_before(m, i, first)))
                first = i;
        m->order[k] = head_rank(m, first);
        uint32_t old = m->head[first]++;
        m->times[k] = m->read[old];
        if (m->with_values)
            m->number[k] = m->value[old]; /* the whole value until the least is known */
    }
    return step_to(m, end, m->n);
}

/* --- into the new run --- */

static bool value_range_step(struct link_merge *m)
{
    uint32_t end = step_end(m, m->n);
    for (uint32_t i = m->at; i < end; i++) {
        int64_t value = (int64_t)m->number[i];
        m->least = i == 0 || value < m->least ? value : m->least;
        m->most = i == 0 || value > m->most ? value : m->most;
        m->made->value_total += (uint64_t)value;
    }
    return step_to(m, end, m->n);
}

static bool value_unit_step(struct link_merge *m)
{
    uint32_t end = step_end(m, m->n);
    for (uint32_t i = m->at; i < end; i++)
        unit_take(&m->unit, m->number[i] - (uint64_t)m->least);
    return step_to(m, end, m->n);
}

static bool numbers_step(struct link_merge *m)
{
    uint32_t end = step_end(m, m->n);
    for (uint32_t i = m->at; i < end; i++)
        m->number[i] = unit_exact(&m->unit, m->number[i] - (uint64_t)m->least);
    if (!step_to(m, end, m->n))
        return false;
    m->made->value_base = (uint64_t)m->least;
    m->made->value_unit = m->unit.value;
    m->made->planes =
        (uint16_t)bits_width(unit_exact(&m->unit, (uint64_t)m->most - (uint64_t)m->least));
    return true;
}

/* 64 bits of a row: of the digits, or of a plane of the numbers. */
static uint64_t row_word(const struct link_merge *m, uint32_t first, uint32_t count)
{
    unsigned digit = m->made->digits - 1u - m->level;
    uint64_t word = 0;
    if (m->plane == 0)
        for (uint32_t i = 0; i < count; i++)
            word |= (uint64_t)(m->order[first + i] >> digit & 1) << i;
    else
        for (uint32_t i = 0; i < count; i++)
            word |= (m->number[first + i] >> (m->plane - 1) & 1) << i;
    return word;
}

/* Writes two lines of a row, with their counts; the last one may be empty. */
static bool row_step(struct link_merge *m)
{
    uint32_t count = (m->n / BIT_ROW_LINE + 1) * BIT_ROW_LINE, end = step_end(m, count);
    uint64_t *line = link_run_row(m->made, m->level, m->plane) + m->at / BIT_ROW_LINE * 8;
    if (m->at == 0)
        m->ones = 0;
    for (uint32_t at = m->at; at < end; line += 8) {
        line[0] = m->ones;
        for (unsigned w = 1; w < 8; w++, at += 64) {
            uint32_t left = at < m->n ? m->n - at : 0;
            line[w] = row_word(m, at, left < 64 ? left : 64);
            m->ones += bits_ones(line[w]);
        }
    }
    return step_to(m, end, count);
}

static bool move_step(struct link_merge *m)
{
    unsigned digit = m->made->digits - 1u - m->level;
    uint32_t end = step_end(m, m->n);
    if (m->at == 0) {
        m->to[0] = 0;
        m->to[1] = m->made->zeros[m->level];
    }
    for (uint32_t i = m->at; i < end; i++) {
        uint32_t to = m->to[m->order[i] >> digit & 1]++;
        m->next[to] = m->order[i];
        if (m->made->planes > 0)
            m->next_number[to] = m->number[i];
    }
    if (!step_to(m, end, m->n))
        return false;
    swap_orders(m);
    return true;
}

/* --- from pass to pass --- */

static void drop_old(struct link_merge *m)
{
    memory_free(m->rank);
    memory_free(m->new_rank);
    memory_free(m->value);
    memory_free(m->read);
    m->rank = m->new_rank = NULL;
    m->value = NULL;
    m->read = NULL;
}

/* Begins a pass; memory is taken when it is needed and given back soon. */
static void enter(struct link_merge *m, enum pass pass)
{
    struct link_run *made = m->made;
    m->pass = pass;
    if (pass == FROM_READ) {
        m->read = memory_get(m->n * sizeof *m->read);
        m->times = memory_get(m->n * sizeof *m->times);
        m->new_rank = memory_get(m->n * sizeof *m->new_rank);
    } else if (pass == FROM_MERGE || pass == TO_MERGE) {
        for (uint32_t i = 0; i < m->run_count; i++)
            m->head[i] = m->begin[i];
    } else if (pass == FROM_PACK || pass == TO_PACK) {
        *(pass == FROM_PACK ? &made->from : &made->to) = series_begin(m->times, m->n);
        m->packing = (struct series_work){0};
    }
    if (pass == TO_MERGE && m->with_values) {
        m->number = memory_get(m->n * sizeof *m->number);
        m->next_number = memory_get(m->n * sizeof *m->next_number);
    }
    if (pass == TO_PACK)
        drop_old(m);
}

/* The same pass for the next run, or else the next pass. */
static void next_run(struct link_merge *m, enum pass first, enum pass after)
{
    m->level = 0;
    if (++m->run < m->run_count) {
        m->pass = first;
        return;
    }
    m->run = 0;
    enter(m, after);
}

/* Numbers and order are complete: the rest is the levels. */
static void enter_levels(struct link_merge *m)
{
    struct link_run *made = m->made;
    size_t words = (size_t)made->digits * (1u + made->planes) * bit_row_words(m->n);
    memory_free(m->times);
    m->times = NULL;
    made->rows = memory_get(words * sizeof *made->rows);
    m->pass = ROW;
}

/* After a row, a move or a plane of a level. */
static void next_of_level(struct link_merge *m)
{
    struct link_run *made = m->made;
    bool last = m->level + 1 == made->digits;
    if (m->pass == ROW) {
        made->zeros[m->level] = m->n - m->ones;
        m->pass = last && made->planes == 0 ? DONE : MOVE;
        return;
    }
    if (m->plane < made->planes) {
        m->plane++;
        m->pass = PLANE;
        return;
    }
    m->plane = 0;
    m->level++;
    m->pass = last ? DONE : ROW;
}

static void step_read(struct link_merge *m)
{
    switch (m->pass) {
    case RANKS:
        if (!ranks_step(m))
            break;
        if (m->with_values)
            m->pass = VALUES;
        else
            next_run(m, RANKS, FROM_READ);
        break;
    case VALUES:
        if (values_step(m))
            next_run(m, RANKS, FROM_READ);
        break;
    case FROM_READ:
        if (read_step(m, true))
            next_run(m, FROM_READ, FROM_MERGE);
        break;
    case FROM_MERGE:
        if (from_merge_step(m))
            enter(m, FROM_PACK);
        break;
    case FROM_PACK:
        if (series_step(&m->made->from, &m->packing, m->times, STEP_BLOCKS))
            enter(m, TO_READ);
        break;
    default:
        if (read_step(m, false))
            next_run(m, TO_READ, TO_MERGE);
    }
}

static void step_write(struct link_merge *m)
{
    switch (m->pass) {
    case TO_MERGE:
        if (to_merge_step(m))
            enter(m, TO_PACK);
        break;
    case TO_PACK:
        if (!series_step(&m->made->to, &m->packing, m->times, STEP_BLOCKS))
            break;
        if (m->with_values)
            enter(m, VALUE_RANGE);
        else
            enter_levels(m);
        break;
    case VALUE_RANGE:
        if (value_range_step(m))
            enter(m, VALUE_UNIT);
        break;
    case VALUE_UNIT:
        if (value_unit_step(m))
            enter(m, NUMBERS);
        break;
    case NUMBERS:
        if (numbers_step(m))
            enter_levels(m);
        break;
    default:
        if (m->pass == MOVE ? move_step(m) : row_step(m))
            next_of_level(m);
    }
}

struct link_run *link_merge_step(struct link_merge *m)
{
    if (m->pass < TO_MERGE)
        step_read(m);
    else
        step_write(m);
    if (m->pass != DONE)
        return NULL;
    struct link_run *made = m->made;
    m->made = NULL;
    return made;
}

size_t link_merge_bytes(const struct link_merge *m)
{
    size_t each = sizeof *m->order + sizeof *m->next;
    each += m->rank == NULL ? 0 : sizeof *m->rank;
    each += m->new_rank == NULL ? 0 : sizeof *m->new_rank;
    each += m->value == NULL ? 0 : sizeof *m->value;
    each += m->read == NULL ? 0 : sizeof *m->read;
    each += m->times == NULL ? 0 : sizeof *m->times;
    each += m->number == NULL ? 0 : sizeof *m->number + sizeof *m->next_number;
    size_t made = m->made->rows != NULL
                      ? link_run_bytes(m->made)
                      : sizeof *m->made + series_bytes(&m->made->from) + series_bytes(&m->made->to);
    return sizeof *m + m->n * each + made;
}
