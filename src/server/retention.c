#include "server/retention.h"

#include "base/instant.h"
#include "base/log.h"
#include "event/decode.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Records looked at, and entities forgotten, in one step: about a millisecond. */
#define STEP_RECORDS 4096u
#define STEP_ENTITIES 512u

static const char NOTE[] = "retention.horizon";

enum part { PART_IDLE, PART_RECORDS, PART_FLOORS };

struct doomed {
    uint64_t sequence;
    int64_t site_id;
    size_t id_at, id_len; /* in `ids` of the step */
};

struct retention {
    struct journal *journal;
    struct id_index *ids;
    struct sites *sites;
    struct decoder *decoder;
    struct retention_watcher watcher;
    _Atomic unsigned days;
    _Atomic int64_t removed_to_us; /* as the journal's note says */

    /* One pass. */
    enum part part;
    int64_t horizon_us;
    uint64_t at_sequence, removed;
    bool told;               /* the watcher, that something is removed */
    uint64_t first_sequence; /* the journal's after the last pass; 0: not known */
    int64_t *site_ids;
    size_t site_count, site_at;
    struct forget_cursor cursor;

    /* One step. */
    struct doomed doomed[STEP_RECORDS];
    uint64_t sequences[STEP_RECORDS];
    size_t doomed_count, seen;
    char *id_bytes;
    size_t id_len, id_cap;
};

int64_t retention_removed_to(struct journal *journal)
{
    int64_t removed_to = INT64_MIN;
    char note[sizeof removed_to];
    struct problem problem;
    if (journal_get_note(journal, NOTE, note, sizeof note, &problem) == (long)sizeof note)
        memcpy(&removed_to, note, sizeof note);
    return removed_to;
}

struct retention *retention_new(struct journal *journal, struct id_index *ids, struct sites *sites,
                                unsigned days)
{
    struct retention *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->journal = journal;
    r->ids = ids;
    r->sites = sites;
    r->decoder = decoder_new();
    if (r->decoder == NULL) {
        free(r);
        return NULL;
    }
    atomic_store(&r->days, days);
    atomic_store(&r->removed_to_us, retention_removed_to(journal));
    return r;
}

void retention_free(struct retention *r)
{
    if (r == NULL)
        return;
    decoder_free(r->decoder);
    free(r->site_ids);
    free(r->id_bytes);
    free(r);
}

void retention_watch(struct retention *r, const struct retention_watcher *watcher)
{
    r->watcher = *watcher;
}

void retention_set_days(struct retention *r, unsigned days)
{
    atomic_store(&r->days, days);
}

unsigned retention_days(const struct retention *r)
{
    return atomic_load(&r->days);
}

int64_t retention_horizon(struct retention *r, int64_t now_us)
{
    int64_t removed_to = atomic_load(&r->removed_to_us);
    unsigned days = atomic_load(&r->days);
    int64_t horizon = days == 0 ? INT64_MIN : now_us - (int64_t)days * US_PER_DAY;
    return horizon > removed_to ? horizon : removed_to;
}

bool retention_is_of_note(struct retention *r, int64_t now_us)
{
    unsigned days = atomic_load(&r->days);
    return days == 0 || atomic_load(&r->removed_to_us) > now_us - (int64_t)days * US_PER_DAY;
}

static bool pass_begin(struct retention *r)
{
    r->horizon_us = retention_horizon(r, sites_now_us(r->sites));
    if (r->horizon_us == INT64_MIN)
        return false;
    r->part = PART_RECORDS;
    r->at_sequence = 1;
    r->removed = 0;
    return true;
}

/* Writes the pass's horizon down before anything goes: from now on it does not move back. */
static int note_horizon(struct retention *r, struct problem *problem)
{
    struct span note = {(const char *)&r->horizon_us, sizeof r->horizon_us};
    if (atomic_load(&r->removed_to_us) == r->horizon_us)
        return 0;
    if (retention_horizon(r, sites_now_us(r->sites)) < r->horizon_us)
        return problem_set(problem, PROBLEM_STORE, "more days are kept since this turn began");
    if (journal_put_note(r->journal, NOTE, note, problem) < 0)
        return -1;
    atomic_store(&r->removed_to_us, r->horizon_us);
    id_index_set_removed(r->ids, r->horizon_us, r->first_sequence);
    return 0;
}

static bool still_needed(struct retention *r, const struct journal_record *record)
{
    struct event event;
    struct problem problem;
    struct site *site = sites_find(r->sites, record->site_id);
    if (site == NULL || decode_stored(r->decoder, record->json, &event, &problem) < 0)
        return true;
    int64_t now;
    bool needed = floor_needs(site_read_begin(r->sites, site, &now), &event, r->horizon_us);
    site_read_end(site);
    return needed;
}

