#include "server/rebuild.h"

#include "base/instant.h"
#include "base/log.h"
#include "event/decode.h"

/* A line of progress after so many records. */
#define PROGRESS_RECORDS 1000000u

struct rebuilder {
    struct sites *sites;
    struct id_index *ids;
    struct decoder *decoder;
    struct problem *problem;
    uint64_t records;
    int64_t now_us;
};

static int take_record(void *data, const struct journal_record *record)
{
    struct rebuilder *r = data;
    struct event event;
    struct problem why;
    if (decode_stored(r->decoder, record->json, &event, &why) < 0)
        return problem_set(r->problem, PROBLEM_INTERNAL,
                           "Record %llu of the journal cannot be understood (%s): run "
                           "`livefloor check`.",
                           (unsigned long long)record->sequence, why.message);
    struct site *site = sites_get(r->sites, record->site_id);
    if (site == NULL || id_index_add(r->ids, record->site_id, record->id, record->sequence) < 0)
        return problem_set(r->problem, PROBLEM_INTERNAL,
                           "There is not enough memory for the journal's events.");
    floor_apply(site_write_begin(site), &event, r->now_us);
    site_write_end(site);
    if (++r->records % PROGRESS_RECORDS == 0)
        log_write(LOG_INFO, "read %llu events from the journal", (unsigned long long)r->records);
    return 0;
}

int rebuild(struct journal *journal, struct sites *sites, struct id_index *ids,
            struct problem *problem)
{
    struct rebuilder r = {.sites = sites, .ids = ids, .problem = problem};
    r.decoder = decoder_new();
    if (r.decoder == NULL)
        return problem_set(problem, PROBLEM_INTERNAL, "There is no memory for a decoder.");
    r.now_us = sites_now_us(sites);
    int failed = journal_scan(journal, 1, take_record, &r, problem);
    decoder_free(r.decoder);
    if (failed == 0 && r.records > 0)
        log_write(LOG_INFO, "%llu events read in %.1f s", (unsigned long long)r.records,
                  (double)(sites_now_us(sites) - r.now_us) / (double)US_PER_SECOND);
    return failed;
}
