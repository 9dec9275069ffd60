#include "event/decode.h"

#include "base/limits.h"
#include "base/thread.h"
#include "event/plain_object.h"
#include "event/reading.h"

#include <stdlib.h>

/* So many are decoded in some ten microseconds. */
#define EVENTS_AT_A_TIME 32u

struct decoder {
    struct json_reader *json;
    struct json_node plain[PLAIN_NODES];
    struct id_map *ids;
    struct vocabulary words;
    struct buffer scratch;
    struct arena *stored; /* what decode_stored's event points to */
};

/* A body on its way to a batch. */
struct intake {
    struct decoder *decoder;
    const struct decode_context *context;
    struct arena *arena;
    struct decoded_batch *out;
    size_t event_cap, refused_cap;
    size_t body_len; /* to guess how many more there are */
    uint32_t index;  /* of the event being read */
    bool enveloped;
    struct problem *problem;
};

static void learn_words(struct vocabulary *words)
{
    fields_vocabulary(&words->keys);
    head_vocabulary(&words->attributes);
    for (unsigned i = 0; i < EVENT_TYPES; i++)
        names_add(&words->types, event_type_name((enum event_type)i), i + 1);
}

struct decoder *decoder_new(void)
{
    struct decoder *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->json = json_reader_new();
    d->ids = id_map_new();
    d->stored = arena_new();
    if (d->json == NULL || d->ids == NULL || d->stored == NULL) {
        decoder_free(d);
        return NULL;
    }
    learn_words(&d->words);
    return d;
}

void decoder_free(struct decoder *d)
{
    if (d == NULL)
        return;
    json_reader_free(d->json);
    id_map_free(d->ids);
    arena_free(d->stored);
    buffer_free(&d->scratch);
    free(d);
}

/* Says why a whole text cannot be read; `what` is what to call it. */
static int unreadable(struct problem *p, enum json_status status, const char *what, size_t offset)
{
    switch (status) {
    case JSON_NOT_UTF8:
        return problem_set(p, PROBLEM_BODY, "%s is not UTF-8: send JSON in UTF-8", what);
    case JSON_CUT_OFF:
        return problem_set(p, PROBLEM_BODY, "%s is cut off, or something follows its JSON", what);
    case JSON_TOO_DEEP:
        return problem_set(p, PROBLEM_BODY,
                           "%s is nested too deep near byte %zu: expected at most %u levels", what,
                           offset, LIMIT_JSON_DEPTH);
    case JSON_NO_MEMORY:
        return problem_set(p, PROBLEM_INTERNAL, "The server is out of memory: try again");
    default:
        if (offset == 0) /* not known, or its first */
            return problem_set(p, PROBLEM_BODY, "%s is not JSON", what);
        return problem_set(p, PROBLEM_BODY, "%s is not JSON: see near byte %zu", what, offset);
    }
}

/* An array of the arena with room for one more; NULL when there is no memory. */
static void *grow(struct arena *a, void *items, size_t count, size_t *cap, size_t size,
                  size_t at_first)
{
    if (count < *cap)
        return items;
    size_t more = *cap == 0 ? at_first : *cap * 2;
    void *grown = arena_alloc(a, more * size);
    if (grown == NULL)
        return NULL;
    if (count > 0)
        memcpy(grown, items, count * size);
    *cap = more;
    return grown;
}

static int out_of_memory(struct intake *in)
{
    return unreadable(in->problem, JSON_NO_MEMORY, "", 0);
}

/* Room for the next event. The first guess is that all are as long as the first. */
static struct decoded_event *next_event(struct intake *in, size_t len)
{
    size_t rest = in->body_len / (len == 0 ? 1 : len) + 1;
    size_t first = rest > LIMIT_BATCH_EVENTS ? LIMIT_BATCH_EVENTS : rest;
    struct decoded_event *events = grow(in->arena, in->out->events, in->out->event_count,
                                        &in->event_cap, sizeof *events, first);
    if (events == NULL)
        return NULL;
    in->out->events = events;
    struct decoded_event *next = &events[in->out->event_count];
    memset(next, 0, sizeof *next);
    next->index = in->index;
    return next;
}

static struct problem *next_refusal(struct intake *in)
{
    struct refused_event *refused = grow(in->arena, in->out->refused, in->out->refused_count,
                                         &in->refused_cap, sizeof *refused, 4);
    if (refused == NULL)
        return NULL;
    in->out->refused = refused;
    struct refused_event *next = &refused[in->out->refused_count];
    next->index = in->index;
    next->problem.code = 0; /* its message is written when there is one */
    next->problem.message[0] = '\0';
    return &next->problem;
}

