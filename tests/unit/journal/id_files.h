/* The files of an index of ids, for the tests that harm them. */
#ifndef LIVEFLOOR_TESTS_ID_FILES_H
#define LIVEFLOOR_TESTS_ID_FILES_H

#include "journal/id_index_run.h"
#include "unit/journal/id_model.h"

#include <fcntl.h>

#define TABLE 200u
#define COUNT 6000u

/* An index with several runs, closed. */
static inline struct model *made(void)
{
    struct model *m = model_new();
    m->numbers = COUNT + 2000;
    struct id_index *x = model_open(m, TABLE);
    for (unsigned number = 0; number < COUNT; number++) {
        model_add(m, x, number);
        if (number % TABLE == 0)
            id_index_settle(x);
    }
    id_index_settle(x);
    assert_true(id_index_runs(x) > 2);
    id_index_free(x);
    assert_int_equal(m->said, 0);
    return m;
}

/* Opens, fills up, asks everything, closes. Returns what was covered at once. */
static uint64_t start_again(struct model *m)
{
    struct id_index *x = model_open(m, TABLE);
    uint64_t covered = id_index_covered(x);
    model_refill(m, x);
    id_index_settle(x);
    model_agrees(m, x);
    assert_true(id_index_covered(x) + 2 * TABLE > m->last);
    id_index_free(x);
    return covered;
}

struct paths {
    char path[16][128];
    off_t size[16];
    unsigned count;
};

static inline void note_path(const char *path, void *data)
{
    struct paths *p = data;
    struct stat stat_of;
    assert_true(p->count < 16 && strlen(path) < sizeof p->path[0]);
    assert_int_equal(stat(path, &stat_of), 0);
    memcpy(p->path[p->count], path, strlen(path) + 1);
    p->size[p->count++] = stat_of.st_size;
}

static inline struct paths files_of(struct model *m)
{
    struct paths p = {0};
    model_files(m, note_path, &p);
    return p;
}

/* All files as they are, and back. */
struct saved {
    struct paths paths;
    char *bytes[16];
};

static inline struct saved save(struct model *m)
{
    struct saved s = {.paths = files_of(m)};
    for (unsigned i = 0; i < s.paths.count; i++) {
        int fd = open(s.paths.path[i], O_RDONLY);
        s.bytes[i] = malloc((size_t)s.paths.size[i]);
        assert_non_null(s.bytes[i]);
        assert_int_equal(read(fd, s.bytes[i], (size_t)s.paths.size[i]), s.paths.size[i]);
        close(fd);
    }
    return s;
}

static inline void write_file(const char *path, const char *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static inline void restore(struct model *m, const struct saved *s)
{
    model_files(m, model_delete_file, NULL);
    for (unsigned i = 0; i < s->paths.count; i++)
        write_file(s->paths.path[i], s->bytes[i], (size_t)s->paths.size[i]);
    m->said = 0;
}

static inline void saved_free(struct saved *s)
{
    for (unsigned i = 0; i < s->paths.count; i++)
        free(s->bytes[i]);
}

static inline void put_file(struct model *m, const char *name, const char *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", m->directory, name);
    write_file(path, bytes, size);
}

#endif
