/* What the store keeps in place of a value that lies in a segment: where it is
 * (docs/journal-format.md, "A reference"). Pure; also what the fuzzer feeds. */
#ifndef LIVEFLOOR_JOURNAL_SEGMENT_REF_H
#define LIVEFLOOR_JOURNAL_SEGMENT_REF_H

#include "journal/record.h"

#define SEGMENT_REF_VERSION 3u
#define SEGMENT_REF_BYTES 40u

struct segment_ref {
    uint64_t segment; /* its number */
    uint64_t offset;  /* of the value in it */
    uint32_t length;  /* of the value, in bytes */
    uint32_t count;   /* of its records, whose sequences follow one another from the key on */
};

/* Is a value such a reference, by its version? */
bool segment_ref_is(struct span value);

/* Writes SEGMENT_REF_BYTES. */
void segment_ref_write(uint64_t key, const struct segment_ref *ref, void *out);

/* Reads a value that is one. */
enum record_status segment_ref_read(uint64_t key, struct span value, struct segment_ref *out);

#endif
