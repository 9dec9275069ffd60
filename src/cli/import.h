/* The parts of livefloor import: batches of lines, and what the server said of them. */
#ifndef LIVEFLOOR_CLI_IMPORT_H
#define LIVEFLOOR_CLI_IMPORT_H

#include "base/buffer.h"

#include <curl/curl.h>
#include <stdint.h>

#define BATCH_LINES 1000u
#define BATCH_BYTES (1u << 20)

/* Where an event came from. */
struct line_origin {
    const char *file;
    uint64_t number;
};

/* Lines on their way in one request. */
struct batch {
    struct buffer body, answer;
    struct line_origin origins[BATCH_LINES];
    size_t count;
    CURL *curl;
    bool busy;
    unsigned tries;
    int64_t again_at_ms; /* waits until then before it is sent again; 0: does not wait */
    int64_t first_try_ms;
};

/* What became of all. */
struct import_totals {
    uint64_t accepted, duplicates, refused;
};

/* Reads the server's answer to a batch: adds to the totals and reports refused lines
 * on standard error, the first 20 of them. False when it is no such answer. */
bool import_read_answer(const struct batch *b, struct import_totals *totals);

/* Reports one line that was refused, the first 20 of all. */
void import_report(const struct line_origin *origin, struct span message,
                   struct import_totals *totals);

/* The progress bar: rate and time left, on a terminal, ten times a second. */
void import_progress(const struct import_totals *totals, uint64_t done, uint64_t total, bool last);

#endif
