/* A journal with a small tail in a directory of its own, for the tests of the tail: made,
 * copied, filled, compared. Record n has the id "id-n" and a text whose length n tells. */
#ifndef LIVEFLOOR_TESTS_TAIL_DIR_H
#define LIVEFLOOR_TESTS_TAIL_DIR_H

#include "journal/journal_check.h"
#include "journal/tail_group.h"
#include "support/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_BYTES 700u

static inline void tail_path(const char *directory, const char *name, char *path, size_t cap)
{
    snprintf(path, cap, "%s/%s", directory, name);
}

static inline void tail_dir_drop(const char *directory)
{
    char path[600];
    DIR *d = opendir(directory);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        tail_path(directory, e->d_name, path, sizeof path);
        unlink(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(directory);
}

static inline bool tail_file_copy(const char *from, const char *to)
{
    static char bytes[1 << 16];
    bool done = true;
    ssize_t size;
    int in = open(from, O_RDONLY);
    if (in < 0)
        return errno == ENOENT; /* deleted meanwhile */
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    while ((size = read(in, bytes, sizeof bytes)) > 0 && done)
        done = write(out, bytes, (size_t)size) == size;
    close(in);
    close(out);
    return done;
}

/* Copies what a crash would leave; without a lock of LMDB's, as after a start. The store goes
 * first: what it refers to is there afterwards. */
static inline bool tail_dir_copy(const char *from, const char *to)
{
    char path[600], copy[600];
    bool done = mkdir(to, 0700) == 0;
    for (int store = 1; store >= 0; store--) {
        DIR *d = opendir(from);
        for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL && done;) {
            if (e->d_name[0] == '.' || strcmp(e->d_name, "lock.mdb") == 0 ||
                (strcmp(e->d_name, "data.mdb") == 0) != (store == 1))
                continue;
            tail_path(from, e->d_name, path, sizeof path);
            tail_path(to, e->d_name, copy, sizeof copy);
            done = tail_file_copy(path, copy);
        }
        if (d != NULL)
            closedir(d);
    }
    return done;
}

static inline struct journal *tail_open(const char *directory, bool read_only, uint64_t tail_bytes)
{
    struct journal *j = NULL;
    struct problem problem = {0};
    const struct journal_options options = {
        .directory = directory, .read_only = read_only, .tail_bytes = tail_bytes};
    if (journal_open(&options, &j, &problem) != 0)
        fail_msg("%s", problem.message);
    return j;
}

/* Appends records from number `from` on; their sequences are from + 1 and so on. */
static inline int tail_fill(struct journal *j, unsigned from, unsigned count,
                            struct problem *problem)
{
    static char text[TEXT_BYTES];
    struct journal_record *records = calloc(count, sizeof *records);
    char(*ids)[16] = calloc(count, sizeof *ids);
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < count; i++) {
        int len = snprintf(ids[i], sizeof ids[i], "id-%u", from + i);
        records[i] = (struct journal_record){.site_id = 1,
                                             .time_us = from + i,
                                             .id = {ids[i], (size_t)len},
                                             .json = {text, (from + i) * 37 % TEXT_BYTES}};
    }
    int failed = journal_append(j, records, count, problem);
    free(ids);
    free(records);
    return failed;
}

struct tail_seen {
    uint64_t count, last;
    bool wrong;                            /* one is missing, comes twice or is another */
    uint64_t damaged, first_damaged, lost; /* places; records in them */
};

static inline int tail_see(void *data, const struct journal_record *record)
{
    struct tail_seen *s = data;
    char id[24];
    snprintf(id, sizeof id, "id-%llu", (unsigned long long)record->sequence - 1);
    s->wrong = s->wrong || record->sequence != s->last + 1 ||
               !span_equal(record->id, span_of(id)) ||
               record->json.len != (record->sequence - 1) * 37 % TEXT_BYTES;
    s->last = record->sequence;
    s->count++;
    return 0;
}

static inline void tail_see_damage(void *data, uint64_t sequence, uint64_t count, const char *why)
{
    struct tail_seen *s = data;
    (void)why;
    s->lost += count;
    if (s->damaged++ == 0)
        s->first_damaged = sequence;
}

/* All that a journal has, each record once and in order, as far as that goes. */
static inline struct tail_seen tail_scan_all(struct journal *j)
{
    struct tail_seen s = {0};
    struct problem problem = {0};
    const struct journal_checks checks = {tail_see, tail_see_damage, &s};
    if (journal_check(j, &checks, &problem) != 0)
        fail_msg("%s", problem.message);
    return s;
}

/* The same, as a reader in another process finds it. */
static inline struct tail_seen tail_seen_in(const char *directory, uint64_t tail_bytes)
{
    struct journal *j = tail_open(directory, true, tail_bytes);
    struct tail_seen s = tail_scan_all(j);
    journal_close(j);
    return s;
}

/* The journal has the records 0 to count - 1, however it is asked. */
static inline void tail_expect(struct journal *j, uint64_t count)
{
    struct tail_seen s = tail_scan_all(j);
    struct problem problem = {0};
    struct journal_stats stats;
    assert_int_equal(s.count, count);
    assert_false(s.wrong);
    assert_int_equal(s.damaged, 0);
    assert_int_equal(journal_get_stats(j, &stats, &problem), 0);
    assert_int_equal(stats.records, count);
    assert_int_equal(stats.first_sequence, count == 0 ? 0 : 1);
    assert_int_equal(stats.last_sequence, count);
    for (uint64_t sequence = 1; sequence <= count; sequence += 1 + count / 12) {
        struct tail_seen one = {.last = sequence - 1};
        assert_int_equal(journal_read(j, sequence, tail_see, &one, &problem), 0);
        assert_false(one.wrong);
        struct tail_seen rest = {.last = sequence - 1};
        assert_int_equal(journal_scan(j, sequence, tail_see, &rest, &problem), 0);
        assert_false(rest.wrong);
        assert_int_equal(rest.count, count + 1 - sequence);
    }
    struct tail_seen none = {0};
    assert_int_equal(journal_read(j, count + 1, tail_see, &none, &problem), 1);
}

#endif
