#include "timeline/timeline_leaf.h"

#include "base/memory.h"
#include "timeline/packed.h"

#include <string.h>

static int64_t *row_of(struct timeline_leaf *l, unsigned stored, size_t i)
{
    return l->data + l->head.cap + i * stored;
}

static const int64_t *rows_of(const struct timeline_leaf *l)
{
    return l->data + l->head.cap;
}

static size_t bytes_of(unsigned stored, uint32_t cap)
{
    return sizeof(struct timeline_leaf) + (size_t)cap * (1 + stored) * sizeof(int64_t);
}

struct timeline_leaf *timeline_leaf_new(const struct timeline *t, uint32_t cap)
{
    struct timeline_leaf *l = memory_get(bytes_of(t->stored, cap));
    l->head = (struct leaf_head){.n = 0, .cap = (uint16_t)cap};
    return l;
}

/* Copies all entries of a leaf behind those of a hot one, which has room. */
static void hot_append(struct timeline_leaf *l, unsigned stored, const void *leaf)
{
    uint32_t at = l->head.n, n = ((const struct leaf_head *)leaf)->n;
    l->head.n = (uint16_t)(at + n);
    if (leaf_is_packed(leaf)) {
        packed_times(leaf, n, l->data + at);
        for (unsigned c = 0; c < stored; c++)
            packed_column(leaf, c, n, row_of(l, stored, at) + c, stored);
        return;
    }
    const struct timeline_leaf *from = leaf;
    memcpy(l->data + at, from->data, n * sizeof(int64_t));
    memcpy(row_of(l, stored, at), rows_of(from), (size_t)n * stored * sizeof(int64_t));
}

struct timeline_leaf *timeline_leaf_hot(const struct timeline *t, void *leaf)
{
    const struct leaf_head *head = leaf;
    unsigned stored = t->stored;
    uint32_t room = leaf_room(head->n), most = timeline_leaf_max(t);
    struct timeline_leaf *hot = timeline_leaf_new(t, room < most ? room : most);
    hot_append(hot, stored, leaf);
    if (!leaf_is_packed(leaf))
        hot->head.mark = head->mark;
    leaf_free(leaf);
    return hot;
}

void timeline_leaf_halve(const struct timeline *t, void *leaf, struct timeline_leaf *half[2])
{
    uint32_t n = ((const struct leaf_head *)leaf)->n, keep = n / 2;
    struct timeline_leaf *both = timeline_leaf_new(t, n);
    hot_append(both, t->stored, leaf);
    leaf_free(leaf);
    for (uint32_t i = 0, from = 0; i < 2; i++, from = keep) {
        uint32_t count = i == 0 ? keep : n - keep;
        half[i] = timeline_leaf_new(t, LEAF_MAX);
        half[i]->head.n = (uint16_t)count;
        memcpy(half[i]->data, both->data + from, count * sizeof(int64_t));
        memcpy(row_of(half[i], t->stored, 0), row_of(both, t->stored, from),
               (size_t)count * t->stored * sizeof(int64_t));
    }
    memory_free(both);
}

void *timeline_leaf_join(const struct timeline *t, void *const *leaf, unsigned count)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < count; i++)
        n += ((const struct leaf_head *)leaf[i])->n;
    struct timeline_leaf *all = timeline_leaf_new(t, n);
    for (unsigned i = 0; i < count; i++) {
        hot_append(all, t->stored, leaf[i]);
        leaf_free(leaf[i]);
    }
    return timeline_leaf_pack(t, all);
}

/* Which of the measures that are kept have moments. */
static unsigned kept_with_moments(const struct timeline *t)
{
    unsigned with = 0, column = 0;
    for (unsigned w = 0; w < t->width && t->moments != 0; w++) {
        if (t->moments >> w & 1)
            with |= 1u << (column - 1);
        else
            column++;
    }
    return with;
}

void *timeline_leaf_pack(const struct timeline *t, struct timeline_leaf *l)
{
    struct packed *packed =
        packed_new(l->head.n, l->data, rows_of(l), t->stored, kept_with_moments(t));
    memory_free(l);
    return packed;
}

struct timeline_leaf *timeline_leaf_split(const struct timeline *t, struct timeline_leaf *l,
                                          uint32_t keep)
{
    uint32_t moved = l->head.n - keep, full = timeline_leaf_full(t), most = timeline_leaf_max(t);
    struct timeline_leaf *right = timeline_leaf_new(t, moved == 0     ? full / 4
                                                       : moved < full ? full
                                                                      : most);
    right->head.n = (uint16_t)moved;
    memcpy(right->data, l->data + keep, moved * sizeof(int64_t));
    memcpy(row_of(right, t->stored, 0), row_of(l, t->stored, keep),
           (size_t)moved * t->stored * sizeof(int64_t));
    l->head.n = (uint16_t)keep;
    return right;
}