/* Takes in what json_reader_next made of one value: an event, a refusal, or -1
 * when memory ran out. */
static int take(struct intake *in, enum json_status status, struct json_node *nodes)
{
    struct problem *refusal = next_refusal(in);
    struct decoded_event *next =
        refusal == NULL ? NULL
                        : next_event(in, status == JSON_OK ? nodes[0].raw.len : LIMIT_EVENT_BYTES);
    if (next == NULL)
        return out_of_memory(in);
    struct reading r = {
        .words = &in->decoder->words,
        .ids = in->decoder->ids,
        .arena = in->arena,
        .scratch = &in->decoder->scratch,
        .context = in->context,
        .nodes = nodes,
        .plain = nodes == in->decoder->plain,
        .event = &next->event,
        .problem = refusal,
    };
    if (status == JSON_OVERSIZE)
        problem_set(refusal, PROBLEM_EVENT, "The event is too long: expected at most %u bytes",
                    LIMIT_EVENT_BYTES);
    else if (nodes[0].kind != JSON_OBJECT)
        problem_set(refusal, PROBLEM_EVENT, "The event is %s: expected an object",
                    reading_show(nodes[0].raw).text);
    else if ((in->enveloped ? head_read_enveloped(&r) : head_read(&r)) == 0 &&
             normal_text(&r, &next->json) == 0 && fields_read(&r) == 0) {
        if (!in->enveloped && r.head[KEY_ID] != NULL)
            next->event.id = reading_keep(&r, r.head[KEY_ID]);
        if (next->event.id.data == NULL)
            return out_of_memory(in);
        in->out->event_count++;
        return 0;
    }
    if (refusal->code == PROBLEM_INTERNAL)
        return out_of_memory(in);
    in->out->refused_count++;
    return 0;
}

/* A large body is decoded while others want answers. */
static void let_others(const struct intake *in)
{
    if (in->index > 0 && in->index % EVENTS_AT_A_TIME == 0)
        thread_let_others();
}

static int check_count(struct intake *in)
{
    if (in->index < LIMIT_BATCH_EVENTS)
        return 0;
    return problem_set(in->problem, PROBLEM_BODY,
                       "The body has more than %u events: send them in several requests",
                       LIMIT_BATCH_EVENTS);
}

/* A body that is one JSON text. */
static int take_json(struct intake *in, enum body_format format, struct span body)
{
    struct json_reader *json = in->decoder->json;
    struct json_node *nodes = NULL;
    enum json_kind whole = JSON_NULL;
    enum json_status status =
        json_reader_open(json, body, LIMIT_EVENT_BYTES, LIMIT_JSON_DEPTH, &whole);
    if (status == JSON_BLANK)
        return 0;
    if (status != JSON_OK)
        return unreadable(in->problem, status, "The body", json_reader_offset(json));
    if ((format == BODY_CLOUDEVENT && whole == JSON_ARRAY) ||
        (format == BODY_CLOUDEVENT_BATCH && whole == JSON_OBJECT))
        return problem_set(in->problem, PROBLEM_BODY,
                           format == BODY_CLOUDEVENT
                               ? "The body is an array: send application/cloudevents-batch+json"
                               : "The body is one object: send application/cloudevents+json");
    if (whole != JSON_ARRAY && whole != JSON_OBJECT)
        return problem_set(in->problem, PROBLEM_BODY,
                           "The body is neither an event nor an array of events");
    for (;; in->index++) {
        status = json_reader_next(json, &nodes);
        if (status == JSON_DONE)
            return 0;
        if (status != JSON_OK && status != JSON_OVERSIZE)
            return unreadable(in->problem, status, "The body", json_reader_offset(json));
        if (check_count(in) != 0 || take(in, status, nodes) != 0)
            return -1;
        let_others(in);
    }
}

