/* The passes, each over all links: the old runs' ranks (and values) are read; the froms are
 * merged, which gives the new ranks, and packed; so are the tos, which gives the order; then
 * the new rows are written. */
#include "timeline/link_merge.h"

#include "base/memory.h"
#include "timeline/link_run_form.h"

/* Links of a step: whole blocks of a series. */
#define STEP_BLOCKS 7u
#define STEP (STEP_BLOCKS * SERIES_BLOCK)

enum pass {
    RANKS,  /* of each old run */
    VALUES, /* of each old run */
    FROM_READ,
    FROM_MERGE,
    FROM_PACK,
    TO_READ,
    TO_MERGE,
    TO_PACK,
    VALUE_RANGE,
    VALUE_UNIT,
    NUMBERS,
    WRITE,
    DONE
};

struct link_merge {
    bool with_values;
    enum pass pass;
    uint32_t run; /* where the pass is */
    uint32_t at;
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
    uint16_t *order; /* ranks */
    uint64_t *number;
    struct series_work packing;
    struct link_run_walk walk;
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
    if (with_values)
        m->value = memory_get(m->n * sizeof *m->value);
    m->made = memory_zeroed(1, sizeof *m->made);
    m->made->n = m->n;
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
    memory_free(m->number);
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

/* --- out of the old runs --- */

static bool ranks_step(struct link_merge *m)
{
    const struct link_run *r = m->runs[m->run];
    uint32_t end = step_end(m, r->n);
    if (m->at == 0)
        m->walk = (struct link_run_walk){0};
    link_run_ranks_read(r, &m->walk, end, m->rank + m->begin[m->run]);
    return step_to(m, end, r->n);
}

static bool values_step(struct link_merge *m)
{
    const struct link_run *r = m->runs[m->run];
    uint32_t end = step_end(m, r->n);
    for (uint32_t i = m->at; i < end; i++)
        m->value[m->begin[m->run] + i] = link_run_value(r, i);
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
        m->new_rank[old] = (uint16_t)k;
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
    m->made->planes = bits_width(unit_exact(&m->unit, (uint64_t)m->most - (uint64_t)m->least));
    return true;
}

static bool write_step(struct link_merge *m)
{
    uint32_t end = step_end(m, m->n);
    link_run_rows_write(m->made, &m->walk, end, m->order, m->number);
    return step_to(m, end, m->n);
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
    if (pass == TO_MERGE) {
        m->order = memory_get(m->n * sizeof *m->order);
        m->number = m->with_values ? memory_get(m->n * sizeof *m->number) : NULL;
    }
    if (pass == TO_PACK)
        drop_old(m);
    if (pass == WRITE) {
        memory_free(m->times);
        m->times = NULL;
        m->walk = (struct link_run_walk){0};
        link_run_rows_new(made);
    }
}

/* The same pass for the next run, or else the next pass. */
static void next_run(struct link_merge *m, enum pass first, enum pass after)
{
    if (++m->run < m->run_count) {
        m->pass = first;
        return;
    }
    m->run = 0;
    enter(m, after);
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
            enter(m, WRITE);
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
            enter(m, WRITE);
        break;
    default:
        if (write_step(m))
            m->pass = DONE;
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
    size_t each = m->rank == NULL ? 0 : sizeof *m->rank;
    each += m->new_rank == NULL ? 0 : sizeof *m->new_rank;
    each += m->value == NULL ? 0 : sizeof *m->value;
    each += m->read == NULL ? 0 : sizeof *m->read;
    each += m->times == NULL ? 0 : sizeof *m->times;
    each += m->order == NULL ? 0 : sizeof *m->order;
    each += m->number == NULL ? 0 : sizeof *m->number;
    size_t made = m->made->high != NULL
                      ? link_run_bytes(m->made)
                      : sizeof *m->made + series_bytes(&m->made->from) + series_bytes(&m->made->to);
    return sizeof *m + m->n * each + made;
}
