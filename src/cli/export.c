/* livefloor export */
#include "base/buffer.h"
#include "base/instant.h"
#include "base/paths.h"
#include "cli/commands.h"
#include "journal/journal.h"

#include <argp.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

struct export_options {
    const char *data;
    struct remote remote;
    int64_t site_id; /* 0: all */
    int64_t since_us, until_us;
};

static const struct argp_option OPTIONS[] = {
    {"data", 'd', "DIR", 0,
     "Read the server's directory, also while it runs (default ./livefloor-data)", 0},
    {"url", 'u', "URL", 0, "Ask a server instead (or LIVEFLOOR_URL)", 0},
    {"token", 't', "TOKEN", 0, "A token with the scope admin (or LIVEFLOOR_TOKEN)", 0},
    {"site", 's', "N", 0, "Only this site", 0},
    {"since", 'a', "TIME", 0, "Only events at or after, such as 2026-11-01T00:00:00Z", 0},
    {"until", 'b', "TIME", 0, "Only events before", 0},
    {0},
};

static void take_time(struct argp_state *state, const char *arg, int64_t *out)
{
    bool zone;
    if (instant_parse(span_of(arg), out, &zone) != INSTANT_OK)
        argp_error(state, "'%s' is not a time such as 2026-11-01T00:00:00Z", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct export_options *o = state->input;
    switch (key) {
    case 'd':
        o->data = arg;
        return 0;
    case 'u':
        o->remote.url = arg;
        return 0;
    case 't':
        o->remote.token = arg;
        return 0;
    case 's':
        if (!site_parse(arg, &o->site_id))
            argp_error(state, "--site is '%s': expected the number of a site", arg);
        return 0;
    case 'a':
        take_time(state, arg, &o->since_us);
        return 0;
    case 'b':
        take_time(state, arg, &o->until_us);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is not an option of export", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print_record(void *data, const struct journal_record *record)
{
    const struct export_options *o = data;
    if ((o->site_id != 0 && record->site_id != o->site_id) || record->time_us < o->since_us ||
        record->time_us >= o->until_us)
        return 0;
    fwrite(record->json.data, 1, record->json.len, stdout);
    putchar('\n');
    return ferror(stdout) ? 1 : 0;
}

static int export_directory(struct export_options *o)
{
    struct problem problem = {0};
    struct journal *journal;
    char *path = path_join(o->data, "journal");
    const struct journal_options options = {.directory = path, .read_only = true};
    int status = 1;
    if (path != NULL && journal_open(&options, &journal, &problem) == 0) {
        if (journal_scan(journal, 1, print_record, o, &problem) == 0)
            status = 0;
        journal_close(journal);
    }
    if (problem.code != 0)
        fprintf(stderr, "livefloor: %s\n", problem.message);
    free(path);
    return status;
}

/* --- over HTTP, a page after the other --- */

static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    struct buffer *b = user;
    buffer_append(b, data, size * count);
    return b->failed ? 0 : size * count;
}

static size_t take_field(char *data, size_t size, size_t count, void *user)
{
    static const char name[] = "x-livefloor-next:";
    struct span line = {data, size * count};
    if (line.len > sizeof name &&
        span_equal_nocase((struct span){line.data, sizeof name - 1}, SPAN("x-livefloor-next:")))
        *(unsigned long long *)user = strtoull(line.data + sizeof name - 1, NULL, 10);
    return line.len;
}

static void page_url(const struct export_options *o, unsigned long long after, struct buffer *url)
{
    char text[INSTANT_TEXT_BYTES];
    buffer_reset(url);
    buffer_printf(url, "%s/v4/livechat/events?limit=10000&after=%llu", o->remote.url, after);
    if (o->site_id != 0)
        buffer_printf(url, "&siteId=%lld", (long long)o->site_id);
    if (o->since_us != INT64_MIN) {
        instant_format(o->since_us, text);
        buffer_printf(url, "&since=%s", text);
    }
    if (o->until_us != INT64_MAX) {
        instant_format(o->until_us, text);
        buffer_printf(url, "&until=%s", text);
    }
    buffer_append_char(url, '\0');
}

static int export_page(CURL *curl, const struct export_options *o, struct buffer *url,
                       struct buffer *body, unsigned long long *after)
{
    unsigned long long next = 0;
    long status = 0;
    page_url(o, *after, url);
    buffer_reset(body);
    curl_easy_setopt(curl, CURLOPT_URL, url->data);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &next);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
        fprintf(stderr, "livefloor: %s: %.*s\n", o->remote.url,
                code != CURLE_OK ? (int)strlen(curl_easy_strerror(code)) : (int)body->len,
                code != CURLE_OK ? curl_easy_strerror(code) : body->data);
        return -1;
    }
    if (fwrite(body->data, 1, body->len, stdout) != body->len)
        return -1;
    *after = next;
    return next != 0 ? 1 : 0;
}

static int export_server(const struct export_options *o)
{
    struct buffer url = {0}, body = {0}, header = {0};
    unsigned long long after = 0;
    int more = -1;
    CURL *curl = curl_easy_init();
    buffer_printf(&header, "Authorization: Bearer %s", o->remote.token);
    buffer_append_char(&header, '\0');
    struct curl_slist *headers = header.failed ? NULL : curl_slist_append(NULL, header.data);
    if (curl != NULL && headers != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field);
        curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
        while ((more = export_page(curl, o, &url, &body, &after)) > 0)
            ;
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buffer_free(&url);
    buffer_free(&body);
    buffer_free(&header);
    return more == 0 ? 0 : 1;
}

int cmd_export(int argc, char **argv)
{
    struct export_options o = {.since_us = INT64_MIN, .until_us = INT64_MAX};
    const struct argp argp = {OPTIONS,
                              parse,
                              NULL,
                              "Write the stored events to standard output, one a line, in the "
                              "order in which they were stored.",
                              NULL,
                              NULL,
                              NULL};
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (o.data == NULL && (remote_named(&o.remote) || o.remote.token != NULL))
        return remote_complete(&o.remote) ? export_server(&o) : 2;
    o.data = o.data != NULL ? o.data : "livefloor-data";
    return export_directory(&o);
}
