/* Snapshots beside a journal in memory: one is loaded when it fits, and only then. What whole
 * servers do with them is in tests/integration/test_snapshot.py. */
#include "server/snapshot.h"

#include "base/instant.h"
#include "journal/journal_ops.h"
#include "support/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SITE 7
#define TIMEOUT (120 * US_PER_SECOND)
#define ARCHIVE_NAME "archive-test"

static char folder[] = "/tmp/livefloor-snapshot-XXXXXX";

/* --- a journal of which there is only what is asked --- */

struct fake_journal {
    struct journal base;
    struct journal_stats stats;
    int64_t time_us; /* of every record */
};

static int fake_read(struct journal *base, uint64_t sequence, journal_visit *visit, void *data,
                     struct problem *problem)
{
    struct fake_journal *j = (struct fake_journal *)(void *)base;
    (void)problem;
    const struct journal_record record = {
        .sequence = sequence, .time_us = j->time_us, .id = SPAN("id"), .json = SPAN("{}")};
    return sequence >= 1 && sequence <= j->stats.last_sequence ? visit(data, &record) : 1;
}

static int fake_stats(struct journal *base, struct journal_stats *out, struct problem *problem)
{
    (void)problem;
    *out = ((struct fake_journal *)(void *)base)->stats;
    return 0;
}

static const struct journal_ops FAKE_OPS = {.read = fake_read, .get_stats = fake_stats};

static struct fake_journal fake = {.base = {&FAKE_OPS}};
static const struct snapshot_source source = {folder, &fake.base, TIMEOUT};

/* --- making one --- */

