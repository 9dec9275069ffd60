/* What the release build is optimised by (docs/decisions/0025): the server's own steps, without
 * its threads and sockets, on made events: bodies are decoded, looked up, committed and applied,
 * questions are asked in between; then a body is sent again, the journal read, and the floor saved
 * and loaded. Built with counters in every branch, it leaves them where the compiler
 * finds them. The same events and questions on each run.
 *
 *   train DIRECTORY < EVENTS
 *
 * DIRECTORY, an empty one, takes the journal; EVENTS is NDJSON (made_events). */
#include "base/instant.h"
#include "event/decode.h"
#include "journal/file_archive.h"
#include "made_floor.h"
#include "server/group.h"
#include "server/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SITE 10000
#define BODY_EVENTS 1000u
/* So many questions of each view after so many bodies: answers weigh about as much as events. */
#define BODIES_BETWEEN 8u
static const unsigned questions_of[] = {
    [VIEW_AGENTS] = 40, [VIEW_QUEUE] = 60, [VIEW_TODAY] = 1500, [VIEW_RIGHT_NOW] = 3000};

struct trainer {
    struct journal *journal;
    struct id_index *ids;
    struct ingest_ids check;
    struct archive *archive;
    struct sites *sites;
    struct decoder *decoder;
    struct arena *arena;
    struct group group;
    struct buffer text;
    uint64_t sequence;
    int64_t first_us, last_us; /* times of events so far */
    struct problem problem;
};

/* Ends with what went wrong. */
static void fail(const struct trainer *t, const char *what)
{
    fprintf(stderr, "train: %s: %s\n", what, t->problem.message);
    exit(1);
}

static void open_all(struct trainer *t, const char *directory)
{
    char path[2][4096];
    snprintf(path[0], sizeof path[0], "%s/journal", directory);
    snprintf(path[1], sizeof path[1], "%s/ids", directory);
    const struct id_index_options options = {.directory = path[1],
                                             .verify = ingest_verify_id,
                                             .mark = ingest_mark,
                                             .data = &t->check,
                                             .table_ids = 1u << 17}; /* some files */
    if (journal_open(&(struct journal_options){.directory = path[0]}, &t->journal, &t->problem) < 0)
        fail(t, "the journal");
    t->check.journal = t->journal;
    if (id_index_open(&options, &t->ids, &t->problem) < 0 ||
        file_archive_open(directory, &t->archive, &t->problem) < 0)
        fail(t, "the files");
    t->sites = sites_new(120 * US_PER_SECOND, t->archive);
    t->decoder = decoder_new();
    t->arena = arena_new();
    if (t->sites == NULL || t->decoder == NULL || t->arena == NULL)
        fail(t, "no memory");
}

/* As a client asks: about now, at an instant, or over a window. */
static void write_question(struct trainer *t, enum view view)
{
    char time[2][INSTANT_TEXT_BYTES];
    uint64_t span = (uint64_t)(t->last_us - t->first_us) + 1;
    int64_t one = t->first_us + (int64_t)made_dice(span),
            other = t->first_us + (int64_t)made_dice(span);
    int from = (int)instant_format(one < other ? one : other, time[0]);
    int to = (int)instant_format(one < other ? other : one, time[1]);
    bool windowed = view == VIEW_TODAY || view == VIEW_AGENTS;
    buffer_reset(&t->text);
    buffer_printf(&t->text, "pageSize=100");
    if (windowed)
        buffer_printf(&t->text, "&startTime=%.*s", from, time[0]);
    if (made_dice(4) != 0)
        buffer_printf(&t->text, "&endTime=%.*s", to, time[1]);
    if (view == VIEW_AGENTS && made_dice(2) == 0)
        buffer_printf(&t->text, "&includeStatusDistribution=true");
}

static void ask(struct trainer *t, const struct floor *floor, enum view view)
{
    struct query query;
    struct question question;
    const struct question_context context = {
        .site_id = SITE, .now_us = t->last_us, .horizon_us = INT64_MIN, .default_page_size = 50};
    int64_t until;
    write_question(t, view);
    if (query_parse(buffer_span(&t->text), t->arena, &query, &t->problem) < 0 ||
        question_read(view, &query, &context, &question, &t->problem) < 0)
        fail(t, "a question");
    buffer_reset(&t->text);
    if (question_answer(view, floor, &question, t->arena, &t->text, &until) < 0)
        fail(t, "an answer");
    arena_reset(t->arena);
}

