/* /livez, /readyz and /metrics. */
#include "server/routes.h"

void handle_livez(struct app *app, struct http_exchange *x)
{
    respond_json(app, x, 200, SPAN("{\"status\":\"live\"}"));
}

void handle_readyz(struct app *app, struct http_exchange *x)
{
    struct problem problem;
    if (!atomic_load(&app->stopping)) {
        respond_json(app, x, 200, SPAN("{\"status\":\"ready\"}"));
        return;
    }
    problem_set(&problem, PROBLEM_STOPPING, "The server is stopping.");
    respond_problem(app, x, &problem);
}

static void metric(struct buffer *b, const char *name, const char *type, const char *help,
                   uint64_t value)
{
    const char *suffix = type[0] == 'c' ? "_total" : "";
    buffer_printf(b, "# TYPE livefloor_%s %s\n# HELP livefloor_%s %s\nlivefloor_%s%s %llu\n", name,
                  type, name, help, name, suffix, (unsigned long long)value);
}

struct anomaly_sum {
    struct sites *sites;
    uint64_t count;
};

static void add_anomalies(void *data, struct site *site)
{
    struct anomaly_sum *sum = data;
    int64_t now;
    sum->count += floor_anomalies(site_read_begin(sum->sites, site, &now));
    site_read_end(site);
}

static void metrics_requests(struct buffer *b, struct app *app)
{
    static const char *const names[ROUTE_IDS] = {"other",  "agents", "queue",  "today",  "rightnow",
                                                 "events", "livez",  "readyz", "metrics"};
    buffer_append_text(b, "# TYPE livefloor_requests counter\n# HELP livefloor_requests Answers "
                          "by route and class of status.\n");
    for (unsigned r = 0; r < ROUTE_IDS; r++)
        for (unsigned s = 2; s < STATUS_CLASSES; s++) {
            uint64_t count = 0;
            for (unsigned w = 0; w < app->worker_count; w++)
                count +=
                    atomic_load_explicit(&app->workers[w].requests[r][s], memory_order_relaxed);
            if (count > 0)
                buffer_printf(b, "livefloor_requests_total{route=\"%s\",status=\"%uxx\"} %llu\n",
                              names[r], s, (unsigned long long)count);
        }
}

void handle_metrics(struct app *app, struct http_exchange *x)
{
    struct problem problem = {0};
    struct credential credential;
    struct journal_stats stats;
    if (authorize(app, x, SCOPE_READ, &credential, &problem) < 0 ||
        journal_get_stats(app->journal, &stats, &problem) < 0) {
        respond_problem(app, x, &problem);
        return;
    }
    struct buffer *b = &worker_of(app, x)->body;
    const struct ingest_totals *t = ingest_get_totals(app->ingest);
    struct anomaly_sum anomalies = {app->sites, 0};
    sites_each(app->sites, add_anomalies, &anomalies);
    buffer_reset(b);
    metric(b, "events_accepted", "counter", "Events made durable since the start.",
           atomic_load(&t->accepted));
    metric(b, "events_duplicate", "counter", "Events whose id was known.",
           atomic_load(&t->duplicates));
    metric(b, "events_refused", "counter", "Events refused by themselves.",
           atomic_load(&app->refused_events));
    metric(b, "commits", "counter", "Groups committed to the journal.", atomic_load(&t->groups));
    metric(b, "commits_failed", "counter", "Groups that the store could not keep.",
           atomic_load(&t->failed_groups));
    metric(b, "ingest_waiting_bytes", "gauge", "Memory of batches waiting for the writer.",
           atomic_load(&t->waiting_bytes));
    metric(b, "journal_records", "gauge", "Events in the journal.", stats.records);
    metric(b, "journal_bytes", "gauge", "Bytes of the journal on disk.", stats.bytes_used);
    metric(b, "sites", "gauge", "Sites with events.", sites_count(app->sites, NULL));
    metric(b, "anomalies", "gauge", "Events that changed nothing because they made no sense.",
           anomalies.count);
    metrics_requests(b, app);
    buffer_append_text(b, "# EOF\n");
    respond_body(app, x, 200, SPAN("application/openmetrics-text; version=1.0.0; charset=utf-8"),
                 buffer_span(b), NULL, 0);
}