static void clear_folder(void)
{
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static int set_up(void **state)
{
    (void)state;
    clear_folder();
    fake.stats = (struct journal_stats){
        .records = 40, .first_sequence = 11, .last_sequence = 50, .next_sequence = 51};
    fake.time_us = 1;
    return 0;
}

static size_t files(void)
{
    size_t count = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

/* Of one site with one visitor, with an archive of that extent, at `ahead_us` from now. */
static void make(struct file_archive_extent extent, int64_t ahead_us)
{
    char path[64];
    struct archive *archive;
    struct problem problem;
    struct snapshot_writing writing;
    uint64_t size;
    snprintf(path, sizeof path, "%s/%s", folder, ARCHIVE_NAME);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && ftruncate(fd, (off_t)extent.length) == 0);
    close(fd);
    assert_int_equal(file_archive_open_at(path, extent, &archive, &problem), 0);
    struct sites *sites = sites_new(TIMEOUT, archive);
    sites_not_before(sites, clock_now_us() + ahead_us);
    const struct event e = {.type = EVENT_VISITOR_SEEN,
                            .site_id = SITE,
                            .time_us = clock_now_us() - US_PER_SECOND,
                            .visitor = {{1}}};
    struct site *site = sites_get(sites, SITE);
    floor_apply(site_write_begin(site), &e, sites_now_us(sites));
    site_write_end(site);
    sites_get(sites, SITE + 1); /* without an event */
    assert_int_equal(snapshot_begin(&source, sites, archive, ARCHIVE_NAME, 50, &writing), 0);
    assert_int_equal(snapshot_write(&writing, sites), 0);
    assert_int_equal(snapshot_end(&source, &writing, true, &size), 0);
    assert_true(size > 0);
    sites_free(sites);
    archive->close(archive);
}

/* What a start begins with: the snapshot's sequence, or 0 and all of it is gone. */
static uint64_t loaded(void)
{
    struct snapshot_start start;
    struct problem problem;
    int64_t only = 0;
    assert_int_equal(snapshot_load(&source, &start, &problem), 0);
    assert_int_equal(sites_count(start.sites, &only), start.sequence > 0 ? 1 : 0);
    assert_int_equal(only, start.sequence > 0 ? SITE : 0);
    assert_int_equal(files(), start.sequence > 0 ? 2 : 1); /* the archive, the state */
    uint64_t sequence = start.sequence;
    if (sequence > 0)
        assert_int_equal(snapshot_confirm(&source), 0);
    sites_free(start.sites);
    start.archive->close(start.archive);
    return sequence;
}

/* --- tests --- */

static const struct file_archive_extent NOTHING = {0};

/* So many were appended; so many are there of them. */
static void more_came(uint64_t given, uint64_t kept)
{
    fake.stats.last_sequence += given;
    fake.stats.next_sequence += given;
    fake.stats.records += kept;
}

static void one_that_fits_is_loaded(void **state)
{
    (void)state;
    make(NOTHING, 0);
    assert_int_equal(loaded(), 50);
    assert_int_equal(loaded(), 50); /* it stays */
    more_came(7, 7);
    assert_int_equal(loaded(), 50);
}

/* Retention has taken the newest records: their numbers are not given again. */
static void the_newest_were_removed(void **state)
{
    (void)state;
    fake.stats.last_sequence = 47;
    fake.stats.records = 37;
    make(NOTHING, 0);
    assert_int_equal(loaded(), 50);
    fake.stats.last_sequence = 50;
    more_came(1, 1);
    assert_int_equal(loaded(), 50);
}

static void a_clock_that_was_ahead(void **state)
{
    (void)state;
    make(NOTHING, US_PER_HOUR);
    assert_int_equal(loaded(), 0);
    assert_int_equal(loaded(), 0);
}

static void another_journal(void **state)
{
    (void)state;
    make(NOTHING, 0);
    fake.time_us = 2;
    assert_int_equal(loaded(), 0);
    set_up(NULL);
    make(NOTHING, 0);
    fake.stats.last_sequence = 49;
    assert_int_equal(loaded(), 0);
}

static void events_removed_since(void **state)
{
    (void)state;
    make(NOTHING, 0);
    more_came(7, 6);
    assert_int_equal(loaded(), 0);
}

/* Only a large archive is made anew for what is void in it. */
static void an_archive_that_is_mostly_void(void **state)
{
    (void)state;
    const uint64_t large = UINT64_C(300) << 20, small = UINT64_C(100) << 20; /* sparse */
    make((struct file_archive_extent){small, small}, 0);
    assert_int_equal(loaded(), 50);
    make((struct file_archive_extent){large, large / 2}, 0);
    assert_int_equal(loaded(), 50);
    make((struct file_archive_extent){large, large / 2 + 32}, 0);
    assert_int_equal(loaded(), 0);
}

/* One that was loaded and not confirmed is not loaded again. */
static void one_that_ended_a_start(void **state)
{
    (void)state;
    struct snapshot_start start;
    struct problem problem;
    make(NOTHING, 0);
    assert_int_equal(snapshot_load(&source, &start, &problem), 0);
    assert_int_equal(start.sequence, 50);
    sites_free(start.sites);
    start.archive->close(start.archive);
    assert_int_equal(loaded(), 0);
    assert_int_equal(loaded(), 0);
}

/* One that is not whole leaves the one before in its place. */
static void one_that_is_given_up(void **state)
{
    (void)state;
    struct snapshot_start start;
    struct snapshot_writing writing;
    struct problem problem;
    uint64_t size;
    make(NOTHING, 0);
    assert_int_equal(snapshot_load(&source, &start, &problem), 0);
    assert_int_equal(snapshot_confirm(&source), 0);
    assert_int_equal(
        snapshot_begin(&source, start.sites, start.archive, ARCHIVE_NAME, 50, &writing), 0);
    assert_int_equal(files(), 3);
    assert_int_equal(snapshot_end(&source, &writing, false, &size), 0);
    sites_free(start.sites);
    start.archive->close(start.archive);
    assert_int_equal(loaded(), 50);
    assert_int_equal(snapshot_discard(&source), 0);
    assert_int_equal(loaded(), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    clear_folder();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_that_fits_is_loaded, set_up),
        cmocka_unit_test_setup(the_newest_were_removed, set_up),
        cmocka_unit_test_setup(a_clock_that_was_ahead, set_up),
        cmocka_unit_test_setup(another_journal, set_up),
        cmocka_unit_test_setup(events_removed_since, set_up),
        cmocka_unit_test_setup(an_archive_that_is_mostly_void, set_up),
        cmocka_unit_test_setup(one_that_ended_a_start, set_up),
        cmocka_unit_test_setup(one_that_is_given_up, set_up),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
