#include "timeline/series.h"

#include "base/memory.h"
#include "timeline/ascent.h"

#define BLOCK 128u

struct series_block {
    int64_t first;
    uint32_t word; /* where its words begin */
    uint16_t high_bits;
    uint16_t low_bits;
};

static uint32_t blocks_of(uint32_t n)
{
    return (n + BLOCK - 1) / BLOCK;
}

static uint32_t block_count(const struct series *s, uint32_t block)
{
    return s->n - block * BLOCK < BLOCK ? s->n - block * BLOCK : BLOCK;
}

static struct ascent block_ascent(const struct series *s, uint32_t block)
{
    const struct series_block *b = &s->block[block];
    return (struct ascent){.first = b->first,
                           .unit = s->unit,
                           .n = block_count(s, block),
                           .high_bits = b->high_bits,
                           .low_bits = b->low_bits};
}

struct series series_new(const int64_t *times, uint32_t n)
{
    struct series s = {.first = times[0], .last = times[n - 1], .n = n};
    struct unit unit = {0};
    for (uint32_t i = 1; i < n; i++)
        unit_take(&unit, (uint64_t)times[i] - (uint64_t)times[0]);
    s.unit = unit.value == 0 ? 1 : unit.value;
    s.block = memory_get(blocks_of(n) * sizeof *s.block);
    for (uint32_t b = 0; b < blocks_of(n); b++) {
        struct ascent a = ascent_plan_in(times + (size_t)b * BLOCK, block_count(&s, b), &unit);
        s.block[b] = (struct series_block){.first = a.first,
                                           .word = s.word_count,
                                           .high_bits = (uint16_t)a.high_bits,
                                           .low_bits = (uint16_t)a.low_bits};
        s.word_count += (uint32_t)((ascent_bits(&a) + 63) / 64);
    }
    s.word_count += 2; /* reading may touch the words after the last (bits.h) */
    s.words = memory_zeroed(s.word_count, sizeof *s.words);
    for (uint32_t b = 0; b < blocks_of(n); b++) {
        struct ascent a = block_ascent(&s, b);
        ascent_write(&a, times + (size_t)b * BLOCK, s.words + s.block[b].word);
    }
    return s;
}

void series_clear(struct series *s)
{
    memory_free(s->block);
    memory_free(s->words);
    *s = (struct series){0};
}

uint32_t series_before(const struct series *s, int64_t t)
{
    if (t <= s->first)
        return 0;
    if (t > s->last)
        return s->n;
    uint32_t low = 0, high = blocks_of(s->n);
    while (high - low > 1) { /* the last block whose first is before t */
        uint32_t middle = (low + high) / 2;
        if (s->block[middle].first < t)
            low = middle;
        else
            high = middle;
    }
    struct ascent a = block_ascent(s, low);
    return low * BLOCK + ascent_before(&a, s->words + s->block[low].word, t);
}

void series_read(const struct series *s, int64_t *out)
{
    for (uint32_t b = 0; b < blocks_of(s->n); b++) {
        struct ascent a = block_ascent(s, b);
        ascent_read(&a, s->words + s->block[b].word, a.n, out + (size_t)b * BLOCK);
    }
}

size_t series_bytes(const struct series *s)
{
    return blocks_of(s->n) * sizeof *s->block + s->word_count * sizeof *s->words;
}
