/* Segments of some hundred numbers, in order of their hashes. All of a segment share the
 * first bits of the hash, its depth; of each it keeps the other bits and the number in
 * 40 bits. A full one is split by the next bit: a segment of half the numbers at a time,
 * so nothing but the row of pointers ever doubles. */
#include "floor/number_map.h"

#include "base/memory.h"

#include <endian.h>
#include <string.h>

#define ITEM_BYTES 5u
/* That count: then the bits of the deeper segments of a larger map, whose numbers are
 * longer, are as many. A hash that is not there meets another's in one of 2^28. */
#define HASH_BITS 28u
#define NUMBER_BITS 12u /* at depth 0; one more with each bit of depth */
#define FULL 512u
#define DEPTH_MAX 22u /* enough for every number, and for 2^31 of them in 512s */
/* Not deeper than for so few in each: hashes that somebody chose cannot make the row of
 * pointers long. */
#define FEW 32u

/* Bends the hashes' even spread, as about log2(1 + x) does: of segments of one depth the last
 * ones hold twice as many numbers as the first, and all sizes between are there at any time.
 * So what a growing segment leaves is what another one needs; of even ones all would grow,
 * and be split, at about the same time. */
static uint32_t bent(uint32_t hash)
{
    uint64_t over = (uint64_t)hash * (UINT32_MAX - hash) >> 32; /* x * (1 - x) */
    return hash + (uint32_t)(over * 1405 >> 12);                /* 0.343 of it */
}

struct number_segment {
    uint32_t n, cap;
    uint32_t depth;
    unsigned char items[]; /* cap of them, and what a read of the last one touches */
};

static size_t bytes_of(uint32_t cap)
{
    return sizeof(struct number_segment) + (size_t)cap * ITEM_BYTES + 8 - ITEM_BYTES;
}

static struct number_segment *segment_new(uint32_t cap, uint32_t depth)
{
    struct number_segment *s = memory_get(bytes_of(cap));
    *s = (struct number_segment){.cap = cap, .depth = depth};
    return s;
}

static uint64_t item_get(const struct number_segment *s, uint32_t at)
{
    uint64_t item;
    memcpy(&item, s->items + (size_t)at * ITEM_BYTES, sizeof item);
    return le64toh(item) & ((UINT64_C(1) << 8 * ITEM_BYTES) - 1);
}

static void item_set(struct number_segment *s, uint32_t at, uint64_t item)
{
    item = htole64(item);
    memcpy(s->items + (size_t)at * ITEM_BYTES, &item, ITEM_BYTES);
}

static unsigned number_bits(const struct number_segment *s)
{
    return NUMBER_BITS + s->depth;
}

/* What a segment keeps of a hash, as the upper bits of an item. */
static uint64_t item_hash(const struct number_segment *s, uint32_t hash)
{
    uint64_t rest = (hash >> (32 - HASH_BITS)) & ((UINT32_C(1) << (HASH_BITS - s->depth)) - 1);
    return rest << number_bits(s);
}

static uint32_t item_number(const struct number_segment *s, uint64_t item)
{
    return (uint32_t)(item & ((UINT64_C(1) << number_bits(s)) - 1));
}

