/* The froms are merged twice: first to plan the blocks of the new series, then to write them
 * and the tags. So no more memory is taken than what is made. */
#include "timeline/link_stacking.h"

#include "base/memory.h"
#include "timeline/link_run_form.h"

/* Blocks of a step. A whole number of steps lies between two edges. */
#define STEP_BLOCKS 4u
_Static_assert(LINK_STACK_EDGE % (STEP_BLOCKS * SERIES_BLOCK) == 0,
               "each step ends at most at one");

/* How far one of the two is read. */
struct source {
    const struct link_stack *stack;
    uint32_t at;
    uint32_t first_tag;          /* of its runs in the new stack */
    int64_t times[SERIES_BLOCK]; /* the block that `at` is in */
};

struct link_stacking {
    struct link_stack *old[2];
    struct source source[2];
    bool writes; /* the second pass */
    uint32_t block;
    uint32_t seen[LINK_STACK_RUNS];
    struct link_stack *made; /* its runs are the old ones' until it is done */
};

static void source_load(struct source *s)
{
    if (s->at < s->stack->n && s->at % SERIES_BLOCK == 0)
        series_read_block(&s->stack->from, s->at / SERIES_BLOCK, s->times);
}

/* Both sources from their first link on. */
static void begin_pass(struct link_stacking *m)
{
    m->block = 0;
    for (int i = 0; i < 2; i++) {
        struct source *s = &m->source[i];
        s->stack = m->old[i];
        s->first_tag = i == 0 ? 0 : m->old[0]->count;
        s->at = 0;
        source_load(s);
    }
}

/* A unit of all froms, from those of both. */
static uint64_t common_unit(const struct series *a, const struct series *b)
{
    struct unit unit = {0};
    unit_take(&unit, a->unit);
    unit_take(&unit, b->unit);
    unit_take(&unit, a->first < b->first ? (uint64_t)b->first - (uint64_t)a->first
                                         : (uint64_t)a->first - (uint64_t)b->first);
    return unit.value;
}

struct link_stacking *link_stacking_new(struct link_stack *under, struct link_stack *upper)
{
    struct link_stacking *m = memory_zeroed(1, sizeof *m);
    m->old[0] = under;
    m->old[1] = upper;
    m->made = memory_zeroed(1, sizeof *m->made);
    for (int i = 0; i < 2; i++)
        for (uint32_t r = 0; r < m->old[i]->count; r++)
            link_stack_push(m->made, m->old[i]->run[r]);
    const struct series *a = &under->from, *b = &upper->from;
    m->made->from =
        series_of_blocks(a->first < b->first ? a->first : b->first,
                         a->last > b->last ? a->last : b->last, m->made->n, common_unit(a, b));
    begin_pass(m);
    return m;
}

/* Frees stacks but for their runs. */
static void shell_free(struct link_stack *s)
{
    s->count = 0;
    link_stack_free(s);
}

void link_stacking_free(struct link_stacking *m)
{
    if (m == NULL)
        return;
    if (m->made != NULL)
        shell_free(m->made);
    memory_free(m);
}

/* The next block of the merged froms; in the second pass with the tags of its links. */
static void merge_block(struct link_stacking *m, uint32_t block, uint32_t count, int64_t *times)
{
    struct source *a = &m->source[0], *b = &m->source[1];
    for (uint32_t i = 0; i < count; i++) {
        bool has_a = a->at < a->stack->n, has_b = b->at < b->stack->n;
        bool takes_a =
            has_a && (!has_b || a->times[a->at % SERIES_BLOCK] <= b->times[b->at % SERIES_BLOCK]);
        struct source *s = takes_a ? a : b;
        times[i] = s->times[s->at % SERIES_BLOCK];
        uint32_t tag = s->stack->tag == NULL ? 0 : nibble_get(s->stack->tag, s->at);
        if (m->writes)
            nibble_put(m->made->tag, (size_t)block * SERIES_BLOCK + i, s->first_tag + tag);
        s->at++;
        source_load(s);
    }
}

/* Some blocks through the pass; true after the last. */
static bool blocks_step(struct link_stacking *m)
{
    struct link_stack *made = m->made;
    uint32_t all = series_blocks(made->n), first = m->block;
    uint32_t end = all - first < STEP_BLOCKS ? all : first + STEP_BLOCKS;
    for (uint32_t b = first; b < end; b++) {
        int64_t times[SERIES_BLOCK];
        merge_block(m, b, series_block_count(made->n, b), times);
        if (m->writes)
            series_write_block(&made->from, b, times);
        else
            series_plan_block(&made->from, b, times);
    }
    m->block = end;
    return end == all;
}

/* Counts the tags of whole stretches between edges that are there. */
static void count_step(struct link_stacking *m, uint32_t first_block)
{
    uint32_t per_edge = LINK_STACK_EDGE / SERIES_BLOCK;
    uint32_t done = first_block / per_edge;
    bool last = m->block == series_blocks(m->made->n);
    if (last || m->block / per_edge > done)
        link_stack_count_tags(m->made, done, LINK_STACK_EDGE, m->seen);
}

struct link_stack *link_stacking_step(struct link_stacking *m)
{
    uint32_t first = m->block;
    bool done = blocks_step(m);
    if (m->writes)
        count_step(m, first);
    if (!done)
        return NULL;
    if (!m->writes) {
        series_make_room(&m->made->from);
        link_stack_make_tags(m->made);
        begin_pass(m);
        m->writes = true;
        return NULL;
    }
    struct link_stack *made = m->made;
    m->made = NULL;
    shell_free(m->old[0]);
    shell_free(m->old[1]);
    return made;
}

size_t link_stacking_bytes(const struct link_stacking *m)
{
    return sizeof *m + link_stack_shell_bytes(m->made);
}