static int note_doomed(struct retention *r, const struct journal_record *record)
{
    if (r->id_len + record->id.len > r->id_cap) {
        size_t cap = (r->id_len + record->id.len) * 2;
        char *bytes = realloc(r->id_bytes, cap);
        if (bytes == NULL)
            return -1;
        r->id_bytes = bytes;
        r->id_cap = cap;
    }
    memcpy(r->id_bytes + r->id_len, record->id.data, record->id.len);
    r->sequences[r->doomed_count] = record->sequence;
    r->doomed[r->doomed_count++] =
        (struct doomed){record->sequence, record->site_id, r->id_len, record->id.len};
    r->id_len += record->id.len;
    return 0;
}

static int look_at(void *data, const struct journal_record *record)
{
    struct retention *r = data;
    if (r->seen++ == STEP_RECORDS)
        return 1;
    r->at_sequence = record->sequence + 1;
    if (record->time_us >= r->horizon_us || still_needed(r, record))
        return 0;
    return note_doomed(r, record);
}

/* The pass is over. */
static void pass_end(struct retention *r)
{
    r->part = PART_IDLE;
    if (r->told && r->watcher.after != NULL)
        r->watcher.after(r->watcher.data);
    r->told = false;
}

/* Removes what the step has found. */
static int remove_doomed(struct retention *r, struct problem *problem)
{
    if (r->doomed_count == 0)
        return 0;
    if (!r->told && r->watcher.before != NULL && r->watcher.before(r->watcher.data, problem) < 0)
        return -1;
    r->told = true;
    if (note_horizon(r, problem) < 0)
        return -1;
    return journal_remove(r->journal, r->sequences, r->doomed_count, problem);
}

/* Removes from some records on; false when the journal's end is reached, or nothing more can be
 * removed now. */
static bool step_records(struct retention *r)
{
    struct problem problem = {0};
    r->seen = r->doomed_count = r->id_len = 0;
    int more = journal_scan(r->journal, r->at_sequence, look_at, r, &problem);
    if (more < 0 || remove_doomed(r, &problem) < 0) {
        log_write(LOG_WARNING, "retention stops until its next turn: %s", problem.message);
        return false;
    }
    for (size_t i = 0; i < r->doomed_count; i++) {
        const struct doomed *d = &r->doomed[i];
        id_index_remove(r->ids, d->site_id, (struct span){r->id_bytes + d->id_at, d->id_len},
                        d->sequence);
    }
    r->removed += r->doomed_count;
    return more > 0;
}

/* What the journal has no more need not stay in the index's files either. */
static void records_done(struct retention *r)
{
    struct journal_stats stats;
    struct problem problem;
    if (journal_get_stats(r->journal, &stats, &problem) == 0)
        r->first_sequence = stats.first_sequence;
    id_index_set_removed(r->ids, r->horizon_us, r->first_sequence);
    log_write(LOG_INFO, "retention removed %llu events", (unsigned long long)r->removed);
}

static void note_site(void *data, struct site *site)
{
    struct retention *r = data;
    int64_t *grown = realloc(r->site_ids, (r->site_count + 1) * sizeof *grown);
    if (grown == NULL)
        return; /* it is forgotten in the next pass */
    r->site_ids = grown;
    r->site_ids[r->site_count++] = site_id(site);
}

/* Lets the floors forget; false when all have. */
static bool step_floors(struct retention *r)
{
    if (r->site_at == r->site_count)
        return false;
    struct site *site = sites_find(r->sites, r->site_ids[r->site_at]);
    struct floor *floor = site_write_begin(site);
    bool more = floor_forget(floor, r->horizon_us, &r->cursor, STEP_ENTITIES);
    site_write_end(site);
    if (!more) {
        r->site_at++;
        r->cursor = (struct forget_cursor){0};
    }
    return true;
}

bool retention_step(void *data, uint64_t last_sequence)
{
    (void)last_sequence;
    struct retention *r = data;
    if (r->part == PART_IDLE)
        return pass_begin(r);
    if (r->part == PART_RECORDS) {
        if (step_records(r))
            return true;
        if (r->removed == 0) {
            pass_end(r);
            return false;
        }
        records_done(r); /* also after a failure: no floor keeps what the journal has no more */
        r->part = PART_FLOORS;
        r->site_count = r->site_at = 0;
        sites_each(r->sites, note_site, r);
        return true;
    }
    if (step_floors(r))
        return true;
    pass_end(r);
    return false;
}
