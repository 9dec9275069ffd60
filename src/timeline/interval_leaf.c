#include "timeline/interval_leaf.h"

#include "base/memory.h"
#include "timeline/bits.h"
#include "timeline/packed.h"

#include <string.h>

/* The columns of a packed leaf. References often rise slowly, as chats are numbered when
 * they come: then their steps are kept. */
enum column {
    COLUMN_OPEN,   /* 1: the end is open */
    COLUMN_LENGTH, /* 0 when open */
    COLUMN_REF,    /* the reference, or its distance from the one before */
    COLUMN_FIRST,  /* of steps: 1 + the first reference, in each entry; else 0 */
    COLUMNS
};

static size_t bytes_of(uint32_t cap)
{
    return sizeof(struct interval_leaf) + cap * sizeof(struct interval);
}

struct interval_leaf *interval_leaf_new(uint32_t cap)
{
    struct interval_leaf *l = memory_get(bytes_of(cap));
    l->head = (struct leaf_head){.n = 0, .cap = (uint16_t)cap};
    return l;
}

/* Starts and ends of the first k. */
static void read_spans(const struct packed *p, uint32_t k, int64_t *start, int64_t *end)
{
    int64_t open[LEAF_MAX];
    packed_times(p, k, start);
    packed_column(p, COLUMN_LENGTH, k, end, 1);
    packed_column(p, COLUMN_OPEN, k, open, 1);
    for (uint32_t i = 0; i < k; i++)
        end[i] = open[i] ? INTERVAL_OPEN : (int64_t)((uint64_t)start[i] + (uint64_t)end[i]);
}

static void read_refs(const struct packed *p, uint32_t k, int64_t *ref)
{
    int64_t first;
    packed_column(p, COLUMN_REF, k, ref, 1);
    packed_column(p, COLUMN_FIRST, 1, &first, 1);
    if (first == 0)
        return;
    ref[0] = first - 1;
    for (uint32_t i = 1; i < k; i++)
        ref[i] += ref[i - 1];
}

struct interval_leaf *interval_leaf_hot(void *leaf)
{
    const struct leaf_head *head = leaf;
    uint32_t n = head->n, cap = leaf_room(n);
    if (!leaf_is_packed(leaf)) {
        struct interval_leaf *bigger = memory_resize(leaf, bytes_of(cap));
        bigger->head.cap = (uint16_t)cap;
        return bigger;
    }
    int64_t start[LEAF_MAX], end[LEAF_MAX], ref[LEAF_MAX];
    read_spans(leaf, n, start, end);
    read_refs(leaf, n, ref);
    struct interval_leaf *hot = interval_leaf_new(cap);
    hot->head.n = (uint16_t)n;
    for (uint32_t i = 0; i < n; i++)
        hot->item[i] = (struct interval){start[i], end[i], (uint32_t)ref[i]};
    leaf_free(leaf);
    return hot;
}

/* Whether the distances of references are cheaper than the references, which each leaf
 * keeps with as many bits as the widest needs. */
static bool steps_are_cheaper(const struct interval_leaf *l)
{
    int64_t least = INT64_MAX, most = INT64_MIN, least_step = 0, most_step = 0;
    for (uint32_t i = 0; i < l->head.n; i++) {
        int64_t ref = l->item[i].ref, step = i > 0 ? ref - l->item[i - 1].ref : 0;
        least = ref < least ? ref : least;
        most = ref > most ? ref : most;
        least_step = step < least_step ? step : least_step;
        most_step = step > most_step ? step : most_step;
    }
    const unsigned constant_bits = 96;
    return l->head.n * bits_width((uint64_t)(most_step - least_step)) + constant_bits <
           l->head.n * bits_width((uint64_t)(most - least));
}

void *interval_leaf_pack(struct interval_leaf *l)
{
    int64_t start[LEAF_MAX], values[LEAF_MAX * COLUMNS];
    bool steps = steps_are_cheaper(l);
    for (uint32_t i = 0; i < l->head.n; i++) {
        const struct interval *x = &l->item[i];
        bool open = x->end == INTERVAL_OPEN;
        int64_t *row = values + (size_t)i * COLUMNS;
        start[i] = x->start;
        row[COLUMN_OPEN] = open;
        row[COLUMN_LENGTH] = open ? 0 : (int64_t)((uint64_t)x->end - (uint64_t)x->start);
        row[COLUMN_REF] = x->ref;
        if (steps)
            row[COLUMN_REF] = i > 0 ? (int64_t)x->ref - l->item[i - 1].ref : 0;
        row[COLUMN_FIRST] = steps ? 1 + (int64_t)l->item[0].ref : 0;
    }
    struct packed *packed = packed_new(l->head.n, start, values, COLUMNS, 0);
    memory_free(l);
    return packed;
}

