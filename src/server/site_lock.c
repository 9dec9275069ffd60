#include "server/site_lock.h"

#include <stddef.h>

/* Threads that read at once without more ado: the workers, the writer and some to spare.
 * Any more read like one that changes. */
#define READERS 128u

/* What one thread reads; a cache line each. */
struct reader {
    _Alignas(64) _Atomic(struct site_lock *) reads;
    _Atomic bool taken;
};

static struct reader readers[READERS];
static _Atomic unsigned readers_used; /* from the front */
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct reader *mine;

static void give_back(void *reader)
{
    atomic_store(&((struct reader *)reader)->taken, false);
}

static void make_key(void)
{
    pthread_key_create(&at_thread_end, give_back);
}

/* This thread's place, NULL when all are taken. */
static struct reader *take_place(void)
{
    pthread_once(&once, make_key);
    for (unsigned i = 0; i < READERS && mine == NULL; i++) {
        bool taken = false;
        if (!atomic_compare_exchange_strong(&readers[i].taken, &taken, true))
            continue;
        mine = &readers[i];
        unsigned used = atomic_load(&readers_used);
        while (used <= i && !atomic_compare_exchange_weak(&readers_used, &used, i + 1))
            ;
        pthread_setspecific(at_thread_end, mine);
    }
    return mine;
}

void site_lock_init(struct site_lock *l)
{
    *l = (struct site_lock){0};
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->changed, NULL);
    pthread_cond_init(&l->free, NULL);
}

void site_lock_destroy(struct site_lock *l)
{
    pthread_cond_destroy(&l->free);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
}

/* Says that this thread reads no longer. Either this sees that somebody waits for it, or
 * that one sees that it has gone: both write first and look then, in one order for all
 * (as are all atomic operations here). */
static void leave(struct site_lock *l, struct reader *r)
{
    atomic_store(&r->reads, NULL);
    if (!atomic_load(&l->changing))
        return;
    pthread_mutex_lock(&l->mutex);
    pthread_cond_broadcast(&l->free);
    pthread_mutex_unlock(&l->mutex);
}

/* Waits for the end of a change. */
static void read_after_change(struct site_lock *l, struct reader *r)
{
    leave(l, r);
    pthread_mutex_lock(&l->mutex);
    l->waiting++;
    while (atomic_load(&l->changing))
        pthread_cond_wait(&l->changed, &l->mutex);
    l->waiting--;
    if (l->owed > 0 && --l->owed == 0)
        pthread_cond_broadcast(&l->free);
    atomic_store(&r->reads, l); /* nobody begins a change without the mutex */
    pthread_mutex_unlock(&l->mutex);
}

void site_lock_read(struct site_lock *l)
{
    struct reader *r = mine != NULL ? mine : take_place();
    if (r == NULL) {
        site_lock_change(l);
        return;
    }
    atomic_store(&r->reads, l);
    if (atomic_load(&l->changing))
        read_after_change(l, r);
}

void site_lock_read_end(struct site_lock *l)
{
    if (mine != NULL)
        leave(l, mine);
    else
        site_lock_change_end(l);
}

static bool is_read(const struct site_lock *l)
{
    unsigned used = atomic_load(&readers_used);
    for (unsigned i = 0; i < used; i++)
        if (atomic_load(&readers[i].reads) == l)
            return true;
    return false;
}

void site_lock_change(struct site_lock *l)
{
    pthread_mutex_lock(&l->mutex);
    while (atomic_load(&l->changing) || l->owed > 0)
        pthread_cond_wait(&l->free, &l->mutex);
    atomic_store(&l->changing, true);
    while (is_read(l))
        pthread_cond_wait(&l->free, &l->mutex);
    pthread_mutex_unlock(&l->mutex);
}

void site_lock_change_end(struct site_lock *l)
{
    pthread_mutex_lock(&l->mutex);
    l->owed = l->waiting;
    atomic_store(&l->changing, false);
    pthread_cond_broadcast(&l->changed);
    pthread_cond_broadcast(&l->free);
    pthread_mutex_unlock(&l->mutex);
}
