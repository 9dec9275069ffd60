/* livefloor import */
#include "cli/import.h"

#include "base/limits.h"
#include "cli/commands.h"
#include "cli/lines.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CONNECTIONS 4u
/* A batch that fails is tried again for so long. */
#define GIVE_UP_MS 60000
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 5000

struct importer {
    struct remote remote;
    char **files;
    size_t file_count;
    struct lines *lines;
    bool ended, failed, said_waiting;
    CURLM *multi;
    struct curl_slist *headers;
    struct buffer url, header;
    struct batch batches[CONNECTIONS];
    struct import_totals totals;
};

static const struct argp_option OPTIONS[] = {
    {"url", 'u', "URL", 0, "The server, such as http://127.0.0.1:8080 (or LIVEFLOOR_URL)", 0},
    {"token", 't', "TOKEN", 0, "A token with the scopes ingest and admin (or LIVEFLOOR_TOKEN)", 0},
    {"format", 'f', "FORMAT", 0, "ndjson, one event a line (the default and so far the only one)",
     0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct importer *m = state->input;
    switch (key) {
    case 'u':
        m->remote.url = arg;
        return 0;
    case 't':
        m->remote.token = arg;
        return 0;
    case 'f':
        if (strcmp(arg, "ndjson") != 0)
            argp_error(state, "--format is '%s': expected ndjson", arg);
        return 0;
    case ARGP_KEY_ARGS:
        m->files = state->argv + state->next;
        m->file_count = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which files? Name them, or - for standard input");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static size_t take_answer(char *data, size_t size, size_t count, void *user)
{
    struct batch *b = user;
    buffer_append(&b->answer, data, size * count);
    return b->answer.failed ? 0 : size * count;
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t')
            return false;
    return true;
}

/* Fills a batch with lines; false when there are none left. */
static bool batch_fill(struct importer *m, struct batch *b)
{
    struct span line;
    buffer_reset(&b->body);
    b->count = 0;
    b->tries = 0;
    while (!m->ended && b->count < BATCH_LINES && b->body.len < BATCH_BYTES) {
        enum lines_status status = lines_next(m->lines, LIMIT_EVENT_BYTES, &line);
        const struct line_origin origin = {lines_file(m->lines), lines_number(m->lines)};
        if (status == LINES_END || status == LINES_FAILED) {
            m->ended = true;
            m->failed = m->failed || status == LINES_FAILED;
            if (status == LINES_FAILED)
                fprintf(stderr, "livefloor: %s\n", lines_error(m->lines));
        } else if (status == LINES_TOO_LONG) {
            import_report(&origin, SPAN("the line is larger than an event may be"), &m->totals);
        } else if (!is_blank(line)) {
            b->origins[b->count++] = origin;
            buffer_append_span(&b->body, line);
            buffer_append_char(&b->body, '\n');
        }
    }
    return b->count > 0;
}

static void batch_send(struct importer *m, struct batch *b)
{
    buffer_reset(&b->answer);
    b->again_at_ms = 0;
    if (b->tries++ == 0)
        b->first_try_ms = now_ms();
    curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, b->body.data);
    curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)b->body.len);
    curl_multi_add_handle(m->multi, b->curl);
}

/* Is it worth another try: no connection, or an answer that says "later"? */
static bool comes_again(CURLcode code, long status)
{
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
        code == CURLE_COULDNT_RESOLVE_HOST)
        return false;
    return code != CURLE_OK || status == 408 || status == 429 || status == 503;
}

static void batch_failed(struct importer *m, struct batch *b, CURLcode code, long status)
{
    int64_t now = now_ms();
    if (comes_again(code, status) && now - b->first_try_ms < GIVE_UP_MS) {
        int64_t pause = FIRST_PAUSE_MS << (b->tries < 7 ? b->tries - 1 : 6);
        if (!m->said_waiting)
            fprintf(stderr, "livefloor: %s does not take events now; trying again for a minute\n",
                    m->remote.url);
        m->said_waiting = true;
        b->again_at_ms = now + (pause < LONGEST_PAUSE_MS ? pause : LONGEST_PAUSE_MS);
        return;
    }
    if (code != CURLE_OK)
        fprintf(stderr, "livefloor: %s: %s\n", m->remote.url, curl_easy_strerror(code));
    else
        fprintf(stderr, "livefloor: the server answered %ld: %.*s\n", status, (int)b->answer.len,
                b->answer.data);
    m->failed = m->ended = true;
    b->busy = false;
}