static uint32_t hot_before(const struct timeline_leaf *l, int64_t time)
{
    uint32_t low = 0, high = l->head.n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (l->data[middle] < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds a row to an entry; false, and nothing done, when it would become 0. */
static bool row_add(int64_t *to, const int64_t *row, unsigned stored)
{
    int64_t sum[TIMELINE_MAX_WIDTH], any = 0;
    for (unsigned c = 0; c < stored; c++) {
        sum[c] = wrap_add(to[c], row[c]);
        any |= sum[c];
    }
    if (any == 0)
        return false;
    memcpy(to, sum, stored * sizeof *to);
    return true;
}

static void hot_remove(struct timeline_leaf *l, unsigned stored, uint32_t at)
{
    size_t after = l->head.n - at - 1u;
    memmove(l->data + at, l->data + at + 1, after * sizeof(int64_t));
    memmove(row_of(l, stored, at), row_of(l, stored, at + 1), after * stored * sizeof(int64_t));
    l->head.n--;
}

enum leaf_put timeline_leaf_put(const struct timeline *t, struct timeline_leaf *l, int64_t time,
                                const int64_t *row, uint32_t most)
{
    uint32_t n = l->head.n, stored = t->stored;
    uint32_t at = n == 0 || time > l->data[n - 1] ? n : hot_before(l, time);
    if (at < n && l->data[at] == time) {
        if (row_add(row_of(l, stored, at), row, stored))
            return LEAF_AMENDED;
        if (n == 1)
            return LEAF_EMPTY;
        hot_remove(l, stored, at);
        return LEAF_REMOVED;
    }
    if (n == l->head.cap || n >= most)
        return LEAF_NO_ROOM;
    int64_t *to = row_of(l, stored, at);
    if (at < n) {
        memmove(l->data + at + 1, l->data + at, (n - at) * sizeof(int64_t));
        memmove(to + stored, to, (size_t)(n - at) * stored * sizeof(int64_t));
    }
    l->data[at] = time;
    memcpy(to, row, stored * sizeof *to);
    l->head.n++;
    return LEAF_INSERTED;
}

int64_t timeline_leaf_first(const void *leaf)
{
    return leaf_is_packed(leaf) ? packed_first(leaf)
                                : ((const struct timeline_leaf *)leaf)->data[0];
}

uint32_t timeline_leaf_before(const void *leaf, int64_t time)
{
    return leaf_is_packed(leaf) ? packed_before(leaf, time) : hot_before(leaf, time);
}

int64_t timeline_leaf_time(const void *leaf, uint32_t at)
{
    int64_t times[PACKED_MAX];
    if (!leaf_is_packed(leaf))
        return ((const struct timeline_leaf *)leaf)->data[at];
    packed_times(leaf, at + 1, times);
    return times[at];
}

uint32_t timeline_leaf_near(const void *leaf, int64_t time)
{
    if (!leaf_is_packed(leaf))
        return 0;
    uint32_t near = packed_near(leaf, time);
    packed_prefetch(leaf, near);
    return near;
}

uint32_t timeline_leaf_before_from(const void *leaf, int64_t time, uint32_t near)
{
    return leaf_is_packed(leaf) ? packed_before_from(leaf, time, near) : hot_before(leaf, time);
}

/* Sums of columns of rows, four columns at a time. */
static void rows_sums(const int64_t *rows, uint32_t k, unsigned stored, int64_t *out)
{
    unsigned c = 0;
    for (; c + 4 <= stored; c += 4) {
        uint64_t a = 0, b = 0, d = 0, e = 0;
        const int64_t *row = rows + c;
        for (uint32_t i = 0; i < k; i++, row += stored) {
            a += (uint64_t)row[0];
            b += (uint64_t)row[1];
            d += (uint64_t)row[2];
            e += (uint64_t)row[3];
        }
        out[c] = (int64_t)a;
        out[c + 1] = (int64_t)b;
        out[c + 2] = (int64_t)d;
        out[c + 3] = (int64_t)e;
    }
    for (; c < stored; c++) {
        uint64_t a = 0;
        for (uint32_t i = 0; i < k; i++)
            a += (uint64_t)rows[(size_t)i * stored + c];
        out[c] = (int64_t)a;
    }
}

static int64_t hot_moment(const struct timeline_leaf *l, unsigned stored, unsigned column,
                          uint32_t k)
{
    const int64_t *row = rows_of(l) + column;
    int64_t sum = 0;
    for (uint32_t i = 0; i < k; i++, row += stored)
        sum = wrap_add(sum, wrap_multiply(*row, l->data[i]));
    return sum;
}

/* Adds the moments of a leaf's first k entries. */
static void moments_add(const struct timeline *t, const void *leaf, uint32_t k, int64_t *out)
{
    int64_t moments[TIMELINE_MAX_WIDTH] = {0};
    bool packed = leaf_is_packed(leaf);
    if (packed)
        packed_moments(leaf, k, moments);
    unsigned columns = 0;
    for (unsigned w = 0; w < t->width; w++) {
        if (!(t->moments >> w & 1))
            columns++;
        else
            out[w] = wrap_add(out[w], packed ? moments[columns - 1]
                                             : hot_moment(leaf, t->stored, columns - 1, k));
    }
}

void timeline_leaf_sums(const struct timeline *t, const void *leaf, uint32_t k, bool moments,
                        int64_t *out)
{
    int64_t sums[TIMELINE_MAX_WIDTH] = {0};
    if (k == 0)
        return;
    if (leaf_is_packed(leaf))
        packed_sums(leaf, k, sums);
    else
        rows_sums(rows_of(leaf), k, t->stored, sums);
    unsigned columns = 0;
    for (unsigned w = 0; w < t->width; w++)
        if (!(t->moments >> w & 1))
            out[w] = wrap_add(out[w], sums[columns++]);
    if (moments && t->moments != 0)
        moments_add(t, leaf, k, out);
}

size_t timeline_leaf_bytes(const struct timeline *t, const void *leaf)
{
    return leaf_is_packed(leaf) ? packed_bytes(leaf)
                                : bytes_of(t->stored, ((const struct leaf_head *)leaf)->cap);
}