/* One line of NDJSON that is not blank. */
static int take_line(struct intake *in, struct span line)
{
    struct json_reader *json = in->decoder->json;
    struct json_node *nodes = NULL, *none = NULL;
    enum json_kind whole = JSON_NULL;
    enum json_status status = JSON_OVERSIZE;
    if (line.len <= LIMIT_EVENT_BYTES && plain_object_read(line, in->decoder->plain) > 0)
        return take(in, JSON_OK, in->decoder->plain);
    if (line.len <= LIMIT_EVENT_BYTES) {
        status = json_reader_open(json, line, LIMIT_EVENT_BYTES, LIMIT_JSON_DEPTH, &whole);
        if (status == JSON_OK && whole != JSON_OBJECT)
            status = JSON_BLANK;
        if (status == JSON_OK)
            status = json_reader_next(json, &nodes);
        /* The nodes of the line's one value outlast the look for its end. */
        if (status == JSON_OK) {
            enum json_status end = json_reader_next(json, &none);
            status = end == JSON_DONE ? JSON_OK : end;
        }
    }
    if (status == JSON_OK || status == JSON_OVERSIZE)
        return take(in, status, nodes);
    struct problem *refusal = next_refusal(in);
    if (refusal == NULL || status == JSON_NO_MEMORY)
        return out_of_memory(in);
    if (status == JSON_BLANK)
        problem_set(refusal, PROBLEM_EVENT, "The line is %s: expected an object",
                    reading_show(line).text);
    else
        unreadable(refusal, status, "The line", json_reader_offset(json));
    in->out->refused_count++;
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A body of lines. */
static int take_lines(struct intake *in, struct span body)
{
    const char *end = body.data + body.len;
    for (const char *at = body.data, *next; at < end; at = next) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        next = stop == NULL ? end : stop + 1;
        if (stop == NULL)
            stop = end;
        while (stop > at && is_blank(stop[-1]))
            stop--;
        while (at < stop && is_blank(*at))
            at++;
        if (at == stop)
            continue;
        struct span line = {at, (size_t)(stop - at)};
        if (check_count(in) != 0 || take_line(in, line) != 0)
            return -1;
        in->index++;
        let_others(in);
    }
    return 0;
}

int decode_body(struct decoder *d, enum body_format format, struct span body,
                const struct decode_context *context, struct arena *arena,
                struct decoded_batch *out, struct problem *problem)
{
    struct intake in = {
        .decoder = d,
        .context = context,
        .arena = arena,
        .out = out,
        .body_len = body.len,
        .enveloped = format == BODY_CLOUDEVENT || format == BODY_CLOUDEVENT_BATCH,
        .problem = problem,
    };
    *out = (struct decoded_batch){0};
    /* Some systems put a byte order mark before every UTF-8 text. */
    if (body.len >= 3 && memcmp(body.data, "\xEF\xBB\xBF", 3) == 0) {
        body.data += 3;
        body.len -= 3;
    }
    int result = format == BODY_NDJSON ? take_lines(&in, body) : take_json(&in, format, body);
    if (result == 0 && out->event_count + out->refused_count == 0)
        result =
            problem_set(problem, PROBLEM_BATCH_EMPTY, "The body holds no event: send one or more");
    if (result != 0)
        *out = (struct decoded_batch){0};
    return result;
}

/* The nodes of a kept text, which padding follows. */
static enum json_status stored_nodes(struct decoder *d, struct span json, struct json_node **out)
{
    struct json_node *none = NULL;
    enum json_kind whole = JSON_NULL;
    *out = d->plain;
    if (plain_object_read(json, d->plain) > 0)
        return JSON_OK;
    enum json_status status = json_reader_open(d->json, json, SIZE_MAX, LIMIT_JSON_DEPTH, &whole);
    if (status == JSON_OK && whole != JSON_OBJECT)
        status = JSON_MALFORMED;
    if (status == JSON_OK)
        status = json_reader_next(d->json, out);
    if (status == JSON_OK && json_reader_next(d->json, &none) != JSON_DONE)
        status = JSON_MALFORMED;
    return status;
}

int decode_stored_into(struct decoder *d, struct span json, struct arena *arena, struct event *out,
                       struct problem *problem)
{
    struct json_node *nodes;
    char *text = arena_alloc(arena, json.len + JSON_READER_PADDING);
    if (text == NULL)
        return unreadable(problem, JSON_NO_MEMORY, "", 0);
    memcpy(text, json.data, json.len);
    memset(text + json.len, 0, JSON_READER_PADDING);
    enum json_status status = stored_nodes(d, (struct span){text, json.len}, &nodes);
    if (status != JSON_OK)
        return unreadable(problem, status, "The kept event", json_reader_offset(d->json));
    memset(out, 0, sizeof *out);
    struct reading r = {
        .words = &d->words,
        .ids = d->ids,
        .arena = arena,
        .scratch = &d->scratch,
        .nodes = nodes,
        .event = out,
        .problem = problem,
    };
    if (head_read(&r) != 0 || fields_read(&r) != 0)
        return -1;
    out->id = reading_keep(&r, r.head[KEY_ID]);
    return out->id.data == NULL ? reading_no_memory(&r) : 0;
}

int decode_stored(struct decoder *d, struct span json, struct event *out, struct problem *problem)
{
    arena_reset(d->stored);
    return decode_stored_into(d, json, d->stored, out, problem);
}
