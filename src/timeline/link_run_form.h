/* The parts of a link_run, which link_run.c reads and link_run.c or link_merge.c write. */
#ifndef LIVEFLOOR_TIMELINE_LINK_RUN_FORM_H
#define LIVEFLOOR_TIMELINE_LINK_RUN_FORM_H

#include "timeline/bit_row.h"
#include "timeline/link_run.h"
#include "timeline/series.h"

struct link_run {
    uint32_t n;
    uint16_t digits;    /* of a rank: levels of the matrix */
    uint16_t planes;    /* bits of a value */
    struct series from; /* ascending */
    struct series to;   /* ascending */
    /* A link's value is base + unit * number. */
    uint64_t value_base, value_unit, value_total;
    uint64_t *rows;   /* of each level: the row of the digit, then the planes */
    uint32_t zeros[]; /* of each level: digits that are 0 */
};

/* Levels for n links. */
static inline unsigned link_run_digits(size_t n)
{
    return n > 1 ? bits_width(n - 1) : 0;
}

/* The row of a level's digit (plane 0), or of bit plane - 1 of the values: those lie in
 * the order that the level makes, zeros before ones. */
static inline uint64_t *link_run_row(const struct link_run *r, unsigned level, unsigned plane)
{
    return r->rows + ((size_t)level * (1 + r->planes) + plane) * bit_row_words(r->n);
}

#endif
