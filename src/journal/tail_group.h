/* A group of the tail: what one append wrote, as bytes (docs/journal-format.md, "The
 * tail"). Pure; also what the fuzzer feeds. */
#ifndef LIVEFLOOR_JOURNAL_TAIL_GROUP_H
#define LIVEFLOOR_JOURNAL_TAIL_GROUP_H

#include "journal/block.h"

/* Groups begin at multiples of this, which is also what unbuffered writing asks for: a
 * sector that holds something acknowledged is never written again. */
#define TAIL_UNIT 4096u
#define TAIL_HEAD_BYTES 64u

/* Where a group says that it is, and what it has. */
struct tail_group {
    uint64_t generation;
    uint64_t first, next; /* its sequences: from `first` up to `next` */
    uint64_t length;      /* its bytes, without the filling up to the next unit */
    uint32_t values;
};

/* One of its values: a record or a block, as block.h reads it. */
struct tail_value {
    uint64_t key, next;    /* the sequences that it has */
    size_t offset, length; /* from the group's begin */
    uint32_t index;        /* of the value behind it */
};

/* How many bytes a group of n records (from 1 on) takes. */
size_t tail_group_plan(const struct journal_record *records, size_t n);

/* Those bytes and the filling. */
uint64_t tail_group_room(uint64_t length);

/* Writes a group of records whose sequences are set, and zeros up to the next unit. */
void tail_group_write(uint64_t generation, const struct journal_record *records, size_t n,
                      void *out);

/* Reads TAIL_HEAD_BYTES. False when no head of a group stands there; whether the group is
 * whole is what tail_group_sound tells. */
bool tail_group_head(const char *head, struct tail_group *out);

/* Is this a whole group, just as it was written? `bytes` has group->length of them. */
bool tail_group_sound(const struct tail_group *group, const char *bytes);

/* The values of a sound group, one after the other: *value is zeroed before the first.
 * False behind the last. */
bool tail_group_next(const struct tail_group *group, const char *bytes, struct tail_value *value);

#endif
