/* Making a ribbon: each id is an equation over its rows. They come in the order of their
 * first rows, so few steps of elimination bring each to a row where no other begins; from
 * the last row back, each row's bits then follow from those after it. */
#include "journal/id_index_ribbon.h"

#include <stdlib.h>
#include <string.h>

/* Ids for 100 rows: with more the errors grow fast, as segments differ in their ids. */
#define IDS_IN_100_ROWS 92u

uint64_t id_ribbon_segments(uint64_t ids)
{
    return ids / (ID_RIBBON_ROWS * IDS_IN_100_ROWS / 100) + 1;
}

int id_ribbon_begin(struct id_ribbon_maker *m, uint64_t *words, unsigned columns, uint64_t segments)
{
    *m = (struct id_ribbon_maker){.words = words,
                                  .columns = columns,
                                  .segments = segments,
                                  .picks = calloc(ID_RIBBON_ROWS, sizeof *m->picks)};
    return m->picks == NULL ? -1 : 0;
}

/* Bits for rows that no equation decides: any will do that do not repeat. */
static uint64_t noise(uint64_t row)
{
    row *= UINT64_C(0x9E3779B97F4A7C15);
    row ^= row >> 32;
    row *= UINT64_C(0xd6e8feb86659fd93);
    return row ^ row >> 32;
}

/* Fills the segment and begins the next. */
static void solve(struct id_ribbon_maker *m)
{
    uint64_t *words = m->words + m->segment * id_ribbon_words(m->columns);
    uint64_t after[ID_RIBBON_COLUMNS_MAX] = {0}; /* of each column the bits that follow the row */
    for (uint32_t row = ID_RIBBON_ROWS; row-- > 0;) {
        uint64_t picks = m->picks[row], any = noise(m->segment * ID_RIBBON_ROWS + row + 1);
        for (unsigned c = 0; c < m->columns; c++) {
            uint64_t bit =
                picks == 0 ? any >> c & 1 : (uint64_t)__builtin_parityll(picks >> 1 & after[c]);
            after[c] = after[c] << 1 | bit;
            if (row % 64 == 0)
                words[(size_t)(row / 64) * m->columns + c] = htole64(after[c]);
        }
    }
    memset(m->picks, 0, ID_RIBBON_ROWS * sizeof *m->picks);
    m->segment++;
}

void id_ribbon_add(struct id_ribbon_maker *m, uint64_t hash)
{
    struct id_ribbon_place p = id_ribbon_place(hash, m->segments);
    while (m->segment < p.segment)
        solve(m);
    while (m->picks[p.row] != 0) {
        p.picks ^= m->picks[p.row];
        if (p.picks == 0)
            return; /* it follows from others */
        unsigned further = (unsigned)__builtin_ctzll(p.picks);
        p.picks >>= further;
        p.row += further;
    }
    m->picks[p.row] = p.picks;
}

void id_ribbon_finish(struct id_ribbon_maker *m)
{
    while (m->segment < m->segments)
        solve(m);
}

void id_ribbon_end(struct id_ribbon_maker *m)
{
    free(m->picks);
    *m = (struct id_ribbon_maker){0};
}
