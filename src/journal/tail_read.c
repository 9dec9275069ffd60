/* Reading goes through the store, then through what the tail has behind it. A move may take
 * place meanwhile: a place is good as long as its sequence is not the store's. */
#include "journal/block_visit.h"
#include "journal/segments.h"
#include "journal/tail.h"

#include <errno.h>
#include <stdlib.h>

/* A reader looks again when the files were written anew while it read them. */
#define REFRESH_TRIES 1000u

static int refresh_once(struct tail_journal *t, struct lmdb_position *at, struct tail_found *found,
                        struct problem *problem)
{
    if (lmdb_journal_position(t->store, at, problem) < 0)
        return -1;
    for (unsigned i = 0; i < 2; i++) {
        tail_file_close(&t->files[i]); /* it may have grown */
        if (at->generation != 0 && tail_file_open(&t->files[i], t->paths[i], true, problem) < 0)
            return -1;
    }
    return tail_survey(t->files, t->directory, at->generation, at->next, found, problem);
}

int tail_refresh(struct tail_journal *t, struct problem *problem)
{
    uint64_t damaged = 0; /* as it was found the last time */
    for (unsigned i = 0; i < REFRESH_TRIES; i++) {
        struct lmdb_position at, after;
        struct tail_found found;
        if (refresh_once(t, &at, &found, problem) < 0 ||
            lmdb_journal_position(t->store, &after, problem) < 0)
            return -1;
        t->generation = at.generation;
        t->writing = found.writing;
        t->moved_to = at.next;
        t->next = found.next;
        /* What looks damaged may have been written while it was read; then it is not the
         * second time. */
        if (after.generation == at.generation && found.damaged == damaged)
            return 0;
        damaged = found.damaged;
    }
    return problem_set(problem, PROBLEM_STORE,
                       "The store changes faster than it can be read: try again.");
}

enum where { IN_STORE, IN_TAIL, NOWHERE };

/* Where a sequence is: for the store *place is its end there, for the tail the place; *next
 * is the sequence behind that place. */
static enum where locate(struct tail_journal *t, uint64_t sequence, struct tail_file *file,
                         struct tail_place *place, uint64_t *next)
{
    enum where where = NOWHERE;
    pthread_mutex_lock(&t->lock);
    if (sequence < t->moved_to) {
        where = IN_STORE;
        *next = t->moved_to;
    } else if (sequence < t->next) {
        const struct tail_file *f = &t->files[t->writing % 2];
        *next = t->next;
        if (t->writing > t->generation && (f->count == 0 || f->places[0].key > sequence)) {
            *next = f->count > 0 ? f->places[0].key : t->next;
            f = &t->files[t->generation % 2];
        }
        const struct tail_place *found = tail_file_find(f, sequence);
        if (found != NULL) {
            where = IN_TAIL;
            *place = *found;
            *file = *f;
            if (found + 1 < f->places + f->count)
                *next = found[1].key;
        }
    }
    pthread_mutex_unlock(&t->lock);
    return where;
}

/* Does a place still hold what it held when it was located? */
static bool still_there(struct tail_journal *t, const struct tail_place *place, uint64_t generation)
{
    if (t->read_only) {
        struct lmdb_position at;
        struct problem problem;
        return lmdb_journal_position(t->store, &at, &problem) == 0 && at.generation == generation;
    }
    pthread_mutex_lock(&t->lock);
    bool there = t->moved_to <= place->key;
    pthread_mutex_unlock(&t->lock);
    return there;
}

/* A value's bytes: a copy, or held in a segment. */
struct tail_bytes {
    struct span bytes;
    char *copy;
    struct segment_hold hold;
};

static void drop_bytes(struct tail_journal *t, struct tail_bytes *b)
{
    free(b->copy);
    segments_release(lmdb_journal_segments(t->store), &b->hold);
}

/* Reads the bytes of a place. 0 or an error's number. */
static int take_bytes(struct tail_journal *t, const struct tail_file *f,
                      const struct tail_place *place, struct tail_bytes *out)
{
    *out = (struct tail_bytes){0};
    if (place->segment != 0) {
        int error = segments_hold(lmdb_journal_segments(t->store), place->segment,
                                  (uint64_t)place->offset + place->length, &out->hold);
        if (error == 0)
            out->bytes = (struct span){out->hold.bytes + place->offset, place->length};
        return error;
    }
    out->copy = malloc(place->length);
    out->bytes = (struct span){out->copy, place->length};
    return out->copy == NULL ? ENOMEM : tail_file_read(f, place->offset, out->copy, place->length);
}

