/* A value's records, handed to a visitor; what is damaged, told. */
#ifndef LIVEFLOOR_JOURNAL_BLOCK_VISIT_H
#define LIVEFLOOR_JOURNAL_BLOCK_VISIT_H

#include "journal/block.h"
#include "journal/journal_check.h"

/* The records of one value, from a sequence on; counts them in *seen. What the visitor
 * returned, or -1 with *problem for what is damaged when nobody is told of it. */
int block_visit_from(uint64_t key, struct span value, uint64_t from,
                     const struct journal_checks *checks, unsigned *seen, struct problem *problem);

/* The record of a sequence, if it is there: else 1. */
int block_visit_one(uint64_t key, struct span value, uint64_t sequence, journal_visit *visit,
                    void *data, struct problem *problem);

/* What is damaged, so many records from one on, is told, or is an error. */
int block_damage(const struct journal_checks *checks, uint64_t sequence, uint64_t count,
                 enum record_status status, struct problem *problem);

/* The error. Returns -1. */
int block_damage_problem(uint64_t sequence, enum record_status status, struct problem *problem);

#endif
