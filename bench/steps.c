/* What each step of an event costs by itself, on one thread, without HTTP.
 *
 *   steps FILE.ndjson DIR [LINES_PER_GROUP]
 *
 * FILE is what made_events gives, DIR must not exist. Prints one line of JSON:
 * nanoseconds an event for decoding a body, the id check, the journal's append (CPU and
 * wall), its scan, decoding what it kept, and applying it to a floor. */
#include "base/instant.h"
#include "base/limits.h"
#include "event/decode.h"
#include "floor/floor.h"
#include "journal/id_index.h"
#include "journal/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct run {
    struct decoder *decoder;
    struct floor *floor;
    struct id_index *ids;
    struct journal *journal;
    struct journal_record *records;
    size_t group;
    uint64_t events;
    double decode, append, append_cpu, check, scan, stored, apply;
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
    fprintf(stderr, "steps: %s\n", what);
    exit(1);
}

static bool never(void *data, uint64_t sequence, int64_t site_id, struct span id)
{
    (void)data, (void)sequence, (void)site_id, (void)id;
    return true;
}

static void take_group(struct run *r, struct span body, struct arena *arena)
{
    struct decode_context context = {
        .oldest_us = INT64_MIN, .newest_us = INT64_MAX, .body_stays = true};
    struct decoded_batch batch;
    struct problem problem;
    double began = seconds(CLOCK_MONOTONIC);
    if (decode_body(r->decoder, BODY_NDJSON, body, &context, arena, &batch, &problem) < 0)
        fail(problem.message);
    double decoded = seconds(CLOCK_MONOTONIC);
    r->decode += decoded - began;
    for (size_t i = 0; i < batch.event_count; i++) {
        const struct event *e = &batch.events[i].event;
        r->records[i] = (struct journal_record){.site_id = e->site_id,
                                                .time_us = e->time_us,
                                                .id = e->id,
                                                .json = batch.events[i].json};
        if (id_index_find(r->ids, e->site_id, e->id) != 0 ||
            id_index_add(r->ids, e->site_id, e->id, r->events + i + 1) < 0)
            fail("an id is there twice, or there is no memory");
    }
    double checked = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    r->check += checked - decoded;
    if (journal_append(r->journal, r->records, batch.event_count, &problem) < 0)
        fail(problem.message);
    r->append += seconds(CLOCK_MONOTONIC) - checked;
    r->append_cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    r->events += batch.event_count;
}

static int touch(void *data, const struct journal_record *record)
{
    *(uint64_t *)data += record->json.len;
    return 0;
}

static int stored(void *data, const struct journal_record *record)
{
    struct run *r = data;
    struct event event;
    struct problem problem;
    if (decode_stored(r->decoder, record->json, &event, &problem) < 0)
        fail(problem.message);
    r->events += event.type == EVENT_TYPES;
    return 0;
}

static int apply(void *data, const struct journal_record *record)
{
    struct run *r = data;
    struct event event;
    struct problem problem;
    if (decode_stored(r->decoder, record->json, &event, &problem) < 0)
        fail(problem.message);
    floor_apply(r->floor, &event, INT64_MAX / 4);
    return 0;
}

static double scan(struct run *r, journal_visit *visit, void *data)
{
    struct problem problem;
    double began = seconds(CLOCK_MONOTONIC);
    if (journal_scan(r->journal, 1, visit, data, &problem) < 0)
        fail(problem.message);
    return seconds(CLOCK_MONOTONIC) - began;
}

int main(int argc, char **argv)
{
    struct run r = {.group = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000};
    struct problem problem;
    struct stat s;
    int fd = argc > 2 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || fstat(fd, &s) != 0)
        fail("cannot read the file");
    /* Copied, so that readable bytes follow. */
    char *text = calloc(1, (size_t)s.st_size + DECODE_PADDING);
    if (text == NULL || read(fd, text, (size_t)s.st_size) != s.st_size)
        fail("cannot read the file");
    const struct journal_options options = {.directory = argv[2]};
    if (journal_open(&options, &r.journal, &problem) < 0)
        fail(problem.message);
    r.decoder = decoder_new();
    r.ids = id_index_new(never, NULL);
    r.floor = floor_new(
        &(struct floor_settings){.site_id = 10000, .visitor_timeout_us = 1800 * US_PER_SECOND});
    r.records = calloc(r.group, sizeof *r.records);
    struct arena *arena = arena_new();
    const char *end = text + s.st_size;
    for (const char *at = text, *next; at < end; at = next) {
        next = at;
        for (size_t lines = 0; lines < r.group && next < end; lines++)
            next = (const char *)memchr(next, '\n', (size_t)(end - next)) + 1;
        take_group(&r, (struct span){at, (size_t)(next - at)}, arena);
        arena_reset(arena);
    }
    uint64_t bytes = 0;
    double n = (double)r.events * 1e-9;
    r.scan = scan(&r, touch, &bytes);
    r.stored = scan(&r, stored, &r) - r.scan;
    r.apply = scan(&r, apply, &r) - r.scan - r.stored;
    printf("{\"events\": %llu, \"decode_ns\": %.0f, \"id_check_ns\": %.0f, \"append_ns\": %.0f, "
           "\"append_cpu_ns\": %.0f, \"scan_ns\": %.0f, \"decode_stored_ns\": %.0f, "
           "\"apply_ns\": %.0f}\n",
           (unsigned long long)r.events, r.decode / n, r.check / n, r.append / n, r.append_cpu / n,
           r.scan / n, r.stored / n, r.apply / n);
    return 0;
}
