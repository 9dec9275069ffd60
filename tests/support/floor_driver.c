/* Drives the engine over standard input, for property tests: the very code that the
 * server runs, without sockets, with a clock that the test sets. One command a line:
 *
 *   SITE <id>     a fresh floor for that site; the old one is dropped
 *   NOW <us>      sets the clock
 *   E <json>      takes an event; a repeated id is dropped, as the server does
 *   S             saves the floor to a file and goes on with what is loaded from there
 *   A             nothing: marks the end of the events for a human reader
 *   Q <target>    asks, as in /v4/livechat/realTime/Today?startTime=…; prints the body
 *   N             prints the number of anomalies
 *
 * Prints one line for Q and N, and `ERR <message>` for what was refused. */
#include "base/image.h"
#include "event/decode.h"
#include "journal/file_archive.h"
#include "journal/id_index.h"
#include "server/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct driver {
    struct floor *floor;
    struct decoder *decoder;
    struct id_index *ids;
    struct arena *arena;
    struct archive *archive;
    FILE *image;
    unsigned turn; /* floors made so far */
    struct floor_settings settings;
    struct buffer body;
    int64_t site_id, now_us;
    uint64_t events;
    char **known; /* ids by sequence, from 1 */
};

static bool same_id(void *data, uint64_t sequence, int64_t site_id, struct span id)
{
    struct driver *d = data;
    (void)site_id;
    return span_equal(span_of(d->known[sequence]), id);
}

static void drop(struct driver *d)
{
    floor_free(d->floor);
    id_index_free(d->ids);
    for (uint64_t i = 1; i <= d->events; i++)
        free(d->known[i]);
    d->events = 0;
}

static void begin(struct driver *d, int64_t site_id)
{
    drop(d);
    d->site_id = site_id;
    d->now_us = INT64_MIN;
    /* Every second floor puts everything away at once, so that each look goes through the archive;
     * every fourth has none. */
    d->settings = (struct floor_settings){.site_id = site_id,
                                          .visitor_timeout_us = 120000000,
                                          .archive = d->turn % 4 == 2 ? NULL : d->archive,
                                          .archive_at_once = d->turn % 2 == 1};
    d->turn++;
    d->floor = floor_new(&d->settings);
    d->ids = id_index_new(same_id, d);
}

static void take(struct driver *d, struct span json)
{
    struct problem problem;
    struct decoded_batch batch;
    const struct decode_context context = {.has_site = true,
                                           .site_id = d->site_id,
                                           .arrival_us = d->now_us,
                                           .oldest_us = INT64_MIN,
                                           .newest_us = INT64_MAX};
    arena_reset(d->arena);
    if (decode_body(d->decoder, BODY_JSON, json, &context, d->arena, &batch, &problem) < 0) {
        printf("ERR %s\n", problem.message);
        return;
    }
    for (size_t i = 0; i < batch.refused_count; i++)
        printf("ERR %s\n", batch.refused[i].problem.message);
    for (size_t i = 0; i < batch.event_count; i++) {
        const struct event *e = &batch.events[i].event;
        if (id_index_find(d->ids, d->site_id, e->id) != 0)
            continue;
        d->events++;
        d->known = realloc(d->known, (d->events + 1) * sizeof *d->known);
        if (d->known == NULL)
            abort();
        d->known[d->events] = strndup(e->id.data, e->id.len);
        id_index_add(d->ids, d->site_id, e->id, d->events);
        floor_apply(d->floor, e, d->now_us);
    }
}

static void save_and_load(struct driver *d)
{
    int fd = fileno(d->image);
    struct image *saved = ftruncate(fd, 0) == 0 ? image_save(fd) : NULL;
    if (saved == NULL)
        abort();
    floor_save(d->floor, saved);
    struct image *loaded = image_close(saved) == 0 ? image_load(fd) : NULL;
    if (loaded == NULL)
        abort();
    floor_free(d->floor);
    d->floor = floor_load(&d->settings, loaded);
    if (image_close(loaded) != 0 || d->floor == NULL)
        abort();
}

