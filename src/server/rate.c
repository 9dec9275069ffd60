#include "server/rate.h"

#include "base/instant.h"

#include <pthread.h>
#include <time.h>

/* Tokens share a bucket when there are many more than these: still a limit. */
#define BUCKETS 4096u

struct bucket {
    double filled;
    int64_t at_us;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct bucket buckets[BUCKETS];

static int64_t monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * US_PER_SECOND + t.tv_nsec / 1000;
}

bool rate_allows(const char *token_id, unsigned limit)
{
    uint32_t hash = 2166136261u;
    for (const char *c = token_id; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    int64_t now = monotonic_us();
    pthread_mutex_lock(&lock);
    struct bucket *b = &buckets[hash % BUCKETS];
    double gained = (double)(now - b->at_us) / (double)US_PER_SECOND * limit;
    b->filled = b->at_us == 0 || b->filled + gained > limit ? limit : b->filled + gained;
    b->at_us = now;
    bool allowed = b->filled >= 1;
    if (allowed)
        b->filled -= 1;
    pthread_mutex_unlock(&lock);
    return allowed;
}
