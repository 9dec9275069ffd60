#include "timeline/series.h"

#include "base/image.h"
#include "base/memory.h"
#include "timeline/ascent.h"

struct series_block {
    int64_t first;
    uint32_t word; /* where its words begin */
    uint16_t high_bits;
    uint16_t low_bits;
};

static struct ascent block_ascent(const struct series *s, uint32_t block)
{
    const struct series_block *b = &s->block[block];
    return (struct ascent){.first = b->first,
                           .unit = s->unit,
                           .n = series_block_count(s->n, block),
                           .high_bits = b->high_bits,
                           .low_bits = b->low_bits};
}

/* The blocks from w->block on, `count` of them or up to the last; true when that was it. */
static bool pass_blocks(const struct series *s, struct series_work *w, uint32_t count,
                        uint32_t *first, uint32_t *end)
{
    *first = w->block;
    *end = series_blocks(s->n) - w->block > count ? w->block + count : series_blocks(s->n);
    w->block = *end;
    return *end == series_blocks(s->n);
}

static void plan_block(struct series *s, const struct unit *unit, const int64_t *times, uint32_t b)
{
    struct ascent a = ascent_plan_in(times, series_block_count(s->n, b), unit);
    s->block[b] = (struct series_block){.first = a.first,
                                        .word = s->word_count,
                                        .high_bits = (uint16_t)a.high_bits,
                                        .low_bits = (uint16_t)a.low_bits};
    s->word_count += (uint32_t)((ascent_bits(&a) + 63) / 64);
}

void series_plan_block(struct series *s, uint32_t block, const int64_t *times)
{
    struct unit unit = unit_of(s->unit);
    plan_block(s, &unit, times, block);
}

void series_make_room(struct series *s)
{
    s->word_count += 2; /* reading may touch the words after the last (bits.h) */
    s->words = memory_zeroed(s->word_count, sizeof *s->words);
}

void series_write_block(struct series *s, uint32_t block, const int64_t *times)
{
    struct ascent a = block_ascent(s, block);
    ascent_write(&a, times, s->words + s->block[block].word);
}

bool series_step(struct series *s, struct series_work *w, const int64_t *times, uint32_t count)
{
    uint32_t first, end;
    bool last = pass_blocks(s, w, count, &first, &end);
    for (uint32_t b = first; b < end; b++) {
        const int64_t *from = times + (size_t)b * SERIES_BLOCK;
        if (w->pass == 0) {
            for (uint32_t i = 0; i < series_block_count(s->n, b); i++)
                unit_take(&w->unit, (uint64_t)from[i] - (uint64_t)times[0]);
        } else if (w->pass == 1) {
            plan_block(s, &w->unit, from, b);
        } else {
            series_write_block(s, b, from);
        }
    }
    if (!last)
        return false;
    if (w->pass == 0) {
        s->unit = w->unit.value == 0 ? 1 : w->unit.value;
    } else if (w->pass == 1) {
        series_make_room(s);
    }
    w->block = 0;
    return w->pass++ == 2;
}

struct series series_of_blocks(int64_t first, int64_t last, uint32_t n, uint64_t unit)
{
    struct series s = {.first = first, .last = last, .n = n, .unit = unit == 0 ? 1 : unit};
    s.block = memory_get(series_blocks(n) * sizeof *s.block);
    return s;
}

struct series series_begin(const int64_t *times, uint32_t n)
{
    return series_of_blocks(times[0], times[n - 1], n, 0); /* the first pass finds the unit */
}

struct series series_new(const int64_t *times, uint32_t n)
{
    struct series s = series_begin(times, n);
    struct series_work work = {0};
    while (!series_step(&s, &work, times, series_blocks(n)))
        ;
    return s;
}

void series_clear(struct series *s)
{
    memory_free(s->block);
    memory_free(s->words);
    *s = (struct series){0};
}

void series_image(struct series *s, struct image *io)
{
    struct series all = {0};
    if (!image_loads(io))
        all = *s;
    image_bytes(io, &all.unit, sizeof all.unit);
    image_bytes(io, &all.first, sizeof all.first);
    image_bytes(io, &all.last, sizeof all.last);
    image_bytes(io, &all.n, sizeof all.n);
    image_bytes(io, &all.word_count, sizeof all.word_count);
    all.block = image_array(io, all.block, series_blocks(all.n), sizeof *all.block);
    all.words = image_array(io, all.words, all.word_count, sizeof *all.words);
    *s = all;
}

/* A search: among `count` blocks from `low` on is the last one whose first is before t. */
struct search {
    struct series_ask *ask;
    uint32_t low, count;
};

/* Halves what is left, and asks for what the next step reads. */
static void search_step(struct search *w)
{
    const struct series_block *block = w->ask->series->block;
    uint32_t half = w->count / 2;
    w->low += half & (0u - (uint32_t)(block[w->low + half].first < w->ask->t));
    w->count -= half;
    __builtin_prefetch(&block[w->low + w->count / 2]);
}

/* Asks for the block's steps, and for the low bits about where the instant would be. */
static void search_prefetch(const struct search *w)
{
    const struct series *s = w->ask->series;
    const struct series_block *b = &s->block[w->low];
    const char *words = (const char *)(s->words + b->word);
    __builtin_prefetch(words);
    __builtin_prefetch(words + (b->high_bits + SERIES_BLOCK / 2 * b->low_bits) / 8);
}

static uint32_t search_end(const struct search *w)
{
    const struct series *s = w->ask->series;
    struct ascent a = block_ascent(s, w->low);
    return w->low * SERIES_BLOCK + ascent_before(&a, s->words + s->block[w->low].word, w->ask->t);
}

void series_before_all(struct series_ask *asks, size_t n)
{
    struct search searches[SERIES_SIDE_BY_SIDE];
    size_t some = 0;
    bool more = false;
    for (size_t i = 0; i < n; i++) {
        const struct series *s = asks[i].series;
        asks[i].before = asks[i].t > s->last ? s->n : 0;
        if (asks[i].t <= s->first || asks[i].t > s->last)
            continue;
        uint32_t count = series_blocks(s->n);
        searches[some++] = (struct search){&asks[i], 0, count};
        __builtin_prefetch(&s->block[count / 2]);
        more = more || count > 1;
    }
    while (more) {
        more = false;
        for (size_t i = 0; i < some; i++) {
            if (searches[i].count > 1)
                search_step(&searches[i]);
            more = more || searches[i].count > 1;
        }
    }
    for (size_t i = 0; i < some; i++)
        search_prefetch(&searches[i]);
    for (size_t i = 0; i < some; i++)
        searches[i].ask->before = search_end(&searches[i]);
}

void series_read_block(const struct series *s, uint32_t block, int64_t *out)
{
    struct ascent a = block_ascent(s, block);
    ascent_read(&a, s->words + s->block[block].word, 0, a.n, out);
}

void series_read_some(const struct series *s, uint32_t first, uint32_t count, int64_t *out)
{
    for (uint32_t b = first; b < series_blocks(s->n) && b - first < count; b++)
        series_read_block(s, b, out + (size_t)b * SERIES_BLOCK);
}

void series_read(const struct series *s, int64_t *out)
{
    series_read_some(s, 0, series_blocks(s->n), out);
}

size_t series_bytes(const struct series *s)
{
    return series_blocks(s->n) * sizeof *s->block + s->word_count * sizeof *s->words;
}
