/* One record as bytes (docs/journal-format.md). Pure; also what the fuzzer feeds. */
#ifndef LIVEFLOOR_JOURNAL_RECORD_H
#define LIVEFLOOR_JOURNAL_RECORD_H

#include "journal/journal.h"

#define RECORD_VERSION 1u
#define RECORD_HEAD_BYTES 40u

enum record_status {
    RECORD_OK,
    RECORD_DAMAGED, /* cut off, or its checksum does not agree */
    RECORD_NEWER,   /* written by a newer version */
};

/* The bytes that a record takes. */
size_t record_size(const struct journal_record *record);

/* Writes record_size bytes. The sequence is not among them (it is the key), but the
 * checksum covers it. */
void record_write(const struct journal_record *record, void *out);

/* Reads one; the spans of *out point into `bytes`. */
enum record_status record_read(uint64_t sequence, struct span bytes, struct journal_record *out);

#endif