static void batch_done(struct importer *m, struct batch *b, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(m->multi, b->curl);
    /* A batch of which every line was refused is answered 400, in the same form. */
    if (code == CURLE_OK && (status == 200 || status == 400) && import_read_answer(b, &m->totals))
        b->busy = false;
    else
        batch_failed(m, b, code, status);
}

static void collect(struct importer *m)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(m->multi, &left)) != NULL) {
        struct batch *b = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &b);
        batch_done(m, b, code);
    }
}

/* Starts what can be started; false when nothing is on its way any more. */
static bool keep_busy(struct importer *m)
{
    bool any = false;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct batch *b = &m->batches[i];
        if (!b->busy && !m->ended && batch_fill(m, b)) {
            b->busy = true;
            batch_send(m, b);
        } else if (b->busy && b->again_at_ms != 0 && now_ms() >= b->again_at_ms) {
            batch_send(m, b);
        }
        any = any || b->busy;
    }
    return any;
}

static int setup(struct importer *m)
{
    m->lines = lines_open(m->files, m->file_count);
    m->multi = curl_multi_init();
    buffer_printf(&m->url, "%s/v4/livechat/events?import=true", m->remote.url);
    buffer_append_char(&m->url, '\0');
    buffer_printf(&m->header, "Authorization: Bearer %s", m->remote.token);
    buffer_append_char(&m->header, '\0');
    if (m->lines == NULL || m->multi == NULL || m->url.failed || m->header.failed)
        return -1;
    m->headers = curl_slist_append(NULL, m->header.data);
    m->headers = curl_slist_append(m->headers, "Content-Type: application/x-ndjson");
    m->headers = curl_slist_append(m->headers, "Expect:");
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct batch *b = &m->batches[i];
        b->curl = curl_easy_init();
        if (b->curl == NULL)
            return -1;
        curl_easy_setopt(b->curl, CURLOPT_URL, m->url.data);
        curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, m->headers);
        curl_easy_setopt(b->curl, CURLOPT_WRITEFUNCTION, take_answer);
        curl_easy_setopt(b->curl, CURLOPT_WRITEDATA, b);
        curl_easy_setopt(b->curl, CURLOPT_PRIVATE, b);
        curl_easy_setopt(b->curl, CURLOPT_NOSIGNAL, 1L);
    }
    return 0;
}

static void import_all(struct importer *m)
{
    uint64_t done, total;
    int running;
    while (keep_busy(m)) {
        curl_multi_perform(m->multi, &running);
        collect(m);
        lines_progress(m->lines, &done, &total);
        import_progress(&m->totals, done, total, false);
        if (running > 0 || m->ended)
            curl_multi_poll(m->multi, NULL, 0, 50, NULL);
    }
    import_progress(&m->totals, 0, 0, true);
}

static void clean_up(struct importer *m)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        curl_easy_cleanup(m->batches[i].curl);
        buffer_free(&m->batches[i].body);
        buffer_free(&m->batches[i].answer);
    }
    if (m->multi != NULL)
        curl_multi_cleanup(m->multi);
    curl_slist_free_all(m->headers);
    lines_close(m->lines);
    buffer_free(&m->url);
    buffer_free(&m->header);
}

int cmd_import(int argc, char **argv)
{
    static struct importer m;
    const struct argp argp = {OPTIONS,
                              parse,
                              "FILE...",
                              "Send recorded events to a server: NDJSON, plain or gzip, from "
                              "files or - (standard input). Run it again after a failure: "
                              "events that are there already count as duplicates. Only "
                              "those without an id come twice then.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &m);
    if (!remote_complete(&m.remote))
        return 2;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (setup(&m) < 0) {
        fputs("livefloor: there is no memory to import.\n", stderr);
        m.failed = true;
    } else {
        import_all(&m);
    }
    clean_up(&m);
    curl_global_cleanup();
    if (m.failed)
        fputs("livefloor: not all was sent; it is safe to run this again.\n", stderr);
    return m.failed || m.totals.refused > 0 ? 1 : 0;
}
