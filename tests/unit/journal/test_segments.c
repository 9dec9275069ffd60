/* Segments: what the store refers to is found, is told when it is damaged or missing, and goes
 * with its last reference, however large groups and removals take turns. */
#include "tail_dir.h"

#include "journal/lmdb_value.h"

#include <pthread.h>
#include <stdatomic.h>

#define SMALL (16u << 10)
#define LARGE_GROUP 400u /* more bytes than a file of the tail takes: three values */
#define VALUES 3u

static char directory[64];

static int make(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/livefloor-segments-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static int drop(void **state)
{
    (void)state;
    tail_dir_drop(directory);
    return 0;
}

static void a_reference_is_read_as_it_was_written(void **state)
{
    const struct segment_ref ref = {
        .segment = 0x123456789abcu, .offset = 4096, .length = 64000, .count = 225};
    char bytes[SEGMENT_REF_BYTES];
    struct segment_ref again;
    (void)state;
    segment_ref_write(77, &ref, bytes);
    const struct span value = {bytes, sizeof bytes};
    assert_true(segment_ref_is(value));
    assert_int_equal(segment_ref_read(77, value, &again), RECORD_OK);
    assert_memory_equal(&again, &ref, sizeof ref);
    assert_int_equal(segment_ref_read(78, value, &again), RECORD_DAMAGED);
    for (size_t len = 0; len < sizeof bytes; len++)
        assert_int_equal(segment_ref_read(77, (struct span){bytes, len}, &again), RECORD_DAMAGED);
    for (size_t i = 0; i < sizeof bytes; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            assert_int_not_equal(segment_ref_read(77, value, &again), RECORD_OK);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
}

/* How many segments the directory has, and the path of one of them. */
static unsigned count_segments(char *path, size_t cap)
{
    unsigned count = 0;
    DIR *d = opendir(directory);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        if (strncmp(e->d_name, "segment-", 8) == 0) {
            count++;
            if (path != NULL)
                tail_path(directory, e->d_name, path, cap);
        }
    closedir(d);
    return count;
}

/* Large groups, each closed in a segment of its own. */
static void fill_segments(unsigned groups)
{
    struct problem problem;
    for (unsigned i = 0; i < groups; i++) {
        struct journal *j = tail_open(directory, false, SMALL);
        assert_int_equal(tail_fill(j, i * LARGE_GROUP, LARGE_GROUP, &problem), 0);
        journal_close(j);
    }
}

static void a_segment_goes_with_its_last_reference(void **state)
{
    struct problem problem;
    struct journal_stats before, after;
    uint64_t gone[LARGE_GROUP];
    (void)state;
    fill_segments(3);
    assert_int_equal(count_segments(NULL, 0), 3);
    struct journal *j = tail_open(directory, false, SMALL);
    assert_int_equal(journal_get_stats(j, &before, &problem), 0);
    for (unsigned i = 0; i < LARGE_GROUP; i++)
        gone[i] = LARGE_GROUP + 1 + i;
    assert_int_equal(journal_remove(j, gone, LARGE_GROUP / 2, &problem), 0);
    /* Some of its values are in the store now, the others still lie in it. */
    struct tail_seen rest = {.last = 0};
    assert_int_equal(journal_scan(j, LARGE_GROUP * 3 / 2 + 1, tail_see, &rest, &problem), 0);
    assert_int_equal(rest.count, LARGE_GROUP * 3 / 2);
    assert_int_equal(journal_remove(j, gone + LARGE_GROUP / 2, LARGE_GROUP / 2, &problem), 0);
    assert_int_equal(count_segments(NULL, 0), 2);
    assert_int_equal(journal_get_stats(j, &after, &problem), 0);
    assert_int_equal(after.records, 2 * LARGE_GROUP);
    assert_true(after.bytes_used < before.bytes_used);
    journal_close(j);
    assert_int_equal(tail_seen_in(directory, SMALL).count, 2 * LARGE_GROUP);
}

static void what_is_removed_in_part_lets_the_segment_go(void **state)
{
    struct problem problem;
    uint64_t gone[LARGE_GROUP];
    (void)state;
    fill_segments(1);
    struct journal *j = tail_open(directory, false, SMALL);
    for (unsigned i = 0; i < LARGE_GROUP - 1; i++)
        gone[i] = i + 1; /* of each value at least one record */
    assert_int_equal(journal_remove(j, gone, LARGE_GROUP - 1, &problem), 0);
    assert_int_equal(count_segments(NULL, 0), 0);
    struct tail_seen last = {.last = LARGE_GROUP - 1};
    assert_int_equal(journal_scan(j, 1, tail_see, &last, &problem), 0);
    assert_int_equal(last.count, 1);
    assert_false(last.wrong);
    journal_close(j);
    journal_close(tail_open(directory, false, SMALL));
}

static void flip(const char *path, off_t at)
{
    char byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)(byte ^ 4);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static int ignore(void *data, const struct journal_record *record)
{
    (void)data, (void)record;
    return 0;
}

static void harm_to_a_segment_is_told(void **state)
{
    char path[320];
    struct stat s;
    struct problem problem = {0};
    (void)state;
    fill_segments(1);
    assert_int_equal(count_segments(path, sizeof path), 1);
    assert_int_equal(stat(path, &s), 0);
    flip(path, s.st_size / 2); /* one record */
    struct tail_seen seen = tail_seen_in(directory, SMALL);
    assert_int_equal(seen.damaged, 1);
    assert_int_equal(seen.lost, 1);
    assert_int_equal(seen.count, LARGE_GROUP - 1);
    flip(path, s.st_size / 2);
    assert_int_equal(tail_seen_in(directory, SMALL).count, LARGE_GROUP);
    assert_int_equal(truncate(path, TAIL_UNIT), 0);
    seen = tail_seen_in(directory, SMALL);
    assert_int_equal(seen.damaged, VALUES);
    assert_int_equal(seen.lost, LARGE_GROUP);
    assert_int_equal(seen.first_damaged, 1);
    assert_int_equal(seen.count, 0);
    struct journal *j = tail_open(directory, false, SMALL);
    assert_int_equal(journal_scan(j, 1, ignore, NULL, &problem), -1);
    assert_non_null(strstr(problem.message, "livefloor check"));
    assert_int_equal(journal_read(j, 5, ignore, NULL, &problem), -1);
    const uint64_t gone = 5;
    assert_int_equal(journal_remove(j, &gone, 1, &problem), -1);
    journal_close(j);
    assert_int_equal(unlink(path), 0);
    seen = tail_seen_in(directory, SMALL);
    assert_int_equal(seen.damaged, VALUES);
    assert_int_equal(seen.lost, LARGE_GROUP);
    const struct journal_options options = {.directory = directory, .tail_bytes = SMALL};
    struct journal *none;
    assert_int_equal(journal_open(&options, &none, &problem), -1);
    assert_non_null(strstr(problem.message, "is missing"));
}

/* A store beside segments that it cannot know: nothing is deleted, and nothing begins. */
static void files_of_two_backups_are_refused(void **state)
{
    char path[320];
    struct journal *j;
    struct problem problem = {0};
    const struct journal_options options = {.directory = directory, .tail_bytes = SMALL};
    (void)state;
    fill_segments(1);
    tail_path(directory, "data.mdb", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(journal_open(&options, &j, &problem), -1);
    assert_non_null(strstr(problem.message, "backup"));
    assert_int_equal(count_segments(NULL, 0), 1);
}

static void what_a_crash_left_is_deleted(void **state)
{
    char path[320];
    unsigned long long number;
    (void)state;
    fill_segments(2);
    count_segments(path, sizeof path);
    char *digits = strrchr(path, '-') + 1;
    assert_int_equal(sscanf(digits, "%llu", &number), 1);
    snprintf(digits, sizeof path - (size_t)(digits - path), "%llu",
             number - 100); /* as if before an acknowledged removal */
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    close(fd);
    assert_int_equal(count_segments(NULL, 0), 3);
    struct journal *j = tail_open(directory, false, SMALL);
    assert_int_equal(count_segments(NULL, 0), 2);
    tail_expect(j, 2 * LARGE_GROUP);
    journal_close(j);
}

/* Replaces a reference in the store by one that does not fit its key. */
static void damage_reference(uint64_t key)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi records;
    MDB_val k, v;
    struct sequence_key bytes = sequence_key_of(key);
    assert_int_equal(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, 2);
    mdb_env_set_mapsize(env, 64u << 20); /* the journal's own is more than a sanitizer leaves */
    assert_int_equal(mdb_env_open(env, directory, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "records", 0, &records), 0);
    k = (MDB_val){sizeof bytes, &bytes};
    assert_int_equal(mdb_get(txn, records, &k, &v), 0);
    assert_int_equal(v.mv_size, SEGMENT_REF_BYTES);
    char damaged[SEGMENT_REF_BYTES];
    memcpy(damaged, v.mv_data, sizeof damaged);
    damaged[SEGMENT_REF_BYTES - 1] ^= 1;
    v = (MDB_val){sizeof damaged, damaged};
    assert_int_equal(mdb_put(txn, records, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* Nobody knows what the damaged one referred to: what may be its bytes is kept. */
static void a_damaged_reference_keeps_segments(void **state)
{
    struct problem problem;
    uint64_t gone[LARGE_GROUP];
    (void)state;
    fill_segments(2);
    damage_reference(1);
    for (unsigned i = 0; i < LARGE_GROUP; i++)
        gone[i] = LARGE_GROUP + 1 + i;
    struct journal *j = tail_open(directory, false, SMALL);
    assert_int_equal(journal_remove(j, gone, LARGE_GROUP, &problem), 0);
    journal_close(j);
    journal_close(tail_open(directory, false, SMALL));
    assert_int_equal(count_segments(NULL, 0), 2);
    struct tail_seen seen = tail_seen_in(directory, SMALL);
    assert_int_equal(seen.damaged, 1);
    assert_true(seen.count > LARGE_GROUP / 2);
}

static void bytes_are_held_as_long_as_they_are_used(void **state)
{
    struct segments s;
    struct segment_hold first, longer, none;
    char name[320];
    (void)state;
    segments_init(&s, directory);
    assert_int_equal(segments_hold(&s, 7, 1, &none), ENOENT);
    tail_path(directory, "segment-7", name, sizeof name);
    int fd = open(name, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "abcd", 4), 4);
    assert_int_equal(segments_hold(&s, 7, 5, &none), ENODATA);
    assert_int_equal(segments_hold(&s, 7, 0, &none), ENODATA);
    assert_int_equal(segments_hold(&s, 7, 4, &first), 0);
    assert_int_equal(write(fd, "efgh", 4), 4);
    assert_int_equal(segments_hold(&s, 7, 8, &longer), 0);
    close(fd);
    assert_int_equal(unlink(name), 0);
    segments_forget(&s);
    assert_memory_equal(first.bytes, "abcd", 4);
    assert_memory_equal(longer.bytes, "abcdefgh", 8);
    segments_release(&s, &first);
    segments_release(&s, &longer);
    segments_release(&s, &longer); /* does nothing */
    assert_int_equal(segments_hold(&s, 7, 9, &none), ENOENT);
    segments_clear(&s);
}

/* --- reading beside removals --- */

static _Atomic bool removing;

/* Records ascend, and the last one is always there. */
static int see_order(void *data, const struct journal_record *record)
{
    uint64_t *last = data;
    if (record->sequence <= *last)
        return 1;
    *last = record->sequence;
    return 0;
}

static void *read_on(void *data)
{
    struct journal *j = data;
    struct problem problem;
    for (bool more = true; more;) {
        more = atomic_load(&removing);
        uint64_t last = 0;
        if (journal_scan(j, 1, see_order, &last, &problem) != 0 || last != 30 * LARGE_GROUP ||
            journal_read(j, 30 * LARGE_GROUP, ignore, NULL, &problem) != 0)
            return j;
        for (uint64_t sequence = 1; sequence < 30 * LARGE_GROUP; sequence += 331)
            if (journal_read(j, sequence, ignore, NULL, &problem) < 0)
                return j;
    }
    return NULL;
}

static void reading_goes_on_beside_removals(void **state)
{
    struct problem problem;
    pthread_t threads[2];
    uint64_t seed = 5;
    void *failed;
    (void)state;
    fill_segments(30);
    struct journal *j = tail_open(directory, false, SMALL);
    struct journal *reader = tail_open(directory, true, SMALL);
    atomic_store(&removing, true);
    assert_int_equal(pthread_create(&threads[0], NULL, read_on, j), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_on, reader), 0);
    for (unsigned at = 1; at < 30 * LARGE_GROUP - 140;) {
        uint64_t gone[40];
        size_t n = 1 + dice(&seed, 40);
        for (size_t i = 0; i < n; i++)
            gone[i] = at++;
        assert_int_equal(journal_remove(j, gone, n, &problem), 0);
    }
    atomic_store(&removing, false);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(count_segments(NULL, 0), 1);
    journal_close(reader);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_read_as_it_was_written),
        cmocka_unit_test_setup_teardown(a_segment_goes_with_its_last_reference, make, drop),
        cmocka_unit_test_setup_teardown(what_is_removed_in_part_lets_the_segment_go, make, drop),
        cmocka_unit_test_setup_teardown(harm_to_a_segment_is_told, make, drop),
        cmocka_unit_test_setup_teardown(files_of_two_backups_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(what_a_crash_left_is_deleted, make, drop),
        cmocka_unit_test_setup_teardown(a_damaged_reference_keeps_segments, make, drop),
        cmocka_unit_test_setup_teardown(bytes_are_held_as_long_as_they_are_used, make, drop),
        cmocka_unit_test_setup_teardown(reading_goes_on_beside_removals, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
