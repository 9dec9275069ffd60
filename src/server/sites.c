#include "server/sites.h"

#include "base/instant.h"
#include "base/limits.h"
#include "server/site_lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct site {
    int64_t id;
    struct site_lock lock;
    struct floor *floor;
    _Atomic uint64_t changes; /* of the floor, begun so far; written under the lock */
};

/* Open addressing by id. Looked at without a lock: a site that is in stays in, and a
 * table that has become too small stays with the next one. */
struct table {
    struct table *smaller;
    size_t slot_count;
    _Atomic(struct site *) slots[];
};

struct sites {
    int64_t visitor_timeout_us;
    struct archive *archive;
    _Atomic int64_t latest_us;
    _Atomic(struct table *) table;
    _Atomic size_t count;
    _Atomic int64_t first;     /* the id of the first site, once count is not 0 */
    pthread_mutex_t adding;    /* held by who adds, and by who goes through all */
    pthread_mutex_t advancing; /* held by a reader that moves a floor's clock on */
};

#define FIRST_SLOTS 16u

static struct table *table_new(size_t slot_count, struct table *smaller)
{
    struct table *t = calloc(1, sizeof *t + slot_count * sizeof t->slots[0]);
    if (t == NULL)
        return NULL;
    t->slot_count = slot_count;
    t->smaller = smaller;
    return t;
}

struct sites *sites_new(int64_t visitor_timeout_us, struct archive *archive)
{
    struct sites *s = calloc(1, sizeof *s);
    struct table *table = table_new(FIRST_SLOTS, NULL);
    if (s == NULL || table == NULL) {
        free(s);
        free(table);
        return NULL;
    }
    s->visitor_timeout_us = visitor_timeout_us;
    s->archive = archive;
    atomic_store(&s->table, table);
    pthread_mutex_init(&s->adding, NULL);
    pthread_mutex_init(&s->advancing, NULL);
    return s;
}

static void site_free(void *data, struct site *site)
{
    (void)data;
    floor_free(site->floor);
    site_lock_destroy(&site->lock);
    free(site);
}

void sites_free(struct sites *s)
{
    if (s == NULL)
        return;
    sites_each(s, site_free, NULL);
    for (struct table *t = atomic_load(&s->table), *smaller; t != NULL; t = smaller) {
        smaller = t->smaller;
        free(t);
    }
    pthread_mutex_destroy(&s->adding);
    pthread_mutex_destroy(&s->advancing);
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

int64_t sites_look_now_us(const struct sites *s)
{
    int64_t now = clock_now_us(), latest = atomic_load(&s->latest_us);
    return now > latest ? now : latest;
}

/* The site, or NULL. *slot: where it is, or would go; who looks without the lock may find another
 * site there by then, so it is what was seen that is returned. */
static struct site *look(struct table *t, int64_t id, _Atomic(struct site *) **slot)
{
    size_t at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->slot_count - 1);
    struct site *site;
    while ((site = atomic_load_explicit(&t->slots[at], memory_order_acquire)) != NULL &&
           site->id != id)
        at = (at + 1) & (t->slot_count - 1);
    *slot = &t->slots[at];
    return site;
}

/* Puts a site in that is not there; the lock is held. */
static void put(struct table *t, struct site *site)
{
    _Atomic(struct site *) *slot;
    look(t, site->id, &slot);
    atomic_store(slot, site);
}

struct site *sites_find(struct sites *s, int64_t site_id)
{
    _Atomic(struct site *) *slot;
    return look(atomic_load_explicit(&s->table, memory_order_acquire), site_id, &slot);
}

/* A table with room for one more; NULL when there is no memory. */
static struct table *table_with_room(struct sites *s)
{
    struct table *t = atomic_load(&s->table);
    if (atomic_load(&s->count) * 2 < t->slot_count)
        return t;
    struct table *larger = table_new(t->slot_count * 2, t);
    if (larger == NULL)
        return NULL;
    for (size_t i = 0; i < t->slot_count; i++) {
        struct site *site = atomic_load(&t->slots[i]);
        if (site != NULL)
            put(larger, site);
    }
    atomic_store(&s->table, larger);
    return larger;
}

struct floor_settings sites_floor_settings(const struct sites *s, int64_t site_id)
{
    return (struct floor_settings){
        .site_id = site_id, .visitor_timeout_us = s->visitor_timeout_us, .archive = s->archive};
}

