/* GET /v4/livechat/events: the stored events, a page at a time, in journal order. */
#include "server/routes.h"

#include "base/limits.h"

#include <stdio.h>

#define PAGE_RECORDS 10000
/* Records looked at for one page, so that a narrow filter cannot hold a worker long. */
#define PAGE_LOOKS 200000u
#define PAGE_BYTES LIMIT_BODY_BYTES

struct page {
    struct buffer *body;
    bool has_site;
    int64_t site_id, since_us, until_us, limit;
    uint64_t next; /* to pass as `after`; 0: no more */
    int64_t count;
    unsigned looks;
};

static int take_record(void *data, const struct journal_record *record)
{
    struct page *p = data;
    if (p->count == p->limit || ++p->looks > PAGE_LOOKS ||
        (p->count > 0 && p->body->len + record->json.len + 1 > PAGE_BYTES)) {
        p->next = record->sequence - 1;
        return 1;
    }
    if ((p->has_site && record->site_id != p->site_id) || record->time_us < p->since_us ||
        record->time_us >= p->until_us)
        return 0;
    buffer_append_span(p->body, record->json);
    buffer_append_char(p->body, '\n');
    p->count++;
    return 0;
}

static int page_read(struct app *app, struct http_exchange *x, struct page *page,
                     struct problem *problem)
{
    struct credential credential;
    struct query query;
    int64_t after = 0;
    struct worker *w = worker_of(app, x);
    if (authorize(app, x, SCOPE_ADMIN, &credential, problem) < 0)
        return -1;
    arena_reset(w->arena);
    if (query_parse(http_get_request(x)->query, w->arena, &query, problem) < 0 ||
        query_number(&query, "limit", 1, PAGE_RECORDS, &page->limit, problem) < 0 ||
        query_number(&query, "after", 0, INT64_MAX, &after, problem) < 0 ||
        query_instant(&query, "since", 0, &page->since_us, problem) < 0 ||
        query_instant(&query, "until", 0, &page->until_us, problem) < 0)
        return -1;
    int named = named_site(x, &query, &credential, &page->site_id, problem);
    if (named < 0)
        return -1;
    page->has_site = named == 0;
    buffer_reset(&w->body);
    page->body = &w->body;
    if (journal_scan(app->journal, (uint64_t)after + 1, take_record, page, problem) < 0)
        return -1;
    if (w->body.failed)
        return problem_set(problem, PROBLEM_BUSY, "There is no memory for this page now.");
    return 0;
}

void handle_events_get(struct app *app, struct http_exchange *x)
{
    struct problem problem = {0};
    struct page page = {.since_us = INT64_MIN, .until_us = INT64_MAX, .limit = 1000};
    if (page_read(app, x, &page, &problem) < 0) {
        respond_problem(app, x, &problem);
        return;
    }
    char number[24];
    int len = snprintf(number, sizeof number, "%llu", (unsigned long long)page.next);
    const struct http_field next = {SPAN("X-Livefloor-Next"), {number, (size_t)len}};
    respond_body(app, x, 200, SPAN("application/x-ndjson"), buffer_span(page.body), &next,
                 page.next != 0);
}
