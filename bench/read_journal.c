/* Reads a journal from its first record to its last and decodes every event, and does
 * nothing with it: the least that any restart must do.
 *
 *   read_journal DIRECTORY
 *
 * DIRECTORY is the server's (its journal/ is read, beside a server or not). Prints one line
 * of JSON: the records, the bytes of their texts, and the seconds that it took to read them
 * only, and to decode them too. */
#include "event/decode.h"
#include "journal/journal.h"

#include <stdio.h>
#include <time.h>

struct reader {
    struct decoder *decoder; /* NULL: read only */
    unsigned long long records, bytes;
    uint64_t mixed; /* so that reading cannot be left out */
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int take(void *data, const struct journal_record *record)
{
    struct reader *r = data;
    struct event event;
    struct problem problem;
    if (r->decoder != NULL && decode_stored(r->decoder, record->json, &event, &problem) < 0) {
        fprintf(stderr, "read_journal: %s\n", problem.message);
        return -1;
    }
    r->mixed ^= r->decoder != NULL ? (uint64_t)event.time_us : (uint64_t)record->time_us;
    r->records++;
    r->bytes += record->json.len;
    return 0;
}

/* The seconds of one pass; below 0 when it failed. */
static double pass(struct journal *journal, struct reader *r)
{
    struct problem problem = {0};
    double began = seconds();
    if (journal_scan(journal, 1, take, r, &problem) != 0) {
        fprintf(stderr, "read_journal: %s\n", problem.message);
        return -1;
    }
    return seconds() - began;
}

int main(int argc, char **argv)
{
    char directory[4096];
    struct journal *journal;
    struct problem problem;
    if (argc != 2) {
        fprintf(stderr, "usage: read_journal DIRECTORY\n");
        return 2;
    }
    snprintf(directory, sizeof directory, "%s/journal", argv[1]);
    if (journal_open(&(struct journal_options){.directory = directory, .read_only = true}, &journal,
                     &problem) < 0) {
        fprintf(stderr, "read_journal: %s\n", problem.message);
        return 1;
    }
    struct reader only = {0}, decoding = {.decoder = decoder_new()};
    double read_s = decoding.decoder != NULL ? pass(journal, &only) : -1;
    double decode_s = read_s >= 0 ? pass(journal, &decoding) : -1;
    decoder_free(decoding.decoder);
    journal_close(journal);
    if (decode_s < 0)
        return 1;
    printf("{\"records\": %llu, \"bytes\": %llu, \"read_s\": %.3f, \"decode_s\": %.3f, "
           "\"alike\": %s}\n",
           only.records, only.bytes, read_s, decode_s,
           only.mixed == decoding.mixed ? "true" : "false");
    return 0;
}