/* With a floor that is there already, or an empty one (NULL). */
static struct site *site_new(const struct sites *s, int64_t id, struct floor *floor)
{
    struct site *site = calloc(1, sizeof *site);
    if (site == NULL)
        return NULL;
    const struct floor_settings settings = sites_floor_settings(s, id);
    site->id = id;
    site->floor = floor != NULL ? floor : floor_new(&settings);
    site_lock_init(&site->lock);
    return site;
}

/* Adds a site that is not there; the lock is held. */
static struct site *site_add(struct sites *s, int64_t site_id, struct floor *floor)
{
    size_t count = atomic_load(&s->count);
    struct table *t = count < LIMIT_SITES ? table_with_room(s) : NULL;
    struct site *site = t != NULL ? site_new(s, site_id, floor) : NULL;
    if (site == NULL)
        return NULL;
    if (count == 0)
        atomic_store(&s->first, site_id);
    put(t, site);
    atomic_store(&s->count, count + 1);
    return site;
}

struct site *sites_get(struct sites *s, int64_t site_id)
{
    struct site *site = sites_find(s, site_id);
    if (site != NULL)
        return site;
    pthread_mutex_lock(&s->adding);
    site = sites_find(s, site_id);
    if (site == NULL)
        site = site_add(s, site_id, NULL);
    pthread_mutex_unlock(&s->adding);
    return site;
}

int sites_take(struct sites *s, struct floor *floor)
{
    int64_t id = floor_site_id(floor);
    pthread_mutex_lock(&s->adding);
    bool taken = sites_find(s, id) == NULL && site_add(s, id, floor) != NULL;
    pthread_mutex_unlock(&s->adding);
    return taken ? 0 : -1;
}

void sites_not_before(struct sites *s, int64_t now_us)
{
    int64_t latest = atomic_load(&s->latest_us);
    while (now_us > latest && !atomic_compare_exchange_weak(&s->latest_us, &latest, now_us))
        ;
}

void sites_freeze(struct sites *s)
{
    pthread_mutex_lock(&s->adding);
    pthread_mutex_lock(&s->advancing);
}

void sites_thaw(struct sites *s)
{
    pthread_mutex_unlock(&s->advancing);
    pthread_mutex_unlock(&s->adding);
}

size_t sites_count(struct sites *s, int64_t *only)
{
    size_t count = atomic_load(&s->count);
    if (count == 1 && only != NULL)
        *only = atomic_load(&s->first);
    return count;
}

void sites_each(struct sites *s, site_visit *visit, void *data)
{
    pthread_mutex_lock(&s->adding);
    struct table *t = atomic_load(&s->table);
    for (size_t i = 0; i < t->slot_count; i++) {
        struct site *site = atomic_load(&t->slots[i]);
        if (site != NULL)
            visit(data, site);
    }
    pthread_mutex_unlock(&s->adding);
}

int64_t site_id(const struct site *site)
{
    return site->id;
}

/* Locks it for a change. What was read of the floor before holds as long as this has not been
 * called: it says so before the change can be seen by anyone. */
static void change_begin(struct site *site)
{
    site_lock_change(&site->lock);
    atomic_fetch_add(&site->changes, 1);
}

uint64_t site_changes(const struct site *site)
{
    return atomic_load(&site->changes);
}

const struct floor *site_read_begin(struct sites *s, struct site *site, int64_t *now_us)
{
    site_lock_read(&site->lock);
    *now_us = sites_now_us(s);
    while (floor_next_waiting(site->floor) <= *now_us) {
        /* Rare: an event ahead of its time is due. */
        site_lock_read_end(&site->lock);
        pthread_mutex_lock(&s->advancing);
        change_begin(site);
        floor_advance(site->floor, sites_now_us(s));
        site_lock_change_end(&site->lock);
        pthread_mutex_unlock(&s->advancing);
        site_lock_read(&site->lock);
        *now_us = sites_now_us(s);
    }
    return site->floor;
}

void site_read_end(struct site *site)
{
    site_lock_read_end(&site->lock);
}

struct floor *site_write_begin(struct site *site)
{
    change_begin(site);
    return site->floor;
}

void site_write_end(struct site *site)
{
    site_lock_change_end(&site->lock);
}

struct floor *site_frozen(struct site *site)
{
    return site->floor;
}
