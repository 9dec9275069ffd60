#include "server/sites.h"

#include "base/instant.h"
#include "base/limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct site {
    int64_t id;
    pthread_rwlock_t lock;
    struct floor *floor;
};

struct sites {
    int64_t visitor_timeout_us;
    struct archive *archive;
    _Atomic int64_t latest_us;
    pthread_rwlock_t lock; /* of the table below */
    struct site **slots;   /* open addressing by id */
    size_t slot_count, count;
};

/* A lock that lets a waiting writer go before new readers: answers never starve
 * ingest. */
static void lock_init(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

struct sites *sites_new(int64_t visitor_timeout_us, struct archive *archive)
{
    struct sites *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->visitor_timeout_us = visitor_timeout_us;
    s->archive = archive;
    lock_init(&s->lock);
    return s;
}

void sites_free(struct sites *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->slot_count; i++) {
        if (s->slots[i] == NULL)
            continue;
        floor_free(s->slots[i]->floor);
        pthread_rwlock_destroy(&s->slots[i]->lock);
        free(s->slots[i]);
    }
    pthread_rwlock_destroy(&s->lock);
    free(s->slots);
    free(s);
}

int64_t sites_now_us(struct sites *s)
{
    int64_t now = clock_now_us(), latest = atomic_load(&s->latest_us);
    while (now > latest)
        if (atomic_compare_exchange_weak(&s->latest_us, &latest, now))
            return now;
    return latest;
}

/* Where the site is, or would go. */
static size_t slot_of(struct site *const *slots, size_t slot_count, int64_t id)
{
    size_t at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (slot_count - 1);
    while (slots[at] != NULL && slots[at]->id != id)
        at = (at + 1) & (slot_count - 1);
    return at;
}

struct site *sites_find(struct sites *s, int64_t site_id)
{
    pthread_rwlock_rdlock(&s->lock);
    struct site *site = NULL;
    if (s->slot_count > 0)
        site = s->slots[slot_of(s->slots, s->slot_count, site_id)];
    pthread_rwlock_unlock(&s->lock);
    return site;
}

static bool table_grow(struct sites *s)
{
    size_t count = s->slot_count == 0 ? 16 : s->slot_count * 2;
    struct site **slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] != NULL)
            slots[slot_of(slots, count, s->slots[i]->id)] = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->slot_count = count;
    return true;
}

static struct site *site_new(const struct sites *s, int64_t id)
{
    struct site *site = calloc(1, sizeof *site);
    if (site == NULL)
        return NULL;
    site->id = id;
    site->floor = floor_new(&(struct floor_settings){
        .site_id = id, .visitor_timeout_us = s->visitor_timeout_us, .archive = s->archive});
    lock_init(&site->lock);
    return site;
}

struct site *sites_get(struct sites *s, int64_t site_id)
{
    struct site *site = sites_find(s, site_id);
    if (site != NULL)
        return site;
    pthread_rwlock_wrlock(&s->lock);
    bool room = s->count < LIMIT_SITES && (s->count * 2 < s->slot_count || table_grow(s));
    if (room) {
        size_t at = slot_of(s->slots, s->slot_count, site_id);
        if (s->slots[at] == NULL) {
            s->slots[at] = site_new(s, site_id);
            s->count += s->slots[at] != NULL;
        }
        site = s->slots[at];
    }
    pthread_rwlock_unlock(&s->lock);
    return site;
}

size_t sites_count(struct sites *s, int64_t *only)
{
    pthread_rwlock_rdlock(&s->lock);
    size_t count = s->count;
    for (size_t i = 0; count == 1 && only != NULL && i < s->slot_count; i++)
        if (s->slots[i] != NULL)
            *only = s->slots[i]->id;
    pthread_rwlock_unlock(&s->lock);
    return count;
}

void sites_each(struct sites *s, site_visit *visit, void *data)
{
    pthread_rwlock_rdlock(&s->lock);
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i] != NULL)
            visit(data, s->slots[i]);
    pthread_rwlock_unlock(&s->lock);
}

int64_t site_id(const struct site *site)
{
    return site->id;
}

const struct floor *site_read_begin(struct sites *s, struct site *site, int64_t *now_us)
{
    pthread_rwlock_rdlock(&site->lock);
    *now_us = sites_now_us(s);
    while (floor_next_waiting(site->floor) <= *now_us) {
        /* Rare: an event ahead of its time is due. */
        pthread_rwlock_unlock(&site->lock);
        pthread_rwlock_wrlock(&site->lock);
        floor_advance(site->floor, sites_now_us(s));
        pthread_rwlock_unlock(&site->lock);
        pthread_rwlock_rdlock(&site->lock);
        *now_us = sites_now_us(s);
    }
    return site->floor;
}

void site_read_end(struct site *site)
{
    pthread_rwlock_unlock(&site->lock);
}

struct floor *site_write_begin(struct site *site)
{
    pthread_rwlock_wrlock(&site->lock);
    return site->floor;
}

void site_write_end(struct site *site)
{
    pthread_rwlock_unlock(&site->lock);
}