enum outcome { TAKEN, LOOK_AGAIN, FAILED };

/* The bytes of a value, to be dropped when they are TAKEN; *problem tells what FAILED. */
static enum outcome read_value(struct tail_journal *t, const struct tail_file *f,
                               const struct tail_place *place, struct tail_bytes *out,
                               struct problem *problem)
{
    uint64_t generation = t->read_only ? t->generation : 0;
    int error = take_bytes(t, f, place, out);
    bool there = still_there(t, place, generation);
    /* A segment's bytes never change: those that are held are good. */
    if (error == 0 && (there || place->segment != 0))
        return TAKEN;
    drop_bytes(t, out);
    if (!there)
        return LOOK_AGAIN;
    problem_set(problem, PROBLEM_STORE, "The store's tail cannot be read: %s.", strerror(error));
    return FAILED;
}

/* Notes how far a walk of the store came. */
struct follower {
    const struct journal_checks *checks;
    uint64_t next;
};

static int follow(void *data, const struct journal_record *record)
{
    struct follower *f = data;
    f->next = record->sequence + 1;
    return f->checks->record(f->checks->data, record);
}

static void follow_damage(void *data, uint64_t sequence, uint64_t count, const char *why)
{
    struct follower *f = data;
    f->checks->damaged(f->checks->data, sequence, count, why);
}

static int walk_store(struct tail_journal *t, uint64_t from, uint64_t end, uint64_t *next,
                      const struct journal_checks *checks, struct problem *problem)
{
    struct follower f = {checks, end};
    const struct journal_checks mine = {
        .record = follow, .damaged = checks->damaged == NULL ? NULL : follow_damage, .data = &f};
    int result = lmdb_journal_walk(t->store, from, &mine, problem);
    *next = f.next > end ? f.next : end; /* removed ones leave gaps */
    return result;
}

/* What lies at a place, from a sequence on; *at goes behind it when that was seen. */
static int walk_place(struct tail_journal *t, const struct tail_file *f,
                      const struct tail_place *place, uint64_t next, uint64_t *at,
                      const struct journal_checks *checks, struct problem *problem)
{
    struct tail_bytes b;
    unsigned seen = 0;
    int result = 0;
    switch (read_value(t, f, place, &b, problem)) {
    case TAKEN:
        result = block_visit_from(place->key, b.bytes, *at, checks, &seen, problem);
        drop_bytes(t, &b);
        *at = next;
        return result;
    case LOOK_AGAIN:
        return t->read_only ? tail_refresh(t, problem) : 0;
    case FAILED:
        break;
    }
    return -1;
}

int tail_walk(struct tail_journal *t, uint64_t from, const struct journal_checks *checks,
              struct problem *problem)
{
    if (t->read_only && tail_refresh(t, problem) < 0)
        return -1;
    pthread_mutex_lock(&t->lock);
    uint64_t limit = t->next, at = from > 0 ? from : 1, next;
    pthread_mutex_unlock(&t->lock);
    int result = 0;
    while (at < limit && result == 0) {
        struct tail_place place;
        struct tail_file file;
        enum where where = locate(t, at, &file, &place, &next);
        if (where == NOWHERE)
            break;
        if (where == IN_STORE) {
            result = walk_store(t, at, next, &at, checks, problem);
        } else if (place.length == 0) {
            result = block_damage(checks, place.key, next - place.key, RECORD_DAMAGED, problem);
            at = next;
        } else {
            result = walk_place(t, &file, &place, next, &at, checks, problem);
        }
    }
    segments_forget(lmdb_journal_segments(t->store));
    return result;
}

int tail_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
              struct problem *problem)
{
    struct tail_journal *t = (struct tail_journal *)(void *)base;
    if (t->read_only && tail_refresh(t, problem) < 0)
        return -1;
    for (;;) {
        struct tail_place place;
        struct tail_file file;
        struct tail_bytes b;
        uint64_t next;
        enum where where = locate(t, sequence, &file, &place, &next);
        if (where != IN_TAIL)
            return t->store->ops->read(t->store, sequence, visit, data, problem);
        if (place.length == 0)
            return block_damage_problem(place.key, RECORD_DAMAGED, problem);
        enum outcome outcome = read_value(t, &file, &place, &b, problem);
        if (outcome == TAKEN) {
            int result = block_visit_one(place.key, b.bytes, sequence, visit, data, problem);
            drop_bytes(t, &b);
            return result;
        }
        if (outcome == FAILED || (t->read_only && tail_refresh(t, problem) < 0))
            return -1;
    }
}