struct interval_leaf *interval_leaf_split(struct interval_leaf *l, uint32_t keep)
{
    uint32_t moved = l->head.n - keep;
    struct interval_leaf *right = interval_leaf_new(moved == 0 ? LEAF_FULL / 4 : LEAF_FULL);
    right->head.n = (uint16_t)moved;
    memcpy(right->item, l->item + keep, moved * sizeof l->item[0]);
    l->head.n = (uint16_t)keep;
    return right;
}

uint32_t interval_leaf_find(const struct interval_leaf *l, int64_t start, uint32_t ref)
{
    uint32_t low = 0, high = l->head.n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (interval_before(l->item[middle].start, l->item[middle].ref, start, ref))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void interval_leaf_insert(struct interval_leaf *l, uint32_t at, const struct interval *i)
{
    memmove(l->item + at + 1, l->item + at, (l->head.n - at) * sizeof l->item[0]);
    l->item[at] = *i;
    l->head.n++;
}

void interval_leaf_remove(struct interval_leaf *l, uint32_t at)
{
    memmove(l->item + at, l->item + at + 1, (l->head.n - at - 1u) * sizeof l->item[0]);
    l->head.n--;
}

uint32_t interval_leaf_started(const void *leaf, int64_t t)
{
    return leaf_is_packed(leaf) ? packed_before(leaf, t) : interval_leaf_find(leaf, t, 0);
}

int interval_leaf_where(const void *leaf, const struct interval *i)
{
    const struct leaf_head *head = leaf;
    if (leaf_is_packed(leaf)) {
        uint32_t from = packed_before(leaf, i->start), k = head->n;
        if (i->start < INT64_MAX)
            k = packed_before(leaf, i->start + 1);
        if (from == k)
            return -1;
        int64_t start[LEAF_MAX], end[LEAF_MAX], ref[LEAF_MAX];
        read_spans(leaf, k, start, end);
        read_refs(leaf, k, ref);
        for (uint32_t at = from; at < k; at++)
            if (ref[at] == i->ref && end[at] == i->end)
                return (int)at;
        return -1;
    }
    const struct interval_leaf *l = leaf;
    for (uint32_t at = interval_leaf_find(l, i->start, i->ref); at < head->n; at++) {
        const struct interval *x = &l->item[at];
        if (x->start != i->start || x->ref != i->ref)
            return -1;
        if (x->end == i->end)
            return (int)at;
    }
    return -1;
}

int64_t interval_leaf_first(const void *leaf)
{
    return leaf_is_packed(leaf) ? packed_first(leaf)
                                : ((const struct interval_leaf *)leaf)->item[0].start;
}

int64_t interval_leaf_max_end(const void *leaf)
{
    int64_t most = INT64_MIN, start[LEAF_MAX], end[LEAF_MAX];
    const struct interval_leaf *l = leaf;
    bool packed = leaf_is_packed(leaf);
    if (packed)
        read_spans(leaf, l->head.n, start, end);
    /* Those without an end, if any, began lately. */
    for (uint32_t i = l->head.n; i-- > 0 && most != INTERVAL_OPEN;) {
        int64_t here = packed ? end[i] : l->item[i].end;
        most = here > most ? here : most;
    }
    return most;
}

/* References are read when the first interval is found. */
static bool packed_visit(const void *leaf, uint32_t k, int64_t from, int64_t start_from,
                         interval_visit *visit, void *data)
{
    int64_t start[LEAF_MAX], end[LEAF_MAX], ref[LEAF_MAX];
    bool have_refs = false;
    read_spans(leaf, k, start, end);
    for (uint32_t i = 0; i < k; i++) {
        if (end[i] <= from && start[i] < start_from)
            continue;
        if (!have_refs)
            read_refs(leaf, k, ref);
        have_refs = true;
        if (!visit(data, &(struct interval){start[i], end[i], (uint32_t)ref[i]}))
            return false;
    }
    return true;
}

bool interval_leaf_visit(const void *leaf, uint32_t k, int64_t from, int64_t start_from,
                         interval_visit *visit, void *data)
{
    if (k == 0)
        return true;
    if (leaf_is_packed(leaf))
        return packed_visit(leaf, k, from, start_from, visit, data);
    const struct interval_leaf *l = leaf;
    for (uint32_t i = 0; i < k; i++)
        if ((l->item[i].end > from || l->item[i].start >= start_from) && !visit(data, &l->item[i]))
            return false;
    return true;
}

size_t interval_leaf_bytes(const void *leaf)
{
    return leaf_is_packed(leaf) ? packed_bytes(leaf)
                                : bytes_of(((const struct leaf_head *)leaf)->cap);
}