/* The first item that is not below. */
static uint32_t item_find(const struct number_segment *s, uint64_t item)
{
    uint32_t low = 0, high = s->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (item_get(s, middle) < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct number_segment **slot_of(const struct number_map *m, uint32_t hash)
{
    return &m->segments[m->bits == 0 ? 0 : hash >> (32 - m->bits)];
}

/* How many pointers in the row are to the segment. */
static uint32_t pointers_to(const struct number_map *m, const struct number_segment *s)
{
    return UINT32_C(1) << (m->bits - s->depth);
}

/* The first of the pointers to a hash's segment. */
static struct number_segment **first_of(const struct number_map *m, uint32_t hash)
{
    struct number_segment **slot = slot_of(m, hash);
    return slot - ((uint32_t)(slot - m->segments) & (pointers_to(m, *slot) - 1));
}

/* Frees the segments of the first `end` pointers, and the row. */
static void clear_until(struct number_map *m, uint32_t end)
{
    for (uint32_t i = 0; i < end;) {
        struct number_segment *s = m->segments[i];
        i += pointers_to(m, s);
        memory_free(s);
    }
    memory_free(m->segments);
    *m = (struct number_map){0};
}

void number_map_clear(struct number_map *m)
{
    clear_until(m, m->segments == NULL ? 0 : UINT32_C(1) << m->bits);
}

/* The items [from, to) of a segment, one bit deeper. */
static struct number_segment *half_of(const struct number_segment *s, uint32_t from, uint32_t to)
{
    uint32_t n = to - from;
    struct number_segment *half = segment_new(n + n / 16 + 1, s->depth + 1);
    half->n = n;
    uint64_t rest_mask = (UINT64_C(1) << (HASH_BITS - half->depth)) - 1;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t item = item_get(s, from + i), rest = item >> number_bits(s) & rest_mask;
        item_set(half, i, rest << number_bits(half) | item_number(s, item));
    }
    return half;
}

static void pointers_double(struct number_map *m)
{
    uint32_t count = UINT32_C(1) << m->bits++;
    m->segments = memory_resize(m->segments, 2 * (size_t)count * sizeof(void *));
    for (uint32_t i = count; i-- > 0;)
        m->segments[2 * i] = m->segments[2 * i + 1] = m->segments[i];
}

/* Splits the segment of a hash. */
static void split(struct number_map *m, uint32_t hash)
{
    struct number_segment *s = *slot_of(m, hash);
    if (s->depth == m->bits)
        pointers_double(m);
    uint32_t middle = item_find(s, UINT64_C(1) << (8 * ITEM_BYTES - 1));
    struct number_segment *half[2] = {half_of(s, 0, middle), half_of(s, middle, s->n)};
    struct number_segment **first = first_of(m, hash);
    uint32_t pointers = pointers_to(m, s);
    for (uint32_t i = 0; i < pointers; i++)
        first[i] = half[i >= pointers / 2];
    memory_free(s);
}

/* Makes room for more in a hash's segment. */
static void grow(struct number_map *m, uint32_t hash)
{
    struct number_segment **first = first_of(m, hash), *s = *first;
    uint32_t cap = s->cap + s->cap / 16 + 4, pointers = pointers_to(m, s);
    s = memory_resize(s, bytes_of(cap));
    s->cap = cap;
    for (uint32_t i = 0; i < pointers; i++)
        first[i] = s;
}

static bool must_split(const struct number_map *m, const struct number_segment *s, uint32_t number)
{
    if ((uint64_t)number >> number_bits(s) != 0)
        return true;
    return s->n >= FULL && s->depth < DEPTH_MAX && m->count >> s->depth >= FEW;
}

void number_map_add(struct number_map *m, uint32_t hash, uint32_t number)
{
    hash = bent(hash);
    if (m->segments == NULL) {
        m->segments = memory_get(sizeof(void *));
        m->segments[0] = segment_new(4, 0);
    }
    while (must_split(m, *slot_of(m, hash), number))
        split(m, hash);
    if ((*slot_of(m, hash))->n == (*slot_of(m, hash))->cap)
        grow(m, hash);
    struct number_segment *s = *slot_of(m, hash);
    uint64_t item = item_hash(s, hash) | number;
    uint32_t at = item_find(s, item);
    memmove(s->items + (size_t)(at + 1) * ITEM_BYTES, s->items + (size_t)at * ITEM_BYTES,
            (size_t)(s->n - at) * ITEM_BYTES);
    item_set(s, at, item);
    s->n++;
    m->count++;
}

uint32_t number_map_find(const struct number_map *m, uint32_t hash, number_match *match,
                         const void *data)
{
    if (m->segments == NULL)
        return NONE;
    hash = bent(hash);
    const struct number_segment *s = *slot_of(m, hash);
    uint64_t wanted = item_hash(s, hash);
    for (uint32_t at = item_find(s, wanted); at < s->n; at++) {
        uint64_t item = item_get(s, at);
        if (item >> number_bits(s) != wanted >> number_bits(s))
            return NONE;
        if (match(data, item_number(s, item)))
            return item_number(s, item);
    }
    return NONE;
}

size_t number_map_bytes(const struct number_map *m)
{
    uint32_t end = m->segments == NULL ? 0 : UINT32_C(1) << m->bits;
    size_t bytes = end * sizeof(void *);
    for (uint32_t i = 0; i < end; i += pointers_to(m, m->segments[i]))
        bytes += bytes_of(m->segments[i]->cap);
    return bytes;
}

/* Saves a segment; or, given none, returns a new one. */
static struct number_segment *segment_image(struct number_segment *s, struct image *io)
{
    struct number_segment head = {0};
    if (s != NULL)
        head = *s;
    image_bytes(io, &head.n, sizeof head.n);
    image_bytes(io, &head.depth, sizeof head.depth);
    if (s == NULL) {
        s = segment_new(head.n, head.depth);
        s->n = head.n;
    }
    image_bytes(io, s->items, (size_t)head.n * ITEM_BYTES);
    return s;
}

static void segments_load(struct number_map *m, struct image *io)
{
    uint32_t end = UINT32_C(1) << m->bits, at = 0;
    m->segments = memory_get(end * sizeof(void *));
    while (at < end && !image_failed(io)) {
        struct number_segment *s = segment_image(NULL, io);
        uint32_t pointers = s->depth > m->bits ? 0 : pointers_to(m, s);
        if (pointers == 0 || at % pointers != 0) {
            image_refuse(io);
            memory_free(s);
            break;
        }
        for (uint32_t i = 0; i < pointers; i++)
            m->segments[at++] = s;
    }
    if (image_failed(io))
        clear_until(m, at);
}

void number_map_image(struct number_map *m, struct image *io)
{
    bool any = m->segments != NULL;
    image_bytes(io, &any, sizeof any);
    image_bytes(io, &m->bits, sizeof m->bits);
    image_bytes(io, &m->count, sizeof m->count);
    if (!image_loads(io)) {
        for (uint32_t at = 0; any && at < UINT32_C(1) << m->bits;) {
            struct number_segment *s = segment_image(m->segments[at], io);
            at += pointers_to(m, s);
        }
        return;
    }
    if (m->bits > DEPTH_MAX)
        image_refuse(io);
    if (image_failed(io))
        *m = (struct number_map){0};
    else if (any)
        segments_load(m, io);
}
