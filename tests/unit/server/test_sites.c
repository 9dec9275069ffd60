/* Sites and their lock under many threads. The values under the lock are plain, so the
 * thread sanitizer sees what the lock does not cover. */
#include "server/site_lock.h"
#include "server/sites.h"
#include "support/check.h"

#include <sched.h>

#define MORE_THREADS_THAN_PLACES 150u

struct shared {
    struct site_lock lock;
    uint64_t a, b; /* equal but within a change */
    _Atomic uint64_t reads, wrong;
    uint64_t rounds, changes;
};

static void *reads(void *data)
{
    struct shared *s = data;
    for (uint64_t i = 0; i < s->rounds; i++) {
        site_lock_read(&s->lock);
        if (s->a != s->b)
            atomic_fetch_add(&s->wrong, 1);
        site_lock_read_end(&s->lock);
        atomic_fetch_add(&s->reads, 1);
    }
    return NULL;
}

static void *changes(void *data)
{
    struct shared *s = data;
    for (uint64_t i = 0; i < s->changes; i++) {
        site_lock_change(&s->lock);
        s->a++;
        s->b++;
        site_lock_change_end(&s->lock);
    }
    return NULL;
}

static void run(unsigned readers, unsigned changers, uint64_t rounds, uint64_t each)
{
    pthread_t threads[MORE_THREADS_THAN_PLACES + 8];
    struct shared s = {.rounds = rounds, .changes = each};
    unsigned count = 0;
    site_lock_init(&s.lock);
    for (unsigned i = 0; i < readers; i++)
        assert_int_equal(pthread_create(&threads[count++], NULL, reads, &s), 0);
    for (unsigned i = 0; i < changers; i++)
        assert_int_equal(pthread_create(&threads[count++], NULL, changes, &s), 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    site_lock_destroy(&s.lock);
    assert_int_equal(s.wrong, 0);
    assert_int_equal(s.reads, readers * rounds);
    assert_int_equal(s.a, changers * each);
    assert_int_equal(s.b, changers * each);
}

static void readers_see_whole_changes(void **state)
{
    (void)state;
    run(4, 1, 20000, 20000);
    run(4, 3, 5000, 5000);
    run(2, 0, 1000, 0);
}

static void more_readers_than_places(void **state)
{
    (void)state;
    run(MORE_THREADS_THAN_PLACES, 2, 50, 500);
    run(MORE_THREADS_THAN_PLACES, 2, 50, 500); /* the places were given back */
}

#define SITES 3000

struct finder {
    struct sites *sites;
    unsigned wrong;
};

static void *find_all(void *data)
{
    struct finder *f = data;
    /* What has been found once is found ever after. */
    for (int64_t id = 1; id <= SITES; id++) {
        struct site *site;
        while ((site = sites_find(f->sites, id * 7)) == NULL)
            sched_yield();
        f->wrong += site_id(site) != id * 7 || sites_get(f->sites, id * 7) != site;
        /* Nor is another site taken for one that is not there, while it comes into its place. */
        for (int64_t other = SITES * 7; other > id * 7; other -= 499)
            f->wrong += other % 7 != 0 && sites_find(f->sites, other) != NULL;
    }
    return NULL;
}

static void count_site(void *data, struct site *site)
{
    *(int64_t *)data += site_id(site);
}

static void sites_are_found_while_others_come(void **state)
{
    struct sites *sites = sites_new(1000000, NULL);
    struct finder finders[3] = {{sites, 0}, {sites, 0}, {sites, 0}};
    pthread_t threads[3];
    int64_t only = 0, sum = 0;
    (void)state;
    assert_int_equal(sites_count(sites, &only), 0);
    assert_null(sites_find(sites, 7));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_all, &finders[i]), 0);
    for (int64_t id = 1; id <= SITES; id++) {
        assert_non_null(sites_get(sites, id * 7));
        assert_int_equal(sites_count(sites, &only), id);
        assert_int_equal(only, 7);
    }
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(finders[i].wrong, 0);
    }
    sites_each(sites, count_site, &sum);
    assert_int_equal(sum, 7LL * SITES * (SITES + 1) / 2);
    sites_free(sites);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_whole_changes),
        cmocka_unit_test(more_readers_than_places),
        cmocka_unit_test(sites_are_found_while_others_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