static void ask_all(struct trainer *t)
{
    struct site *site = sites_get(t->sites, SITE);
    int64_t now_us;
    const struct floor *floor = site_read_begin(t->sites, site, &now_us);
    for (enum view view = VIEW_AGENTS; view <= VIEW_RIGHT_NOW; view++)
        for (unsigned i = 0; i < questions_of[view]; i++)
            ask(t, floor, view);
    site_read_end(site);
}

/* One request: decoded, committed as a group of its own, applied. */
static void send_body(struct trainer *t, struct span body)
{
    const struct decode_context context = {.arrival_us = INT64_MAX,
                                           .oldest_us = INT64_MIN,
                                           .newest_us = INT64_MAX,
                                           .body_stays = true};
    struct decoded_batch batch;
    if (decode_body(t->decoder, BODY_NDJSON, body, &context, t->arena, &batch, &t->problem) < 0 ||
        batch.refused_count > 0)
        fail(t, "the events");
    struct ingest_ticket ticket = {.events = batch.events, .event_count = batch.event_count};
    group_begin(&t->group, &ticket, t->sequence + 1);
    if (group_commit(&t->group, t->journal, t->ids, &t->check, sites_now_us(t->sites),
                     &t->problem) < 0)
        fail(t, "a commit");
    t->sequence += t->group.count;
    id_index_committed(t->ids, t->sequence);
    group_apply(&t->group, t->sites, &ticket, 0);
    for (size_t i = 0; i < batch.event_count; i++) {
        int64_t time_us = batch.events[i].event.time_us;
        t->first_us = t->first_us == 0 || time_us < t->first_us ? time_us : t->first_us;
        t->last_us = time_us > t->last_us ? time_us : t->last_us;
    }
    arena_reset(t->arena);
}

/* Where the next body ends. */
static size_t body_end(const struct buffer *events, size_t from)
{
    for (unsigned lines = 0; from < events->len && lines < BODY_EVENTS; from++)
        lines += events->data[from] == '\n';
    return from;
}

static int decode_again(void *data, const struct journal_record *record)
{
    struct trainer *t = data;
    struct event event;
    return decode_stored(t->decoder, record->json, &event, &t->problem);
}

/* A snapshot and a start from it. */
static void save_and_load(struct trainer *t)
{
    struct site *site = sites_get(t->sites, SITE);
    FILE *file = tmpfile();
    struct image *io = file == NULL ? NULL : image_save(fileno(file));
    if (io == NULL)
        fail(t, "no image");
    sites_freeze(t->sites);
    floor_save(site_frozen(site), io);
    sites_thaw(t->sites);
    int failed = image_close(io);
    const struct floor_settings settings = sites_floor_settings(t->sites, SITE);
    io = image_load(fileno(file));
    struct floor *loaded = io == NULL ? NULL : floor_load(&settings, io);
    if (loaded == NULL || (failed | image_close(io)) != 0)
        fail(t, "the image");
    floor_free(loaded);
    fclose(file);
}

static void read_all(struct buffer *out)
{
    char some[1 << 16];
    for (size_t got; (got = fread(some, 1, sizeof some, stdin)) > 0;)
        buffer_append(out, some, got);
    size_t len = out->len;
    memset(some, 0, DECODE_PADDING);
    buffer_append(out, some, DECODE_PADDING);
    out->len = len;
}

int main(int argc, char **argv)
{
    struct trainer t = {0};
    struct buffer events = {0};
    if (argc != 2) {
        fprintf(stderr, "usage: train DIRECTORY < EVENTS\n");
        return 2;
    }
    open_all(&t, argv[1]);
    read_all(&events);
    size_t from = 0;
    for (unsigned bodies = 1; from < events.len; bodies++) {
        size_t end = body_end(&events, from);
        send_body(&t, (struct span){events.data + from, end - from});
        if (bodies % BODIES_BETWEEN == 0)
            ask_all(&t);
        from = end;
    }
    send_body(&t, (struct span){events.data, body_end(&events, 0)}); /* nothing but duplicates */
    if (journal_scan(t.journal, 1, decode_again, &t, &t.problem) != 0)
        fail(&t, "the journal");
    save_and_load(&t);
    group_clear(&t.group);
    sites_free(t.sites);
    id_index_free(t.ids);
    t.archive->close(t.archive);
    journal_close(t.journal);
    decoder_free(t.decoder);
    arena_free(t.arena);
    buffer_free(&t.text);
    buffer_free(&events);
    return 0;
}
