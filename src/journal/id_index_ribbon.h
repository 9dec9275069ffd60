/* A homogeneous ribbon filter: a table of rows of a few columns, one bit each. An id names 64
 * rows that follow each other and picks some of them; in every column the bits of those
 * picked add up to an even number. Of other ids one in 2^columns passes too. Takes 1 / 0.92
 * bits a column for each id. The table is made of segments, each by itself, so that
 * what ids in ascending order of their hashes fill needs little memory meanwhile.
 *
 * A segment has ID_RIBBON_ROWS rows; of 64 rows each column is a word, little-endian in
 * memory as in its file. */
#ifndef LIVEFLOOR_JOURNAL_ID_INDEX_RIBBON_H
#define LIVEFLOOR_JOURNAL_ID_INDEX_RIBBON_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_RIBBON_ROWS 8192u
#define ID_RIBBON_COLUMNS_MAX 8u
#define ID_RIBBON_SEGMENTS_MAX (UINT64_C(1) << 20)

/* Words of a segment. */
static inline size_t id_ribbon_words(unsigned columns)
{
    return (size_t)ID_RIBBON_ROWS / 64 * columns;
}

/* How many segments so many ids need; more than ID_RIBBON_SEGMENTS_MAX is too many. */
uint64_t id_ribbon_segments(uint64_t ids);

/* What an id asks for: only the top 48 bits of its hash count. */
struct id_ribbon_place {
    uint64_t segment;
    uint32_t row;
    uint64_t picks; /* of the rows from `row` on */
};

static inline struct id_ribbon_place id_ribbon_place(uint64_t hash, uint64_t segments)
{
    /* Ascending hashes have ascending places. */
    uint64_t at = (hash >> 20) * segments, within = at & ((UINT64_C(1) << 44) - 1);
    uint64_t picks = hash >> 16;
    picks *= UINT64_C(0xd6e8feb86659fd93);
    picks ^= picks >> 32;
    picks *= UINT64_C(0xd6e8feb86659fd93);
    picks ^= picks >> 32;
    return (struct id_ribbon_place){.segment = at >> 44,
                                    .row = (uint32_t)(within * (ID_RIBBON_ROWS - 63) >> 44),
                                    .picks = picks | 1};
}

static inline const uint64_t *id_ribbon_at(const uint64_t *words, unsigned columns,
                                           const struct id_ribbon_place *p)
{
    return words + p->segment * id_ribbon_words(columns) + (size_t)(p->row / 64) * columns;
}

static inline void id_ribbon_prefetch(const uint64_t *words, unsigned columns, uint64_t segments,
                                      uint64_t hash)
{
    struct id_ribbon_place p = id_ribbon_place(hash, segments);
    const uint64_t *at = id_ribbon_at(words, columns, &p);
    __builtin_prefetch(at);
    __builtin_prefetch(at + (p.row % 64 == 0 ? columns : 2 * columns) - 1);
}

/* Surely not there, or perhaps. */
static inline bool id_ribbon_has(const uint64_t *words, unsigned columns, uint64_t segments,
                                 uint64_t hash)
{
    struct id_ribbon_place p = id_ribbon_place(hash, segments);
    const uint64_t *at = id_ribbon_at(words, columns, &p);
    unsigned shift = p.row % 64;
    /* The last row's 64 are the segment's last: then there is no next word. */
    const uint64_t *next = shift == 0 ? at : at + columns;
    for (unsigned c = 0; c < columns; c++) {
        uint64_t rows = le64toh(at[c]) >> shift | le64toh(next[c]) << 1 << (63 - shift);
        if (__builtin_parityll(rows & p.picks))
            return false;
    }
    return true;
}

/* Fills the segments of a table, which is all zeros. */
struct id_ribbon_maker {
    uint64_t *words;
    unsigned columns;
    uint64_t segments, segment;
    uint64_t *picks; /* of the segment's rows: the equation that begins there, or 0 */
};

/* -1 when there is no memory. */
int id_ribbon_begin(struct id_ribbon_maker *m, uint64_t *words, unsigned columns,
                    uint64_t segments);

/* Adds an id; hashes come in ascending. */
void id_ribbon_add(struct id_ribbon_maker *m, uint64_t hash);

/* After the last id: fills what is left. */
void id_ribbon_finish(struct id_ribbon_maker *m);

/* Frees; the table stays. */
void id_ribbon_end(struct id_ribbon_maker *m);

#endif
