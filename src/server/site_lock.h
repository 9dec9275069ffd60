/* The lock of a site: read with every question, changed now and then. A reader writes
 * only what is its thread's own, so that workers do not wait for each other's cache
 * lines; a change looks at all threads. A change that waits goes before new readers, and
 * readers that waited for it go before the next change. */
#ifndef LIVEFLOOR_SERVER_SITE_LOCK_H
#define LIVEFLOOR_SERVER_SITE_LOCK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct site_lock {
    _Atomic bool changing; /* somebody changes, or waits until the readers have gone */
    pthread_mutex_t mutex; /* of the rest */
    pthread_cond_t changed, free;
    unsigned waiting; /* readers, for the end of the change */
    unsigned owed;    /* of them, those who go before the next change */
};

void site_lock_init(struct site_lock *l);
void site_lock_destroy(struct site_lock *l);

/* For reading. A thread holds at most one lock so at a time. */
void site_lock_read(struct site_lock *l);
void site_lock_read_end(struct site_lock *l);

/* For changing: alone. Not while this thread reads. */
void site_lock_change(struct site_lock *l);
void site_lock_change_end(struct site_lock *l);

#endif