static bool view_find(struct span path, enum view *out)
{
    static const struct {
        const char *name;
        enum view view;
    } views[] = {{"/Agents", VIEW_AGENTS},
                 {"/Queue", VIEW_QUEUE},
                 {"/Today", VIEW_TODAY},
                 {"/RightNow", VIEW_RIGHT_NOW}};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        size_t len = strlen(views[i].name);
        if (path.len >= len && memcmp(path.data + path.len - len, views[i].name, len) == 0) {
            *out = views[i].view;
            return true;
        }
    }
    return false;
}

/* The answer is the same as long as question_answer has said. */
static bool holds(struct driver *d, enum view view, const struct question *question, int64_t until)
{
    int64_t now = question->now_us;
    struct question later = *question;
    struct buffer body = {0};
    bool same = true;
    for (int64_t ahead = 1; same && until > now && ahead < until - now && ahead < INT64_MAX / 4;
         ahead *= 3) {
        const int64_t at[] = {now + ahead, until - ahead};
        for (size_t i = 0; same && i < sizeof at / sizeof at[0]; i++) {
            later.now_us = at[i];
            buffer_reset(&body);
            question_answer(view, d->floor, &later, d->arena, &body, NULL);
            same = span_equal(buffer_span(&body), buffer_span(&d->body));
        }
    }
    buffer_free(&body);
    return same;
}

static void ask(struct driver *d, struct span target)
{
    const char *mark = memchr(target.data, '?', target.len);
    struct span path = {target.data, mark != NULL ? (size_t)(mark - target.data) : target.len};
    struct span text = {NULL, 0};
    struct query query;
    struct question question;
    int64_t until = INT64_MIN;
    struct problem problem = {0};
    enum view view = VIEW_AGENTS;
    if (mark != NULL)
        text = (struct span){mark + 1, target.len - path.len - 1};
    arena_reset(d->arena);
    buffer_reset(&d->body);
    const struct question_context context = {.site_id = d->site_id,
                                             .now_us = d->now_us,
                                             .horizon_us = INT64_MIN,
                                             .site_offset_min = floor_utc_offset_min(d->floor),
                                             .default_page_size = 5};
    if (!view_find(path, &view))
        problem_set(&problem, PROBLEM_NOT_FOUND, "no such view");
    else if (query_parse(text, d->arena, &query, &problem) == 0 &&
             question_read(view, &query, &context, &question, &problem) == 0)
        question_answer(view, d->floor, &question, d->arena, &d->body, &until);
    if (problem.code != 0)
        printf("ERR %s\n", problem.message);
    else if (!holds(d, view, &question, until))
        printf("ERR not as long as question_answer says\n");
    else
        printf("%.*s\n", (int)d->body.len, d->body.data);
    fflush(stdout);
}

static void command(struct driver *d, char *line, size_t len)
{
    /* The decoder reads past the end; getline's buffer is made larger by the caller. */
    struct span rest = {line + 2, len > 2 ? len - 2 : 0};
    if (strncmp(line, "SITE ", 5) == 0) {
        begin(d, strtoll(line + 5, NULL, 10));
    } else if (strncmp(line, "NOW ", 4) == 0) {
        d->now_us = strtoll(line + 4, NULL, 10);
        floor_advance(d->floor, d->now_us);
    } else if (strncmp(line, "E ", 2) == 0) {
        take(d, rest);
    } else if (strncmp(line, "Q ", 2) == 0) {
        ask(d, rest);
    } else if (strcmp(line, "S") == 0) {
        save_and_load(d);
    } else if (strcmp(line, "N") == 0) {
        printf("%llu\n", (unsigned long long)floor_anomalies(d->floor));
        fflush(stdout);
    }
}

int main(void)
{
    struct driver d = {.decoder = decoder_new(), .arena = arena_new(), .image = tmpfile()};
    size_t cap = 1 << 20;
    char *line = malloc(cap);
    if (d.decoder == NULL || d.arena == NULL || line == NULL || d.image == NULL ||
        file_archive_open("/tmp", &d.archive, NULL) < 0)
        return 1;
    begin(&d, 10000);
    while (fgets(line, (int)(cap - DECODE_PADDING), stdin) != NULL) {
        size_t len = strcspn(line, "\n");
        memset(line + len, 0, DECODE_PADDING);
        command(&d, line, len);
    }
    drop(&d);
    d.archive->close(d.archive);
    fclose(d.image);
    free(d.known);
    free(line);
    buffer_free(&d.body);
    arena_free(d.arena);
    decoder_free(d.decoder);
    return 0;
}
